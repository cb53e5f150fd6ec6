"""The firm's people, their deeds, and a person's own settings."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
