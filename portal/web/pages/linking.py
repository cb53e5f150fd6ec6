"""Setting up the synchronisation of a dossier."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
