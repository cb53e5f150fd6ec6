"""Which identity provider people may sign in with, as the environment says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from connectors.addresses import is_this_machine
from foundation.errors import WrongInput
from foundation.secrets import Secret

ISSUER, CLIENT_ID = "GRANDLIVRE_OIDC_ISSUER", "GRANDLIVRE_OIDC_CLIENT_ID"
CLIENT_SECRET, DOMAIN = "GRANDLIVRE_OIDC_CLIENT_SECRET", "GRANDLIVRE_OIDC_DOMAIN"


@dataclass(frozen=True)
class ProviderSettings:
    """An OpenID provider and the portal's registration there. ``domain`` is the one whose addresses are let in; None
    leaves it to the list of people."""

    issuer: str
    client_id: str
    client_secret: Secret
    domain: str | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> ProviderSettings | None:
        """The provider, None when none is named. Raises WrongInput for settings that are not complete or not safe."""
        issuer = environ.get(ISSUER, "").strip()
        if not issuer:
            return None
        target = urlsplit(issuer)
        local = target.scheme == "http" and is_this_machine(target.hostname or "")
        if not (target.scheme == "https" or local) or not target.hostname or target.query or target.fragment:
            raise WrongInput(
                f"{ISSUER} is not the https address of an identity provider",
                next_step="Give the issuer exactly as the provider tells it.",
            )
        client_id, secret = environ.get(CLIENT_ID, "").strip(), _secret(environ)
        if not client_id or not secret:
            raise WrongInput(
                f"{ISSUER} is set, but not {CLIENT_ID} and {CLIENT_SECRET} (or {CLIENT_SECRET}_FILE)",
                next_step="Register the portal at the provider and set what it gives.",
            )
        return cls(issuer, client_id, secret, environ.get(DOMAIN, "").strip().lower().lstrip("@") or None)


def _secret(environ: Mapping[str, str]) -> Secret:
    path = environ.get(f"{CLIENT_SECRET}_FILE", "").strip()
    if not path:
        return Secret(environ.get(CLIENT_SECRET, "").strip())
    try:
        return Secret(Path(path).read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise WrongInput(
            f"{CLIENT_SECRET}_FILE cannot be read ({getattr(error, 'strerror', None) or 'no text'})",
            next_step="Check its path and who may read it.",
        ) from None
