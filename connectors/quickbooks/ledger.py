"""Reading the general ledger so that nothing is left out unseen.

A report holds so many cells and no more; the vendor then leaves rows out and may say so in a row. A report that says
so, that takes too long, or whose lines are not what the trial balance says was booked, is asked for again in parts: by
month, then by accounts, then by days. The parts are added up and compared with what the whole should be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa

from connectors.json_pages import pc
from foundation.errors import Incomplete, VendorDown

from .balances import Balances, Chart, Sums
from .calendar import Span
from .ledger_report import LedgerReport, columns_asked, read_report
from .wire import VENDOR, QuickBooksWire


@dataclass(frozen=True)
class Piece:
    """What one report is asked for: days of one fiscal year, and some accounts (none named: all)."""

    span: Span
    accounts: tuple[str, ...] = ()

    def parts(self, every: Sequence[str]) -> list[Piece]:
        """Smaller pieces that make it up, ``every`` account given; empty where it is a single account's single day."""
        months = self.span.months()
        if len(months) > 1:
            return [Piece(month, self.accounts) for month in months]
        accounts = self.accounts or tuple(every)
        if len(accounts) > 1:
            middle = len(accounts) // 2
            return [Piece(self.span, accounts[:middle]), Piece(self.span, accounts[middle:])]
        if self.span.start < self.span.end:
            return [Piece(days, accounts) for days in self.span.halves()]
        return []


@dataclass
class LedgerReader:
    """Reads the ledger of one company."""

    wire: QuickBooksWire
    balances: Balances
    chart: Chart
    multi_currency: bool

    def lines(self, span: Span) -> Iterator[pa.Table]:
        """The lines booked within ``span`` (resources.TOLD_LINES), proven by the balances at its ends.

        Raises Incomplete when they cannot be had whole.
        """
        return self._read(Piece(span))

    def is_empty(self, span: Span) -> bool:
        """Whether nothing was booked within ``span``."""
        body = self.wire.general_ledger(span, columns_asked(multi_currency=self.multi_currency))
        return body is not None and not self._report(body).lines.num_rows

    def _read(self, piece: Piece) -> Iterator[pa.Table]:
        for last in (bool(piece.accounts), True):
            told = self._fetch(piece)
            if told and not told.cut and self._adds_up(piece, _sums(told.lines)):
                yield told.lines
                return
            if last or not told or told.cut:
                break
            self.balances.forget(piece.span)  # somebody may have booked in between: once more, from both reports
        parts = piece.parts(self.chart.ids)
        if not parts:
            raise self._trouble(piece, slow=told is None)
        booked: Sums = {}
        for part in parts:
            for lines in self._read(part):
                _add(booked, _sums(lines))
                yield lines
        if not self._adds_up(piece, booked):
            raise self._trouble(piece)

    def _fetch(self, piece: Piece) -> LedgerReport | None:
        columns = columns_asked(multi_currency=self.multi_currency)
        body = self.wire.general_ledger(piece.span, columns, piece.accounts)
        if body is None:
            return None
        told = self._report(body)
        if not piece.accounts:
            return told
        # A report of some accounts may hold their sub-accounts, too; those have a report of their own.
        asked = pc.is_in(told.lines.column("AccountId"), pa.array(piece.accounts, pa.string()))
        return LedgerReport(told.lines.filter(asked), told.cut)

    def _report(self, body: bytes) -> LedgerReport:
        return read_report(body, self.chart.names, multi_currency=self.multi_currency)

    def _adds_up(self, piece: Piece, booked: Sums) -> bool:
        return self.balances.adds_up(piece.span, booked, piece.accounts)

    def _trouble(self, piece: Piece, *, slow: bool = False) -> VendorDown:
        days = f"{piece.span.start} to {piece.span.end}"
        if slow:
            return VendorDown(f"{VENDOR} does not make the general ledger of {days} in time")
        return Incomplete(
            f"{VENDOR}'s general ledger of {days} is not what its trial balance says was booked",
            next_step="Somebody may be booking: sync again, and report it if it stays. Nothing was changed.",
        )


def _sums(lines: pa.Table) -> Sums:
    found = lines.group_by("AccountId").aggregate([("Debit", "sum"), ("Credit", "sum")])
    columns = (found.column(name).to_pylist() for name in ("AccountId", "Debit_sum", "Credit_sum"))
    return {account: debit - credit for account, debit, credit in zip(*columns, strict=True)}


def _add(sums: Sums, more: Sums) -> None:
    for account, amount in more.items():
        sums[account] = sums.get(account, Decimal(0)) + amount
