"""The server's own CA and certificate (RFC 5280), and the kubeconfig that trusts it.

The CA is made once and lives ten years; the server certificate is made again at each start when names changed or
fewer than 30 days are left, so a restart is all it takes to renew it.
"""

import base64
import ipaddress
import json
import socket
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from imageyard.app.files import write_private
from imageyard.domain.secret import Secret

_CA_LIFE = timedelta(days=3650)
_SERVER_LIFE = timedelta(days=365)
_RENEW_BEFORE = timedelta(days=30)
_SKEW = timedelta(hours=1)
"""Certificates are valid from an hour ago, so a client whose clock is behind accepts a fresh one."""


class Certificates:
    """`ca.crt`, `ca.key`, `server.crt`, `server.key` in one directory."""

    def __init__(self, directory: Path) -> None:
        self.ca = directory / "ca.crt"
        self._ca_key = directory / "ca.key"
        self.server = directory / "server.crt"
        self.server_key = directory / "server.key"

    def ensure(self, names: Sequence[str], now: datetime) -> None:
        """Make what is missing, about to expire or made for other names. `names`: DNS names and IP addresses."""
        self.ca.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.ca.exists() or not self._ca_key.exists():
            self._make_ca(now)
            self.server.unlink(missing_ok=True)
        if not self._serves(names, now):
            self._make_server(names, now)

    def _make_ca(self, now: datetime) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "imageyard CA")])
        builder = _builder(name, name, key.public_key(), now, _CA_LIFE)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        certificate = builder.add_extension(identifier, critical=False).sign(key, SHA256())
        _write_key(self._ca_key, key)
        write_private(self.ca, certificate.public_bytes(Encoding.PEM))

    def _make_server(self, names: Sequence[str], now: datetime) -> None:
        ca = x509.load_pem_x509_certificate(self.ca.read_bytes())
        ca_key = load_pem_private_key(self._ca_key.read_bytes(), password=None)
        assert isinstance(ca_key, ec.EllipticCurvePrivateKey)  # noqa: S101 - we wrote it
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "imageyard")])
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
        server_auth = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        builder = _builder(subject, ca.subject, key.public_key(), now, _SERVER_LIFE)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
        builder = builder.add_extension(server_auth, critical=False)
        builder = builder.add_extension(issuer, critical=False)
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(n) for n in names]), critical=False)
        _write_key(self.server_key, key)
        write_private(self.server, builder.sign(ca_key, SHA256()).public_bytes(Encoding.PEM))

    def _serves(self, names: Sequence[str], now: datetime) -> bool:
        if not self.server.exists() or not self.server_key.exists():
            return False
        certificate = x509.load_pem_x509_certificate(self.server.read_bytes())
        listed = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return certificate.not_valid_after_utc - now > _RENEW_BEFORE and set(listed) == {_general(n) for n in names}


def server_names(host: str, more: Sequence[str]) -> list[str]:
    """The names a caller may reach this server by: loopback, the machine's name, the bound address, `--tls-san`."""
    names = ["localhost", "127.0.0.1", "::1", socket.gethostname(), *more]
    if host not in ("0.0.0.0", "::", ""):  # noqa: S104 - compared, not bound
        names.append(host)
    return list(dict.fromkeys(name for name in names if name))


def kubeconfig(server: str, ca: bytes, token: Secret) -> bytes:
    """A kubeconfig (v1 Config; JSON is YAML) with the CA embedded and the token of the admin."""
    authority = base64.b64encode(ca).decode()
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "imageyard", "cluster": {"server": server, "certificate-authority-data": authority}}],
        "users": [{"name": "admin", "user": {"token": token.reveal()}}],
        "contexts": [{"name": "imageyard", "context": {"cluster": "imageyard", "user": "admin"}}],
        "current-context": "imageyard",
    }
    return json.dumps(document, indent=2).encode() + b"\n"


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + life)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    write_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
