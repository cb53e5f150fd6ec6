"""The hub as a process: uvicorn over the application, encrypted unless nothing leaves this machine."""

from __future__ import annotations

import ssl
from pathlib import Path

import uvicorn

from connectors.addresses import is_this_machine
from foundation.errors import WrongInput
from portal.hub.app import hub_app
from portal.hub.refusals import Quotas
from registry.locks import held
from resources.house import House


def require_encrypted(host: str, certfile: Path | None, keyfile: Path | None, *, behind_proxy: bool) -> None:
    """Raises WrongInput where books and tokens would travel unencrypted, or a certificate cannot be used."""
    if keyfile and not certfile:
        raise WrongInput("a key without its certificate", next_step="Give --certfile too.")
    if certfile:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certfile, keyfile, password=lambda: "")
        except (OSError, ValueError) as error:
            raise WrongInput(
                f"the certificate {certfile} cannot be used ({getattr(error, 'strerror', None) or error})",
                next_step="Give the certificate with its chain as PEM, and its key without a password.",
            ) from None
    elif not is_this_machine(host) and not behind_proxy:
        raise WrongInput(
            f"plain http on {host}: tokens and books would travel unencrypted",
            next_step="Give --certfile and --keyfile, or --behind-proxy when a proxy before it does the encryption.",
        )


def hub_config(
    house: House,
    *,
    host: str,
    port: int,
    certfile: Path | None = None,
    keyfile: Path | None = None,
    quotas: Quotas | None = None,
) -> uvicorn.Config:
    """How the hub is served. Nothing of a call is logged but trouble."""
    return uvicorn.Config(
        hub_app(house, quotas),
        host=host,
        port=port,
        ssl_certfile=certfile,
        ssl_keyfile=keyfile,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="none",
        limit_concurrency=1000,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=3,  # services wait for requests longer than that; what is cut is said again
    )


def serve(
    house: House,
    *,
    host: str,
    port: int,
    certfile: Path | None,
    keyfile: Path | None,
    quotas: Quotas,
) -> None:
    """Serves until it is stopped. Raises Busy when another hub of this installation runs."""
    busy = "another hub of this installation is running on this machine"
    with held(house.home.locks / "hub.lock", timeout=0, busy=busy, next_step="Stop it first."):
        uvicorn.Server(hub_config(house, host=host, port=port, certfile=certfile, keyfile=keyfile, quotas=quotas)).run()
