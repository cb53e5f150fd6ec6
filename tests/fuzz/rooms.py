"""The dossiers that are damaged: one of every on-premise package, and one of every format that a folder may hold."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agent.venice_dump import dump
from connectors.catalog import package
from connectors.contract import Access, Connector
from connectors.drop_folder import sandbox_faia
from connectors.drop_folder.sandbox import open_sandbox as open_drop
from connectors.sage50 import sandbox as sage50
from connectors.sage_bob import sandbox as sage_bob
from connectors.sandbox.company import Company, company
from connectors.winbooks import sandbox as winbooks
from connectors.winbooks.second_dossier import write_second_dossier
from tests.agent.venice_fake import FIRST, Dossier
from tests.drop_folder.test_xaf import xaf

Writer = Callable[[Path], str]
"""Writes a dossier below a root that is empty; returns its folder's name."""


@dataclass(frozen=True)
class Room:
    """A dossier of the package ``slug``; its lines stand in files called ``ledger``.

    ``counted``: its files state how much they hold (records in a header, an end of the document, totals), so that one
    that was cut short is never taken for a whole one.
    """

    slug: str
    write: Writer
    ledger: str = "lines_*.csv"
    counted: bool = True
    totals_only: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)

    def connector(self, root: Path, scratch: Path) -> Connector:
        row = package(self.slug)
        settings = row.complete_settings({"root": str(root), **self.settings})
        return row.load_room().open_connector(
            Access(self.slug, settings, {}, sleep=lambda seconds: None, scratch=scratch)
        )


def _told(country: str = "BE", *, long_first_year: bool = True) -> Company:
    return company(country, 0, 1, long_first_year)


def _drop(slug: str) -> Writer:
    def write(root: Path) -> str:
        with open_drop(slug, _told(package(slug).country or "BE"), root / "written") as sandbox:
            shutil.move(sandbox.folder, root / sandbox.external_id)
            shutil.rmtree(root / "written")
            return sandbox.external_id

    return write


def _winbooks(root: Path) -> str:
    written = winbooks.WinBooksSandbox(_told(), root / "written").root
    for name in (winbooks.DOSSIER, f"{winbooks.DOSSIER}-2024"):
        shutil.move(written / name, root / name)
    shutil.rmtree(root / "written")
    return winbooks.DOSSIER


def _winbooks_small(root: Path) -> str:
    write_second_dossier(root / "BROU_2")
    return "BROU_2"


def _sage_bob(root: Path) -> str:
    written = sage_bob.SageBobSandbox(_told(), root / "written")
    shutil.move(written.root / written.external_id, root / written.external_id)
    shutil.rmtree(root / "written")
    return written.external_id


def _sage_bob_exported(root: Path) -> str:
    (root / "EXPORT").mkdir()
    for name, (columns, rows) in sage_bob.tables_of(_told()).items():
        sage_bob.write_csv(root / "EXPORT" / f"{name}.csv", columns, rows)
    return "EXPORT"


def _sage50(folder: str) -> Writer:
    def write(root: Path) -> str:
        written = sage50.Sage50Sandbox(_told("BE", long_first_year=False), root / "written").root
        shutil.move(written / folder, root / folder)
        shutil.rmtree(root / "written")
        return folder

    return write


def _venice(root: Path) -> str:
    dump(Dossier(_told()), root / "ATELIER", FIRST)
    return "ATELIER"


def _faia(root: Path) -> str:
    (root / "1042").mkdir()
    sandbox_faia.write(root / "1042", _told())
    return "1042"


def _older_xaf(root: Path) -> str:
    (root / "1042").mkdir()
    text = xaf(namespace="http://www.auditfiles.nl/XAF/3.1")
    (root / "1042" / "2024.xaf").write_text(text, encoding="utf-8")
    return "1042"


def _balances(ending: str, row: Callable[[str, str, str, str], str]) -> Writer:
    """A dossier of which annual-accounts software tells the balances at the ends of the years."""

    def write(root: Path) -> str:
        told, folder = _told(), root / "1042"
        folder.mkdir()
        years = "".join(f"{year.label};{year.start};{year.end};1\n" for year in told.years)
        (folder / "fiscal_years.csv").write_text(f"label;start_date;end_date;closed\n{years}", encoding="utf-8")
        names = {account.number: account.name for account in told.accounts}
        for year in told.years:
            rows = [
                row(account, names[account], f"{max(balance['closing'], 0):.2f}", f"{max(-balance['closing'], 0):.2f}")
                for (label, account), balance in sorted(told.balances().items())
                if label == year.label
            ]
            (folder / f"balances_{year.label}.{ending}.txt").write_bytes("".join(rows).encode("cp1252"))
        return "1042"

    return write


def _first(account: str, name: str, debit: str, credit: str) -> str:
    return f"{account}\t{name}\t{debit.replace('.', ',')}\t{credit.replace('.', ',')}\r\n"


def _accon(account: str, name: str, debit: str, credit: str) -> str:
    return f"{account:<12}{debit:>15}{credit:>15}{name[:30]:<30}\r\n"


ROOMS: dict[str, Room] = {
    "winbooks": Room("winbooks", _winbooks, ledger="*_act.dbf"),
    "winbooks_small": Room("winbooks", _winbooks_small, ledger="*_ACT.DBF"),
    "sage_bob": Room("sage_bob", _sage_bob, ledger="ac_ahisto.adt"),
    "sage_bob_csv": Room("sage_bob", _sage_bob_exported, ledger="ac_ahisto.csv", counted=False),
    "sage50_trail": Room("sage50", _sage50(sage50.TRAIL), ledger="audit_trail.csv"),
    "sage50_tables": Room("sage50", _sage50(sage50.TABLES), ledger="AUDIT_JOURNAL.csv"),
    "sage50_fec": Room("sage50", _sage50(sage50.FRENCH), ledger="*FEC*.txt", counted=False),
    "venice": Room("venice", _venice, counted=False),
    **{slug: Room(slug, _drop(slug)) for slug in ("expertm", "wings", "verocount", "adsolut", "popsy")},
    "topaccount": Room("topaccount", _drop("topaccount"), ledger="lines_*.xlsx"),
    "oras_xaf_3_2": Room("oras", _drop("oras"), ledger="*.xaf"),
    "briljant_xaf_4_0": Room("briljant", _drop("briljant"), ledger="*.xaf"),
    "older_xaf": Room("oras", _older_xaf, ledger="*.xaf"),
    "cegid_fec": Room("cegid", _drop("cegid"), ledger="*FEC*.txt", counted=False),
    "faia": Room("expertm", _faia, ledger="*.xml"),
    "first": Room("expertm", _balances("first", _first), ledger="*.first.txt", totals_only=True),
    "accon": Room("adsolut", _balances("accon", _accon), ledger="*.accon.txt", totals_only=True),
}
