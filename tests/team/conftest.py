from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from foundation.home import DATABASE_VARIABLE
from tests.postgres import Server


@pytest.fixture
def address(postgres: Server) -> str:
    """A database with schema ``ledger``, and nothing in it."""
    return postgres.database()


@pytest.fixture
def team(address: str) -> Iterator[str]:
    """The same, named by the environment as a team's hosts do."""
    os.environ[DATABASE_VARIABLE] = address
    yield address
    os.environ.pop(DATABASE_VARIABLE, None)
