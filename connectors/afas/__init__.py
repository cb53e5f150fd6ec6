"""AFAS: Profit, whose GetConnectors tell an environment's administrations, and SB, which has an interface of its own.

Which of the two a connection leads to is its setting ``edition``.
"""

from __future__ import annotations

from connectors.contract import Access, Connector
from foundation.errors import WrongInput

from .client import Afas
from .sb import AfasSb

__all__ = ["NORMALIZED_IN", "Afas", "AfasSb", "open_connector"]

NORMALIZED_IN = ("connectors.afas", "connectors.afas.sb")
"""Where the normalize.sql is that reads what is landed, of each edition."""


def open_connector(access: Access) -> Connector:
    """A connector for the token in ``access``; the network is touched only when it is asked something. Raises
    WrongInput for an edition that there is not, or an address of the other one."""
    match access.settings.get("edition") or "profit":
        case "profit":
            if ".afasfocus.nl" in access.settings.get("base_url", "").lower():
                raise WrongInput("the address is one of AFAS SB", next_step="Give --set edition=sb, too.")
            return Afas(access)
        case "sb":
            return AfasSb(access)
        case other:
            raise WrongInput(
                f"AFAS has no edition {other!r}", next_step="Give --set edition=profit, or --set edition=sb."
            )
