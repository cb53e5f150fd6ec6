"""The command line about services: from a code to figures; and a hub that speaks encrypted, or not at all."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.catalog import package
from connectors.sandbox.stage import Sandbox
from foundation.errors import WrongInput
from portal.hub.serving import require_encrypted
from resources.house import House
from tests.hub.service import Server, Service, serving
from tests.portal.cli import ROOT, Cli


@pytest.fixture
def cli(house: House) -> Cli:
    return Cli(house.home.root)


def test_from_a_code_to_figures(cli: Cli, house: House, server: Server, sandbox: Sandbox) -> None:
    made = cli("agent", "add", "--firm", "Van Damme", "--name", "Server Gent")
    agent_id, code = made.out.split()
    assert code in made.err
    [row] = cli("agents", "--json").json
    assert (row["id"], row["firm"], row["health"], row["dossiers"]) == (agent_id, "van-damme", "not_enrolled", 0)
    connecting = ("connect", "winbooks", "--firm", "Van Damme", "--set", f"agent={agent_id}", "--set", "source=books")
    early = cli(*connecting, ok=False)
    assert early.status == 1
    assert "not enrolled" in early.err
    assert cli("connections", "--json").json == []
    with serving(house) as address:
        service = Service(address)
        assert service.enrol(code).ok
        service.report(server.source(), last_error="the disk is nearly full")
        [row] = cli("agents", "--json").json
        seen = {name: row[name] for name in ("host", "version", "health", "dossiers", "sources", "trouble")}
        assert seen == {
            "host": "GENT01",
            "version": "0.1",
            "health": "ok",
            "dossiers": 2,
            "sources": ["books"],
            "trouble": "the disk is nearly full",
        }
        assert row["last_seen"]
        connection = cli(*connecting).line
        [standing] = cli("connections", "--json").json
        assert (standing["id"], standing["health"]) == (connection, "ok")
        found = cli("discover", connection, "--json").json
        assert sandbox.external_id in [each["external_id"] for each in found]
        dossier = cli("link", connection, sandbox.external_id).line
        assert len(cli("fiscal-years", dossier, "--json").json) > 1
        stopped = threading.Event()

        def work() -> None:
            while not stopped.is_set():
                for asked in service.requests(wait=0.2):
                    service.deliver(server.read(asked, f"d-{time.time_ns()}"))

        working = threading.Thread(target=work)
        working.start()
        try:
            [synced] = cli("sync", dossier, "--json").json
        finally:
            stopped.set()
            working.join(20)
        assert (synced["status"], synced["error"]) == ("synced", None)
        assert synced["lines"] > 0
        told = cli("agent", "revoke", agent_id)
        assert connection in told.err
        assert service.report().status_code == 401
    [standing] = cli("connections", "--json").json
    assert standing["health"] == "agent_offline"
    assert cli("agents", "--json").json[0]["health"] == "revoked"
    assert "revoked" in cli("agent", "code", agent_id, ok=False).err


def test_what_is_connected_through_a_service_takes_no_other_settings() -> None:
    winbooks, venice = package("winbooks"), package("venice")
    assert winbooks.complete_settings({"agent": "a", "source": "s"}) == {"agent": "a", "source": "s"}
    assert venice.complete_settings({"agent": "a", "source": "s"}) == {"agent": "a", "source": "s"}
    assert not any(field.needed({"agent": "a", "source": "s"}) for field in venice.secrets)
    assert all(field.needed({"base_url": "https://x"}) for field in venice.secrets)
    for given, told in (
        ({}, "needs the setting root, or agent and source"),
        ({"source": "s"}, "needs the setting root, or agent and source"),
        ({"root": "/srv", "source": "s"}, "source without agent"),
        ({"agent": "a"}, "needs the setting source beside agent"),
        ({"agent": "a", "source": "s", "root": "/srv"}, "no use for root"),
        ({"agent": "a", "source": "s", "language": "2"}, "no use for language"),
    ):
        with pytest.raises(WrongInput, match=told):
            winbooks.complete_settings(given)
    moved = {"root": "/srv", "language": "1"} | {"agent": "a", "source": "s", "root": "", "language": ""}
    assert winbooks.complete_settings(moved) == {"agent": "a", "source": "s"}
    with pytest.raises(WrongInput, match="no setting agent"):
        package("yuki").complete_settings({"agent": "a"})


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "hub.example.com"])
def test_nothing_is_served_unencrypted_beyond_this_machine(cli: Cli, host: str) -> None:
    refused = cli("hub", "--host", host, ok=False)
    assert (refused.status, "unencrypted" in refused.err) == (1, True)
    require_encrypted(host, None, None, behind_proxy=True)
    require_encrypted("127.0.0.1", None, None, behind_proxy=False)


def test_a_certificate_that_cannot_be_used_is_told(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("nothing")
    for wrong in (tmp_path / "bad.pem", tmp_path / "none.pem"):
        assert "cannot be used" in cli("hub", "--certfile", str(wrong), ok=False).err
    assert "without its certificate" in cli("hub", "--keyfile", "x", ok=False).err


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hub")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = tmp_path / "hub.pem", tmp_path / "hub.key"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert_file, key_file


@pytest.fixture
def process(cli: Cli, certificate: tuple[Path, Path]) -> Iterator[str]:
    """``grandlivre hub`` as a process of its own; its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    cert_file, key_file = certificate
    command = ["hub", "--port", str(port), "--certfile", str(cert_file), "--keyfile", str(key_file)]
    hub = subprocess.Popen(
        [sys.executable, "-m", "portal.cli", *command],
        env={**cli.environment, "PATH": "/usr/bin:/bin"},
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )
    try:
        yield f"https://127.0.0.1:{port}"
    finally:
        hub.terminate()
        _, told = hub.communicate(timeout=30)
        assert b"Traceback" not in told


def test_the_hub_as_a_process_speaks_encrypted(
    process: str, cli: Cli, house: House, certificate: tuple[Path, Path]
) -> None:
    agent_id = house.registry.add_agent("Van Damme", "Server Gent").agent_id
    code = house.registry.new_agent_code(agent_id).reveal()
    told = {"code": code, "host": "h", "system": "s", "version": "1"}
    until = time.monotonic() + 60
    while True:
        try:
            answer = requests.post(f"{process}/agent/v1/enrol", json=told, verify=str(certificate[0]), timeout=10)
            break
        except requests.ConnectionError:
            assert time.monotonic() < until
            time.sleep(0.2)
    assert (answer.status_code, answer.json()["agent_id"]) == (200, agent_id)
    assert "Server" not in answer.headers
    second = cli("hub", "--port", "1", ok=False)
    assert "another hub" in second.err
