"""The command ``sync``: the same Dagster asset as the night, run here and now, with progress."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from connectors.catalog import package
from foundation.errors import ReportABug
from portal.connecting import JsonFlag
from portal.instance import dagster_home
from portal.output import err, show
from resources.house import House, Report, silent

if TYPE_CHECKING:
    from assets.sync import Outcome


def add_commands(app: typer.Typer) -> None:
    """Adds this room's command to the command line."""
    app.command()(sync)


def sync(
    dossier: Annotated[list[str] | None, typer.Argument(help="The dossiers' ids.")] = None,
    software: Annotated[str | None, typer.Option(help="Every linked dossier of a package.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every linked dossier.")] = False,
    from_landing: Annotated[
        bool, typer.Option("--from-landing", help="Make the figures again from what is landed; calls no vendor.")
    ] = False,
    accept_empty: Annotated[
        bool, typer.Option("--accept-empty", help="Confirm a dossier that became empty or lost half of its lines.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Syncs dossiers now and prints a line for each."""
    if sum((bool(dossier), software is not None, all_)) != 1:
        raise typer.BadParameter("name dossiers, or give --software, or --all")
    house = House.open()
    rows = run_syncs(
        house, wanted(house, dossier or [], software), from_landing=from_landing, accept_empty=accept_empty
    )
    show(rows, json=json, empty="No dossiers are linked.")
    if any(row["status"] == "failed" for row in rows):
        raise typer.Exit(1)


def wanted(house: House, dossier_ids: Iterable[str], software: str | None) -> dict[str, list[str]]:
    """Dossier ids by package. Raises WrongInput for an id that is not linked."""
    by_software: dict[str, list[str]] = defaultdict(list)
    named = list(dict.fromkeys(dossier_ids))
    links = [house.registry.link(d) for d in named] if named else house.registry.links()
    if software is not None:
        links = [item for item in links if item.software == package(software).slug]
    for item in links:
        by_software[item.software].append(item.dossier_id)
    return by_software


def run_syncs(
    house: House, by_software: dict[str, list[str]], *, from_landing: bool = False, accept_empty: bool = False
) -> list[dict[str, object]]:
    """Materializes the dossiers' partitions in this process and returns an object per dossier (design: ``sync``)."""
    import dagster as dg

    from assets.jobs import ledger_job, ledger_job_name
    from assets.ledgers import ACCEPT_EMPTY_TAG, FROM_LANDING_TAG, TRIGGER_TAG, ledger_asset
    from assets.partitions import add_missing, chunks, range_tags
    from resources.packages import resource_class

    outcomes: dict[str, Outcome] = {}
    tags = {TRIGGER_TAG: "manual"}
    if from_landing:
        tags[FROM_LANDING_TAG] = "true"
    if accept_empty:
        tags[ACCEPT_EMPTY_TAG] = "true"
    with _Watch() as watch, dg.DagsterInstance.from_config(str(dagster_home(house.home))) as instance:
        for slug, ids in by_software.items():
            row = package(slug)
            add_missing(instance, slug, ids)
            asset = ledger_asset(row, watch.report_for, lambda outcome: outcomes.update({outcome.dossier_id: outcome}))
            resource = resource_class(row)(software=slug, home=str(house.home.root))
            here = dg.Definitions(assets=[asset], jobs=[ledger_job(slug)], resources={slug: resource})
            job = here.resolve_job_def(ledger_job_name(slug))
            for first, last in chunks(instance.get_dynamic_partitions(f"{slug}_dossiers"), ids):
                one = first == last
                job.execute_in_process(
                    instance=instance,
                    partition_key=first if one else None,
                    tags=tags if one else {**tags, **range_tags(first, last)},
                    raise_on_error=False,
                    run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                )
    return as_rows(by_software, outcomes)


def as_rows(by_software: Mapping[str, Iterable[str]], outcomes: Mapping[str, Outcome]) -> list[dict[str, object]]:
    """An object per dossier asked for, in that order. One without an outcome is a failed one, and hides no other."""
    from assets.sync import Outcome

    def outcome_of(dossier_id: str) -> Outcome:
        unheard = ReportABug("Dagster did not run this dossier", next_step="See the run in the UI: grandlivre ui.")
        return outcomes.get(dossier_id) or Outcome(dossier_id, "failed", error=unheard)

    return [
        {
            "dossier_id": o.dossier_id,
            "status": o.status,
            "lines": o.lines,
            "difference": o.difference,
            "seconds": round(o.seconds, 3),
            "vendor_calls": o.vendor_calls,
            "error": str(o.error) if o.error else None,
        }
        for ids in by_software.values()
        for o in map(outcome_of, ids)
    ]


class _Watch:
    """Progress of running syncs on standard error: a line per dossier, only where a person looks."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TextColumn("{task.fields[stage]}"),
            TextColumn("{task.completed:,.0f} rows"),
            TimeElapsedColumn(),
            console=err,
            transient=True,
        )
        self._live = sys.stderr.isatty()

    def __enter__(self) -> _Watch:
        if self._live:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._progress.stop()

    def report_for(self, dossier_id: str) -> Report:
        if not self._live:
            return silent
        task = self._progress.add_task(dossier_id, total=None, stage="")

        def report(stage: str, rows: int) -> None:
            self._progress.update(task, stage=stage, completed=rows, visible=stage != "tell")

        return report
