"""The other route: files that the service on the Windows server dumped out of Venice (agent/venice_com.py), one folder
per dossier, read as a drop folder."""

from __future__ import annotations

import duckdb

from connectors.drop_folder.client import DropFolder

from . import resources as r
from .books_sql import normalize


class VeniceFolders(DropFolder):
    """A root with one folder per dossier, named as the directory in Venice."""

    resources = r.RESOURCES

    def normalize(self, db: duckdb.DuckDBPyConnection) -> None:
        normalize(db)
