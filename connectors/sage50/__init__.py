"""Sage 50: UK and Irish companies by audit trail or ODBC, French ones by FEC, XIMPORT or RIMPORT.

Opened with :func:`open_connector`.
"""

from __future__ import annotations

from connectors.contract import Access
from connectors.sage50.client import Sage50

NORMALIZED_IN = ("connectors.sage50", "connectors.drop_folder")
"""Where the normalize.sql is that reads what is landed: that of UK companies, and that of a FEC."""


def open_connector(access: Access) -> Sage50:
    """The room of Sage 50. Settings: ``root``, ``odbc_driver``, ``username``; secret: ``password``."""
    return Sage50(access)
