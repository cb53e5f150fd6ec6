"""The client list as a file: one row per client."""

from __future__ import annotations

import csv
import os
from pathlib import Path

from connectors.sandbox.office import Client, Office

HEADING = (
    "code;name;type;legal_form;enterprise_number;vat_number;street;number;box;postal_code;city;country;email;phone;"
    "language;fiscal_year_end;status;responsible;assistant;partner"
)


def write_file(folder: Path, office: Office) -> Path:
    """Writes ``clients.csv``, whole or not at all."""
    draft = folder / ".clients.draft"
    with draft.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, delimiter=";", lineterminator="\n")
        target.write(f"{HEADING}\n")
        writer.writerows(_row(client) for client in office.clients)
    os.replace(draft, folder / "clients.csv")
    return folder / "clients.csv"


def _row(client: Client) -> list[str]:
    return [
        client.code,
        client.name,
        client.kind,
        client.legal_form,
        client.number if client.country in ("", "BE") else "",
        "" if client.country in ("", "BE") else client.number,
        client.street,
        client.house_number,
        client.box,
        client.postcode,
        client.city,
        client.country,
        client.email,
        client.phone,
        client.language,
        client.year_end,
        "active" if client.active else "deactivated",
        client.responsible,
        "",
        "jo@kantoor.example",
    ]
