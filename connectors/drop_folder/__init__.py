"""The drop folder: packages whose storage is not public export files into a folder per dossier, and we read those.

Our own CSV contract (as spreadsheets, too), the French FEC, the Dutch XAF and the SAF-T family are told apart by name
and content; see :mod:`.folder`.
"""

from __future__ import annotations

from connectors.contract import Access
from connectors.drop_folder.client import DropFolder


def open_connector(access: Access) -> DropFolder:
    return DropFolder(access)
