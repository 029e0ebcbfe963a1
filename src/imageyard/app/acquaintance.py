"""How a person comes to trust a server that somebody else runs: by the system's roots, by a CA file, or by the
fingerprint of the CA that the server itself shows. Never without one of these."""

import http.client
import re
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, Self
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from imageyard.app import https
from imageyard.app.files import Unreachable
from imageyard.app.https import Answer
from imageyard.domain import errors
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text
from imageyard.web import ca

_UNKNOWN_AUTHORITY: Final = frozenset({2, 18, 19, 20, 21})
_OTHER_NAME: Final = frozenset({62, 64})
"""X509_V_ERR_* of openssl/x509_vfy.h."""
_SECONDS: Final = 15
_HOST: Final = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]+")

Confirm = Callable[[str], bool]
"""Whether somebody knows this fingerprint (SHA-256, upper-case hex in pairs) to be the server's."""


class Address(NamedTuple):
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `host`, `host:port` or an https URL without more. Raises BadRequest."""
        try:
            parts = urlsplit(text if "://" in text else f"https://{text}")
            host, port = parts.hostname or "", parts.port or 443
        except ValueError:
            host, port, parts = "", 0, urlsplit("")
        if parts.scheme == "http":
            raise _bad(f"{text} is plain HTTP, over which kubectl sends no token; give the HTTPS address")
        if parts.scheme != "https" or not _HOST.fullmatch(host) or parts.path not in ("", "/"):
            raise _bad(f"{text!r} is no server such as yard.example.com:8443")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise _bad(f"{text!r} is no server such as yard.example.com:8443")
        return cls(host, port)

    def __str__(self) -> str:
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def url(self) -> str:
        return f"https://{self}"


class Unknown(Exception):
    """The certificate is of a CA that nobody here knows."""


class Server:
    """A server that is trusted. `ca` (PEM) None stands for the system's roots."""

    def __init__(self, address: Address, ca: bytes | None) -> None:
        self.address = address
        self.ca = ca
        try:
            self._trust = ssl.create_default_context(
                cadata=None if ca is None else ca.decode("ascii", "ignore") or "\n"
            )
        except ssl.SSLError:
            raise _bad("the CA file holds no readable certificate in PEM form") from None

    def ask(self, method: str, path: str, *, token: Secret | None = None, body: object = None) -> Answer:
        """Raises Unreachable, Unknown."""
        try:
            return https.send(str(self.address), self._trust, method, path, token=token, body=body, timeout=_SECONDS)
        except ssl.SSLCertVerificationError as error:
            if error.verify_code in _UNKNOWN_AUTHORITY:
                raise Unknown from None
            raise Unreachable(_distrust(self.address, error)) from None
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(_silence(self.address, error)) from None


def by_file(address: Address, file: Path) -> Server:
    """Trust what a file says. Raises OSError, BadRequest, Unreachable, Forbidden."""
    server = Server(address, file.read_bytes())
    return _judged(server, f"the certificate of {address} is of none of the CAs in {file}")


def meet(address: Address, fingerprint: str | None, confirm: Confirm) -> Server:
    """Trust the system's roots, else the CA that the server shows, if its fingerprint is the given one or `confirm`
    knows it. Raises BadRequest, Unreachable, Forbidden."""
    if fingerprint is None:
        server = Server(address, None)
        try:
            server.ask("GET", "/version")
        except Unknown:
            pass
        else:
            return server
    shown = _shown_ca(address)
    seen = shown.fingerprint(SHA256()).hex().upper()
    if fingerprint is not None and _normal(fingerprint) != seen:
        raise errors.Forbidden(_same(f"the CA of {address} has another fingerprint: {_paired(seen)}"))
    if fingerprint is None and not confirm(_paired(seen)):
        raise errors.Forbidden(_same(f"the CA of {address} is not trusted; nothing was sent to it"))
    # The very certificate that was judged, and nothing else that came with it.
    only = shown.public_bytes(Encoding.PEM)
    return _judged(Server(address, only), f"the certificate of {address} is not of the CA that it shows")


def _judged(server: Server, distrust: str) -> Server:
    try:
        server.ask("GET", "/version")
    except Unknown:
        raise errors.Forbidden(_same(distrust)) from None
    return server


def _shown_ca(address: Address) -> x509.Certificate:
    """What the server says its CA is. Whoever answers may be anybody: no credential goes there, and the fingerprint
    decides."""
    blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE
    try:
        answer = https.send(str(address), blind, "GET", ca.PATH, timeout=_SECONDS)
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(_silence(address, error)) from None
    try:
        return x509.load_pem_x509_certificate(answer.body)
    except (ValueError, x509.InvalidVersion):
        raise Unreachable(f"{address} shows no CA of its own; ask for the file and give it with --ca") from None


def _normal(fingerprint: str) -> str:
    """As people write it: with colons or without, `SHA256:` or `sha256 Fingerprint=` before it. Raises BadRequest."""
    found = re.fullmatch(r"(?:sha256[ :]*(?:fingerprint=)?)?([0-9a-f: ]+)", fingerprint.strip(), re.IGNORECASE)
    digits = re.sub("[: ]", "", found[1]).upper() if found else ""
    if len(digits) != 64:
        raise _bad("--ca-fingerprint is no SHA-256 in hex: 64 digits, with or without colons")
    return digits


def _paired(digits: str) -> str:
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))


def _silence(address: Address, error: Exception) -> str:
    cause = getattr(error, "strerror", None) or str(error) or type(error).__name__
    port = "; imageyard's own HTTPS port is 8443" if address.port == 443 else ""
    return f"{address} does not answer over HTTPS ({cause}){port}"


def _distrust(address: Address, error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code in _OTHER_NAME:
        return (
            f"the certificate of {address} is not for {address.host}; use a name that it is for, or have the operator "
            "add this one (tls_san, public_host)"
        )
    return f"the certificate of {address} is not valid ({error.verify_message})"


def _bad(sentence: str) -> errors.BadRequest:
    return errors.BadRequest(_same(sentence))


def _same(sentence: str) -> Text:
    """The command line speaks English."""
    return Text(sentence, sentence)
