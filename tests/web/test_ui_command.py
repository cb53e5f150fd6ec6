"""``grandlivre ui`` as a person starts it: the portal and Dagster answer, and Ctrl-C ends both."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import psutil
import requests

from portal.instance import PROJECT
from tests.installation import installed
from tests.pipelines.ui import free_port, until
from tests.processes import group


def test_the_command_serves_both_and_ends_both(tmp_path: Path) -> None:
    home = installed(tmp_path / "home")
    dagster, portal = free_port(), free_port()
    command = [sys.executable, "-m", "portal.cli", "ui", "--port", str(dagster), "--portal-port", str(portal)]
    environment = {**os.environ, "GRANDLIVRE_HOME": str(home.root), "PYTHONPATH": str(PROJECT)}
    with group(command, environment, tmp_path / "ui.log") as process:
        page = until("the portal", lambda: requests.get(f"http://127.0.0.1:{portal}/sign-in", timeout=5))
        assert page.ok
        assert 'name="password"' in page.text
        until("Dagster", lambda: requests.get(f"http://127.0.0.1:{dagster}/server_info", timeout=5).ok)
        family = psutil.Process(process.pid).children(recursive=True)
        assert family
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        _, alive = psutil.wait_procs(family, 20)
        assert alive == []
    told = (tmp_path / "ui.log").read_text(encoding="utf-8")
    assert f"The portal is at http://127.0.0.1:{portal}" in told
    assert "Traceback" not in told
