"""An object store on this machine that speaks S3, and the environment with which everybody reaches it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import requests


@dataclass(frozen=True)
class ObjectStore:
    """A store that answers at ``endpoint``. It knows one bucket, ``landing``."""

    endpoint: str

    @property
    def environment(self) -> dict[str, str]:
        """What S3's own libraries read."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "grandlivre",
            "AWS_SECRET_ACCESS_KEY": "nothing-hidden-here",
            "AWS_DEFAULT_REGION": "eu-west-1",
        }


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """A running store with an empty bucket."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    store = ObjectStore(f"http://{host}:{port}")
    try:
        requests.put(f"{store.endpoint}/landing", timeout=30).raise_for_status()
        yield store
    finally:
        server.stop()
