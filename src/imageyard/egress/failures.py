"""aiohttp's and the system's exceptions in domain words: the one place where they are read.

Not obvious on purpose:
- Whatever ends a connection without a complete answer is ConnectionRefused (unreachable, reset, closed early, body cut
  short): it is worth another try, as a refused connection is.
- ServerError is an answer, so it is never said here.
"""

import ssl
from typing import Final, Literal

import aiohttp

from imageyard.domain.reasons import Reason
from imageyard.egress import EgressError
from imageyard.egress.dialer import Undialled

FOREIGN: Final = (aiohttp.ClientError, OSError)
"""What `translate` reads; TimeoutError is an OSError."""

Step = Literal["address", "tls", "registry"]

_CERTIFICATE_HINTS: Final = {  # X509_V_ERR_*, openssl/x509_vfy.h
    2: "unknown_issuer",
    10: "expired",
    18: "self_signed",
    19: "unknown_issuer",  # the chain ends in a root that nobody here knows: a private CA
    20: "unknown_issuer",
    21: "unknown_issuer",
    62: "host_mismatch",
    64: "host_mismatch",
}
_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"})


def translate(error: Exception, *, handshake_began: bool) -> EgressError:
    """The failure that `error` stands for. `handshake_began` tells TLS from TCP where aiohttp does not."""
    reached: Step = "tls" if handshake_began else "address"
    match error:
        case aiohttp.ClientConnectorError():
            return _unconnected(error.os_error, reached)
        case aiohttp.ConnectionTimeoutError():
            return EgressError(Reason.Timeout, reached)
        case TimeoutError():
            return EgressError(Reason.Timeout, "registry")
        case aiohttp.ClientResponseError():
            return EgressError(Reason.NotARegistry, "registry")
        case _ if isinstance(error.__cause__, ssl.SSLError):  # TLS 1.3 refuses a client after its handshake
            return EgressError(Reason.TLSInvalid, "tls")
        case _:
            return EgressError(Reason.ConnectionRefused, "registry")


def _unconnected(error: OSError, reached: Step) -> EgressError:
    match error:
        case Undialled():
            return EgressError(Reason.EgressDenied, "address")
        case ssl.SSLCertVerificationError():
            return EgressError(Reason.TLSInvalid, "tls", _CERTIFICATE_HINTS.get(error.verify_code, ""))
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return EgressError(Reason.ConnectionRefused, "tls")
        case ssl.SSLError():
            return EgressError(Reason.TLSInvalid, "tls", "plain_http" if error.reason in _NO_TLS else "")
        case _:
            return EgressError(Reason.ConnectionRefused, reached)
