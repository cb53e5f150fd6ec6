"""Client lists of administrative packages: what is shared between their rooms.

Such a package is linked as a whole: it has one "dossier", external id :data:`EXTERNAL_ID`, and no fiscal years.
"""

from __future__ import annotations

from connectors.contract import DossierRef
from foundation.errors import WrongInput

EXTERNAL_ID = "clients"


def whole_list(slug: str, office: str | None = None) -> DossierRef:
    """The one row that ``discover`` gives."""
    name = f"Clients of {office}" if office else "Client list"
    return DossierRef(external_id=EXTERNAL_ID, code=slug.replace("_", "-"), name=name)


def require_whole(external_id: str) -> None:
    """Raises WrongInput for anything else than the list as a whole."""
    if external_id != EXTERNAL_ID:
        raise WrongInput(
            f"the package has no {external_id!r}: it is linked as a whole",
            next_step=f"Link it with: grandlivre link CONNECTION {EXTERNAL_ID}.",
        )
