"""WinBooks, locally: a data root with the company's dossier as the package would leave it on a server.

The dossier ``ATELIER`` has its first book year in an archive folder, beside what a real folder carries: headings and
titles, lines of a dummy document, of no book year, overwritten with NULs, written twice, marked as deleted, lines
that state a VAT base only, a simulation journal, foreign amounts with the wrong sign, comments that go on in a memo.
Beside it lie another dossier (``BROU_2``, see :mod:`connectors.winbooks.second_dossier`) and a folder that is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from connectors.contract import FiscalYear
from connectors.sandbox.company import Company, Line
from connectors.winbooks.dbf_writer import Row, Value, write_table
from connectors.winbooks.sandbox_tables import ACF, ACT, CSF, DBK, PARAM
from connectors.winbooks.second_dossier import write_second_dossier

DOSSIER = "ATELIER"

_TELLS = frozenset(
    {"closing", "party", "due_date", "vat_code", "currency", "period", "document", "description", "empty_accounts"}
    | {"openings", "first_opening", "closed_years", "lasting_keys"}
)
_LEFT_BEHIND = frozenset({"dummy_documents", "duplicate_rows", "garbage_rows", "no_book_year", "simulation_lines"})
_TYPES = {  # DBKTYPE, DBKTYPE2, DBKOPT
    "purchase": ("0", "0", ""),
    "sales": ("2", "0", ""),
    "sales_credit": ("3", "0", ""),
    "bank": ("4", "0", "IBAN=BE68539007547034;BIC=GKCCBEBB"),
    "general": ("5", "0", ""),
    "opening": ("5", "1", ""),
    "closing": ("5", "2", ""),
}


class WinBooksSandbox:
    """See :class:`connectors.sandbox.stage.Sandbox`. ``folder/data`` is the root."""

    tells = _TELLS
    left_behind = _LEFT_BEHIND
    calls = 0

    def __init__(self, company: Company, folder: Path) -> None:
        self.root = folder / "data"
        self.settings = {"root": str(self.root)}
        self.secrets: dict[str, str] = {}
        self.external_id = DOSSIER
        self.show(company)

    def show(self, company: Company) -> None:
        """Writes the files anew, as they stand when ``company`` does."""
        live, archive = self.root / DOSSIER, self.root / f"{DOSSIER}-2024"
        for folder in (live, archive, self.root / "Scans"):
            folder.mkdir(parents=True, exist_ok=True)
        (self.root / "Scans" / "readme.txt").write_text("not a dossier", encoding="ascii")
        telling = _Telling(company)
        write_table(live / f"{DOSSIER}_param.dbf", PARAM, telling.parameters())
        write_table(live / f"{DOSSIER}_acf.dbf", ACF, telling.accounts())
        write_table(live / f"{DOSSIER}_csf.dbf", CSF, telling.parties())
        write_table(live / f"{DOSSIER}_dbk.dbf", DBK, telling.journals())
        write_table(live / f"{DOSSIER}_act.dbf", ACT, telling.live_lines())
        write_table(archive / f"{DOSSIER}-2024_act.dbf", ACT, telling.archived_lines())
        write_second_dossier(self.root / "BROU_2")


@contextmanager
def open_sandbox(software: str, company: Company, folder: Path) -> Iterator[WinBooksSandbox]:
    """The root in ``folder``; the files stay there."""
    yield WinBooksSandbox(company, folder)


class _Telling:
    """One company in WinBooks's words."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._codes = {year.label: str(number) for number, year in enumerate(company.years, start=1)}
        self._journals = {journal.code: _TYPES[journal.kind] for journal in company.journals}

    def parameters(self) -> Iterator[tuple[Value, ...]]:
        company = self._company
        length = min(len(account.number) for account in company.accounts)
        pairs = [
            ("Socname", "A name that was corrected since"),
            ("Socname", company.name),
            ("SocAdr1", "Rue de l'Été 12"),
            ("SocZip", "1000"),
            ("SocCity", "Bruxelles"),
            ("SocCountry", company.country),
            ("SocVatno", f"{company.vat_number[:2]} {company.vat_number[2:6]}.{company.vat_number[6:]}"),
            ("AccountPicture", f"LENGEN={length},LENCUS=10,LENSUP=10"),
            ("BOOKYEARCOUNT", str(len(company.years))),
        ]
        for year in company.years:
            pairs += self._book_year(year)
        for key, value in pairs:
            yield key, value[:80], value[80:]

    def _book_year(self, year: FiscalYear) -> list[tuple[str, str]]:
        key = f"BOOKYEAR{self._codes[year.label]}"
        starts = [first for label, _, first, _ in self._company.periods if label == year.label]
        names = ["Ouvert.", *(f"{first:%m/%Y}" for first in starts), "Clôture"]
        archived = year == self._company.years[0]
        return [
            (f"{key}.LONGLABEL", f"Exercice {year.label}"),
            (f"{key}.SHORTLABEL", year.label),
            (f"{key}.STATUS", "Closed" if year.closed else "Open"),
            (f"{key}.PERDATE", "".join(f"{day:%d%m%Y}" for day in (year.start, *starts, year.end))),
            (f"{key}.PERLIB1", "".join(name.ljust(8) for name in names)),
            (f"{key}.PATHARCH", rf"Z:\WINBOOKS\DATA\{DOSSIER}-2024" if archived else ""),
        ]

    def accounts(self) -> Iterator[tuple[Value, ...]]:
        for heading, name in (("1", "Fonds propres"), ("4", "Créances et dettes"), ("6", "Charges")):
            yield heading, "9", name, "", f"{name} (NL)", "", "", "", "", False, None, None
        yield "40", "3", "Créances commerciales", "", "", "", "", "", "", False, None, None
        for account in self._company.accounts:
            central = {"customers": "C1", "suppliers": "S1"}.get(account.role, "")
            yield (
                account.number,
                "3",
                account.name,
                "",
                f"{account.name} (NL)",
                "",
                "",
                central,
                "",
                not account.active,
                Decimal(1),
                Decimal(1),
            )

    def parties(self) -> Iterator[tuple[Value, ...]]:
        for party in self._company.parties:
            kind = "1" if party.kind == "customer" else "2"
            yield party.code, kind, party.name, "", "Rue Haute 1", party.country, "1", party.vat_number, "1", "F"

    def journals(self) -> Iterator[tuple[Value, ...]]:
        for journal in self._company.journals:
            yield journal.code, journal.name, *self._journals[journal.code]
        yield "SIMUL", "Simulations", "5", "6", ""

    def archived_lines(self) -> Iterator[Row]:
        yield from self._lines(self._company.years[:1])

    def live_lines(self) -> Iterator[Row]:
        """The later years; and what was left behind of the archived one, with everything else that lies about."""
        first = self._company.years[0]
        yield from self._lines([first], from_period=18)
        yield from self._lines(self._company.years[1:])
        sample = next(
            line for line in self._company.lines if line.year == self._company.years[-1].label and line.period
        )
        values = self._values(sample)
        yield Row(values)  # written twice by the package
        yield Row(values, deleted=True)
        yield Row(_with(values, DOCNUMBER="99999999"))
        yield Row(_with(values, BOOKYEAR=""))
        yield Row(_with(values, DOCORDER=b"\0\0\0", AMOUNTEUR=b"\x01\xff\x00*garbage", DATE=b"\0" * 8))
        yield Row(_with(values, DOCTYPE="4", DOCORDER="A01", AMOUNTEUR=Decimal(0), VATBASE=Decimal("100.00")))
        yield Row(_with(values, DBKCODE="SIMUL", DBKTYPE="5", DOCNUMBER="1", AMOUNTEUR=Decimal("1000000")))
        yield Row(_with(values, DBKCODE="SIMUL", DBKTYPE="5", DOCNUMBER="1", AMOUNTEUR=Decimal("-1000000")))

    def _lines(self, years: list[FiscalYear] | tuple[FiscalYear, ...], from_period: int = 0) -> Iterator[Row]:
        labels = {year.label for year in years}
        for line in self._company.lines:
            if line.year in labels and line.period >= from_period:
                yield Row(self._values(line))

    def _values(self, line: Line) -> tuple[Value, ...]:
        period = {"opening": "00", "closing": "99"}.get(line.kind, f"{line.period:02d}")
        order = "VAT" if line.role == "vat_payable" else f"{line.line_no:03d}"
        foreign = line.amount_currency is not None
        return _act(
            DOCTYPE={"customers": "1", "suppliers": "2"}.get(line.role, "3"),
            DBKCODE=line.journal,
            DBKTYPE=self._journals[line.journal][0],
            DOCNUMBER=line.document,
            DOCORDER=order,
            OPCODE="FIXED" if line.kind != "normal" else "",
            ACCOUNTGL=line.account,
            ACCOUNTRP=line.party,
            BOOKYEAR=self._codes[line.year],
            PERIOD=period,
            DATE=line.date,
            DATEDOC=line.date,
            DUEDATE=line.due_date,
            COMMENT=line.description[:30],
            COMMENTEXT=line.description[30:],
            AMOUNT=line.amount,
            AMOUNTEUR=line.amount,
            VATCODE=line.vat_code,
            # The package's own sign of a foreign amount is not to be trusted.
            CURRAMOUNT=-line.in_currency if foreign else None,
            CURRCODE=line.currency if foreign else None,
            CUREURBASE=line.amount if foreign else None,
            ISTEMP=line.year == self._company.years[-1].label,
            ISLOCKED=False,
            DOCSTATUS="0",
        )


def _act(**values: Value) -> tuple[Value, ...]:
    """A record of ``_act``; columns not named are blank."""
    return tuple(values.get(column.name) for column in ACT)


def _with(record: tuple[Value, ...], **changed: Value) -> tuple[Value, ...]:
    """The record with some columns changed."""
    return tuple(changed.get(column.name, value) for column, value in zip(ACT, record, strict=True))
