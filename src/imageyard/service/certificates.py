"""Client certificates: the own CA signs a request, and the certificate becomes a credential as a token is one.

What counts is the entry under its fingerprint, which names user, groups and end; the subject is for people to read.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from imageyard.domain.errors import INVALID, Cause, Invalid
from imageyard.domain.kinds import ACCESS_TOKEN
from imageyard.domain.text import Text
from imageyard.service.tokens import Tokens

LIFETIME: Final = timedelta(days=30)
"""Of who asks for none."""
LONGEST: Final = timedelta(days=365)


class Signed(NamedTuple):
    pem: str
    fingerprint: str
    """Hex SHA-256 of its DER."""


Sign = Callable[[str, str, Sequence[str], datetime], Signed]
"""From a signing request (PEM, PKCS #10), a user, groups and an end to a certificate. Raises Invalid."""


class ClientCertificates:
    def __init__(self, tokens: Tokens, sign: Sign) -> None:
        self._tokens = tokens
        self._sign = sign

    async def issue(self, name: str, user: str, groups: Sequence[str], lifetime: timedelta | None, request: str) -> str:
        """Sign and register; answers the certificate (PEM). Raises AlreadyExists, Invalid."""
        lifetime = LIFETIME if lifetime is None else lifetime
        if lifetime > LONGEST:
            text = Text("客户端证书的有效期最长为 8760h（一年）", "a client certificate lives 8760h (a year) at most")
            raise Invalid([Cause("spec.expires", INVALID, text)], kind=ACCESS_TOKEN.singular, name=name)
        until = self._tokens.after(lifetime, name)
        signed = self._sign(request, user, groups, until)
        # Not registered, a signed certificate is nobody's.
        await self._tokens.register_certificate(name, user, groups, signed.fingerprint, until)
        return signed.pem
