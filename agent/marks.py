"""What the survey keeps of a folder, to know later whether something in it changed; and of a dossier, to report it."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from agent import protocol
from connectors.contract import Connector, DossierRef


def mark_of(folder: Path) -> str | None:
    """A text that differs when something directly in ``folder`` came, went, grew or was written; None where the folder
    cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            found = sorted((entry.name, *_state(entry)) for entry in entries)
    except OSError:
        return None
    return _digest(found)


def mark_of_root(root: Path) -> str:
    """The same for a root and all the folders in it; empty where they cannot be listed."""
    with suppress(OSError):
        marks = [(path.name, mark_of(path)) for path in sorted(root.iterdir()) if path.is_dir()]
        return _digest([mark_of(root), marks])
    return ""


def told(reference: DossierRef) -> protocol.Dossier:
    return protocol.Dossier(
        external_id=reference.external_id,
        code=reference.code,
        name=reference.name,
        vat_number=reference.vat_number,
        currency=reference.currency,
        country=reference.country,
    )


def years(connector: Connector, reference: DossierRef) -> list[protocol.Year]:
    """Raises what the room does."""
    found = connector.fiscal_years(reference.external_id)
    return [protocol.Year(label=each.label, start=each.start, end=each.end, closed=each.closed) for each in found]


def _state(entry: os.DirEntry[str]) -> tuple[int, int]:
    status = entry.stat()
    # The size of a folder means nothing; its time tells that something in it came or went.
    return (-1 if entry.is_dir() else status.st_size), status.st_mtime_ns


def _digest(found: object) -> str:
    return hashlib.sha256(repr(found).encode("utf-8", "surrogatepass")).hexdigest()[:32]
