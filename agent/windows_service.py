"""The service under Windows: a thin coat around :class:`agent.service.Service`; nothing else knows pywin32."""

from __future__ import annotations

import logging
import logging.handlers
import sys
from pathlib import Path
from typing import Any

import servicemanager  # pyright: ignore[reportMissingModuleSource, reportMissingImports]
import win32service  # pyright: ignore[reportMissingModuleSource, reportMissingImports]
import win32serviceutil  # pyright: ignore[reportMissingModuleSource, reportMissingImports]

from agent.service import Service
from agent.settings import default_path, load

NAME = "GrandlivreAgent"
_CONFIG = "Config"
_LOG_BYTES, _LOG_FILES = 5 << 20, 3


class WindowsService(win32serviceutil.ServiceFramework):
    """What the service manager starts and stops."""

    _svc_name_ = NAME
    _svc_display_name_ = "Grandlivre on-premise service"
    _svc_description_ = "Brings the dossiers on this server to a Grandlivre hub; only reads them."

    def __init__(self, arguments: Any) -> None:
        super().__init__(arguments)
        self._service: Service | None = None

    def SvcStop(self) -> None:
        self.ReportServiceStatus(win32service.SERVICE_STOP_PENDING)
        if self._service:
            self._service.stop()

    SvcShutdown = SvcStop

    def SvcDoRun(self) -> None:
        try:
            settings = load(Path(win32serviceutil.GetServiceCustomOption(NAME, _CONFIG, str(default_path()))))
            settings.spool.mkdir(parents=True, exist_ok=True)
            log = logging.handlers.RotatingFileHandler(
                settings.spool / "agent.log", maxBytes=_LOG_BYTES, backupCount=_LOG_FILES, encoding="utf-8"
            )
            logging.basicConfig(level="INFO", handlers=[log], format="%(asctime)s %(levelname)s %(name)s: %(message)s")
            self._service = Service(settings)
            self._service.run()
        except Exception as error:
            servicemanager.LogErrorMsg(f"Grandlivre: {error}")
            raise


def manage(action: str, config: Path) -> None:
    """``install`` (started with Windows, a little after the rest), ``start``, ``stop`` or ``remove``."""
    name = f"{WindowsService.__module__}.{WindowsService.__name__}"
    arguments = ["--startup", "delayed", "install"] if action == "install" else [action]
    win32serviceutil.HandleCommandLine(WindowsService, serviceClassString=name, argv=[sys.argv[0], *arguments])
    if action == "install":
        win32serviceutil.SetServiceCustomOption(NAME, _CONFIG, str(config))
