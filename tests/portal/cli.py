"""The command line as scripts call it: exit status, standard output and standard error.

Commands run in this process, because starting a hundred of them costs minutes; :meth:`Cli.process` starts a real one.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.cli import main

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Done:
    """A finished command."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def line(self) -> str:
        return self.out.strip().splitlines()[-1]


class Cli:
    """Runs ``grandlivre`` with a state folder of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {"GRANDLIVRE_HOME": str(home), "PYTHONPATH": str(ROOT)}

    def __call__(self, *arguments: str, text: str = "", ok: bool = True) -> Done:
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        status = 0
        with self._surroundings(text), redirect_stdout(out), redirect_stderr(err):
            try:
                main(list(arguments))
            except SystemExit as end:
                status = int(end.code or 0)
        return self._checked(Done(status, _text(out), _text(err)), ok)

    def process(self, *arguments: str, ok: bool = True) -> Done:
        ran = subprocess.run(
            [sys.executable, "-m", "portal.cli", *arguments],
            capture_output=True,
            text=True,
            env={**os.environ, **self.environment},
            cwd=self.home.parent,
            timeout=240,
        )
        return self._checked(Done(ran.returncode, ran.stdout, ran.stderr), ok)

    def _checked(self, done: Done, ok: bool) -> Done:
        assert "Traceback" not in done.err, done.err
        if ok:
            assert done.status == 0, done.err
        return done

    @contextmanager
    def _surroundings(self, text: str) -> Iterator[None]:
        stdin, environment = sys.stdin, dict(os.environ)
        sys.stdin = io.StringIO(text)
        os.environ.update(self.environment)
        try:
            yield
        finally:
            sys.stdin = stdin
            os.environ.clear()
            os.environ.update(environment)


def _text(stream: io.TextIOWrapper) -> str:
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode("utf-8")
