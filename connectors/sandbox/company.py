"""One deterministic company, told alike by every sandbox: irregular years, three currencies, corrections.

The company "Atelier Grand-Livre" has an 18-month first year, a calendar year, both closed, and an open year.
``revision`` is the day on which one looks:

* 0: the first look;
* 1: in the open year an entry was deleted, one changed and one added with an earlier date;
* 2: besides, an entry was added to the closed year before (its carried-forward balances follow).

Where books are corrected by entries alone (``corrects_by_entries``), the entry is taken back, and the other put right,
by entries of their own.

Everything is computed from these rules; equal arguments give equal companies.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property, lru_cache

from connectors.contract import FiscalYear
from connectors.sandbox.chart import Account, chart

CENT = Decimal("0.01")
RATES = {"EUR": Decimal(1), "USD": Decimal("1.0837"), "GBP": Decimal("0.8561")}
_FIRST_LOOK = datetime(2026, 9, 1, 8, 0, 0)


@dataclass(frozen=True)
class Journal:
    code: str
    name: str
    kind: str


@dataclass(frozen=True)
class Party:
    code: str
    name: str
    kind: str
    vat_number: str
    country: str


@dataclass(frozen=True)
class Line:
    """A ledger line. ``amount`` = debit - credit in EUR; ``kind`` is opening, normal or closing.

    ``number`` identifies the line in the company for good; ``version`` grows with each change made to it.
    """

    number: int
    entry: int
    line_no: int
    year: str
    period: int
    kind: str
    date: date
    journal: str
    document: str
    role: str
    account: str
    debit: Decimal
    credit: Decimal
    description: str
    party: str | None = None
    currency: str = "EUR"
    amount_currency: Decimal | None = None
    vat_code: str | None = None
    due_date: date | None = None
    version: int = 1

    @property
    def amount(self) -> Decimal:
        return self.debit - self.credit

    @property
    def in_currency(self) -> Decimal:
        """The amount in ``currency``; for EUR lines the amount itself."""
        return self.amount if self.amount_currency is None else self.amount_currency

    @property
    def modified_at(self) -> datetime:
        return _FIRST_LOOK + timedelta(days=self.version - 1, seconds=self.number % 3600)


JOURNALS = (
    Journal("OPN", "A nouveaux", "opening"),
    Journal("VEN", "Ventes", "sales"),
    Journal("NCV", "Notes de crédit ventes", "sales_credit"),
    Journal("ACH", "Achats", "purchase"),
    Journal("BNK", "Banque", "bank"),
    Journal("DIV", "Opérations diverses", "general"),
    Journal("CLO", "Clôture", "closing"),
)
PARTIES = (
    Party("DUPONT", "Dupont & Fils SRL", "customer", "BE0403170701", "BE"),
    Party("JANSSENS", "Bakkerij Janssens", "customer", "BE0428759497", "BE"),
    Party("SMITHCO", "Smith & Co Ltd", "customer", "", "GB"),
    Party("USCORP", "US Corp Inc.", "customer", "", "US"),
    Party("ELECTRA", "Electra NV", "supplier", "BE0417497106", "BE"),
    Party("CAFE", "Café de la Gare", "supplier", "BE0404616494", "BE"),
    Party("CHIPS", "Chips Trading LLC", "supplier", "", "US"),
)


def _cents(seed: int, low: int = 100, high: int = 9000) -> Decimal:
    """A repeatable amount between ``low`` and ``high`` with two decimals."""
    return Decimal(low * 100 + (seed * 7919 + 104729) % ((high - low) * 100)) / 100


def _round(value: Decimal) -> Decimal:
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def _months(year: FiscalYear) -> list[date]:
    first, months = year.start, []
    while first <= year.end:
        months.append(first)
        first = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
    return months


def _place(k: int) -> int:
    """Where the k-th entry of a month stands among its numbers; the month's end and late entries have 90,000-95,999."""
    return k * 10 if k < 9000 else 87_000 + k


@dataclass(frozen=True)
class Company:
    """The company as it stands at ``revision``; ``entries_per_month`` (up to 12,999) sets its size.

    An entry has 2.5 lines on average, the three years have 42 months: the first has 18, or 12 for packages that know
    no other years than those of twelve months. ``corrects_by_entries`` is for packages in which nothing booked is ever
    changed or deleted.
    """

    country: str = "BE"
    revision: int = 0
    entries_per_month: int = 6
    long_first_year: bool = True
    corrects_by_entries: bool = False

    code = "1042"
    name = "Atelier Grand-Livre"
    currency = "EUR"

    @property
    def vat_number(self) -> str:
        return {"BE": "BE0403019261", "FR": "FR40303265045", "NL": "NL004495445B01"}[self.country]

    journals = JOURNALS
    parties = PARTIES

    @cached_property
    def years(self) -> tuple[FiscalYear, ...]:
        first = date(2023, 7, 1) if self.long_first_year else date(2024, 1, 1)
        return (
            FiscalYear("2024", first, date(2024, 12, 31), closed=True),
            FiscalYear("2025", date(2025, 1, 1), date(2025, 12, 31), closed=True),
            FiscalYear("2026", date(2026, 1, 1), date(2026, 12, 31), closed=False),
        )

    @cached_property
    def accounts(self) -> tuple[Account, ...]:
        return chart(self.country)

    @cached_property
    def numbers(self) -> dict[str, str]:
        """Account number by role."""
        return {account.role: account.number for account in self.accounts}

    @cached_property
    def periods(self) -> list[tuple[str, int, date, date]]:
        """(year label, period, first day, last day) of every normal period; the first year has 18."""
        rows = []
        for year in self.years:
            for number, first in enumerate(_months(year), start=1):
                last = (first.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
                rows.append((year.label, number, first, last))
        return rows

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Every line that stands at this revision, in booking order."""
        return _Books(self).lines

    @cached_property
    def deleted(self) -> tuple[Line, ...]:
        """Lines that stood at an earlier revision and are gone, with the version at which they went."""
        if self.revision == 0:
            return ()
        first = replace(self, revision=0)
        standing = {line.number for line in self.lines}
        return tuple(replace(line, version=2) for line in first.lines if line.number not in standing)

    def balances(self, upto: date | None = None, *, closing: bool = False) -> dict[tuple[str, str], dict[str, Decimal]]:
        """(year, account) to opening, debit, credit, closing; closing entries only when ``closing`` is true."""
        table: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(
            lambda: dict.fromkeys(("opening", "debit", "credit", "closing"), Decimal(0))
        )
        for line in self.lines:
            if (upto and line.date > upto) or (line.kind == "closing" and not closing):
                continue
            row = table[line.year, line.account]
            if line.kind == "opening":
                row["opening"] += line.amount
            else:
                row["debit"] += line.debit
                row["credit"] += line.credit
            row["closing"] += line.amount
        return dict(table)


class _Books:
    """Writes the company's books, entry by entry. One use: construct, read ``lines``."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self._lines: list[Line] = []
        self._carried: dict[str, Decimal] = {}
        self._result = Decimal(0)
        for index, year in enumerate(company.years):
            self._write_year(index, year)
        self.lines = tuple(self._lines)

    def _write_year(self, index: int, year: FiscalYear) -> None:
        start = len(self._lines)
        base = (index + 1) * 10_000_000
        months = _months(year)
        self._open(base, index, year)
        for number, first in enumerate(months, start=1):
            for k in range(self.company.entries_per_month):
                self._trade(base + number * 100_000 + _place(k), year.label, number, first, k)
            self._month_end(base + number * 100_000 + 90_000, year.label, number, first)
        self._revise(base, index, year)
        movement: dict[str, Decimal] = defaultdict(Decimal)
        for line in self._lines[start:]:
            movement[line.role] += line.amount
        self._close(base + 9_000_000, year, len(months), movement)

    def _post(
        self,
        number: int,
        year: str,
        period: int,
        day: date,
        journal: str,
        text: str,
        rows: Iterable[tuple[str, Decimal]],
        *,
        kind: str = "normal",
        party: str | None = None,
        currency: str = "EUR",
        storno: bool = False,
        vat_code: str | None = None,
        version: int = 1,
    ) -> None:
        """Appends an entry. ``rows`` are (role, signed amount); ``storno`` writes negative debits and credits."""
        document = str(number % 10_000_000)
        for position, (role, amount) in enumerate(rows, start=1):
            on_debit = (amount > 0) != storno
            control = role in ("customers", "suppliers")
            foreign = currency != "EUR"
            self._lines.append(
                Line(
                    number=number * 10 + position,
                    entry=number,
                    line_no=position,
                    year=year,
                    period=period,
                    kind=kind,
                    date=day,
                    journal=journal,
                    document=document,
                    role=role,
                    account=self.company.numbers[role],
                    debit=amount if on_debit else Decimal(0),
                    credit=Decimal(0) if on_debit else -amount,
                    description=text,
                    party=party if control else None,
                    currency=currency,
                    amount_currency=_round(amount * RATES[currency]) if foreign else None,
                    vat_code=vat_code if role in ("sales", "sales_export", "old_sales", "purchases", "fees") else None,
                    due_date=day + timedelta(days=30) if control and journal != "BNK" else None,
                    version=version,
                )
            )

    def _open(self, base: int, index: int, year: FiscalYear) -> None:
        if index == 0:
            rows = [
                ("equipment", Decimal("48000.00")),
                ("stock", Decimal("12500.50")),
                ("bank", Decimal("30499.50")),
                ("bank_loan", Decimal("-41000.00")),
                ("capital", Decimal("-50000.00")),
            ]
        else:
            rows = [(role, amount) for role, amount in sorted(self._carried.items()) if amount]
        self._post(
            base,
            year.label,
            0,
            year.start,
            "OPN",
            f"A nouveaux {year.label}",
            rows,
            kind="opening",
            version=3 if index == len(self.company.years) - 1 and self.company.revision >= 2 else 1,
        )

    def _trade(self, number: int, year: str, period: int, first: date, k: int) -> None:
        """One entry of the month: the kind follows from k, so that every month has each kind."""
        day = first + timedelta(days=(number * 3) % 28)
        gross, net = Decimal("1.21"), _cents(number)
        match k % 6:
            case 0:
                role = "old_sales" if (year, period) == ("2024", 1) else "sales"
                vat = _round(net * gross) - net
                party = "DUPONT" if period % 2 else "JANSSENS"
                rows = [("customers", net + vat), (role, -net), ("vat_payable", -vat)]
                self._post(
                    number, year, period, day, "VEN", f"Facture n° {number % 9973}", rows, party=party, vat_code="21"
                )
            case 1:
                rows = [("customers", net), ("sales_export", -net)]
                currency, party = (("USD", "USCORP"), ("GBP", "SMITHCO"))[period % 2]
                self._post(
                    number,
                    year,
                    period,
                    day,
                    "VEN",
                    "Export invoice",
                    rows,
                    party=party,
                    currency=currency,
                    vat_code="0",
                )
            case 2:
                vat = _round(net * gross) - net
                rows = [("purchases", net), ("vat_recoverable", vat), ("suppliers", -(net + vat))]
                text = 'Achat "spécial"; voir pièce, page 2'
                self._post(number, year, period, day, "ACH", text, rows, party="ELECTRA", vat_code="21")
            case 3:
                rows = [("fees", net), ("suppliers", -net)]
                self._post(
                    number,
                    year,
                    period,
                    day,
                    "ACH",
                    "Honoraires café",
                    rows,
                    party="CAFE",
                    currency="USD",
                    vat_code="0",
                )
            case 4:
                rows = [("bank", net), ("customers", -net)]
                self._post(number, year, period, day, "BNK", "Paiement client", rows, party="DUPONT")
            case _:
                small = _cents(number, 10, 200)
                rows = [("bank_usd", net), ("exchange_loss", small), ("bank", -(net + small))]
                self._post(number, year, period, day, "BNK", "", rows)

    def _month_end(self, number: int, year: str, period: int, first: date) -> None:
        last = (first.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        wages, interest = Decimal("2500.00"), Decimal("41.67")
        rows = [("wages", wages), ("interest", interest), ("bank", -(wages + interest))]
        self._post(number, year, period, last, "DIV", "Salaires et intérêts", rows)
        if period % 6 == 0:
            part = Decimal("1600.00")
            rows = [("depreciation", part), ("equipment_depreciation", -part)]
            self._post(number + 1, year, period, last, "DIV", "Amortissements", rows)
        if period == 3:
            rows = [("customers", Decimal("-121.00")), ("sales", Decimal("100.00")), ("vat_payable", Decimal("21.00"))]
            self._post(
                number + 2,
                year,
                period,
                last,
                "NCV",
                "Extourne facture",
                rows,
                party="DUPONT",
                storno=True,
                vat_code="21",
            )

    def _revise(self, base: int, index: int, year: FiscalYear) -> None:
        """What happened between the looks (see the module's docstring)."""
        revision, last = self.company.revision, len(self.company.years) - 1
        if index == last and revision >= 1:
            gone, changed = base + 8 * 100_000, base + 7 * 100_000 + 20
            extra = Decimal("12.34")
            if self.company.corrects_by_entries:
                self._correct(gone, changed, extra)
                gone = changed = -1
            kept = [line for line in self._lines if line.entry != gone]
            for position, line in enumerate(kept):
                if line.entry == changed and line.role == "purchases":
                    kept[position] = replace(line, debit=line.debit + extra, version=2)
                elif line.entry == changed and line.role == "suppliers":
                    kept[position] = replace(line, credit=line.credit + extra, version=2)
            self._lines = kept
            rows = [("fees", Decimal("333.33")), ("suppliers", Decimal("-333.33"))]
            number, day = base + 2 * 100_000 + 95_000, date(year.end.year, 2, 14)
            self._post(number, year.label, 2, day, "ACH", "Facture tardive", rows, party="CAFE", version=2)
        if index == last - 1 and revision >= 2:
            rows = [("fees", Decimal("75.25")), ("suppliers", Decimal("-75.25"))]
            number, day = base + 11 * 100_000 + 95_000, date(year.end.year, 11, 20)
            self._post(number, year.label, 11, day, "ACH", "Facture oubliée", rows, party="CAFE", version=3)

    def _correct(self, gone: int, changed: int, extra: Decimal) -> None:
        """Takes one entry back, and adds what another lacks, by entries of their own."""
        for position, (entry, text) in enumerate(((gone, "Annulation"), (changed, "Rectification")), start=1):
            lines = [line for line in self._lines if line.entry == entry]
            first = lines[0]
            rows = (
                [(line.role, -line.amount) for line in lines]
                if entry == gone
                else [("purchases", extra), ("suppliers", -extra)]
            )
            number = entry - entry % 100_000 + 95_000 + position
            self._post(
                number, first.year, first.period, first.date, first.journal, text, rows, party=first.party, version=2
            )

    def _close(self, number: int, year: FiscalYear, period: int, movement: dict[str, Decimal]) -> None:
        """Empties income and expense into the result brought forward, for closed years, and carries balances."""
        on_balance = {account.role for account in self.company.accounts if account.on_balance_sheet}
        rows = [(role, -amount) for role, amount in sorted(movement.items()) if role not in on_balance and amount]
        result = -sum((amount for _, amount in rows), Decimal(0))
        if year.closed:
            rows.append(("result_brought_forward", result))
            version = 3 if year == self.company.years[-2] and self.company.revision >= 2 else 1
            text = f"Clôture {year.label}"
            self._post(number, year.label, period, year.end, "CLO", text, rows, kind="closing", version=version)
        self._carried = {role: amount for role, amount in movement.items() if role in on_balance}
        self._carried["result_brought_forward"] = self._carried.get("result_brought_forward", Decimal(0)) + result


@lru_cache(maxsize=16)
def company(
    country: str = "BE",
    revision: int = 0,
    entries_per_month: int = 6,
    long_first_year: bool = True,
    corrects_by_entries: bool = False,
) -> Company:
    """The company, made once per argument set and process."""
    return Company(country, revision, entries_per_month, long_first_year, corrects_by_entries)
