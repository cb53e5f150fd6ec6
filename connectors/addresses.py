"""Which addresses a connection may have: secrets and books travel encrypted, or do not leave this machine."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from foundation.errors import WrongInput


def require_encrypted(name: str, address: str) -> None:
    """Raises WrongInput where ``address``, the value of the setting ``name``, is plain http to another machine. What is
    no web address at all is said by the wire, when it is called."""
    try:
        parts = urlsplit(address.strip())
        host = parts.hostname or ""
    except ValueError:
        return
    if parts.scheme == "http" and not is_this_machine(host):
        raise WrongInput(
            f"{name} is plain http to {host}: secrets and books would travel unencrypted",
            next_step=f"Give --set {name}=https://..., or a proxy on this machine (http://127.0.0.1:...) to it.",
        )


def is_this_machine(host: str) -> bool:
    """Whether a host is loopback: what is sent there leaves no machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
