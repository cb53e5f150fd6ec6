"""The systemd units as systemd itself reads them: no key that it does not know, no value that it ignores."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNITS = sorted(path.relative_to(DEPLOY).as_posix() for path in DEPLOY.rglob("*.service"))

pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def complaints(folder: Path, name: str, text: str) -> list[str]:
    """What systemd says of a unit, with a program that is there in place of the one that will be."""
    unit = folder / name
    unit.write_text(re.sub(r"(?m)^(Exec\w+=)\S+", r"\1/bin/true", text), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", str(unit)], capture_output=True, text=True, check=False
    )
    return [line for line in (done.stdout + done.stderr).splitlines() if name in line]


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_is_read_without_a_word(unit: str, tmp_path: Path) -> None:
    assert complaints(tmp_path, Path(unit).name, (DEPLOY / unit).read_text(encoding="utf-8")) == []


def test_a_key_that_is_misspelled_would_be_told(tmp_path: Path) -> None:
    text = (DEPLOY / "agent" / "grandlivre-agent.service").read_text(encoding="utf-8")
    wrong = text.replace("ProtectSystem=strict", "ProtectSystm=strict")
    assert "ProtectSystm" in "".join(complaints(tmp_path, "grandlivre-agent.service", wrong))
