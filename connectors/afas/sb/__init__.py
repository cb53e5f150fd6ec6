"""AFAS SB, the edition for small businesses and their accountants: another interface than that of Profit."""

from __future__ import annotations

from .client import AfasSb

__all__ = ["AfasSb"]
