"""The trust page of a dossier: its figures, and how far they prove themselves."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
