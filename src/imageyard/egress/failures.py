"""aiohttp's and the system's exceptions in domain words: the one place where they are read.

Not obvious on purpose:
- Whatever ends a connection without a complete answer is ConnectionRefused (unreachable, reset, closed early, body cut
  short): it is worth another try, as a refused connection is.
- ServerError is an answer, so it is never said here.
- Until TLS begins within a proxy's tunnel, whatever fails is between us and the proxy, or between it and the server.
"""

import ssl
from typing import Final, Literal

import aiohttp

from imageyard.domain.reasons import Reason
from imageyard.egress import EgressError
from imageyard.egress.dialer import Undialled
from imageyard.egress.trust import Handshake
from imageyard.egress.unasked import Unasked

FOREIGN: Final = (aiohttp.ClientError, OSError)
"""What `translate` reads; TimeoutError is an OSError."""

PROXY: Final = "proxy_"
"""Begins the hints that speak of the operator's proxy."""

Step = Literal["address", "tls", "registry"]

_CERTIFICATE_HINTS: Final = {  # X509_V_ERR_*, openssl/x509_vfy.h
    2: "unknown_issuer",
    9: "not_yet_valid",
    10: "expired",
    18: "self_signed",
    19: "unknown_issuer",  # the chain ends in a root that nobody here knows: a private CA
    20: "unknown_issuer",
    21: "unknown_issuer",
    62: "host_mismatch",
    64: "host_mismatch",
}
_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"})


def translate(error: Exception, handshake: Handshake, *, tunnelled: bool = False) -> EgressError:
    """The failure that `error` stands for. `handshake` tells TLS from TCP where aiohttp does not; `tunnelled` means
    https through a proxy."""
    reached: Step = "tls" if handshake.began else "address"
    match error:
        case aiohttp.ClientProxyConnectionError():
            return of_proxy(_unconnected(error.os_error, "address", handshake).reason)
        case aiohttp.ClientHttpProxyError():
            return _proxy_answer(error.status)
        case _ if tunnelled and not handshake.began:
            reason = Reason.Timeout if isinstance(error, TimeoutError) else Reason.ConnectionRefused
            return EgressError(reason, "address", "proxy_gateway")
        case aiohttp.ClientConnectorError():
            return _unconnected(error.os_error, reached, handshake)
        case aiohttp.ConnectionTimeoutError():
            return EgressError(Reason.Timeout, reached)
        case TimeoutError():
            return EgressError(Reason.Timeout, "registry")
        case aiohttp.ClientResponseError() | Unasked():
            return EgressError(Reason.NotARegistry, "registry")
        case _ if isinstance(error.__cause__, ssl.SSLError):  # TLS 1.3 refuses a client after its handshake
            return EgressError(Reason.TLSInvalid, "tls")
        case _:
            return EgressError(Reason.ConnectionRefused, "registry", "closed")


def of_proxy(reason: Reason) -> EgressError:
    """The proxy itself is not reached."""
    return EgressError(reason, "address", "proxy_unreachable")


def _proxy_answer(status: int) -> EgressError:
    """What the proxy said instead of passing the request on."""
    if status == 407:
        return EgressError(Reason.EgressDenied, "address", "proxy_login")
    if status < 500:
        return EgressError(Reason.EgressDenied, "address", "proxy_refused")
    return EgressError(Reason.ConnectionRefused, "address", "proxy_gateway")


def _unconnected(error: OSError, reached: Step, handshake: Handshake) -> EgressError:
    match error:
        case Undialled():
            return EgressError(Reason.EgressDenied, "address")
        case ssl.SSLCertVerificationError():
            return EgressError(Reason.TLSInvalid, "tls", _CERTIFICATE_HINTS.get(error.verify_code, ""))
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return EgressError(Reason.ConnectionRefused, "tls", "closed")
        case ssl.SSLError():
            return EgressError(Reason.TLSInvalid, "tls", _no_tls(handshake) if error.reason in _NO_TLS else "")
        case _:
            return EgressError(Reason.ConnectionRefused, reached)


def _no_tls(handshake: Handshake) -> str:
    """Whoever is told of plain HTTP is advised to allow it, so it has to be HTTP."""
    return "plain_http" if handshake.answered_in_http() else "no_tls"
