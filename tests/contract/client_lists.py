"""The ways in which client lists are read, each linked in a house of its own, and what an office's list must become."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, cast

from connectors.adminpulse.sandbox import AdminPulseSandbox
from connectors.adminpulse.sandbox import open_sandbox as open_adminpulse
from connectors.catalog import package
from connectors.fid_manager.sandbox import FidManagerFiles, open_folder
from connectors.fid_manager.sandbox.files import write_file
from connectors.package import Package
from connectors.sandbox.company import Company
from connectors.sandbox.office import Office
from connectors.sandbox.stage import Sandbox, open_sandbox
from tests.contract.dossier import Linked, linked, told_by

NUMBERS = {
    "1017": "0712345630",
    "1018": None,
    "1021": "0417497106",
    "1042": "0403019261",
    "1043": "0428759497",
    "1044": "0403170701",
    "1045": "0403170701",
    "1046": None,  # its check digits are wrong
    "1047": None,  # a Dutch one has a VAT number alone
    "1050": None,
    "1055": "0404616494",
}
"""The enterprise number of each client of the sandbox office, in one form."""


@contextmanager
def _by_consent(row: Package, told: Company, folder: Path) -> Iterator[Sandbox]:
    with open_adminpulse(row.slug, told) as sandbox:
        sandbox.settings, sandbox.secrets = sandbox.consent
        yield sandbox


def _from_file(row: Package, told: Company, folder: Path) -> AbstractContextManager[Sandbox]:
    return cast(AbstractContextManager[Sandbox], open_folder(row.slug, told, folder))


Opening = Callable[[Package, Company, Path], AbstractContextManager[Sandbox]]
WAYS: dict[str, tuple[str, Opening]] = {
    "adminpulse": ("adminpulse", open_sandbox),
    "adminpulse_by_consent": ("adminpulse", _by_consent),
    "fid_manager": ("fid_manager", open_sandbox),
    "fid_manager_file": ("fid_manager", _from_file),
}


@contextmanager
def listed(way: str, folder: Path, *, database: str | None = None) -> Iterator[Linked]:
    """The client list, linked in a fresh house."""
    slug, opening = WAYS[way]
    with linked(package(slug), folder, database=database, opening=opening) as found:
        yield found


def office(row: Package, revision: int = 0) -> Office:
    return Office(told_by(row, revision))


def tell(dossier: Linked, told: Office) -> None:
    """From now on the sandbox lists the clients of ``told``."""
    sandbox = cast(Any, dossier.sandbox)
    if isinstance(sandbox, FidManagerFiles):
        write_file(sandbox.folder, told)
    else:
        sandbox.vendor.office = told


def break_it(dossier: Linked) -> None:
    """From now on there is no list to be had."""
    sandbox = cast(Any, dossier.sandbox)
    if isinstance(sandbox, FidManagerFiles):
        (sandbox.folder / "clients.csv").unlink()
    elif isinstance(sandbox, AdminPulseSandbox):
        sandbox.vendor.withdrawn = True
        sandbox.vendor.desk.void_access_token()
        sandbox.vendor.desk.void_refresh_token()
    else:
        sandbox.knobs.closed = 403


def clients(dossier: Linked) -> dict[str, tuple[Any, ...]]:
    """What stands, by code."""
    rows = dossier.query(
        "SELECT code, name, enterprise_number, address_line_1, postcode, city, country, language, fiscal_year_end, "
        "responsible, email, phone, status FROM ledger.clients ORDER BY code"
    )
    return {row[0]: row[1:] for row in rows}


def expected(told: Office) -> dict[str, tuple[Any, ...]]:
    """What must stand of an office's list alone; the box of an address stands in the country's word."""
    return {
        c.code: (
            c.name,
            NUMBERS[c.code],
            f"{c.street} {c.house_number}" + (f" {{box}} {c.box}" if c.box else ""),
            c.postcode,
            c.city,
            c.country or None,
            c.language,
            c.year_end or None,
            c.responsible or None,
            c.email or None,
            c.phone or None,
            "active" if c.active else "inactive",
        )
        for c in told.clients
    }
