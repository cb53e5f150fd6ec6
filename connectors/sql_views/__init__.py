"""Views of a package's own database: what its SQL edition holds, shown by views that the firm's IT partner makes.

No schema of these packages is public, so the views are ours (:mod:`.views`): the same datasets and names as the files
of the drop folder, whose tables, checks and normalisation they share.
"""

from __future__ import annotations

from connectors.contract import Access
from connectors.sql_views.client import SqlViews


def open_connector(access: Access) -> SqlViews:
    return SqlViews(access)


def is_meant(access: Access) -> bool:
    """Whether the connection names a database rather than a folder."""
    return bool(access.settings.get("server") or access.settings.get("odbc"))
