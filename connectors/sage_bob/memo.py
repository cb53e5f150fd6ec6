"""The file of long texts beside an Advantage table (``.adm``).

A cell in the table holds a block number and a length: the text stands at eight bytes times that number.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from connectors.columns import UnreadableValue
from foundation.errors import BadFile

_BLOCK = 8
_LONGEST = 1 << 24
"""No text is longer; a longer one is a torn pointer, and would fill the memory."""


class Memo:
    """Reads texts by their cells. Raises BadFile when the file cannot be opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._size = path.stat().st_size
        except OSError as error:
            raise BadFile(f"it cannot be read ({error.strerror})", subject=path.name) from error

    def read(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The bytes of the texts that ``cells`` (rows x 9 bytes) point to, one after another, and their offsets.

        Raises UnreadableValue for a pointer that leads out of the file.
        """
        start = np.ascontiguousarray(cells[:, :4]).view("<u4").reshape(-1).astype(np.int64) * _BLOCK
        length = np.ascontiguousarray(cells[:, 4:8]).view("<u4").reshape(-1).astype(np.int64)
        start, length = np.where(length == 0, 0, start), np.where(start == 0, 0, length)
        wrong = np.flatnonzero((start + length > self._size) | (length > _LONGEST))
        if len(wrong):
            raise UnreadableValue(int(wrong[0]), f"a text that stands beyond the end of {self.path.name}")
        offsets = np.concatenate([[0], np.cumsum(length)])
        flat = np.empty(offsets[-1], np.uint8)
        with self.path.open("rb") as stream:
            for row in np.flatnonzero(length):
                stream.seek(start[row])
                flat[offsets[row] : offsets[row + 1]] = np.frombuffer(stream.read(length[row]), np.uint8)
        return flat, offsets
