"""Whoever may call: holders of own tokens and certificates, and those an OIDC issuer vouches for."""

from collections.abc import Awaitable
from datetime import datetime
from typing import NamedTuple

from imageyard.domain.access import Actor
from imageyard.service.oidc import Oidc
from imageyard.service.tokens import Tokens


class Callers(NamedTuple):
    tokens: Tokens
    oidc: Oidc | None = None

    def recognise(self, token: str, address: str) -> Actor | Awaitable[Actor | None] | None:
        """Who holds this token, None for nobody. To be awaited where somebody else has to be asked first; own tokens
        are recognised at once, and before all others."""
        own = self.tokens.recognise(token, address)
        if own is not None or self.oidc is None or token.count(".") != 2:
            return own
        return self.oidc.recognise(token, address)

    def recognise_session(self, token: str, address: str) -> Actor | None:
        """Who holds this session of a browser; see Tokens."""
        return self.tokens.recognise_session(token, address)

    def until(self, token: str) -> datetime | None:
        """When this token ends, which was recognised just now; None for one that does not."""
        own = self.tokens.found(token)
        if own is not None:
            return own.spec.expires
        return self.oidc.until(token) if self.oidc is not None else None

    def recognise_certificate(self, fingerprint: str, address: str) -> Actor | None:
        """Who holds this certificate; see Tokens."""
        return self.tokens.recognise_certificate(fingerprint, address)
