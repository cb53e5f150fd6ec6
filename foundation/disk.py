"""Telling a full disk from other trouble, whoever met it."""

from __future__ import annotations

import errno

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# The last is the limit of what DuckDB spills, which is what the disk has free, unless it is set.
_WORDS = ("No space left", "File too large", "disk is full", "'max_temp_directory_size'")


def is_full(error: BaseException) -> bool:
    """Whether an error of the operating system, Arrow or DuckDB means that there is no room to write."""
    return getattr(error, "errno", None) in _FULL or any(word in str(error) for word in _WORDS)
