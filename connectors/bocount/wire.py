"""Business Central's routes, limits and refusals."""

from __future__ import annotations

from urllib.parse import quote

from connectors.http import HttpClient, Reply, VendorWays
from connectors.odata import ODataService, error_of, explain
from foundation.errors import AskForAccess, GrandlivreError, WrongInput

from .inferred import PAGE_ROWS

VENDOR = "Business Central"
# Amounts of trial balances are texts in the language of the caller.
_HEADERS = {"Accept-Language": "en-US", "Prefer": f"odata.maxpagesize={PAGE_ROWS}"}


class Routes:
    """The addresses of one environment: the standard interface, BoCount's own, and published web services."""

    def __init__(self, base_url: str, tenant: str, environment: str, client: HttpClient) -> None:
        self._root = f"{base_url.rstrip('/')}/v2.0/{quote(tenant, safe='')}/{quote(environment, safe='')}"
        self._client = client

    @property
    def environment(self) -> ODataService:
        """What belongs to no company: their list."""
        return self._at("api/v2.0")

    def company(self, company: str) -> ODataService:
        return self._at(f"api/v2.0/companies({company})")

    def bocount(self, company: str) -> ODataService:
        return self._at(f"api/christiaens/bocountdynamics/v2.0/companies({company})")

    def services(self, company: str) -> ODataService:
        """Published web services, by the company's id: a name can be changed."""
        return self._at(f"ODataV4/Company(Id={company})")

    def _at(self, path: str) -> ODataService:
        return ODataService(f"{self._root}/{path}", self._client, _HEADERS)


def _refusal(reply: Reply) -> GrandlivreError | None:
    code, _ = error_of(reply)
    if code.startswith("Authorization_"):
        return AskForAccess(
            f"{VENDOR} gives the app no access ({code})",
            next_step="Give it a permission set that reads, in the company's page 'Microsoft Entra applications'.",
        )
    if code == "Internal_CompanyNotFound":
        return WrongInput(
            f"{VENDOR} has no such company",
            next_step="See `grandlivre discover CONNECTION` for the dossiers that it can see.",
        )
    return None


WAYS = VendorWays(VENDOR, explain=explain, refusal=_refusal)
