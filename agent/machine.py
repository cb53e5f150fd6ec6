"""What the service tells about the server that it runs on, and how it keeps out of the way of others there."""

from __future__ import annotations

import ctypes
import logging
import os
import platform
import shutil
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_NICE = 10
_BELOW_NORMAL_PRIORITY_CLASS = 0x4000
_IOPRIO_SET = {"x86_64": 251, "aarch64": 30}  # system call numbers of Linux
_LOWEST_BEST_EFFORT = 2 << 13 | 7
_log = logging.getLogger(__name__)


def host() -> str:
    return platform.node() or "unknown"


def system() -> str:
    return f"{platform.system()} {platform.release()}, Python {platform.python_version()}"


def service_version() -> str:
    """The version installed: of the service alone, else of the whole project."""
    for distribution in ("grandlivre-agent", "grandlivre"):
        with suppress(PackageNotFoundError):
            return version(distribution)
    return "unknown"


def free_bytes(folder: Path) -> int:
    """What is free on the disk of ``folder``; 0 where that cannot be told."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0


def lower_priority() -> None:
    """Lets everybody else on the server go first, for processor and disk. What the system refuses is left as it is."""
    try:
        if sys.platform == "win32":
            kernel = ctypes.windll.kernel32
            kernel.SetPriorityClass(kernel.GetCurrentProcess(), _BELOW_NORMAL_PRIORITY_CLASS)
            return
        os.setpriority(os.PRIO_PROCESS, 0, max(_NICE, os.getpriority(os.PRIO_PROCESS, 0)))
        number = _IOPRIO_SET.get(platform.machine())
        if sys.platform == "linux" and number:
            ctypes.CDLL(None).syscall(number, 1, 0, _LOWEST_BEST_EFFORT)
    except (OSError, AttributeError) as error:
        _log.info("the priority stays as it is: %s", error)
