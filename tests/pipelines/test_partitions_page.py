"""The page where a data engineer sees which dossiers failed tonight, with all dossiers of a large firm on it.

With ``PICTURES=docs/images`` the test draws the documentation's picture anew.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import dagster as dg
from selenium.webdriver.common.by import By

from assets.ledgers import ledger_asset
from assets.partitions import add_missing, range_tags
from portal.instance import write_instance_config
from resources.house import House
from resources.packages import resource_class
from tests.pipelines.browser import browser
from tests.pipelines.firm import ROW, small_house
from tests.pipelines.ui import running, until

NAMES = [f"{number:04}-bakkerij-janssens" for number in range(5000)]
FAILED = NAMES[7:4900:100]
MISSING = NAMES[4900:]
RUN = NAMES[:8]


def night(house: House, instance: dg.DagsterInstance) -> None:
    """A range run over the first dossiers, the last of which is bad."""
    (house.home.root.parent / "drop" / FAILED[0] / "lines_2024.csv").unlink()
    result = dg.materialize(
        [ledger_asset(ROW)],
        instance=instance,
        resources={ROW.slug: resource_class(ROW)(software=ROW.slug, home=str(house.home.root))},
        tags=range_tags(RUN[0], RUN[-1]),
        raise_on_error=False,
    )
    assert not result.success


def copy_events(events: Path, known: str, names: Sequence[str]) -> None:
    """Gives dossiers the events of one that was in the run: thousands of real ones would take the test minutes."""
    statement = """
        INSERT INTO event_logs (run_id, event, dagster_event_type, timestamp, step_key, asset_key, partition)
        SELECT run_id, replace(event, :known, name), dagster_event_type, timestamp, step_key, asset_key, name
        FROM event_logs CROSS JOIN (SELECT value AS name FROM json_each(:names)) WHERE partition = :known"""
    with closing(sqlite3.connect(events)) as db, db:
        db.execute(statement, {"known": known, "names": json.dumps(names)})


def test_the_page_of_5000_partitions_tells_exactly_what_failed_what_stands_and_what_never_came(tmp_path: Path) -> None:
    house = small_house(tmp_path, RUN)
    write_instance_config(house.home)
    with dg.DagsterInstance.from_config(str(house.home.dagster)) as instance:
        add_missing(instance, ROW.slug, NAMES)
        night(house, instance)
    events = house.home.dagster / "history" / "runs" / "index.db"
    copy_events(events, FAILED[0], FAILED[1:])
    copy_events(events, RUN[0], [name for name in NAMES if name not in {*RUN, *FAILED, *MISSING}])
    good = len(NAMES) - len(FAILED) - len(MISSING)
    expected = Counter(Failed=len(FAILED), Materialized=good, Materializing=0, Missing=len(MISSING))

    with browser() as page, running(house.home, tmp_path / "ui.log") as ui:
        page.get(f"{ui.address}/assets/{ROW.slug}/ledger?view=partitions&partition={FAILED[0]}")

        def text() -> str:
            return page.find_element(By.TAG_NAME, "body").text

        until("the failed dossier to be told", lambda: "failed, and did not materialize this asset" in text())
        told = text()
        assert "5,000 Partitions Selected" in told
        assert [line for line in told.splitlines() if line.partition(" (")[0] in expected] == [
            f"{status} ({count})" for status, count in expected.items()
        ]
        page.save_screenshot(Path(os.environ.get("PICTURES", tmp_path)).absolute() / "partitions.png")
