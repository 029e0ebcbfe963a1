"""A private certificate authority, and certificates good and bad in its name (RFC 5280)."""

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from imageyard.sample.listener import Certificate

LOOPBACK = ("localhost", "127.0.0.1")
DAY = timedelta(days=1)


class Authority:
    """`ca` is the PEM file to trust; `issue` answers (certificate, key) files."""

    def __init__(self, directory: Path, name: str = "tests CA") -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        self._issued = 0
        self.ca = directory / "ca.crt"
        self.ca.write_bytes(self._sign(self._name, self._key.public_key(), _year(), ca=True))

    @property
    def bundle(self) -> str:
        """The CA as the PEM text of a source's `caBundle`."""
        return self.ca.read_text()

    def issue(self, names: Sequence[str] = LOOPBACK, *, expired: bool = False) -> Certificate:
        """A server certificate for DNS names and addresses, valid for a year or expired since yesterday."""
        key = ec.generate_private_key(ec.SECP256R1())
        self._issued += 1
        chain, private = (self._directory / f"server-{self._issued}.{end}" for end in ("crt", "key"))
        chain.write_bytes(self._sign(_name("tests"), key.public_key(), _past() if expired else _year(), names=names))
        private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return chain, private

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        life: tuple[datetime, datetime],
        *,
        names: Sequence[str] = (),
        ca: bool = False,
    ) -> bytes:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(life[0])
            .not_valid_after(life[1])
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if names:
            alternatives = x509.SubjectAlternativeName([_general(name) for name in names])
            builder = builder.add_extension(alternatives, critical=False)
        return builder.sign(self._key, SHA256()).public_bytes(Encoding.PEM)


def _year() -> tuple[datetime, datetime]:
    now = datetime.now(UTC)
    return now - DAY, now + 365 * DAY


def _past() -> tuple[datetime, datetime]:
    now = datetime.now(UTC)
    return now - 30 * DAY, now - DAY


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
