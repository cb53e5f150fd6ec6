"""Cegid Loop when its gateway or the network misbehaves: the contract that every other package keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.sandbox.vendor import FaultKind
from foundation.errors import GrandlivreError, RateLimited, VendorDown
from tests.contract import test_hostile as contract
from tests.contract.dossier import Linked

from .test_routes import linked_by


@pytest.fixture
def clock() -> contract.Clock:
    return contract.Clock()


@pytest.fixture
def dossier(clock: contract.Clock, tmp_path: Path) -> Iterator[Linked]:
    with linked_by("cegid", tmp_path) as found:
        yield replace(found, house=replace(found.house, now=clock.now, sleep=clock.sleep))


def test_what_passes_is_sat_out(dossier: Linked, clock: contract.Clock, tmp_path: Path) -> None:
    contract.test_what_passes_is_sat_out_wherever_it_strikes(dossier, clock, tmp_path)


@pytest.mark.parametrize(("kind", "error"), [("500", VendorDown), ("html", VendorDown), ("429_day", RateLimited)])
def test_what_stays_is_named(dossier: Linked, kind: FaultKind, error: type[GrandlivreError]) -> None:
    contract.test_what_stays_is_named_and_yesterday_stands(dossier, kind, error)


def test_a_key_that_ends_on_the_way_is_asked_for(dossier: Linked) -> None:
    contract.test_a_sign_in_that_ends_on_the_way_is_renewed_or_asked_for(dossier)
