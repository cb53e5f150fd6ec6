"""Memo files: the long texts of a DBF table, ``.fpt`` (FoxPro) and ``.dbt`` (dBase III and IV).

A memo column holds the number of the block at which its text starts. FoxPro and dBase IV write the text's length
before it, dBase III ends it with the byte 1A.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np

from foundation.errors import BadFile

_BIG, _LITTLE = np.array([24, 16, 8, 0], np.int64), np.array([0, 8, 16, 24], np.int64)
_DBASE_4 = 0x8B
_MOST = 2**31 - 1
_CHUNK = 1 << 20


class Memo:
    """A memo file, mapped into memory. ``version`` is the first byte of its table."""

    def __init__(self, path: Path, version: int) -> None:
        self.path = path
        self._foxpro = path.suffix.lower() == ".fpt"
        self._dbase_4 = version == _DBASE_4
        if path.stat().st_size < 8:
            raise BadFile("the memo file is cut off inside its header", subject=path.name)
        self._bytes = np.memmap(path, np.uint8, "r")
        if self._foxpro:
            self._block = int(self._bytes[6]) << 8 | int(self._bytes[7]) or 1
        else:
            self._block = 512

    def read(self, pointers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The bytes of the texts at these blocks, one after the other, and their offsets; block 0 is an empty text.

        Raises BadFile when a text begins or ends outside the file.
        """
        begin = pointers * self._block
        wanted = pointers > 0
        if self._foxpro or self._dbase_4:
            self._require(begin[wanted] + 8)
            length = np.zeros(len(pointers), np.int64)
            length[wanted] = self._lengths(begin[wanted])
            begin = begin + 8
        else:
            self._require(begin[wanted] + 1)
            length = np.where(wanted, self._ends_after(begin) - begin, 0)
        self._require((begin + length)[wanted])
        offsets = np.concatenate([[0], np.cumsum(length)])
        if offsets[-1] > _MOST:
            raise BadFile("its texts are larger than a ledger's can be", subject=self.path.name)
        places = np.repeat(begin - offsets[:-1], length) + np.arange(offsets[-1])
        return self._bytes[places], offsets

    def _lengths(self, begin: np.ndarray) -> np.ndarray:
        shifts = _BIG if self._foxpro else _LITTLE
        four = self._bytes[begin[:, None] + np.arange(4, 8)].astype(np.int64)
        length = (four << shifts).sum(axis=1)
        return length if self._foxpro else np.maximum(length - 8, 0)

    def _ends_after(self, begin: np.ndarray) -> np.ndarray:
        at = np.searchsorted(self._marks, begin)
        return np.append(self._marks, _MOST)[at]

    @cached_property
    def _marks(self) -> np.ndarray:
        """Where the bytes 1A stand that end a dBase III text."""
        chunks = range(0, len(self._bytes), _CHUNK)
        return np.concatenate([np.flatnonzero(self._bytes[at : at + _CHUNK] == 0x1A) + at for at in chunks])

    def _require(self, ends: np.ndarray) -> None:
        if len(ends) and ends.max() > len(self._bytes):
            raise BadFile(
                f"the memo file is cut off: a text ends at byte {ends.max()} of {len(self._bytes)}",
                subject=self.path.name,
            )
