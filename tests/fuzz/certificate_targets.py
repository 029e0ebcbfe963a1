"""Certificates and keys that people paste."""

from typing import Final

from imageyard.domain import pem
from imageyard.egress.trust import Trust
from tests.fuzz.target import Target, text

# Self-signed, made for this file; it need not be valid today.
CERTIFICATE: Final = b"""-----BEGIN CERTIFICATE-----
MIIBfjCCASOgAwIBAgIUY6/ajbVQZQM+W/iSGIyethAa7i0wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJZnV6ei50ZXN0MB4XDTI2MTEyNjAwNDY0M1oXDTI2MTEyNzAw
NDY0M1owFDESMBAGA1UEAwwJZnV6ei50ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEGBSWL5XEXAnZrhgJbMdNbwL4+RqwpXWTkz5Ct1XGcUBknqrAd7kIIOJn
AyzI19RVZ487PksXQxdinHZFBMBLfKNTMFEwHQYDVR0OBBYEFGqZIukYxUneQpvi
ghntjOAQMQK6MB8GA1UdIwQYMBaAFGqZIukYxUneQpvighntjOAQMQK6MA8GA1Ud
EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAL5UBVXanpoI2ZXLATP+2iEw
qSgvPdPn4C3kKpwSmQvkAiEAuGaUl9fEHze+2HUJ9A/B0lhGyh6mwDp5PZBndvph
HJY=
-----END CERTIFICATE-----
"""


def _ca_bundle(data: bytes) -> None:
    """What looks right from outside is taken by TLS, or refused as no certificate."""
    bundle = text(data)
    if pem.fault(bundle) is None:
        Trust(bundle)


TARGETS: Final = (
    Target(
        "ca-bundle", _ca_bundle, (CERTIFICATE, b"# Wurzel \xc3\xa4\n" + CERTIFICATE * 2), (ValueError,), pem.LARGEST
    ),
)
