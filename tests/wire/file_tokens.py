"""A token store in a file, shared by processes: what a registry does, in a few lines."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock


class FileTokens:
    """``die`` is when this process is killed: ``before`` the new tokens are durable, or right ``after``."""

    def __init__(self, path: Path, die: str = "") -> None:
        self.path = path
        self.die = die

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        with FileLock(f"{self.path}.lock"):
            yield

    def read(self) -> Mapping[str, Any]:
        return json.loads(self.path.read_text()) if self.path.exists() else {}

    def save(self, fields: Mapping[str, Any]) -> None:
        if self.die == "before":
            os._exit(9)
        draft = self.path.with_suffix(".new")
        with draft.open("w") as stream:
            json.dump(dict(fields), stream)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(self.path)
        if self.die == "after":
            os._exit(9)
