"""Figures over the JSON API: trial balances, checks, accounts, changes, fiscal years."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
