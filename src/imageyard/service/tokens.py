"""Bearer tokens and client certificates: made, recognised, revoked. Only a hash is stored; comparison takes constant
time."""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, Literal
from uuid import uuid4

import msgspec
import structlog
from msgspec.structs import replace

from imageyard.domain import objects
from imageyard.domain.access import AUTHENTICATED, MASTERS, Actor
from imageyard.domain.clock import Clock
from imageyard.domain.errors import INVALID, Cause, Conflict, Failure, Gone, Invalid, NotFound
from imageyard.domain.kinds import ACCESS_TOKEN
from imageyard.domain.kinds.access_token import AccessToken, AccessTokenSpec, AccessTokenStatus
from imageyard.domain.objects import ObjectMeta
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text
from imageyard.store import Change, Query, Store, Stored, readable

PREFIX: Final = "iy_"
BYTES: Final = 32
"""256 random bits, written as 43 characters."""
BOOTSTRAP: Final = "bootstrap-admin"
ADMIN: Final = "admin"
USE_WRITTEN: Final = timedelta(hours=1)
"""`lastUsed` of a token is written back at most this often."""
_OURS: Final = frozenset({"token", "certificate", "session"})
_FLUSH: Final = 60.0
_RECONNECT: Final = 1.0
"""Seconds before a watch that broke is opened again."""

log = structlog.get_logger()


class Tokens:
    """Recognises tokens in memory; `watch` keeps the memory true to the store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._by_hash: dict[str, AccessToken] = {}
        self._by_uid: dict[str, AccessToken] = {}
        self._by_name: dict[str, AccessToken] = {}
        self._version = 0
        self.watching = False
        """Whether changes by others are followed now."""
        self._used: dict[str, datetime] = {}
        """Last use by hash, of tokens used since it was written last."""
        self._revoked: set[str] = set()
        """uids of tokens revoked here whose deletion the watch has not shown yet: what it shows of them is older."""

    async def load(self) -> None:
        """Read all tokens into memory; one that is damaged is nobody's."""
        version = await self._store.resource_version()
        found = readable.each(self._store, ACCESS_TOKEN, Query())
        held: list[AccessToken] = [ACCESS_TOKEN.decode(stored.body) async for stored in found]
        self._by_hash = {token.spec.token_hash: token for token in held}
        self._by_uid = {token.metadata.uid: token for token in held}
        self._by_name = {token.metadata.name: token for token in held}
        self._version = version

    async def watch(self) -> None:
        """Follow tokens made and revoked by others and write last uses back, until the store closes."""
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(self._write_uses(), name="token-uses")
            await self._follow()
            writing.cancel()

    async def create(self, name: str, user: str, groups: Sequence[str], ttl: timedelta | None) -> Secret:
        """Raises AlreadyExists, Invalid."""
        token = generate()
        expires = None if ttl is None else self.after(ttl, name)
        spec = AccessTokenSpec(user=user, groups=list(groups), token_hash=_hash(token.reveal()), expires=expires)
        await self._register(name, spec)
        return token

    async def begin_session(
        self, name: str, user: str, groups: Sequence[str], lasts: timedelta, *, parent: str = ""
    ) -> Secret:
        """What a browser holds for somebody who has shown a token; `parent` is its uid, if it is one of ours.
        Raises AlreadyExists, Invalid."""
        token = generate()
        await self._register(
            name,
            AccessTokenSpec(
                user=user,
                groups=list(groups),
                token_hash=_hash(token.reveal()),
                expires=self.after(lasts, name),
                type="session",
                parent=parent,
            ),
        )
        return token

    async def register_certificate(
        self, name: str, user: str, groups: Sequence[str], fingerprint: str, expires: datetime
    ) -> None:
        """Let who shows this certificate in TLS be somebody. `fingerprint`: hex SHA-256 of its DER.
        Raises AlreadyExists, Invalid."""
        await self._register(
            name,
            AccessTokenSpec(
                user=user, groups=list(groups), token_hash=fingerprint, expires=expires, type="certificate"
            ),
        )

    async def _register(self, name: str, spec: AccessTokenSpec) -> None:
        made = self._token(name, spec)
        causes = ACCESS_TOKEN.validate(made, None)
        if causes:
            raise Invalid(causes, kind=ACCESS_TOKEN.singular, name=name)
        self._keep(await self._store.create(ACCESS_TOKEN, made))

    async def ensure_admin(self, token: Secret) -> None:
        """Register the operator's token under `bootstrap-admin`: user admin, group system:masters. Whichever was
        registered there before works no more."""
        spec = AccessTokenSpec(user=ADMIN, groups=[MASTERS], token_hash=_hash(token.reveal()))
        held = self._by_hash.get(spec.token_hash)
        if held is not None and held.metadata.name == BOOTSTRAP and held.spec == spec:
            return
        with suppress(NotFound):
            await self.revoke(BOOTSTRAP)
        self._keep(await self._store.create(ACCESS_TOKEN, self._token(BOOTSTRAP, spec)))

    async def list(self, *, sessions: bool = False) -> Sequence[AccessToken]:
        """By name, with last uses that are not written back yet; without sessions, unless asked for."""
        held = (token for token in self._by_hash.values() if sessions or token.spec.type != "session")
        tokens = sorted(held, key=lambda token: token.metadata.name)
        return [_used(token, self._used.get(token.spec.token_hash)) for token in tokens]

    async def revoke(self, name: str) -> None:
        """Takes effect at once at every door. Raises NotFound."""
        await self._delete(name)

    async def _delete(self, name: str, uid: str = "") -> None:
        gone = await self._store.delete(ACCESS_TOKEN, "", name, uid=uid)
        self._revoked.add(gone.uid)
        self._drop(gone.uid)

    async def sweep(self) -> int:
        """Delete sessions that nobody can use any more; answers how many. Raises what the store raises."""
        now = self._clock.now()
        sessions = [token for token in self._by_hash.values() if token.spec.type == "session"]
        over = [session for session in sessions if not self._counts(session, now)]
        for token in over:
            # By uid: its name may be somebody else's by now.
            with suppress(NotFound, Conflict):
                await self._delete(token.metadata.name, token.metadata.uid)
        return len(over)

    def named(self, name: str) -> AccessToken | None:
        """The token of that name, for who needs its uid as a parent."""
        return self._by_name.get(name)

    def found(self, token: str) -> AccessToken | None:
        """What is kept of this token, whether or not it counts."""
        return self._by_hash.get(_hash(token))

    def shown_by(self, actor: Actor) -> AccessToken | None:
        """By what an actor was recognised; None for one that somebody else vouches for."""
        type_, _, name = actor.credential.partition("/")
        found = self.named(name)
        return found if found is not None and found.spec.type == type_ else None

    def standing(self, actor: Actor) -> Callable[[], bool]:
        """To be asked again and again, by who goes on serving an actor that was recognised just now: whether what he
        has shown counts yet. What somebody else vouches for was asked for when he came, and no more."""
        held = self.shown_by(actor)
        if held is None:
            vouched = actor.credential.partition("/")[0] not in _OURS
            return lambda: vouched
        uid = held.metadata.uid

        def counts() -> bool:
            found = self._by_uid.get(uid)
            return found is not None and self._counts(found, self._clock.now())

        return counts

    def recognise(self, token: str, address: str) -> Actor | None:
        """Who holds this token; None for unknown, expired, revoked. Reads memory only."""
        return self._recognise(_hash(token), "token", address)

    def recognise_session(self, token: str, address: str) -> Actor | None:
        """Who holds this session; as a bearer token it is nobody's."""
        return self._recognise(_hash(token), "session", address)

    def recognise_certificate(self, fingerprint: str, address: str) -> Actor | None:
        """Who holds this certificate, of which TLS has proved that the peer has its key; None as for a token.
        `fingerprint`: hex SHA-256 of its DER."""
        return self._recognise(fingerprint, "certificate", address)

    def _recognise(self, digest: str, type_: Literal["token", "certificate", "session"], address: str) -> Actor | None:
        held = self._by_hash.get(digest)
        # The table is asked by hash: how long that takes tells nothing about any token.
        if held is None or not hmac.compare_digest(held.spec.token_hash, digest) or held.spec.type != type_:
            return None
        now = self._clock.now()
        if not self._counts(held, now):
            return None
        self._used[digest] = now
        return Actor(held.spec.user, _groups(tuple(held.spec.groups)), address, f"{type_}/{held.metadata.name}")

    def _counts(self, token: AccessToken, now: datetime) -> bool:
        """Whether it has not expired, and its parents are there and have not either."""
        while token.spec.expires is None or now < token.spec.expires:
            if not token.spec.parent:
                return True
            parent = self._by_uid.get(token.spec.parent)
            if parent is None:
                return False
            token = parent
        return False

    async def _follow(self) -> None:
        while True:
            try:
                await self._followed()
                return
            except (Failure, msgspec.ValidationError) as problem:
                # The storage is unwell: what is known counts on, and nobody is locked out.
                log.warning("token_watch_broke", problem=type(problem).__name__)
            await self._clock.sleep(_RECONNECT)

    async def _followed(self) -> None:
        """Until the store closes. Raises what the store raises, but Gone."""
        while True:
            try:
                async with self._store.watch(ACCESS_TOKEN, since=self._version) as changes:
                    self.watching = True
                    async for change in changes:
                        self._take(change)
                    return
            except Gone:
                await self.load()
            finally:
                self.watching = False

    def _take(self, change: Change) -> None:
        self._version = change.resource_version
        if change.type == "DELETED":
            self._revoked.discard(change.uid)
            self._drop(change.uid)
        elif change.type != "BOOKMARK":
            self._keep(change)

    def _keep(self, shown: Stored | Change) -> None:
        if shown.uid not in self._revoked:
            token: AccessToken = ACCESS_TOKEN.decode(shown.body)
            self._by_hash[token.spec.token_hash] = token
            self._by_uid[shown.uid] = self._by_name[token.metadata.name] = token

    def _drop(self, uid: str) -> None:
        gone = self._by_uid.pop(uid, None)
        if gone is not None:
            self._by_hash.pop(gone.spec.token_hash, None)
            if self._by_name.get(gone.metadata.name) is gone:
                del self._by_name[gone.metadata.name]

    async def _write_uses(self) -> None:
        while True:
            await self._clock.sleep(_FLUSH)
            used, self._used = self._used, {}
            for digest, moment in used.items():
                await self._write_use(digest, moment)

    async def _write_use(self, digest: str, moment: datetime) -> None:
        token = self._by_hash.get(digest)
        if token is None:
            return
        written = token.status.last_used
        if written is None or moment - written >= USE_WRITTEN:
            with suppress(Failure):
                self._keep(await self._store.replace(ACCESS_TOKEN, _used(token, moment)))
                return
        # Not due yet, or lost to another writer: shown from memory, written later.
        self._used.setdefault(digest, moment)

    def after(self, ttl: timedelta, name: str) -> datetime:
        """When a token made now ends. Raises Invalid."""
        with suppress(OverflowError):
            if ttl > timedelta(0):
                return objects.seconds(self._clock.now()) + ttl
        text = Text("有效期须大于零，且不超出日历范围", "the lifetime is above zero and ends within the calendar")
        raise Invalid([Cause("spec.expires", INVALID, text)], kind=ACCESS_TOKEN.singular, name=name)

    def _token(self, name: str, spec: AccessTokenSpec) -> AccessToken:
        return AccessToken(
            api_version=ACCESS_TOKEN.api_version,
            kind=ACCESS_TOKEN.name,
            metadata=ObjectMeta(
                name=name, uid=str(uuid4()), generation=1, creation_timestamp=objects.seconds(self._clock.now())
            ),
            spec=spec,
        )


def generate() -> Secret:
    """A new token, known to nobody yet."""
    return Secret(PREFIX + secrets.token_urlsafe(BYTES))


def describe(token: AccessToken) -> dict[str, Any]:
    """What is shown of a token: name, type (token, certificate, session), user, groups, created, expires, lastUsed.
    Never its hash."""
    created, expires, used = token.metadata.creation_timestamp, token.spec.expires, token.status.last_used
    return {
        "name": token.metadata.name,
        "type": token.spec.type,
        "user": token.spec.user,
        "groups": list(token.spec.groups),
        "created": None if created is None else objects.rfc3339(created),
        "expires": None if expires is None else objects.rfc3339(expires),
        "lastUsed": None if used is None else objects.rfc3339(used),
    }


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _used(token: AccessToken, moment: datetime | None) -> AccessToken:
    if moment is None:
        return token
    return replace(token, status=AccessTokenStatus(last_used=objects.seconds(moment)))


@lru_cache(maxsize=1024)
def _groups(named: tuple[str, ...]) -> frozenset[str]:
    return frozenset({*named, AUTHENTICATED})
