"""Whatever happens to a file of a dossier: the figures, or a refusal that names it; never half of them, never a hang.

For every dossier of :mod:`tests.fuzz.rooms` hypothesis damages one or two files and the dossier is read as a sync reads
it. Allowed is then

* a refusal of the tree that a person, or the package, can do something about (``FixTheData`` or ``WrongInput``), raised
  before the reader said that all was told. What the reader refuses names a file of the dossier; what the checks
  refuse names the check;
* figures. They are those of the undamaged files, or others in which every fiscal year balances, or which come with the
  note ``loose_closed_years``. Where the files state how much they hold, a ledger that was cut off never gives other
  figures, and a list that was never without a note.

Not allowed is any other exception, a bug of ours as the reason, or more than a few seconds. ``EXAMPLES`` sets how many
damages are tried, ``SEED`` which.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from connectors.catalog import available_packages
from foundation.errors import ChecksFailed, FixTheData, WrongInput
from tests.fuzz.books import EXAMPLES, SEED, Books, opened
from tests.fuzz.damage import CUTS, Damage, damages
from tests.fuzz.rooms import ROOMS
from tests.fuzz.told import Told


@pytest.fixture(scope="module", params=ROOMS)
def books(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Books:
    return opened(request.param, tmp_path_factory)


def require_allowed(books: Books, found: Told, strikes: tuple[Damage, ...]) -> None:
    error = found.refusal
    if error is not None:
        assert isinstance(error, FixTheData | WrongInput), error
        assert len(str(error)) < 1500, "nobody reads all that"
        assert isinstance(error, ChecksFailed) or names_a_file(str(error).lower(), books, strikes), error
        return
    assert not found.off or any(note.code == "loose_closed_years" for note in found.notes), found.off
    if books.room.counted and len(strikes) == 1 and strikes[0].kind in CUTS:
        noted = {note.code for note in found.notes} - {note.code for note in books.whole.notes}
        excused = noted and not set(strikes[0].strike(books.files)) & set(books.ledgers)
        assert excused or found.figures == books.whole.figures, "a file that was cut off was taken for a whole one"


def names_a_file(message: str, books: Books, strikes: tuple[Damage, ...]) -> bool:
    """One that is gone is named by the table that it held; where nothing is left the folder is."""
    names = {Path(name).name for name in books.files}
    if any(strike.kind == "gone" for strike in strikes):
        names |= {Path(name).stem for name in names}
        names |= {books.external_id} if len(books.files) == 1 else set()
    return any(name.lower() in message for name in names)


@seed(SEED)
@settings(
    max_examples=EXAMPLES,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(strikes=st.lists(damages(), min_size=1, max_size=2).map(tuple))
def test_damaged_files_are_refused_by_name_or_read_as_sound_books(books: Books, strikes: tuple[Damage, ...]) -> None:
    require_allowed(books, books.damaged(*strikes), strikes)


@seed(SEED)
@settings(max_examples=EXAMPLES // 3, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(kind=st.sampled_from(CUTS), file=st.integers(0, 9), place=st.integers(0, 1_000_000))
def test_a_ledger_that_is_cut_off_is_not_taken_for_a_whole_one(books: Books, kind: str, file: int, place: int) -> None:
    name = books.ledgers[file % len(books.ledgers)]
    strike = Damage(kind, sorted(books.files).index(name), place)
    require_allowed(books, books.damaged(strike), (strike,))


def test_every_on_premise_package_and_every_format_is_damaged() -> None:
    slugs = {row.slug for row in available_packages() if row.level == "on_premise"}
    assert slugs <= {room.slug for room in ROOMS.values()}
