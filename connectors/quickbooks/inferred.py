"""What the vendor does not state anywhere public and we had to conclude; each with its reason, and nowhere else.

The same conclusions in SQL are marked ``inferred`` in normalize.sql.
"""

from __future__ import annotations

from datetime import timedelta

# Fiscal years: the vendor knows the month in which they begin, and no more. Years have twelve calendar months; the
# first one is that of CompanyStartDate, or an earlier one that has balances or bookings (years.py). A year is closed
# when BookCloseDate reaches its end.

# Trial balances are as of their last day, whatever start_date says: balances since the beginning, results since the
# year began, those of earlier years on retained earnings. A year opens with the report of the day before, its results
# moved there (balances.py, normalize.sql).

# The account that results are carried to is the one with AccountSubType RetainedEarnings, else an equity account of
# that name (balances.py).

# The debit and credit columns of the ledger are debit and credit whatever the account; nat_foreign_amount follows the
# account's natural side, so that only its size is taken (normalize.sql).

# A line has no number of its own: it is known by its transaction, its account, and its place among that transaction's
# lines on that account (normalize.sql).

CUT_SHORT = "Unable to display more data"
"""How the row begins that stands for what a report has no room for. Its words in other languages are not known: there,
and where nothing is said, the trial balance tells that lines are missing."""

CDC_ENTITIES = (
    "Bill", "BillPayment", "CreditMemo", "Deposit", "Invoice", "JournalEntry", "Payment", "Purchase", "RefundReceipt",
    "SalesReceipt", "Transfer", "VendorCredit",
)  # fmt: skip
"""Transactions whose changes are asked for. Others (payroll, stock, tax payments) are found by the balances that they
move."""

CDC_AT_MOST = 1000
"""Objects of one answer; with so many there may be more, and everything is read."""

CDC_OVERLAP = timedelta(minutes=10)
"""How far changes are asked for again: the time is the vendor's, but a slow change may appear later."""

FULL_READ_EVERY = timedelta(days=14)
"""The age at which everything is read again: results that moved between accounts of an earlier year, by transactions
whose changes are not told, show nowhere else. Changes are told for 30 days at most."""

MOST_YEARS = 50
"""How many years back books are looked for."""
