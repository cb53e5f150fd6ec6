from __future__ import annotations

import csv
import io
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from assets.sync import Outcome
from connectors.catalog import PACKAGES, package
from connectors.sandbox.company import company
from connectors.sandbox.stage import Sandbox, open_sandbox
from portal.syncing import as_rows
from tests.portal.cli import Cli


def connected(cli: Cli, vendor: Sandbox) -> str:
    return cli("connect", "verocount", "--firm", "Van Damme", "--set", f"root={vendor.settings['root']}").line


def linked(cli: Cli, vendor: Sandbox, *options: str) -> str:
    return cli("link", connected(cli, vendor), vendor.external_id, *options).line


def test_from_nothing_to_a_queried_ledger(bare_cli: Cli, vendor: Sandbox) -> None:
    cli = bare_cli
    cli("init")
    cli("init")
    connection = connected(cli, vendor)
    listed = cli("connections", "--json").json
    assert [(c["id"], c["software"], c["firm"], c["health"]) for c in listed] == [
        (connection, "verocount", "van-damme", "ok")
    ]
    assert set(listed[0]) >= {"id", "software", "firm", "name", "health", "expires_at"}
    found = cli("discover", connection, "--search", "GRAND-LIVRE", "--json").json
    assert [row["external_id"] for row in found] == [vendor.external_id]
    assert set(found[0]) == {"external_id", "code", "name", "vat_number", "currency", "country"}
    assert cli("discover", connection, "--search", "nobody", "--json").json == []
    dossier = cli("link", connection, vendor.external_id, "--dossier", "1042-atelier").line
    assert dossier == "1042-atelier"
    synced = cli("sync", dossier, "--json").json
    assert set(synced[0]) == {"dossier_id", "status", "lines", "difference", "seconds", "vendor_calls", "error"}
    assert (synced[0]["status"], synced[0]["difference"], synced[0]["error"]) == ("synced", 0, None)
    assert synced[0]["lines"] == len(company("BE").lines)
    (row,) = cli("dossiers", "--json").json
    assert set(row) == {
        "dossier_id", "name", "software", "connection_id", "sync_mode", "status", "figures_as_of", "last_error"
    }  # fmt: skip
    assert (row["status"], row["sync_mode"], row["last_error"]) == ("synced", "replace", None)
    assert row["figures_as_of"]
    totals = cli(
        "query", "SELECT sum(closing) AS closing, count(*) AS n FROM ledger.trial_balance_year", "--format", "json"
    ).json
    assert totals == [{"closing": 0, "n": len(company("BE").balances())}]
    assert cli("sync", "--all", "--json").json[0]["status"] == "unchanged"
    assert cli("sync", "--software", "verocount", "--from-landing", "--json").json[0]["status"] == "synced"


def test_as_a_process_it_keeps_standard_output_for_scripts(cli: Cli, vendor: Sandbox) -> None:
    dossier = linked(cli, vendor)
    done = cli.process("sync", dossier, "--json")
    assert done.json[0]["status"] == "synced"
    failed = cli.process("sync", "nobody", ok=False)
    assert (failed.status, failed.out) == (1, "")
    assert cli.process("sync", ok=False).status == 2


def test_fiscal_years_are_corrected_and_taken_back(cli: Cli, vendor: Sandbox) -> None:
    dossier = linked(cli, vendor)
    cli("sync", dossier)
    years = cli("fiscal-years", dossier, "--json").json
    assert [y["start_date"] for y in years] == ["2023-07-01", "2025-01-01", "2026-01-01"]
    assert set(years[0]) == {
        "label", "start_date", "end_date", "closed", "source", "package_start_date", "package_end_date"
    }  # fmt: skip
    label = years[0]["label"]
    overlap = cli("fiscal-year", dossier, label, "--start", "2023-07-01", "--end", "2025-06-30", ok=False)
    assert overlap.status == 1
    assert "2025" in overlap.err
    cli("fiscal-year", dossier, label, "--start", "2023-10-01", "--end", "2024-12-31", "--why", "founded in October")
    corrected = cli("fiscal-years", dossier, "--json").json[0]
    assert (corrected["start_date"], corrected["source"]) == ("2023-10-01", "override")
    assert corrected["package_start_date"] == "2023-07-01"
    refused = cli("sync", dossier, "--from-landing", ok=False)
    assert refused.status == 1
    assert "lines_in_years" in refused.out, "lines before the corrected first day are not lost in silence"
    cli("fiscal-year", dossier, label, "--reset")
    assert cli("fiscal-years", dossier, "--json").json[0]["source"] == "package"
    cli("sync", dossier, "--from-landing")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("software", "exact"), "exact_online_be"),
        (("connect", "verocount", "--firm", "F"), "root"),
        (("connect", "verocount", "--firm", "F", "--set", "root=/nowhere/at/all"), "/nowhere/at/all"),
        (("connect", "verocount", "--firm", "F", "--set", "colour=red"), "colour"),
        (("connect", "exact_online_nl", "--firm", "F", "--set", "client_id=x"), "client_secret"),
        (("discover", "nobody"), "nobody"),
        (("link", "nobody", "x"), "nobody"),
        (("sync", "nobody"), "nobody"),
        (("fiscal-years", "nobody"), "nobody"),
        (("query", "SELECT 1"), "grandlivre demo"),
    ],
)
def test_what_cannot_be_done_is_said_with_the_next_step(bare_cli: Cli, arguments: tuple[str, ...], told: str) -> None:
    done = bare_cli(*arguments, ok=False)
    assert done.status == 1
    assert done.err.startswith("Error: ")
    assert told in done.err
    assert done.out == ""


def test_a_package_that_is_not_available_yet_says_so(bare_cli: Cli) -> None:
    PACKAGES["made_up"] = replace(package("yuki"), slug="made_up", name="Made Up", room=None)
    try:
        done = bare_cli("connect", "made_up", "--firm", "F", ok=False)
    finally:
        del PACKAGES["made_up"]
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("Error: Made Up is not available yet")
    assert "grandlivre software" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("sync",),
        ("sync", "x", "--all"),
        ("link", "c", "x", "--replace", "--totals"),
        ("link", "c", "x", "--from", "1.1.2025"),
        ("fiscal-year", "d", "2024"),
        ("connect", "verocount", "--firm", "F", "--set", "root"),
        ("nonsense",),
        ("query",),
        ("query", "SELECT 1", "--out", "x"),
        ("query", "SELECT 1", "--format", "json", "--out", "x"),
    ],
)
def test_wrong_usage_is_status_2(cli: Cli, arguments: tuple[str, ...]) -> None:
    done = cli(*arguments, ok=False)
    assert done.status == 2
    assert done.out == ""


def test_bad_references_and_dates_are_refused_when_linking(cli: Cli, vendor: Sandbox) -> None:
    connection = connected(cli, vendor)
    for reference in ("..", "../verocount", "/etc", vendor.external_id.swapcase() + "x"):
        assert cli("link", connection, reference, ok=False).status == 1
    assert cli("link", connection, vendor.external_id, "--from", "2025-02-01", ok=False).err.count("2025-01-01") == 1
    cli("link", connection, vendor.external_id, "--from", "2025-01-01")
    assert cli("link", connection, vendor.external_id, ok=False).status == 1


def test_a_package_without_totals_says_so(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "vendor").mkdir()
    with open_sandbox(package("winbooks"), company("BE"), tmp_path / "vendor") as sandbox:
        connection = cli("connect", "winbooks", "--firm", "F", "--set", f"root={sandbox.settings['root']}").line
        assert "no totals" in cli("link", connection, sandbox.external_id, "--totals", ok=False).err


def test_a_linked_dossier_can_move_to_another_mode(cli: Cli, vendor: Sandbox) -> None:
    connection = connected(cli, vendor)
    dossier = cli("link", connection, vendor.external_id, "--dossier", "a").line
    cli("sync", dossier)
    assert cli("link", connection, vendor.external_id, "--dossier", "a", "--from", "2026-01-01").line == "a"
    assert cli("sync", dossier, "--json").json[0]["status"] == "synced"
    years = cli("query", "SELECT count(DISTINCT sync_id) AS n FROM ledger.journal_lines", "--format", "json").json
    assert years == [{"n": 2}]


def test_the_catalog_is_listed_whole_and_in_detail(cli: Cli) -> None:
    rows = cli("software", "--json").json
    assert [row["software"] for row in rows] == list(PACKAGES)
    assert set(rows[0]) >= {"software", "name", "level", "kind", "transport", "contract", "available"}
    (detail,) = cli("software", "exact_online_be", "--json").json
    assert {f["name"]: f["secret"] for f in detail["fields"]}["client_secret"] is True
    assert "refresh_token" in cli("software", "exact_online_be").out


def test_query_prints_in_every_format(cli: Cli, vendor: Sandbox, tmp_path: Path) -> None:
    cli("sync", linked(cli, vendor))
    sql = "SELECT account, closing FROM ledger.trial_balance_year WHERE fiscal_year = '2025' ORDER BY account;"
    rows = list(csv.DictReader(io.StringIO(cli("query", sql, "--format", "csv").out)))
    told = {account: row["closing"] for (year, account), row in company("BE").balances().items() if year == "2025"}
    assert {row["account"]: Decimal(row["closing"]) for row in rows} == told
    target = tmp_path / "out.parquet"
    cli("query", sql, "--format", "parquet", "--out", str(target))
    assert pq.read_table(target).num_rows == len(told)
    assert "550000" in cli("query", sql).out
    assert cli("query", "SELECT * FROM trial_balance LIMIT 1").out, "schema ledger is the default"
    wrong = cli("query", "SELECT nothing FROM nowhere", ok=False)
    assert wrong.status == 1
    assert "nowhere" in wrong.err
    assert cli("query", "DELETE FROM ledger.journal_lines", ok=False).status == 1


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{file}')",
        "FROM '{file}'",
        "COPY (SELECT 1) TO '{file}.out'",
        "ATTACH '{file}.db'",
        "SET enable_external_access = true",
        "SELECT 1) TO '{file}.out'; COPY (SELECT 2",
    ],
)
@pytest.mark.parametrize("kind", ["table", "csv"])
def test_a_query_reaches_no_file(cli: Cli, tmp_path: Path, sql: str, kind: str) -> None:
    cli("init")
    (tmp_path / "private.csv").write_text("word\nhush\n")
    done = cli("query", sql.format(file=tmp_path / "private.csv"), "--format", kind, ok=False)
    assert done.status == 1
    assert "hush" not in done.out + done.err
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("private")) == ["private.csv"]


def test_columns_that_share_a_name_all_come(cli: Cli, tmp_path: Path) -> None:
    cli("init")
    sql = "SELECT 1 AS x, 2 AS x, 3 AS x_1, 4 AS X"
    rows = cli("query", sql, "--format", "json").json
    assert rows == [{"x": 1, "x_1": 2, "x_1_1": 3, "X_2": 4}]
    cli("query", sql, "--format", "parquet", "--out", str(tmp_path / "same"))
    assert pq.read_table(tmp_path / "same").to_pylist() == rows, "as DuckDB names them in files"
    assert cli("query", sql).out.splitlines()[1].split() == ["1", "2", "3", "4"]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_query_leaves_no_half_file(cli: Cli, tmp_path: Path, kind: str) -> None:
    cli("init")
    (tmp_path / "answers").mkdir()
    target = tmp_path / "answers" / "kept"
    target.write_text("yesterday's")
    cut_off = "SELECT CASE WHEN i = 900000 THEN error('cut off') ELSE i END AS n FROM range(1000000) t(i)"
    done = cli("query", cut_off, "--format", kind, "--out", str(target), ok=False)
    assert (done.status, "cut off" in done.err) == (1, True)
    assert [(path.name, path.read_text()) for path in target.parent.iterdir()] == [("kept", "yesterday's")]
    for out, told in ((target.parent, "is a folder"), (tmp_path / "no" / "file", "there is no folder")):
        done = cli("query", "SELECT 1", "--format", kind, "--out", str(out), ok=False)
        assert (done.status, told in done.err, "--out" in done.err) == (1, True, True)


def test_a_next_step_stays_as_it_must_be_typed_and_a_cause_shows_no_token(cli: Cli) -> None:
    hint = cli("connect", "exact_online_nl", "--firm", "F", "--set", "client_id=x", ok=False)
    assert "Give --secret client_secret=FILE" in hint.err
    told = cli("connect", "verocount", "--firm", "F", "--set", "root=/nowhere?access_token=hush-1234", ok=False)
    assert "access_token=***" in told.err
    assert "hush" not in told.err


def test_a_dossier_that_was_not_run_hides_no_other() -> None:
    heard = {d: Outcome(d, "synced", lines=3, vendor_calls=1) for d in ("a", "c")}
    rows = as_rows({"verocount": ["a", "b"], "yuki": ["c"]}, heard)
    assert [(row["dossier_id"], row["status"], row["lines"]) for row in rows] == [
        ("a", "synced", 3),
        ("b", "failed", 0),
        ("c", "synced", 3),
    ]
    assert [row["error"] is None for row in rows] == [True, False, True]
    assert "grandlivre ui" in str(rows[1]["error"])


def test_a_secret_is_read_from_a_file_or_standard_input_and_never_shown(cli: Cli, tmp_path: Path) -> None:
    hidden = "s3cret-value-xyz"
    (tmp_path / "secret").write_text(f"{hidden}\n")
    arguments = [
        *("connect", "exact_online_nl", "--firm", "F", "--set", "client_id=x", "--set", "base_url=http://127.0.0.1:9"),
        *("--secret", f"client_secret={tmp_path / 'secret'}", "--secret", "refresh_token=-"),
    ]
    done = cli(*arguments, text="another-secret\n", ok=False)
    assert done.status == 1
    assert hidden not in done.err + done.out
    assert "another-secret" not in done.err + done.out
    assert cli("connections", "--json").json == [], "a connection that does not work is not kept"


@pytest.mark.parametrize("kind", ["fec", "xaf", "csv", "xlsx", "parquet"])
def test_export_writes_the_books(cli: Cli, vendor: Sandbox, tmp_path: Path, kind: str) -> None:
    cli("sync", linked(cli, vendor))
    target = tmp_path / f"books.{kind}"
    year = [] if kind in ("csv", "xlsx", "parquet") else ["--year", "2025"]
    dossier = cli("dossiers", "--json").json[0]["dossier_id"]
    cli("export", dossier, "--format", kind, "--out", str(target), *year)
    assert target.stat().st_size > 1000
    if not year:
        return
    assert cli("export", dossier, "--format", kind, "--out", str(target), ok=False).status == 1, "one year per file"
    # What is written is read back by the drop folder of another package, as another dossier.
    folder = tmp_path / "again" / "BACK"
    folder.mkdir(parents=True)
    name = "403170701FEC20251231.txt" if kind == "fec" else "2025.xaf"
    target.rename(folder / name)
    back = cli("connect", "wings", "--firm", "F", "--set", f"root={folder.parent}").line
    again = cli("link", back, "BACK", "--dossier", "back").line
    outcome = cli("sync", again, "--json").json[0]
    assert outcome["status"] == "synced", outcome["error"]
    compare = (
        "SELECT a.account, a.closing, b.closing FROM trial_balance_year a FULL JOIN trial_balance_year b ON "
        f"a.account = b.account AND b.dossier_id = 'back' WHERE a.dossier_id = '{dossier}' AND a.fiscal_year = '2025' "
        "AND a.closing IS DISTINCT FROM b.closing AND a.closing <> 0"
    )
    assert cli("query", compare, "--format", "json").json == []
