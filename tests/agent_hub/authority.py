"""A firm's own certificate authority, and the certificate of a hub that it signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class Certificates:
    """Files in PEM: the authority's certificate, and the hub's with its key."""

    authority: Path
    certificate: Path
    key: Path


def certificates(folder: Path, address: str) -> Certificates:
    """Makes an authority, and a certificate of the IP ``address`` by it, for a day."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Certificates(folder / "authority.pem", folder / "hub.pem", folder / "hub.key")
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority, name = _name("Van Damme authority"), _name("hub")
    root = _certificate(authority, authority, authority_key.public_key())
    root = root.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    others = "content_commitment key_encipherment data_encipherment key_agreement encipher_only decipher_only"
    usage = dict.fromkeys(others.split(), False)
    signs = x509.KeyUsage(digital_signature=True, key_cert_sign=True, crl_sign=True, **usage)
    identifier = x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key())
    root = root.add_extension(signs, critical=True).add_extension(identifier, critical=False)
    leaf = _certificate(name, authority, key.public_key())
    leaf = leaf.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    leaf = leaf.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
    by = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    leaf = leaf.add_extension(by, critical=False)
    made.authority.write_bytes(root.sign(authority_key, hashes.SHA256()).public_bytes(_PEM))
    made.certificate.write_bytes(leaf.sign(authority_key, hashes.SHA256()).public_bytes(_PEM))
    plain = serialization.NoEncryption()
    made.key.write_bytes(key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, plain))
    return made


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )
