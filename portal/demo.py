"""The command ``demo``: every available package's sandbox, connected, linked and synced, in a state of its own."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from connectors.catalog import available_packages
from connectors.package import Package
from connectors.sandbox.stage import Sandbox, company_of, open_sandbox
from foundation.errors import ReportABug
from foundation.home import DATABASE_VARIABLE, Home
from foundation.secrets import Secret
from portal.instance import write_instance_config
from portal.operations.connections import verify
from portal.operations.dossiers import add_link, usual_mode
from portal.output import out, show, tell
from portal.syncing import run_syncs
from portal.ui import open_both
from resources.house import House


def add_commands(app: typer.Typer) -> None:
    """Adds this room's command to the command line."""
    app.command()(demo)


def demo(
    ui: Annotated[
        bool | None, typer.Option("--ui/--no-ui", help="Open the UI afterwards; by default where a person looks.")
    ] = None,
    port: Annotated[int, typer.Option(help="Port of the Dagster UI.")] = 3000,
    portal_port: Annotated[int, typer.Option(help="Port of the portal.")] = 3080,
) -> None:
    """Starts the sandbox vendors, links and syncs one dossier per available package, and shows the trial balance."""
    home = Home(Home.from_environment().root / "demo")
    os.environ.pop(DATABASE_VARIABLE, None)  # the demo keeps to itself
    shutil.rmtree(home.root, ignore_errors=True)
    house = House.open(home)
    house.warehouse.create()
    write_instance_config(home)
    with ExitStack() as stack:
        by_software = {}
        for row in available_packages():
            folder = home.root / "sandbox" / row.slug
            folder.mkdir(parents=True)
            sandbox = stack.enter_context(open_sandbox(row, company_of(row), folder))
            by_software[row.slug] = [link_sandbox(house, row, sandbox)]
            tell(f"{row.name}: sandbox connected, dossier {by_software[row.slug][0]} linked")
        os.environ["DAGSTER_HOME"] = str(home.dagster)
        rows = run_syncs(house, by_software)
        show([{k: v for k, v in row.items() if k != "error"} for row in rows], json=False)
        failed = [row for row in rows if row["status"] != "synced"]
        if failed:
            raise ReportABug("; ".join(str(row["error"]) for row in failed))
        _show_trial_balances(house)
        _tell_next(home)
        if ui if ui is not None else sys.stdout.isatty():
            tell("The sandboxes answer as long as this runs.")
            open_both(house, ("127.0.0.1", port), ("127.0.0.1", portal_port), f"http://127.0.0.1:{portal_port}")


def link_sandbox(house: House, row: Package, sandbox: Sandbox) -> str:
    """Connects a sandbox for the firm "demo" and links its dossier; returns the dossier's id."""
    registry = house.registry
    firm = registry.ensure_firm("Demo").firm_id
    secrets = {name: Secret(value) for name, value in sandbox.secrets.items()}
    settings = row.complete_settings(sandbox.settings)
    connection = registry.add_connection(row.slug, firm, f"{row.name} sandbox", settings, secrets)
    verify(house, connection.id)
    work = house.home.scratch / connection.id
    work.mkdir(parents=True, exist_ok=True)
    with house.connector(connection.id, work=work) as connector:
        ref = next(r for r in connector.discover() if r.external_id == sandbox.external_id)
        years = connector.fiscal_years(ref.external_id)
    shutil.rmtree(work, ignore_errors=True)
    link = add_link(house, connection.id, ref, mode=usual_mode(row), dossier=f"demo-{row.slug.replace('_', '-')}")
    registry.record_package_years(link.dossier_id, years)
    return link.dossier_id


def _show_trial_balances(house: House) -> None:
    with house.warehouse.reader() as db:
        first = db.execute("SELECT min(dossier_id) FROM ledger.trial_balance_year").fetchall()[0][0]
        columns = ("account", "account_name", "common_code", "opening", "debit", "credit", "closing")
        rows = db.execute(
            "SELECT account, account_name, common_code, opening::DECIMAL(20,2), debit::DECIMAL(20,2), "
            "credit::DECIMAL(20,2), closing::DECIMAL(20,2) FROM ledger.trial_balance_year "
            "WHERE dossier_id = ? AND fiscal_year = '2025' ORDER BY account",
            [first],
        ).fetchall()
        out.print(f"\nTrial balance of {first}, fiscal year 2025:")
        show([dict(zip(columns, row, strict=True)) for row in rows], json=False)
        totals = db.execute(
            "SELECT dossier_id, count(DISTINCT fiscal_year) AS years, count(*) AS balances, "
            "sum(opening)::DECIMAL(20,2) AS opening, sum(debit)::DECIMAL(20,2) AS debit, "
            "sum(credit)::DECIMAL(20,2) AS credit, sum(closing)::DECIMAL(20,2) AS closing "
            "FROM ledger.trial_balance_year GROUP BY dossier_id ORDER BY dossier_id"
        )
        names = [column[0] for column in totals.description or ()]
        out.print("\nEvery trial balance adds up to zero:")
        show([dict(zip(names, row, strict=True)) for row in totals.fetchall()], json=False)


def _tell_next(home: Home) -> None:
    root = os.path.relpath(home.root, Path.cwd())
    command = os.path.relpath(sys.argv[0])
    tell(
        f"\nNext, with this state:\n"
        f"  GRANDLIVRE_HOME={root} {command} ui                     the portal and the Dagster UI;\n"
        f"      the portal's first administrator is made at an address that it tells\n"
        f"  GRANDLIVRE_HOME={root} {command} query 'from ledger.income_statement'\n"
        f"  GRANDLIVRE_HOME={root} {command} dossiers"
    )
