"""BOB 50, locally: a data root with the company's dossier as the package would leave it on a server.

The dossier ``ATELIER`` holds titles, sleeping accounts, a third party that is customer and supplier, lines of a fiscal
year that is no more, records marked as deleted or as neither, opening lines in every year, foreign amounts with the
wrong sign, temporary lines, and amounts as the doubles that they are there. Beside it lie another dossier (``MOULIN``:
the same tables exported as CSV, in capitals) and a folder that is none.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from connectors.sage_bob.adt_writer import Column, Row, Value, write_table
from connectors.sage_bob.sandbox_tables import ACCOUN, AHISTO, CHISTO, COMPAN, DBK, PERIOD
from connectors.sandbox.company import Company, Line

DOSSIER, EXPORTED = "ATELIER", "MOULIN"

_TELLS = frozenset(
    {"party", "due_date", "vat_code", "currency", "period", "document", "description", "empty_accounts"}
    | {"openings", "first_opening", "closed_years", "lasting_keys"}
)
_LEFT_BEHIND = frozenset({"unknown_fiscal_year", "unknown_records"})
_TYPES = {"purchase": "PUR", "sales": "SAL", "sales_credit": "SAL", "bank": "CAS"}
_BALANCE = {"asset": "ASSET", "liability": "LIABILIT", "equity": "LIABILIT", "income": "INCOME", "expense": "EXPENSE"}


class SageBobSandbox:
    """See :class:`connectors.sandbox.stage.Sandbox`. ``folder/BOB50DATA`` is the root."""

    tells = _TELLS
    left_behind = _LEFT_BEHIND
    calls = 0

    def __init__(self, company: Company, folder: Path) -> None:
        self.root = folder / "BOB50DATA"
        self.settings = {"root": str(self.root)}
        self.secrets: dict[str, str] = {}
        self.external_id = DOSSIER
        self.show(company)

    def show(self, company: Company) -> None:
        """Writes the files anew, as they stand when ``company`` does."""
        for name in (DOSSIER, EXPORTED, "Layouts"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        (self.root / "Layouts" / "readme.txt").write_text("not a dossier", encoding="ascii")
        for name, (columns, rows) in tables_of(company).items():
            records = list(rows)
            write_table(self.root / DOSSIER / f"{name}.adt", columns, records)
            write_csv(self.root / EXPORTED / f"{name}.csv".upper(), columns, records)


@contextmanager
def open_sandbox(software: str, company: Company, folder: Path) -> Iterator[SageBobSandbox]:
    """The root in ``folder``; the files stay there."""
    yield SageBobSandbox(company, folder)


def tables_of(company: Company) -> dict[str, tuple[Sequence[Column], Iterable[Row]]]:
    """Every table of the company's dossier: its columns and its records."""
    telling = _Telling(company)
    return {
        "ac_period": (PERIOD, telling.periods()),
        "ac_accoun": (ACCOUN, telling.accounts()),
        "ac_compan": (COMPAN, telling.parties()),
        "ac_dbk": (DBK, telling.journals()),
        "ac_ahisto": (AHISTO, telling.lines()),
        "ac_chisto": (CHISTO, telling.party_lines()),
    }


def write_csv(path: Path, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    """The same table as a user would export it: standing records, a comma before the decimals."""
    with path.open("w", encoding="cp1252", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(column.name for column in columns)
        writer.writerows([_text(value) for value in row.values] for row in rows if row.mark == b"\x04")


def _text(value: Value) -> str:
    match value:
        case None | bytes():
            return ""
        case bool():
            return "T" if value else "F"
        case datetime():
            return value.isoformat(sep=" ")
        case Decimal():
            return str(value).replace(".", ",")
        case _:
            return str(value)


class _Telling:
    """One company in BOB's words."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._months = {(label, number): first for label, number, first, _ in company.periods}
        self._types = {journal.code: _TYPES.get(journal.kind, "OPD") for journal in company.journals}

    def periods(self) -> Iterator[Row]:
        for year in self._company.years:
            closed = bool(year.closed)
            yield _row(PERIOD, FYEAR=year.label, YEAR=year.start.year, MONTH=0, FXACTIVE=True, FXCLOSED=closed)
            for (label, _), first in self._months.items():
                if label == year.label:
                    yield _row(
                        PERIOD,
                        FYEAR=label,
                        YEAR=first.year,
                        MONTH=first.month,
                        LABEL=f"{first:%m/%Y}",
                        FXACTIVE=True,
                        FXCLOSED=closed,
                    )

    def accounts(self) -> Iterator[Row]:
        for title, name in (("1", "Fonds propres"), ("40", "Créances commerciales"), ("6", "Charges")):
            yield _row(ACCOUN, AID=title, AISTITLE=True, HEADING1=name, HEADING2=f"{name} (NL)")
        for account in self._company.accounts:
            attested = account.kind in ("liability", "equity")
            yield _row(
                ACCOUN,
                AID=account.number,
                AISTITLE=False,
                HEADING1=account.name,
                HEADING2=f"{account.name} (NL)",
                ADBCD="D" if account.kind in ("asset", "expense") else "C",
                ABALANCE=_BALANCE[account.kind] if attested or account.role == "stock" else None,
                SUBTYPE="LEQUITY" if account.kind == "equity" else None,
                ASLEEPING=not account.active,
                CREATEDON=self._company.lines[0].modified_at,
            )
        yield _record(ACCOUN, {"AID": "999999", "AISTITLE": False, "HEADING1": "Deleted long ago"}, b"*")

    def parties(self) -> Iterator[Row]:
        numbers = self._company.numbers
        for party in self._company.parties:
            customer = party.kind == "customer"
            yield _row(
                COMPAN,
                CID=party.code,
                CNAME1=party.name,
                CCTRYCODE=party.country,
                CVATREF=party.vat_number[:2] or None,
                CVATNO=party.vat_number[2:] or None,
                CCUSTYPE="C" if customer else "U",
                CSUPTYPE="U" if customer else "S",
                CCUSCTRACC=numbers["customers"] if customer else None,
                CSUPCTRACC=None if customer else numbers["suppliers"],
            )
        yield _row(COMPAN, CID="TWOSIDES", CNAME1="Two", CNAME2="Sides SA", CCUSTYPE="C", CSUPTYPE="S")

    def journals(self) -> Iterator[Row]:
        for journal in self._company.journals:
            yield _row(DBK, DBID=journal.code, HEADING1=journal.name, DBTYPE=self._types[journal.code])

    def lines(self) -> Iterator[Row]:
        """Every line that the package holds: it books no closing entries. The rest lies about."""
        sample = None
        for line in self._company.lines:
            if line.kind != "closing":
                yield _record(AHISTO, self._values(line))
                sample = sample or line
        assert sample
        values = self._values(sample)
        yield _record(AHISTO, values, b"*")
        yield _record(AHISTO, values, b"\0")
        gone = {"HFYEAR": "1999", "HYEAR": 1999}
        yield _record(AHISTO, values | gone)
        yield _record(AHISTO, values | gone | {"HAMOUNT": -sample.amount})

    def party_lines(self) -> Iterator[Row]:
        """The customers' and suppliers' own ledger, which repeats lines on their control accounts."""
        for line in self._company.lines:
            if line.party and line.kind == "normal":
                values = self._values(line)
                kept = {name: values[name] for name in values if name in {column.name for column in CHISTO}}
                control = {"HTYPE": values["HCSTYPE"], "HID": line.party, "HCOLLECTACC": line.account}
                yield _record(CHISTO, kept | control)

    def _values(self, line: Line) -> dict[str, Value]:
        first = self._months.get((line.year, line.period), line.date)
        foreign = line.amount_currency is not None
        supplier = line.role == "suppliers"
        return {
            "HID": line.account,
            "HDBK": line.journal,
            "HFYEAR": line.year,
            "HMONTH": 0 if line.kind == "opening" else first.month,
            "HDOCNO": int(line.document),
            "HORDERNO": line.line_no,
            "HDBTYPE": self._types[line.journal],
            "HYEAR": first.year,
            "HCUSSUP": line.party,
            "HDOCDATE": line.date,
            "HDUEDATE": line.due_date,
            "HREM": line.description,
            "HAMOUNT": line.amount,
            "HCURRENCY": line.currency if foreign else None,
            # The package's own sign of a foreign amount is not to be trusted.
            "HCURAMN": -line.in_currency if foreign else None,
            "HVATCODE": line.vat_code,
            "HTEMP": line.year == self._company.years[-1].label,
            "HCSTYPE": (("S" if supplier else "C") if line.party else None),
            "MODIFIEDON": line.modified_at,
        }


def _row(columns: Sequence[Column], **values: Value) -> Row:
    """A record; columns not named are null."""
    return _record(columns, values)


def _record(columns: Sequence[Column], values: Mapping[str, Value], mark: bytes = b"\x04") -> Row:
    return Row(tuple(values.get(column.name) for column in columns), mark)
