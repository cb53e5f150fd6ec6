"""Cegid Loop: lists behind two keys on a gateway, and a sink of pushed events that grows with every change.

Documented are headers, parameters, fields of accounts, journals and customers, and how events follow one another; the
fields of entries' lines, periods and the list of dossiers are a proposal.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from connectors.contract import FiscalYear
from connectors.sandbox.company import Company, Line
from connectors.sandbox.vendor import Request

from .knobs import Knobs
from .rest import Refused, RestVendor, Row, number

SUBSCRIPTION, KEY, SECRET = "stampOCP.0001", "CKAB-sandbox", "stampLOOP.0001"
DOSSIER = "GRANDLIVRE01"
ENTITY = str(uuid.uuid5(uuid.NAMESPACE_OID, DOSSIER))
PREFIX = "queuing.cpa.comptabilite-fr.cegid.loop."
TELLS = frozenset(
    {"party", "sides", "document", "description", "empty_accounts", "openings", "first_opening"}
    | {"closed_years", "lasting_keys"}
)
_TYPES = {"purchase": 1, "general": 2, "opening": 3, "bank": 4, "sales": 8, "sales_credit": 8, "closing": 2}
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_OPTIONAL = ("filter", "sort", "skip", "take", "select")
_USUAL_PAGE = 50


class Loop(RestVendor):
    """The gateway, and what it pushes: ``sink`` is the storage. An entry that changes is deleted with ``miseAJour`` and
    inserted again; every second batch of events holds a list, the others a document a line."""

    def __init__(self, company: Company, knobs: Knobs, now: Callable[[], datetime], sink: Path) -> None:
        super().__init__(company, knobs, now)
        self.sink = sink
        self._offset = 0
        self._clock = 1_780_000_000_000
        self._stands: dict[str, Row] = {}
        self._years: dict[str, FiscalYear] = {}
        self._told: list[tuple[str, Row]] = []
        self.show(company)

    @property
    def folder(self) -> Path:
        """Where the events of the company's dossier are pushed to."""
        return self.sink / ENTITY

    def show(self, company: Company) -> None:
        """Pushes what differs from what stands."""
        super().show(company)
        self.folder.mkdir(parents=True, exist_ok=True)
        for year in company.years:
            if year.label not in self._years:
                self.push("comptaPeriodeInserted", [self._period(year)])
            elif year != self._years[year.label]:
                changed = self._period(year) | dict.fromkeys(("exercice", "dateDebut"))
                self.push("comptaPeriodeUpdated", [changed])
            self._years[year.label] = year
        entries = {row["id"]: row for row in self._entries(company)}
        gone, changed, new = [], [], []
        for id, row in self._stands.items():
            if id not in entries:
                gone.append({"id": id, "miseAJour": False})
            elif row != entries[id]:
                changed.append({"id": id, "miseAJour": True})
                new.append(entries[id])
        new += [row for id, row in entries.items() if id not in self._stands]
        self.push("comptaEcritureDeleted", [*gone, *changed])
        self.push("comptaEcritureInserted", new)
        self._stands = entries
        self.report()

    def push(self, topic: str, rows: list[Row]) -> None:
        """Writes events, a few to a file."""
        for start in range(0, len(rows), 40):
            part = []
            for row in rows[start : start + 40]:
                self._clock += 1
                part.append(row | {"timestamp": self._clock, "entite_id": ENTITY})
                self._told.append((topic, part[-1]))
            self._offset += 1
            bodies = [_ENCODER.encode(row) for row in part]
            body = b"[" + b",".join(bodies) + b"]" if self._offset % 2 else b"\n".join(bodies)
            self._file(topic).write_bytes(body)

    def report(self) -> None:
        """The nightly report of everything that was pushed since the last."""
        topics: dict[str, list[Row]] = {}
        for topic, row in self._told:
            topics.setdefault(PREFIX + topic, []).append({"id": row["id"], "timestamp": row["timestamp"]})
        self._told = []
        self._offset += 1
        told = [{"topicName": name, "values": values} for name, values in topics.items()]
        report = {"timestamp": self._clock, "entite_id": ENTITY, "id": str(uuid.uuid4()), "page": 1, "topics": told}
        self._file("comptaDailyReport").write_bytes(json.dumps(report).encode())

    def sign_in(self, request: Request) -> None:
        if request.headers.get("ocp-apim-subscription-key") != SUBSCRIPTION:
            raise Refused(401, "Access denied due to invalid subscription key.")
        if self.withdrawn or request.headers.get("x-apikey") != f"{KEY}:{SECRET}":
            raise Refused(401, "Access denied due to invalid API key.")

    def error(self, status: int, message: str) -> bytes:
        return msgspec.json.encode({"statusCode": status, "message": message})

    def found(self, request: Request) -> Any:
        told = self.asked(request, "codeDossier", optional=_OPTIONAL)
        name = request.path.strip("/")
        lists = {
            "dossierClient": self._dossiers,
            "compte": self._accounts,
            "journal": self._journals,
            "tiersClient": lambda: self._parties("customer"),
            "tiersFournisseur": lambda: self._parties("supplier"),
        }
        if name not in lists:
            raise Refused(404, "Resource not found")
        if told["codeDossier"] != ("cabinet" if name == "dossierClient" else DOSSIER):
            raise Refused(404, f"Le dossier {told['codeDossier']} n'existe pas sur le domaine.")
        rows = lists[name]()
        if sort := told.get("sort"):
            if rows and sort not in rows[0]:
                raise Refused(400, f"Le champ {sort} n'existe pas.")
            rows.sort(key=lambda row: str(row[sort]))
        return self.page(rows, number(told.get("skip", "0")), number(told.get("take", str(_USUAL_PAGE)), 1))

    def _dossiers(self) -> list[Row]:
        return [{"codeDossier": DOSSIER, "raisonSociale": self.company.name, "entiteId": ENTITY}]

    def _accounts(self) -> list[Row]:
        return [
            {
                "objectId": str(uuid.uuid5(uuid.NAMESPACE_OID, account.number)),
                "revisionId": "0x00000000000AF101",
                "description": [account.number],
                "numero": account.number,
                "libelle": account.name,
                "type": int(account.number[0]),
                "collectif": account.role in ("customers", "suppliers"),
                "lettrable": True,
                "ferme": not account.active,
                "compteContrepartie": {"objectId": None, "description": [""]},
            }
            for account in self.company.accounts
        ]

    def _journals(self) -> list[Row]:
        return [
            {"objectId": journal.code, "code": journal.code, "libelle": journal.name, "type": _TYPES[journal.kind]}
            for journal in self.company.journals
            if journal.kind != "closing"
        ]

    def _parties(self, kind: str) -> list[Row]:
        return [
            {"objectId": p.code, "code": p.code, "type": 0, "nom": None, "raisonSociale": p.name, "actif": True}
            for p in self.company.parties
            if p.kind == kind
        ]

    @staticmethod
    def _period(year: FiscalYear) -> Row:
        span = {"dateDebut": year.start.isoformat(), "dateFin": year.end.isoformat()}
        return {"id": f"periode-{year.label}", "exercice": year.label, **span, "cloture": year.closed}

    @staticmethod
    def _entries(company: Company) -> Iterator[Row]:
        """Entries as they are pushed. A year is closed without entries: its balances are carried by opening ones."""
        booked = (line for line in company.lines if line.kind != "closing")
        for entry, lines in groupby(booked, lambda line: line.entry):
            told = list(lines)
            first = told[0]
            yield {
                "id": str(uuid.uuid5(uuid.NAMESPACE_OID, str(entry))),
                "type": 5 if first.kind == "opening" else 1,
                "journalCode": first.journal,
                "refPiece": first.document,
                "datePiece": f"{first.date.isoformat()}T00:00:00Z",
                "lignes": [_line(line) for line in told],
            }

    def _file(self, topic: str) -> Path:
        return self.folder / f"{PREFIX}{topic}-{self._offset}-{self._clock}"


def _line(line: Line) -> Row:
    return {
        "numero": line.line_no,
        "compteNumero": line.account,
        "libelle": line.description,
        "debit": line.debit,
        "credit": line.credit,
        "tiersCode": line.party,
    }
