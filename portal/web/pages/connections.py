"""Firm: Synchronisations. The connections of the firm, and how they are made and renewed."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
