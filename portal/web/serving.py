"""The portal as a server."""

from __future__ import annotations

import uvicorn
from fastapi import FastAPI


def portal_config(
    app: FastAPI, *, host: str, port: int, certfile: str | None = None, keyfile: str | None = None
) -> uvicorn.Config:
    """How the portal is served. Nothing of a call is logged but trouble: addresses may hold codes of consents."""
    return uvicorn.Config(
        app,
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
        timeout_graceful_shutdown=3,
    )
