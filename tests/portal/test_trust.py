"""What changed and whether it can be trusted, from the command line, to the cent."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.sandbox.company import Company, company
from connectors.sandbox.stage import Sandbox
from tests.portal.cli import Cli, Done
from tests.warehouse.conftest import Ledger
from warehouse.bench import Trust, Workbench

COLUMNS = [
    "seen_at", "sync_id", "cause", "what", "fiscal_year", "year_closed", "account", "old", "new", "difference", "line",
    "date", "document", "description",
]  # fmt: skip
NONE = Decimal(0)


def exact(done: Done) -> list[dict[str, Any]]:
    """The listing with every number that has decimals as it was written."""
    return json.loads(done.out, parse_float=Decimal)


def changes(cli: Cli, dossier: str, *options: str) -> list[dict[str, Any]]:
    rows = exact(cli("changes", dossier, *options, "--json"))
    for row in rows:
        assert list(row) == COLUMNS
        assert all(isinstance(row[name], Decimal | None) for name in ("old", "new", "difference")), row
        assert row["difference"] == (row["new"] or 0) - (row["old"] or 0)
    return rows


def syncs(cli: Cli, dossier: str) -> list[str]:
    rows = cli("query", f"SELECT sync_id FROM sync_runs WHERE dossier_id = '{dossier}' ORDER BY 1", "--format", "json")
    return [row["sync_id"] for row in rows.json]


def show(cli: Cli, vendor: Sandbox, dossier: str, *revisions: int) -> None:
    for revision in revisions:
        vendor.show(company("BE", revision=revision))
        cli("sync", dossier)


def balances_moved(old: Company, new: Company) -> set[tuple[str, str, str, Decimal, Decimal]]:
    """(what, year, account, old, new) wherever a balance of the company moved."""
    before, after = old.balances(), new.balances()
    return {
        (f"{what} balance", *key, was, now)
        for key in before.keys() | after.keys()
        for what in ("opening", "closing")
        if (was := before.get(key, {}).get(what, NONE)) != (now := after.get(key, {}).get(what, NONE))
    }


def lines_moved(old: Company, new: Company) -> set[tuple[str, str, str, str, str, Decimal | None, Decimal | None]]:
    """(what, year, account, document, date, old, new) of every line of the company that came, went or changed."""
    before, after = ({line.number: line for line in told.lines} for told in (old, new))
    moved = set()
    for number in before.keys() | after.keys():
        was, now = before.get(number), after.get(number)
        line = was or now
        assert line
        change = "added" if was is None else "deleted" if now is None else "changed"
        if was is None or now is None or was.amount != now.amount:
            moved.add(
                (f"line {change}", line.year, line.account, line.document, line.date.isoformat(),
                 was.amount if was else None, now.amount if now else None)
            )  # fmt: skip
    return moved


def told_balances(rows: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    names = ("what", "fiscal_year", "account", "old", "new")
    return {tuple(row[name] for name in names) for row in rows if row["line"] is None}


def told_lines(rows: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    names = ("what", "fiscal_year", "account", "document", "date", "old", "new")
    return {tuple(row[name] for name in names) for row in rows if row["line"] is not None}


@pytest.mark.parametrize("revision", [1, 2])
def test_what_the_last_sync_brought_is_told_to_the_cent(cli: Cli, vendor: Sandbox, dossier: str, revision: int) -> None:
    cli("sync", dossier)
    show(cli, vendor, dossier, *range(1, revision + 1))
    before, after = company("BE", revision=revision - 1), company("BE", revision=revision)
    rows = changes(cli, dossier)
    assert told_balances(rows) == balances_moved(before, after)
    assert len(rows) == len(balances_moved(before, after)) > 0, "without --lines there are balances only"
    with_lines = changes(cli, dossier, "--lines")
    assert told_balances(with_lines) == told_balances(rows)
    assert told_lines(with_lines) == lines_moved(before, after)
    assert len(with_lines) == len(rows) + len(lines_moved(before, after))
    assert {row["sync_id"] for row in with_lines} == {syncs(cli, dossier)[-1]}
    assert {row["cause"] for row in with_lines} == {"package"}
    assert all(datetime.fromisoformat(row["seen_at"]).tzinfo == UTC for row in with_lines)
    counted = cli("changes", dossier).err
    for change in ("added", "changed", "deleted"):
        n = sum(1 for what, *_ in lines_moved(before, after) if what == f"line {change}")
        assert f"{n} {change}" in counted
    assert cli("changes", dossier, "--lines").err == ""


def test_an_entry_of_a_closed_year_is_told_before_all_else(cli: Cli, vendor: Sandbox, dossier: str) -> None:
    cli("sync", dossier)
    show(cli, vendor, dossier, 2)
    rows = changes(cli, dossier, "--lines")
    closed = [row["year_closed"] for row in rows]
    assert closed == sorted(closed, reverse=True)
    assert {row["fiscal_year"] for row in rows if row["year_closed"]} == {"2025"}
    fees = [row for row in rows if row["account"] == "613200" and row["fiscal_year"] == "2025"]
    assert [(row["what"], row["difference"]) for row in fees] == [
        ("closing balance", Decimal("75.25")), ("line added", Decimal("75.25")), ("line changed", Decimal("-75.25"))
    ]  # fmt: skip
    assert (fees[1]["description"], fees[1]["date"]) == ("Facture oubliée", "2025-11-20")


def test_since_reaches_back_to_a_day_or_a_sync(cli: Cli, vendor: Sandbox, dossier: str) -> None:
    cli("sync", dossier)
    show(cli, vendor, dossier, 1, 2)
    cli("sync", dossier)
    first, second, third = syncs(cli, dossier)

    def ids(*options: str) -> list[str]:
        return list(dict.fromkeys(row["sync_id"] for row in changes(cli, dossier, *options)))

    assert ids() == [third], "a sync that changed nothing is not the last one that did"
    assert ids("--since", first) == [third, second], "the latest first"
    assert ids("--since", second) == [third]
    assert ids("--since", third) == []
    assert ids("--since", "2020-01-01") == [third, second]
    assert ids("--since", "2999-01-01") == []
    assert "Nothing changed since 2999-01-01" in cli("changes", dossier, "--since", "2999-01-01").out
    both = lines_moved(company("BE"), company("BE", revision=1)) | lines_moved(
        company("BE", revision=1), company("BE", revision=2)
    )
    assert told_lines(changes(cli, dossier, "--since", first, "--lines")) == both


def test_a_day_begins_at_midnight_utc(cli: Cli, dossier: str) -> None:
    ledger = Ledger(cli.home)
    ledger.load(company("BE"), dossier=dossier, sync="s1")
    for sync, revision, moment in (
        ("s2", 1, datetime(2026, 11, 24, 23, 59, 59, tzinfo=UTC)),
        ("s3", 2, datetime(2026, 11, 25, 0, 0, 0, tzinfo=UTC)),
    ):
        ledger.load(company("BE", revision=revision), dossier=dossier, sync=sync, moment=moment)
    assert {row["sync_id"] for row in changes(cli, dossier, "--since", "2026-11-24")} == {"s2", "s3"}
    assert {row["sync_id"] for row in changes(cli, dossier, "--since", "2026-11-25")} == {"s3"}


def changed_lines(sql: str) -> Callable[[Workbench], None]:
    """Books in which lines differ; the package's own balances would not fit them, so there are none."""

    def spoil(bench: Workbench) -> None:
        bench.db.execute("DELETE FROM books.trial_balances")
        bench.db.execute(f"UPDATE books.journal_lines SET {sql}")

    return spoil


def test_a_line_that_went_elsewhere_is_told_where_it_left_and_where_it_went(cli: Cli, dossier: str) -> None:
    ledger, told = Ledger(cli.home), company("BE")
    line = next(line for line in told.lines if line.account == "613200" and line.year == "2026")
    ledger.load(told, dossier=dossier, sync="s1")
    moved = changed_lines(f"account = '613900' WHERE line_key = '{line.number}'")
    ledger.load(told, dossier=dossier, sync="s2", spoil=moved)
    rows = [row for row in changes(cli, dossier, "--lines") if row["line"]]
    assert [(row["what"], row["account"], row["old"], row["new"]) for row in rows] == [
        ("line changed", "613200", line.amount, None), ("line changed", "613900", None, line.amount)
    ]  # fmt: skip
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in changes(cli, dossier, "--lines"):
        sums[row["account"], "line" if row["line"] else row["what"]] += row["difference"]
    for account in ("613200", "613900"):
        assert sums[account, "line"] == sums[account, "closing balance"]
    assert "1 changed" in cli("changes", dossier).err, "it is one line all the same"


def test_a_line_that_goes_into_a_closed_year_comes_first(cli: Cli, dossier: str) -> None:
    ledger, told = Ledger(cli.home), company("BE")
    entry = next(line.entry for line in told.lines if line.year == "2026" and line.kind == "normal")
    ledger.load(told, dossier=dossier, sync="s1")
    moved = changed_lines(f"fiscal_year = '2025', period = 12, date = '2025-12-30' WHERE entry_key = '{entry}'")
    ledger.load(told, dossier=dossier, sync="s2", spoil=moved)
    rows = [row for row in changes(cli, dossier, "--lines") if row["line"]]
    count = sum(1 for line in told.lines if line.entry == entry)
    assert [(row["fiscal_year"], row["year_closed"], row["old"] is None) for row in rows] == (
        [("2025", True, True)] * count + [("2026", False, False)] * count
    )
    assert {row["date"] for row in rows if row["year_closed"]} == {"2025-12-30"}


def test_what_people_corrected_is_told_as_such_and_without_lines(cli: Cli, dossier: str) -> None:
    cli("sync", dossier)
    cli("fiscal-year", dossier, "2025", "--start", "2025-01-01", "--end", "2025-11-30", "--move-neighbours")
    cli("sync", dossier, "--from-landing")
    rows = changes(cli, dossier, "--lines")
    assert {row["cause"] for row in rows} == {"correction"}
    assert {row["line"] for row in rows} == {None}
    assert "not where a correction" in cli("changes", dossier).err


def test_a_dossier_that_stands_as_it_first_came_has_no_changes(cli: Cli, dossier: str) -> None:
    cli("sync", dossier)
    assert changes(cli, dossier, "--lines") == []
    assert "Nothing changed" in cli("changes", dossier).out
    assert "0 added, 0 changed, 0 deleted" in cli("changes", dossier).err


def test_checks_are_listed_with_what_to_look_at_first(cli: Cli, vendor: Sandbox, dossier: str) -> None:
    cli("sync", dossier)
    show(cli, vendor, dossier, 1, 2)
    rows = exact(cli("reconciliation", dossier, "--json"))
    assert {tuple(row) for row in rows} == {("check_name", "state", "value", "detail")}
    states = [row["state"] for row in rows]
    order = ["failed", "warning", "no evidence", "proven"]
    assert states == sorted(states, key=order.index)
    worst = rows[0]
    assert (worst["check_name"], worst["state"], worst["value"]) == ("closed_years_stand", "warning", Decimal("150.50"))
    assert "613200: was 61375.8800, is 61451.1300" in worst["detail"]
    checks = {row["check_name"]: row for row in rows}
    assert (checks["equals_package"]["state"], checks["equals_package"]["value"]) == ("proven", 0)
    assert len(checks) == len(rows)
    shown = cli("reconciliation", dossier)
    assert shown.out.index("closed_years_stand") < shown.out.index("equals_package")
    for told in ("verocount", "replace", f"{states.count('proven')} checks proven",
                 f"{states.count('no evidence')} without evidence", "1 warning."):  # fmt: skip
        assert told in shown.err
    as_of = datetime.fromisoformat(cli("dossiers", "--json").json[0]["figures_as_of"])
    assert f"Figures as of {as_of:%Y-%m-%d %H:%M} UTC" in shown.err
    assert len(shown.err.strip().splitlines()) == 1
    assert cli("reconciliation", dossier, "--json").err == shown.err


def test_figures_that_a_later_sync_could_not_renew_say_so(cli: Cli, vendor: Sandbox, dossier: str) -> None:
    cli("sync", dossier)
    assert "stand from before" not in cli("reconciliation", dossier).err
    for file in (Path(vendor.settings["root"]) / vendor.external_id).iterdir():
        file.unlink()
    cli("sync", dossier, ok=False)
    done = cli("reconciliation", dossier)
    assert "failed: these stand from before it" in done.err
    assert len(done.err.strip().splitlines()) == 1


def revalued(bench: Workbench) -> None:
    """The package shows an exchange gain on the dollar account that it has not booked."""
    for account, amount in (("550100", 10), ("654000", -10)):
        bench.db.execute(
            "UPDATE books.trial_balances SET closing = closing + ?::DECIMAL(20,4), debit = debit + ?::DECIMAL(20,4) "
            "WHERE fiscal_year = '2026' AND account = ?",
            [amount, amount, account],
        )
    bench.db.execute("UPDATE books.accounts SET currency = 'USD' WHERE number = '550100'")


def test_where_the_package_and_we_differ_is_listed_with_the_cause(cli: Cli, dossier: str) -> None:
    Ledger(cli.home).load(company("BE"), dossier=dossier, spoil=revalued, trust=Trust(revaluation=True))
    rows = exact(cli("reconciliation", dossier, "--differences", "--json"))
    assert list(rows[0]) == [
        "fiscal_year", "period", "account", "what", "package", "computed", "difference", "cause"
    ]  # fmt: skip
    closing = company("BE").balances()["2026", "550100"]["closing"]
    told = {(row["account"], row["what"]): row for row in rows}
    assert set(told) == {(account, what) for account in ("550100", "654000") for what in ("closing", "movement")}
    row = told["550100", "closing"]
    assert (row["package"], row["computed"], row["difference"]) == (closing + 10, closing, Decimal(-10))
    assert {row["cause"] for row in rows} == {"revaluation"}
    shown = cli("reconciliation", dossier)
    assert "revaluation" in shown.out.split("Where the package's own balances and ours differ:")[1]
    assert "checks proven" in shown.err
    only = cli("reconciliation", dossier, "--differences").out
    assert "550100" in only
    assert "equals_package" not in only
    checks = exact(cli("reconciliation", dossier, "--json"))
    assert ("revaluation", "warning") in {(check["check_name"], check["state"]) for check in checks}


def test_a_dossier_without_differences_says_so(cli: Cli, dossier: str) -> None:
    cli("sync", dossier)
    assert cli("reconciliation", dossier, "--differences", "--json").json == []
    assert "No balance differs" in cli("reconciliation", dossier, "--differences").out
    assert "ours differ" not in cli("reconciliation", dossier).out


def test_totals_are_never_taken_for_lines(cli: Cli, dossier: str) -> None:
    Ledger(cli.home).load(company("BE"), dossier=dossier, totals=True)
    assert "totals, without lines" in cli("reconciliation", dossier).err


@pytest.mark.parametrize("command", ["reconciliation", "changes"])
def test_there_is_nothing_to_trust_before_the_first_sync(cli: Cli, dossier: str, command: str) -> None:
    cli("init")
    for asked, told in ((dossier, f"grandlivre sync {dossier}"), ("nobody", "nobody")):
        done = cli(command, asked, "--json", ok=False)
        assert (done.status, done.out) == (1, "")
        assert done.err.startswith("Error: ")
        assert told in done.err


def test_a_sync_that_is_not_one_of_the_dossier_is_refused_with_those_that_are(
    cli: Cli, vendor: Sandbox, dossier: str
) -> None:
    root = Path(vendor.settings["root"])
    shutil.copytree(root / vendor.external_id, root / "1043")
    other = cli("link", cli("connections", "--json").json[0]["id"], "1043", "--dossier", "other").line
    cli("sync", dossier, other)
    (known,), (of_other,) = syncs(cli, dossier), syncs(cli, other)
    for asked in (of_other, "20260101t000000000000-abcdef", "yesterday", "2026"):
        done = cli("changes", dossier, "--since", asked, ok=False)
        assert (done.status, done.out) == (1, "")
        assert f"{asked!r} is no sync of dossier {dossier}" in done.err
        assert known in done.err
    assert cli("changes", dossier, "--since", "2026-02-30", ok=False).status == 2


def test_figures_of_an_earlier_version_are_renewed_by_init(cli: Cli, dossier: str) -> None:
    cli("sync", dossier)
    folder = cli.home / "warehouse"
    for file in ("warehouse.duckdb", "ledger_read.duckdb"):
        with duckdb.connect(str(folder / file)) as db:
            db.execute("DROP TABLE ledger.balance_changes")
            db.execute("DROP TABLE ledger.year_mapping")
    (folder / "schema.stamp").write_text("an earlier version")
    done = cli("changes", dossier, ok=False)
    assert done.status == 1
    assert "grandlivre init" in done.err
    assert "mapping" not in cli("fiscal-years", dossier).out
    cli("init")
    assert changes(cli, dossier) == []
    assert cli("fiscal-years", dossier).out.count("current") == 3
