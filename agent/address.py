"""The hub's address, as a person gives it."""

from __future__ import annotations

from urllib.parse import urlsplit

from connectors.addresses import require_encrypted
from foundation.errors import WrongInput


def checked_hub(address: str) -> str:
    """A hub's address without a slash at its end. Raises WrongInput for what is no web address, or is not encrypted."""
    try:
        parts = urlsplit(address.strip())
        named = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        named = False
    else:
        if parts.username or parts.password or parts.query or parts.fragment:
            raise WrongInput("hub holds more than an address", next_step="Give it as https://books.example.com.")
    if not named:
        raise WrongInput("hub is not a web address", next_step="Give it as https://books.example.com.")
    try:
        require_encrypted("hub", address)
    except WrongInput as error:
        raise WrongInput(error.cause, next_step="Give the hub's https:// address.") from None
    return address.strip().rstrip("/")
