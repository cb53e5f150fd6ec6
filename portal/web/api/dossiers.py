"""Dossiers over the JSON API: listed, linked, refreshed, watched."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
