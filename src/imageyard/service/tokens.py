"""Bearer tokens: made, recognised, revoked. Only a hash is stored; comparison takes constant time."""

from collections.abc import Sequence
from datetime import timedelta

from imageyard.domain.access import Actor
from imageyard.domain.kinds.access_token import AccessToken
from imageyard.domain.secret import Secret


class Tokens:
    async def create(self, name: str, user: str, groups: Sequence[str], ttl: timedelta | None) -> Secret:
        """Raises AlreadyExists, Invalid."""
        raise NotImplementedError

    async def list(self) -> Sequence[AccessToken]:
        raise NotImplementedError

    async def revoke(self, name: str) -> None:
        """Takes effect at once at every door. Raises NotFound."""
        raise NotImplementedError

    def recognise(self, token: str, address: str) -> Actor | None:
        """Who holds this token; None for unknown, expired, revoked. Reads memory only."""
        raise NotImplementedError
