"""The drop folder: packages whose storage is not public export files into a folder per dossier, and we read those.

Our own CSV contract (as spreadsheets, too), the French FEC, the Dutch XAF and the SAF-T family are told apart by name
and content; see :mod:`.folder`.
"""

from __future__ import annotations

from connectors.contract import Access, Connector


def open_connector(access: Access) -> Connector:
    """The folder of ``access``, or the views of a database where its settings name one."""
    from connectors import sql_views  # late: the views build upon what lies in this room
    from connectors.drop_folder.client import DropFolder

    return sql_views.open_connector(access) if sql_views.is_meant(access) else DropFolder(access)
