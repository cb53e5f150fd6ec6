"""The commands as people and scripts type them, each in a process of its own where the environment matters."""

from __future__ import annotations

import datetime
import json
import os
import stat
import subprocess
import sys
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.agent.faults import Fault
from tests.agent.ground import configure, enrolled
from tests.agent.hub import TestHub
from tests.agent.serving import serving

ROOT = Path(__file__).resolve().parents[2]


def agent(config: Path, *arguments: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: text for name, text in os.environ.items() if not name.lower().endswith("_proxy")}
    return subprocess.run(
        [sys.executable, "-m", "agent.cli", "--config", str(config), *arguments],
        cwd=ROOT,
        env=kept | environment,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )


def findings(done: subprocess.CompletedProcess[str]) -> dict[str, tuple[bool, str]]:
    return {each["check"]: (each["ok"], each["detail"]) for each in json.loads(done.stdout)}


def test_from_enrolment_to_a_delivery(tmp_path: Path, hub: TestHub, books: Path) -> None:
    config = tmp_path / "agent.toml"
    done = agent(config, "enrol", given="CODE-1\n")
    assert done.returncode == 1
    assert "--hub" in done.stderr
    configure(tmp_path, hub.url, books)
    done = agent(config, "enrol", given="CODE-1\n")
    assert done.returncode == 0, done.stderr
    assert "agent-1" in done.stderr
    hub.want("r1", "BROU_2")
    hub.want("r2", "NOBODY")
    done = agent(config, "once")
    assert done.returncode == 0, done.stderr
    assert len(hub.delivered("r1")) == 1
    assert set(hub.refused) == {"r2"}
    report = hub.reports[0]
    assert [dossier.external_id for dossier in report.sources[0].dossiers] == ["ATELIER", "BROU_2"]
    assert report.free_bytes > 0
    assert all(token not in done.stderr for token in hub.tokens)


def test_sources_shows_what_it_finds(tmp_path: Path, books: Path) -> None:
    config = configure(tmp_path, "https://hub.example.com", books)
    done = agent(config, "sources")
    assert done.returncode == 0
    assert "winbooks (winbooks): 2 dossiers" in done.stdout
    assert "ATELIER: Atelier" in done.stdout
    told = json.loads(agent(config, "sources", "--json").stdout)
    assert [dossier["external_id"] for dossier in told[0]["dossiers"]] == ["ATELIER", "BROU_2"]
    assert not (tmp_path / "spool").exists()


def test_a_check_of_a_healthy_service(tmp_path: Path, hub: TestHub, books: Path) -> None:
    config = enrolled(tmp_path, hub, books)
    done = agent(config, "check", "--json")
    found = findings(done)
    assert list(found) == ["versions", "configuration", "source winbooks", "spool", "hub", "token", "clock"]
    assert all(ok for ok, _ in found.values()), found
    assert "2 dossiers" in found["source winbooks"][1]
    assert done.returncode == 0
    assert hub.tokens[0] not in done.stdout + done.stderr
    text = agent(config, "check").stdout
    assert text.count("ok  ") == 7
    assert hub.requests == {}
    assert hub.reports == []


def test_a_check_names_all_that_is_wrong(tmp_path: Path, hub: TestHub) -> None:
    config = enrolled(tmp_path, hub, tmp_path / "nowhere", more="[limits]\nfree_megabytes = 900000000")
    hub.tokens = ["another"]
    hub.clock_ahead = 4000
    done = agent(config, "check", "--json")
    bad = {name: detail for name, (ok, detail) in findings(done).items() if not ok}
    assert set(bad) == {"source winbooks", "spool", "token", "clock"}
    assert "cannot be reached" in bad["source winbooks"]
    assert "enrol" in bad["token"]
    assert done.returncode == 1


def test_a_check_without_hub_or_configuration(tmp_path: Path, books: Path) -> None:
    found = findings(agent(tmp_path / "none.toml", "check", "--json"))
    assert not found["configuration"][0]
    assert "enrol" in found["configuration"][1]
    hub = TestHub()
    with serving(hub):
        strange = findings(agent(configure(tmp_path, hub.url, books), "check", "--json"))
        assert strange["hub"][0]
        assert "not enrolled" in strange["token"][1]
        config = enrolled(tmp_path, hub, books)
    done = agent(config, "check", "--json")
    assert "does not answer" in findings(done)["hub"][1]
    assert done.returncode == 1


def test_a_proxy_of_the_environment_is_used(tmp_path: Path, hub: TestHub, books: Path) -> None:
    config = enrolled(tmp_path, hub, books)
    kept = json.loads((tmp_path / "spool" / "token.json").read_text())
    text = config.read_text().replace(hub.url, "http://127.0.0.1:9")  # where nothing listens
    config.write_text(text)
    (tmp_path / "spool" / "token.json").write_text(json.dumps(kept | {"hub": "http://127.0.0.1:9"}))
    found = findings(agent(config, "check", "--json", HTTP_PROXY=hub.url, NO_PROXY=""))
    assert found["token"][0], found
    assert hub.proxied == 2


def test_secrets_are_asked_for_and_kept_for_the_owner_alone(tmp_path: Path, books: Path) -> None:
    config = configure(tmp_path, "https://hub.example.com", books)
    done = agent(config, "secret", "winbooks", "password", given="hush\n")
    assert done.returncode == 1
    assert "It takes none" in done.stderr
    assert "hush" not in done.stderr


@pytest.mark.parametrize("arguments", [[], ["walk"], ["check", "--yaml"], ["service"]])
def test_wrong_usage_is_status_two(arguments: list[str], tmp_path: Path) -> None:
    assert agent(tmp_path / "agent.toml", *arguments).returncode == 2


def test_the_windows_service_is_for_windows(tmp_path: Path) -> None:
    done = agent(tmp_path / "agent.toml", "service", "install")
    assert done.returncode == 1
    assert "systemd" in done.stderr


def certificate(folder: Path, host: str = "127.0.0.1", days: int = 2) -> Path:
    """A key and a certificate that it signed itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A hub")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=10))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{host}-{days}.pem"
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + made.public_bytes(encoding))
    return path


def test_certificates_are_verified_always(tmp_path: Path, books: Path) -> None:
    good = certificate(tmp_path)
    hub = TestHub()
    with serving(hub, certificate=good):
        config = configure(tmp_path, hub.url, books)
        done = agent(config, "enrol", "--code", "CODE-1")
        assert done.returncode == 1
        assert "is not trusted (self" in done.stderr
        assert hub.codes == {"CODE-1"}
        configure(tmp_path, hub.url, books, more=f"ca_file = '{good}'")
        assert agent(config, "enrol", "--code", "CODE-1").returncode == 0
        found = findings(agent(config, "check", "--json"))
        assert "its certificate is valid" in found["hub"][1]
        assert found["token"][0]


@pytest.mark.parametrize(("host", "days", "words"), [("127.0.0.2", 2, "mismatch"), ("127.0.0.1", -1, "expired")])
def test_a_certificate_of_another_host_or_time_is_refused(host: str, days: int, words: str, tmp_path: Path) -> None:
    bad = certificate(tmp_path, host, days)
    hub = TestHub()
    with serving(hub, certificate=bad):
        config = configure(tmp_path, hub.url, None, more=f"ca_file = '{bad}'")
        done = agent(config, "enrol", "--code", "CODE-1", REQUESTS_CA_BUNDLE=str(bad))
    assert done.returncode == 1
    assert words in done.stderr
    assert hub.codes == {"CODE-1"}


def test_once_says_what_went_wrong(tmp_path: Path, hub: TestHub, books: Path) -> None:
    config = enrolled(tmp_path, hub, books)
    hub.want("r1", "BROU_2")
    hub.faults.append(Fault("503", "POST .*/deliveries$", times=9))
    done = agent(config, "once")
    assert done.returncode == 1
    assert "a planted 503" in done.stderr
    hub.faults.clear()
    assert agent(config, "once").returncode == 0
    assert len(hub.delivered("r1")) == 1
    assert stat.S_IMODE((tmp_path / "spool").stat().st_mode) == 0o700
