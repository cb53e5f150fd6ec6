"""A consent that is about to lapse is told of once, over a real webhook, from the real registry."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from foundation.errors import GrandlivreError
from foundation.home import Home
from foundation.secrets import Secret
from pipelines.definitions import defs
from registry.store import Registry
from resources.notifier import NotifierResource
from resources.warehouse import WarehouseResource
from sensors.lapses import lapsing_consents_sensor
from tests.pipelines.test_notifying import webhook


class Firm:
    """A registry with consents, and the cursor that the sensor leaves."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder)
        self.home.create()
        self.registry = Registry.open(self.home)
        self.cursor: str | None = None

    def consent(self, days: float) -> str:
        secrets = {"refresh_token": Secret("stampREFRESH")}
        made = self.registry.add_connection("xero", "Vandamme", "Vandamme at Xero", secrets=secrets)
        self.registry.set_health(made.id, "ok")
        self.renew(made.id, days)
        return made.id

    def renew(self, connection_id: str, days: float) -> None:
        tokens = self.registry.tokens(connection_id)
        with tokens.exclusive():
            ends = datetime.now(UTC) + timedelta(days=days)
            tokens.save({"refresh_token": "stampREFRESH", "consent_expires_at": ends})

    def tick(self, address: str) -> None:
        resources = {
            "warehouse": WarehouseResource(home=str(self.home.root)),
            "notifier": NotifierResource(environment={"GRANDLIVRE_NOTIFY": f"webhook:{address}"}),
        }
        with dg.build_sensor_context(cursor=self.cursor, resources=resources) as context:
            lapsing_consents_sensor(context)
            self.cursor = context.cursor


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    made = Firm(tmp_path / "home")
    yield made
    made.registry.close()


def test_a_lapse_is_told_once_with_what_to_do(firm: Firm) -> None:
    firm.consent(60)
    ending = firm.consent(3)
    firm.registry.add_link(ending, "t", code="t", name="t", dossier_id="t")
    with webhook() as (address, heard):
        for _ in range(3):
            firm.tick(address)
    assert len(heard) == 1
    told: dict[str, Any] = heard[0]
    assert "the consent lapses on" in told["subject"]
    assert f"dossiers: 1. grandlivre reconnect {ending}" in told["text"]
    assert list(told["lapses"]) == [ending]
    assert "stamp" not in str(told)


def test_a_lapse_after_a_renewal_is_another_one(firm: Firm) -> None:
    ending = firm.consent(3)
    with webhook() as (address, heard):
        firm.tick(address)
        firm.renew(ending, 2.9)  # its end does not move out of sight: the same lapse
        firm.tick(address)
        assert len(heard) == 1
        firm.renew(ending, 60)
        firm.tick(address)
        firm.renew(ending, 6)
        firm.tick(address)
    assert len(heard) == 2


def test_a_second_consent_is_told_when_its_time_has_come_and_the_first_not_again(firm: Firm) -> None:
    firm.consent(3)
    with webhook() as (address, heard):
        firm.tick(address)
        second = firm.consent(5)
        third = firm.consent(-1)
        firm.tick(address)
    assert list(heard[1]["lapses"]) == [third, second]
    assert "2 consents lapse" in heard[1]["subject"]


def test_what_could_not_be_told_is_told_at_the_next_look(firm: Firm) -> None:
    firm.consent(3)
    with webhook(503) as (address, heard), pytest.raises(GrandlivreError):
        firm.tick(address)
    assert len(heard) == 1
    with webhook() as (address, heard):
        firm.tick(address)
    assert len(heard) == 1


def test_the_code_location_looks_by_itself() -> None:
    assert lapsing_consents_sensor in (defs.sensors or ())
    assert lapsing_consents_sensor.default_status == dg.DefaultSensorStatus.RUNNING
