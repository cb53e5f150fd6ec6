"""Telling a full disk from other trouble, whoever met it."""

from __future__ import annotations

import errno

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def is_full(error: BaseException) -> bool:
    """Whether an error of the operating system, Arrow or DuckDB means that there is no room to write."""
    return getattr(error, "errno", None) in _FULL or "No space left" in str(error) or "File too large" in str(error)
