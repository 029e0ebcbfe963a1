"""Client certificates as this process makes them: key and request of a caller, and the signing by the own CA."""

from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from imageyard.app.certificates import Certificates
from imageyard.domain.clock import Clock
from imageyard.domain.secret import Secret
from imageyard.service.certificates import ClientCertificates
from imageyard.service.tokens import Tokens


class Asked(NamedTuple):
    key: Secret
    """PEM; it never leaves the machine that made it."""
    request: str
    """PEM (PKCS #10). It names nobody: who the bearer is, the server writes."""


def ask() -> Asked:
    """Make a new key, and the request for its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Asked(Secret(private.decode("ascii")), request.public_bytes(Encoding.PEM).decode("ascii"))


def of(tokens: Tokens, certificates: Certificates, clock: Clock) -> ClientCertificates:
    """Signing by the CA of a data directory."""
    return ClientCertificates(
        tokens, lambda request, user, groups, until: certificates.sign_client(request, user, groups, until, clock.now())
    )
