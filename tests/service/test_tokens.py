"""Tokens: made, recognised from memory, revoked at once, never stored."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from imageyard.domain.access import Actor
from imageyard.domain.errors import AlreadyExists, Corrupt, Failure, Invalid, NotFound, Unavailable
from imageyard.domain.kinds import ACCESS_TOKEN
from imageyard.domain.kinds.access_token import AccessToken
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text
from imageyard.service.tokens import Tokens, describe
from imageyard.store import Changes, Store
from tests.fakes.clock import FakeClock, settle


@pytest.fixture
async def tokens(store: Store, clock: FakeClock) -> Tokens:
    made = Tokens(store, clock)
    await made.load()
    return made


class Unwell:
    """A store whose watches break as long as it has a failure."""

    def __init__(self, store: Store, failure: Failure) -> None:
        self._store = store
        self.failure: Failure | None = failure

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @asynccontextmanager
    async def watch(self, *args: Any, **kwargs: Any) -> AsyncIterator[Changes]:
        if self.failure is not None:
            raise self.failure
        async with self._store.watch(*args, **kwargs) as changes:
            yield changes


@asynccontextmanager
async def watching(tokens: Tokens) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(tokens.watch())
    await settle()
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def eventually(tokens: Tokens, token: Secret, known: bool) -> None:
    async with asyncio.timeout(5):
        while (tokens.recognise(token.reveal(), "") is not None) is not known:  # noqa: ASYNC110 - threads do it
            await asyncio.sleep(0.001)


async def held(store: Store, name: str) -> AccessToken:
    token: AccessToken = ACCESS_TOKEN.decode((await store.get(ACCESS_TOKEN, "", name)).body)
    return token


async def test_a_token_tells_who_holds_it(tokens: Tokens) -> None:
    token = await tokens.create("ci", "robot", ["image-viewer"], None)
    actor = tokens.recognise(token.reveal(), "192.0.2.1")
    assert actor is not None
    assert (actor.user, actor.address) == ("robot", "192.0.2.1")
    assert actor.groups == {"image-viewer", "system:authenticated"}
    assert actor.credential == "token/ci"


async def test_a_token_has_256_bits_behind_a_prefix(tokens: Tokens) -> None:
    made = [(await tokens.create(f"t{n}", "robot", [], None)).reveal() for n in range(3)]
    assert all(re.fullmatch(r"iy_[A-Za-z0-9_-]{43}", token) for token in made)
    assert len(set(made)) == 3


async def test_only_a_hash_of_it_is_stored(tokens: Tokens, store: Store) -> None:
    token = await tokens.create("ci", "robot", [], None)
    assert token.reveal().encode() not in (await store.get(ACCESS_TOKEN, "", "ci")).body


@pytest.mark.parametrize("text", ["", "iy_", "iy_" + "A" * 43, "x" * 5000, "\ud800"])
async def test_what_was_not_given_out_is_nobody(tokens: Tokens, text: str) -> None:
    await tokens.create("ci", "robot", [], None)
    assert tokens.recognise(text, "") is None


async def test_a_token_ends_with_its_lifetime(tokens: Tokens, clock: FakeClock) -> None:
    token = await tokens.create("ci", "robot", [], timedelta(hours=1))
    await clock.advance(3599)
    assert tokens.recognise(token.reveal(), "") is not None
    await clock.advance(1)
    assert tokens.recognise(token.reveal(), "") is None


async def test_a_revoked_token_stops_at_once(tokens: Tokens) -> None:
    token = await tokens.create("ci", "robot", [], None)
    await tokens.revoke("ci")
    assert tokens.recognise(token.reveal(), "") is None
    with pytest.raises(NotFound):
        await tokens.revoke("ci")


async def test_a_name_is_given_once(tokens: Tokens) -> None:
    await tokens.create("ci", "robot", [], None)
    with pytest.raises(AlreadyExists):
        await tokens.create("ci", "robot", [], None)


@pytest.mark.parametrize(
    ("name", "user", "groups", "ttl"),
    [
        ("Bad Name", "robot", [], None),
        ("ci", "", [], None),
        ("ci", "robot", [""], None),
        ("ci", "robot", [], timedelta(0)),
        ("ci", "robot", [], timedelta(days=10**7)),
    ],
    ids=["name", "user", "group", "no lifetime", "beyond the calendar"],
)
async def test_what_makes_no_token_is_invalid(
    tokens: Tokens, name: str, user: str, groups: list[str], ttl: timedelta | None
) -> None:
    with pytest.raises(Invalid):
        await tokens.create(name, user, groups, ttl)


HOURS = timedelta(hours=8)


async def uid(tokens: Tokens, name: str) -> str:
    token = tokens.named(name)
    assert token is not None
    return token.metadata.uid


async def test_a_session_ends_with_its_parent(tokens: Tokens) -> None:
    await tokens.create("ci", "robot", [], None)
    session = await tokens.begin_session("s1", "robot", [], HOURS, parent=await uid(tokens, "ci"))
    deeper = await tokens.begin_session("s2", "robot", [], HOURS, parent=await uid(tokens, "s1"))
    assert tokens.recognise_session(session.reveal(), "") is not None
    assert tokens.recognise_session(deeper.reveal(), "") is not None
    await tokens.revoke("ci")
    assert tokens.recognise_session(session.reveal(), "") is None
    assert tokens.recognise_session(deeper.reveal(), "") is None


async def test_a_session_is_no_bearer_token_and_a_token_no_session(tokens: Tokens) -> None:
    token = await tokens.create("ci", "robot", [], None)
    session = await tokens.begin_session("s1", "robot", [], HOURS, parent=await uid(tokens, "ci"))
    actor = tokens.recognise_session(session.reveal(), "")
    assert (actor and actor.credential) == "session/s1"
    assert tokens.recognise(session.reveal(), "") is None
    assert tokens.recognise_session(token.reveal(), "") is None


async def test_a_session_ends_when_its_parent_expires_or_itself_does(tokens: Tokens, clock: FakeClock) -> None:
    await tokens.create("short", "robot", [], timedelta(hours=1))
    await tokens.create("long", "robot", [], None)
    of_short = await tokens.begin_session("s1", "robot", [], HOURS, parent=await uid(tokens, "short"))
    of_long = await tokens.begin_session("s2", "robot", [], HOURS, parent=await uid(tokens, "long"))
    await clock.advance(3600)
    assert tokens.recognise_session(of_short.reveal(), "") is None
    assert tokens.recognise_session(of_long.reveal(), "") is not None
    await clock.advance(7 * 3600)
    assert tokens.recognise_session(of_long.reveal(), "") is None


async def test_a_session_of_nobody_is_nobody(tokens: Tokens) -> None:
    session = await tokens.begin_session("s1", "robot", [], HOURS, parent="0b5f7d3e-0000-0000-0000-000000000000")
    assert tokens.recognise_session(session.reveal(), "") is None


async def test_sessions_are_not_listed_unless_asked_for(tokens: Tokens) -> None:
    await tokens.create("ci", "robot", [], None)
    await tokens.begin_session("s1", "robot", [], HOURS, parent=await uid(tokens, "ci"))
    assert [token.metadata.name for token in await tokens.list()] == ["ci"]
    listed = await tokens.list(sessions=True)
    assert [(describe(token)["name"], describe(token)["type"]) for token in listed] == [
        ("ci", "token"),
        ("s1", "session"),
    ]


async def test_the_sweep_deletes_sessions_that_are_over_and_nothing_else(
    tokens: Tokens, store: Store, clock: FakeClock
) -> None:
    await tokens.create("expired", "robot", [], timedelta(hours=1))
    await tokens.create("ci", "robot", [], None)
    for name, parent, hours in (("over", "ci", 1), ("orphan", "expired", 8), ("lives", "ci", 8)):
        await tokens.begin_session(name, "robot", [], timedelta(hours=hours), parent=await uid(tokens, parent))
    await clock.advance(3600)
    assert await tokens.sweep() == 2
    assert await tokens.sweep() == 0
    assert [token.metadata.name for token in await tokens.list(sessions=True)] == ["ci", "expired", "lives"]
    with pytest.raises(NotFound):
        await store.get(ACCESS_TOKEN, "", "over")


FINGERPRINT = "ab" * 32


async def test_a_certificate_is_a_credential_as_a_token_is(tokens: Tokens, clock: FakeClock) -> None:
    until = clock.now() + timedelta(hours=1)
    await tokens.register_certificate("laptop", "alice", ["image-viewer"], FINGERPRINT, until)
    actor = tokens.recognise_certificate(FINGERPRINT, "192.0.2.1")
    assert actor == Actor(
        "alice", frozenset({"image-viewer", "system:authenticated"}), "192.0.2.1", "certificate/laptop"
    )
    [listed] = await tokens.list()
    assert (describe(listed)["type"], describe(listed)["expires"]) == ("certificate", "2026-01-01T01:00:00Z")
    await clock.advance(3600)
    assert tokens.recognise_certificate(FINGERPRINT, "") is None


async def test_a_revoked_certificate_is_nobody_at_once(tokens: Tokens, clock: FakeClock) -> None:
    await tokens.register_certificate("laptop", "alice", [], FINGERPRINT, clock.now() + timedelta(hours=1))
    await tokens.revoke("laptop")
    assert tokens.recognise_certificate(FINGERPRINT, "") is None


async def test_a_token_is_no_certificate_and_a_certificate_no_token(tokens: Tokens, clock: FakeClock) -> None:
    token = await tokens.create("ci", "robot", [], None)
    assert tokens.recognise_certificate(hashlib.sha256(token.reveal().encode()).hexdigest(), "") is None
    digest = hashlib.sha256(b"certificate").hexdigest()
    await tokens.register_certificate("laptop", "alice", [], digest, clock.now() + timedelta(hours=1))
    assert tokens.recognise("certificate", "") is None


async def test_tokens_are_there_after_a_restart(tokens: Tokens, store: Store, clock: FakeClock) -> None:
    token = await tokens.create("ci", "robot", [], None)
    again = Tokens(store, clock)
    assert again.recognise(token.reveal(), "") is None
    await again.load()
    assert again.recognise(token.reveal(), "") is not None


async def test_tokens_made_and_revoked_elsewhere_show_up(tokens: Tokens, store: Store, clock: FakeClock) -> None:
    elsewhere = Tokens(store, clock)
    async with watching(tokens):
        token = await elsewhere.create("ci", "robot", [], None)
        await eventually(tokens, token, True)
        await elsewhere.revoke("ci")
        await eventually(tokens, token, False)


async def test_it_tells_whether_changes_by_others_are_followed(tokens: Tokens) -> None:
    told = [tokens.watching]
    async with watching(tokens):
        told.append(tokens.watching)
    told.append(tokens.watching)
    assert told == [False, True, False]


@pytest.mark.parametrize("failure", [Unavailable, Corrupt])
async def test_tokens_are_recognised_and_followed_although_the_storage_was_unwell(
    tokens: Tokens, store: Store, clock: FakeClock, failure: type[Failure]
) -> None:
    unwell = Unwell(store, failure(Text("坏", "unwell")))
    token = await tokens.create("ci", "robot", [], None)
    followed = Tokens(unwell, clock)
    await followed.load()
    async with watching(followed) as task:
        await clock.advance(5)
        assert not task.done()
        assert followed.recognise(token.reveal(), "") is not None
        later = await tokens.create("later", "robot", [], None)
        unwell.failure = None
        await clock.advance(1)
        await eventually(followed, later, True)


async def test_the_watch_does_not_bring_back_what_was_revoked_here(tokens: Tokens, store: Store) -> None:
    first = await tokens.create("first", "robot", [], None)
    await tokens.revoke("first")
    last = await tokens.create("last", "robot", [], None)
    seen = []
    async with watching(tokens):
        for _ in range(50):
            await asyncio.sleep(0.001)
            seen.append(tokens.recognise(first.reveal(), ""))
        await eventually(tokens, last, True)
    assert set(seen) == {None}


async def test_the_operators_token_is_admin(tokens: Tokens) -> None:
    await tokens.ensure_admin(Secret("from the file"))
    actor = tokens.recognise("from the file", "")
    assert actor is not None
    assert actor.user == "admin"
    assert actor.groups == {"system:masters", "system:authenticated"}
    assert [token.metadata.name for token in await tokens.list()] == ["bootstrap-admin"]


async def test_the_same_operators_token_is_registered_once(tokens: Tokens, store: Store) -> None:
    await tokens.ensure_admin(Secret("from the file"))
    before = await store.resource_version()
    await tokens.ensure_admin(Secret("from the file"))
    assert await store.resource_version() == before


async def test_another_operators_token_takes_the_place_of_the_first(tokens: Tokens) -> None:
    async with watching(tokens):
        for _ in range(2):
            await tokens.ensure_admin(Secret("first"))
            await tokens.ensure_admin(Secret("second"))
        await settle()
        assert tokens.recognise("first", "") is None
        assert tokens.recognise("second", "") is not None


async def test_the_last_use_is_shown_at_once_and_written_at_most_hourly(
    tokens: Tokens, store: Store, clock: FakeClock
) -> None:
    token = await tokens.create("ci", "robot", [], None)
    async with watching(tokens):
        tokens.recognise(token.reveal(), "")
        assert [each.status.last_used for each in await tokens.list()] == [clock.now()]
        first = clock.now()
        await use(tokens, token, clock, minutes=59)
        assert (await written(store)) == first
        await use(tokens, token, clock, minutes=5)
        assert (await written(store)) > first


async def use(tokens: Tokens, token: Secret, clock: FakeClock, *, minutes: int) -> None:
    for _ in range(minutes):
        await clock.advance(60)
        await asyncio.sleep(0.005)  # the store writes on a thread of its own
        tokens.recognise(token.reveal(), "")


async def written(store: Store) -> datetime:
    used = (await held(store, "ci")).status.last_used
    assert used is not None
    return used


async def test_a_token_is_described_without_its_hash(tokens: Tokens) -> None:
    await tokens.create("ci", "robot", ["image-viewer"], timedelta(hours=1))
    [token] = await tokens.list()
    assert describe(token) == {
        "name": "ci",
        "type": "token",
        "user": "robot",
        "groups": ["image-viewer"],
        "created": "2026-01-01T00:00:00Z",
        "expires": "2026-01-01T01:00:00Z",
        "lastUsed": None,
    }
