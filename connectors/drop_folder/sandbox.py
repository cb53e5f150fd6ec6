"""Drop folders that tell the sandbox company, one dialect per package, as real files.

Each package exports as its users would find it: another separator, encoding, language, date and amount notation;
TopAccount as spreadsheets, ORAS as XAF 3.2, Briljant as XAF 4.0, Cegid as FEC, WingsOnline with a subfolder per year.
Written from the contract, not from the reader.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from connectors.drop_folder import sandbox_csv, sandbox_fec, sandbox_wings, sandbox_xaf
from connectors.sandbox.company import Company
from connectors.sandbox.stage import DETAILS

Writer = Callable[[Path, Company], None]

_FULL = DETAILS - {"counts", "net_balances"}
_SIGNED = _FULL - {"sides"}
_UNDATED = _FULL - {"period"}
# An audit file does not tell whether its year is closed.
_AUDIT = _FULL - {"closing", "closed_years"}
# A FEC numbers its entries in order of validation: one that goes renumbers those behind it.
_FEC = frozenset(("party", "currency", "sides", "document", "description", "openings", "first_opening", "closed_years"))

_DIALECTS: dict[str, tuple[Writer, frozenset[str]]] = {
    "expertm": (sandbox_csv.EXPERTM.write, _FULL),
    "wings": (sandbox_csv.WINGS.write, _SIGNED),
    "verocount": (sandbox_csv.VEROCOUNT.write, _FULL),
    "topaccount": (sandbox_csv.TOPACCOUNT.write, _UNDATED),
    "adsolut": (sandbox_csv.ADSOLUT.write, _FULL),
    "popsy": (sandbox_csv.POPSY.write, _FULL),
    # The opening balance of an audit file has no documents; version 4.0 has no due dates.
    "oras": (sandbox_xaf.write_3_2, _AUDIT - {"document"}),
    "briljant": (sandbox_xaf.write_4_0, _AUDIT - {"due_date"}),
    "cegid": (sandbox_fec.write, _FEC),
    # Read so where their interfaces are not called.
    "horus": (sandbox_csv.HORUS.write, _FULL),
    "wingsonline": (sandbox_wings.write, _FULL - {"closing", "empty_accounts"}),
}


@dataclass
class DropSandbox:
    """The files of one dossier; see :class:`connectors.sandbox.stage.Sandbox`."""

    root: Path
    software: str
    external_id: str
    tells: frozenset[str]
    left_behind: frozenset[str] = frozenset()
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, str]:
        return {"root": str(self.root)}

    @property
    def calls(self) -> int:
        return 0

    @property
    def folder(self) -> Path:
        return self.root / self.external_id

    def show(self, company: Company) -> None:
        """Exports ``company`` again, in place of what was there."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        writer, _ = _DIALECTS[self.software]
        writer(self.folder, company)


@contextmanager
def open_sandbox(software: str, company: Company, folder: Path) -> Iterator[DropSandbox]:
    """A root below ``folder`` with one dossier, in the dialect of ``software``."""
    sandbox = DropSandbox(folder / software, software, company.code, _DIALECTS[software][1])
    sandbox.show(company)
    yield sandbox
