"""One dossier's books as a file: FEC, CSV, spreadsheet or Parquet here, XAF in :mod:`portal.audit_file`.

FEC follows its law: opening entries are told, closing entries that empty income and expense are not. The general
formats hold every line, with the columns of ``ledger.general_ledger``.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from connectors.drop_folder.fec_cut import COLUMNS as FEC_COLUMNS
from foundation.errors import WrongInput
from portal.audit_file import printable, rows_of, write_audit_file
from warehouse.contract import Reader
from warehouse.reader import query_failed


def write(db: Reader, dossier_id: str, format: str, year: str | None, out: Path) -> int:
    """Writes the file and returns its number of lines.

    Raises WrongInput for an unknown dossier or year, and for a file that cannot be written.
    """
    years = db.execute(
        "SELECT label FROM ledger.fiscal_years WHERE dossier_id = ? ORDER BY start_date", [dossier_id]
    ).fetchall()
    labels = [row[0] for row in years]
    if not labels:
        raise WrongInput(f"there are no figures of a dossier {dossier_id!r}", next_step="See `grandlivre dossiers`.")
    if year is not None and year not in labels:
        raise WrongInput(f"dossier {dossier_id} has no fiscal year {year!r}", next_step=f"It has {', '.join(labels)}.")
    if format in ("fec", "xaf") and year is None:
        if len(labels) > 1:
            raise WrongInput(f"{format} holds one fiscal year", next_step=f"Give --year: {', '.join(labels)}.")
        year = labels[0]
    with in_place_of(out) as part:
        try:
            return _write(db, dossier_id, format, year, part)
        except duckdb.Error as error:
            raise unwritable(out, str(error).splitlines()[0]) from None


def _write(db: Reader, dossier_id: str, format: str, year: str | None, out: Path) -> int:
    wanted = {"dossier": dossier_id, "year": year}
    match format:
        case "fec":
            rows = db.arrow(_FEC, wanted)
            return write_rows(rows, out, "FORMAT csv, HEADER, DELIMITER '\t', QUOTE '', ESCAPE ''", FEC_COLUMNS)
        case "csv":
            return write_rows(db.arrow(_ALL, wanted), out, "FORMAT csv, HEADER")
        case "parquet":
            return write_rows(db.arrow(_ALL, wanted), out, "FORMAT parquet")
        case "xlsx":
            return _spreadsheet(db.arrow(_ALL, wanted), out)
        case _:
            return write_audit_file(db, dossier_id, year or "", out)


def write_rows(rows: pa.RecordBatchReader, out: Path, options: str, names: Sequence[str] | None = None) -> int:
    """Writes rows of any number to a file in a format of DuckDB's COPY; returns how many they were.

    ``names`` come in the place of the columns' own. The database that writes is not the one that was asked: a question
    can reach no file. Raises WrongInput where the question breaks off.
    """
    schema = pa.schema(
        [pa.field(name, f.type) for name, f in zip(names or rows.schema.names, rows.schema, strict=True)]
    )
    failed: list[Exception] = []

    def renamed() -> Iterator[pa.RecordBatch]:
        try:
            for batch in rows:
                yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)
        except Exception as error:
            failed.append(error)
            raise

    with duckdb.connect(":memory:", config={"temp_directory": str(out.parent)}) as db:
        db.register("result_rows", pa.RecordBatchReader.from_batches(schema, renamed()))
        quoted = str(out).replace("'", "''")
        try:
            # In two steps: a COPY whose rows fail on their way may never return (DuckDB 2.0.1).
            db.execute("CREATE TEMP TABLE answer AS FROM result_rows")
            return int(db.execute(f"COPY answer TO '{quoted}' ({options})").fetchall()[0][0])
        except duckdb.Error:
            if failed:  # the question broke off, not the file
                raise query_failed(failed[0]) from None
            raise


@contextmanager
def in_place_of(out: Path) -> Iterator[Path]:
    """A file beside ``out`` to write to. It takes the place of ``out`` at the end; a failure leaves what was there.

    Raises WrongInput where ``out`` cannot be written. A pipe or a device is written to as it is.
    """
    if out.is_dir():
        raise WrongInput(f"{out} is a folder", next_step=f"Give --out a file, such as {out / 'books'}.")
    if not out.parent.is_dir():
        raise unwritable(out, f"there is no folder {out.parent}")
    special = out.exists() and not out.is_file()
    target = out if special else out.resolve()
    # The name keeps its end: DuckDB compresses by it (.csv.gz).
    part = target if special else target.with_name(f".{secrets.token_hex(4)}-{target.name[-200:]}")
    try:
        if not special:
            part.touch()
        yield part
        if not special:
            part.replace(target)
    except OSError as error:
        raise unwritable(out, error.strerror or str(error)) from None
    finally:
        if not special:
            part.unlink(missing_ok=True)


def unwritable(out: Path, reason: str) -> WrongInput:
    """The error for a file that cannot be written."""
    return WrongInput(
        f"{out} cannot be written: {reason}", next_step="Give --out a file in a folder that you may write to."
    )


_ALL = """
SELECT * FROM ledger.general_ledger
WHERE dossier_id = $dossier
    AND ($year::VARCHAR IS NULL OR fiscal_year = $year)
ORDER BY date, journal, entry_key, line_no
"""
_TEXT = "regexp_replace(coalesce({}, ''), '[\\t\\r\\n]', ' ', 'g')"
_DAY = "replace({}::VARCHAR, '-', '')"
_CENTS = "replace({}::DECIMAL(20,2)::VARCHAR, '.', ',')"
_FEC = f"""
SELECT journal, {_TEXT.format("coalesce(journal_name, journal)")} AS journal_name, entry_key,
    {_DAY.format("date")} AS day, account, {_TEXT.format("account_name")} AS account_name,
    coalesce(counterparty, '') AS counterparty, {_TEXT.format("counterparty_name")} AS counterparty_name,
    {_TEXT.format("coalesce(nullif(document, ''), entry_key)")} AS piece, {_DAY.format("date")} AS piece_day,
    {_TEXT.format("coalesce(nullif(description, ''), document)")} AS description,
    {_CENTS.format("debit")} AS debit, {_CENTS.format("credit")} AS credit,
    '' AS lettering, '' AS lettering_day, '' AS validation_day,
    coalesce({_CENTS.format("amount_currency")}, '') AS foreign_amount,
    CASE WHEN amount_currency IS NULL THEN '' ELSE coalesce(currency, '') END AS foreign_currency
FROM (
    SELECT journal, journal_name, entry_key, date, account, account_name, counterparty, counterparty_name, document,
        description, debit, credit, amount_currency, currency, line_no, period_kind
    FROM ledger.general_ledger
    WHERE dossier_id = $dossier AND fiscal_year = $year
        AND period_kind <> 'closing'
    UNION ALL
    -- Where the package posts no opening entry, the balances that the year opens with are told as one.
    SELECT 'AN', 'A nouveaux', 'AN', y.start_date, t.account, t.account_name, NULL, NULL, 'AN', 'A nouveaux',
        greatest(t.opening, 0), greatest(-t.opening, 0), NULL, NULL,
        row_number() OVER (ORDER BY t.account), 'opening'
    FROM ledger.trial_balance_year t
    JOIN ledger.fiscal_years y ON y.dossier_id = t.dossier_id AND y.label = t.fiscal_year
    WHERE t.dossier_id = $dossier AND t.fiscal_year = $year
        AND t.opening <> 0 AND NOT EXISTS (
            SELECT 1 FROM ledger.journal_lines l
            WHERE l.dossier_id = t.dossier_id AND l.fiscal_year = t.fiscal_year AND l.period_kind = 'opening'
        )
) AS told
ORDER BY period_kind <> 'opening', told.date, journal, entry_key, line_no
"""


def _spreadsheet(found: pa.RecordBatchReader, out: Path) -> int:
    """A sheet with amounts as numbers and dates as dates; text that looks like a formula stays text."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("general_ledger")
    sheet.append(found.schema.names)
    count = 0
    for row in rows_of(found):
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, printable(value) if isinstance(value, str) else value)
            if isinstance(value, str):
                cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
        count += 1
    book.save(out)
    return count
