"""The server's own CA, its server certificate, and the client certificates it signs (RFC 5280).

The CA is made once and lives ten years; the server certificate is made again at each start when names changed or
fewer than 30 days are left, so a restart is all it takes to renew it.
"""

import ipaddress
import socket
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from imageyard.app.files import write_private
from imageyard.domain.errors import INVALID, Cause, Invalid
from imageyard.domain.kinds import ACCESS_TOKEN
from imageyard.domain.text import Text
from imageyard.service.certificates import Signed

PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey

_CA_LIFE = timedelta(days=3650)
_SERVER_LIFE = timedelta(days=365)
_RENEW_BEFORE = timedelta(days=30)
_SKEW = timedelta(hours=1)
"""Certificates are valid from an hour ago, so a client whose clock is behind accepts a fresh one."""


_LEAST_RSA = 2048
_LONGEST_NAME = 64


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

    def sign_client(self, request: str, user: str, groups: Sequence[str], until: datetime, now: datetime) -> Signed:
        """A certificate for TLS clients of whoever made the request. Its subject is as Kubernetes reads it (CN the
        user, O each group) and not what the request says. Raises Invalid."""
        key, subject = _requested(request), _subject(user, groups)
        ca, ca_key = self._authority()
        builder = _leaf(subject, ca, key, now, until, ExtendedKeyUsageOID.CLIENT_AUTH)
        made = builder.sign(ca_key, SHA256())
        return Signed(made.public_bytes(Encoding.PEM).decode("ascii"), made.fingerprint(SHA256()).hex())

    def _authority(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        key = load_pem_private_key(self._ca_key.read_bytes(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101 - we wrote it
        return x509.load_pem_x509_certificate(self.ca.read_bytes()), key

    def _make_ca(self, now: datetime) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "imageyard CA")])
        builder = _builder(name, name, key.public_key(), now, now + _CA_LIFE)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        certificate = builder.add_extension(identifier, critical=False).sign(key, SHA256())
        _write_key(self._ca_key, key)
        write_private(self.ca, certificate.public_bytes(Encoding.PEM))

    def _make_server(self, names: Sequence[str], now: datetime) -> None:
        ca, ca_key = self._authority()
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "imageyard")])
        until = now + _SERVER_LIFE
        builder = _leaf(subject, ca, key.public_key(), now, until, ExtendedKeyUsageOID.SERVER_AUTH)
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


def _leaf(
    subject: x509.Name,
    ca: x509.Certificate,
    key: PublicKey,
    now: datetime,
    until: datetime,
    purpose: x509.ObjectIdentifier,
) -> x509.CertificateBuilder:
    """A certificate that serves one purpose and signs no other."""
    signer = ca.public_key()
    assert isinstance(signer, ec.EllipticCurvePublicKey)  # noqa: S101 - we made it
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer)
    return (
        _builder(subject, ca.subject, key, now, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(issuer, critical=False)
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PublicKey, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(until)
    )


def _requested(pem: str) -> PublicKey:
    """The key of a signing request, which whoever made it holds, and which is strong enough."""
    try:
        request = x509.load_pem_x509_csr(pem.encode("ascii", "replace"))
        proved, key = request.is_signature_valid, request.public_key()
    except (ValueError, x509.InvalidVersion, UnsupportedAlgorithm):
        raise _invalid(
            "request", "不是 PEM 格式的证书签名请求", "it is no certificate signing request in PEM"
        ) from None
    if not proved:
        raise _invalid("request", "签名无效", "its signature is not valid")
    match key:
        case ec.EllipticCurvePublicKey() | ed25519.Ed25519PublicKey():
            return key
        case rsa.RSAPublicKey() if key.key_size >= _LEAST_RSA:
            return key
    zh, en = "密钥须为椭圆曲线、Ed25519 或至少 2048 位的 RSA", "its key has to be elliptic, Ed25519 or RSA of 2048 bits"
    raise _invalid("request", zh, en)


def _subject(user: str, groups: Sequence[str]) -> x509.Name:
    """RFC 5280 appendix A: a name has 64 characters at most."""
    for field, value in (("spec.user", user), *(("spec.groups", group) for group in groups)):
        if not 0 < len(value.encode()) <= _LONGEST_NAME:
            raise _invalid(field, "证书中的名称须为 1 至 64 字节", "in a certificate a name has 1 to 64 bytes")
    return x509.Name(
        [
            *(x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups),
            x509.NameAttribute(NameOID.COMMON_NAME, user),
        ]
    )


def _invalid(field: str, zh: str, en: str) -> Invalid:
    return Invalid([Cause(field, INVALID, Text(zh, en))], kind=ACCESS_TOKEN.singular)


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
