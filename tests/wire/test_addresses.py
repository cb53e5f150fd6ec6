from __future__ import annotations

import pytest

from connectors.catalog import package
from foundation.errors import WrongInput

ROW = package("exact_online_be")


@pytest.mark.parametrize("name", ["base_url", "token_url"])
@pytest.mark.parametrize(
    "address",
    [
        "http://start.exactonline.be",
        "HTTP://10.0.0.7:8080/api",
        "http://localhost.evil.example",
        "http://[2001:db8::1]/",
    ],
)
def test_plain_http_to_another_machine_is_refused(name: str, address: str) -> None:
    with pytest.raises(WrongInput, match=f"{name} is plain http to .* Give --set {name}=https"):
        ROW.complete_settings({"client_id": "x", name: address})


@pytest.mark.parametrize(
    "address", ["https://start.exactonline.nl", "http://127.0.0.1:8080", "http://localhost:1/x", "http://[::1]:8080"]
)
def test_encrypted_addresses_and_this_machine_are_taken(address: str) -> None:
    assert ROW.complete_settings({"client_id": "x", "base_url": address})["base_url"] == address
