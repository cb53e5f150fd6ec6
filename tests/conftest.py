"""Shared by all tests: hypothesis without a clock, and no state or secrets of the person who runs them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.postgres import Server

settings.register_profile("grandlivre", deadline=None, max_examples=int(os.environ.get("EXAMPLES", "50")))
settings.load_profile("grandlivre")

for name in (
    "GRANDLIVRE_BROKER_URL",
    "GRANDLIVRE_DOSSIERS_PER_RUN",
    "GRANDLIVRE_HOME",
    "GRANDLIVRE_HUB",
    "GRANDLIVRE_LANDING",
    "GRANDLIVRE_OIDC_ISSUER",
    "GRANDLIVRE_PORTAL",
    "DAGSTER_HOME",
    "GRANDLIVRE_VAULT",
    "GRANDLIVRE_VAULT_KEY",
    "GRANDLIVRE_DATABASE_URL",
):
    os.environ.pop(name, None)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """``-n auto``: one more than there are cores, because the tests of daemons and vendors mostly wait."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A Postgres of this test process."""
    server = Server()
    yield server
    server.stop()
