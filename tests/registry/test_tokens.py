"""Tokens: one fetch for many, none kept that failed, none shared across credentials, bounded."""

import asyncio

import pytest

from imageyard.domain.reasons import Reason
from imageyard.domain.secret import Secret
from imageyard.registry import RegistryError, errors
from imageyard.registry.client import RegistryClient
from imageyard.registry.origin import Origin
from imageyard.registry.tokens import Key, Token, Tokens
from tests.fakes.clock import FakeClock, settle
from tests.registry import neighbour
from tests.registry.neighbour import source

KEY = Key("ns/a@1", Origin("https", "r.test", 443), "https://r.test/token", "s", "repository:a:pull", True)


class Service:
    """Counts fetches, and holds each back until it is let go."""

    def __init__(self, *, failing: bool = False, lifetime: float = 300) -> None:
        self.count = 0
        self.failing = failing
        self.lifetime = lifetime
        self.gate = asyncio.Event()

    async def __call__(self) -> Token:
        self.count += 1
        await self.gate.wait()
        if self.failing:
            raise errors.error(Reason.ServerError)
        return Token(Secret(f"token-{self.count}"), self.lifetime)


async def test_many_callers_share_one_fetch() -> None:
    tokens, service = Tokens(FakeClock().monotonic), Service()
    callers = [asyncio.create_task(tokens.get(KEY, service)) for _ in range(50)]
    await settle()
    service.gate.set()

    assert {value.reveal() for value in await asyncio.gather(*callers)} == {"token-1"}
    assert service.count == 1


async def test_callers_share_a_failure_which_is_not_kept() -> None:
    tokens, service = Tokens(FakeClock().monotonic), Service(failing=True)
    callers = [asyncio.create_task(tokens.get(KEY, service)) for _ in range(5)]
    await settle()
    service.gate.set()
    outcomes = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [RegistryError] * 5
    assert service.count == 1
    service.failing = False

    assert (await tokens.get(KEY, service)).reveal() == "token-2"


async def test_a_refused_login_is_not_repeated_for_a_minute() -> None:
    clock, count = FakeClock(), 0
    tokens = Tokens(clock.monotonic)

    async def refuse() -> Token:
        nonlocal count
        count += 1
        raise errors.error(Reason.Unauthorized, unauthorized=True)

    for _ in range(30):
        for key in (KEY, KEY._replace(scope="repository:b:pull")):
            with pytest.raises(RegistryError) as refused:
                await tokens.get(key, refuse)
            assert (refused.value.reason, refused.value.unauthorized) == (Reason.Unauthorized, True)
        await clock.advance(5)
    assert count == 2 * 3
    tokens.forget(KEY.credential)
    with pytest.raises(RegistryError):
        await tokens.get(KEY, refuse)
    assert count == 7


async def test_when_the_fetching_caller_is_cancelled_another_takes_over() -> None:
    tokens, service = Tokens(FakeClock().monotonic), Service()
    first, second = (asyncio.create_task(tokens.get(KEY, service)) for _ in range(2))
    await settle()
    first.cancel()
    await settle()
    service.gate.set()

    assert (await second).reveal() == "token-2"
    assert first.cancelled()


async def test_a_cancelled_waiter_does_not_disturb_the_fetch() -> None:
    tokens, service = Tokens(FakeClock().monotonic), Service()
    first, second = (asyncio.create_task(tokens.get(KEY, service)) for _ in range(2))
    await settle()
    second.cancel()
    await settle()
    service.gate.set()

    assert (await first).reveal() == "token-1"


@pytest.mark.parametrize(("lifetime", "good", "gone"), [(300, 289, 291), (5, 49, 51), (10**9, 3589, 3591)])
async def test_a_token_is_given_up_before_it_ends(lifetime: float, good: float, gone: float) -> None:
    clock = FakeClock()
    tokens, service = Tokens(clock.monotonic), Service(lifetime=lifetime)
    service.gate.set()
    await tokens.get(KEY, service)

    await clock.advance(good)
    assert tokens.held(KEY) is not None
    await clock.advance(gone - good)
    assert tokens.held(KEY) is None


async def test_the_cache_is_bounded_and_keeps_what_is_used() -> None:
    tokens, service = Tokens(FakeClock().monotonic, limit=3), Service()
    service.gate.set()
    keys = [KEY._replace(scope=str(n)) for n in range(4)]
    for key in keys[:3]:
        await tokens.get(key, service)
    tokens.held(keys[0])
    await tokens.get(keys[3], service)

    assert [tokens.held(key) is not None for key in keys] == [True, False, True, True]
    assert len(tokens) == 3


@pytest.mark.parametrize(
    "other",
    [
        KEY._replace(credential="ns/a@2"),
        KEY._replace(origin=Origin("https", "r.test", 444)),
        KEY._replace(realm="https://r.test/other"),
        KEY._replace(service="other"),
        KEY._replace(scope="repository:b:pull"),
        KEY._replace(signed=False),
    ],
)
async def test_each_part_of_the_key_keeps_tokens_apart(other: Key) -> None:
    tokens, service = Tokens(FakeClock().monotonic), Service()
    service.gate.set()
    await tokens.get(KEY, service)

    assert tokens.held(other) is None


async def test_a_token_on_its_way_when_its_credential_is_forgotten_is_not_kept() -> None:
    tokens, service = Tokens(FakeClock().monotonic), Service()
    caller = asyncio.create_task(tokens.get(KEY, service))
    await settle()
    tokens.forget(KEY.credential)
    service.gate.set()
    await caller

    assert tokens.held(KEY) is None


async def test_dropping_a_refused_token_leaves_a_newer_one() -> None:
    tokens, service = Tokens(FakeClock().monotonic), Service()
    service.gate.set()
    await tokens.get(KEY, service)

    tokens.drop(KEY, Secret("older"))
    assert tokens.held(KEY) is not None
    tokens.drop(KEY, Secret("token-1"))
    assert tokens.held(KEY) is None


async def test_a_rotated_credential_never_meets_its_predecessors_token() -> None:
    world, registry, service = neighbour.bearer_world()
    registry.image("app/web", "v1")
    client = RegistryClient(world, FakeClock())
    await client.head(source(credential="ns/a@1"), "app/web", "v1")
    await client.head(source(credential="ns/a@2"), "app/web", "v1")
    await client.head(source(credential="other/a@1"), "app/web", "v1")

    used = [seen.bearer for seen in world.seen if seen.bearer]
    assert len(set(used)) == 3
    assert service.count == 3


async def test_many_tags_of_a_repository_cost_one_exchange() -> None:
    world, registry, service = neighbour.bearer_world()
    registry.image("app/web", *(f"v{n}" for n in range(20)))
    client = RegistryClient(world, FakeClock())

    await asyncio.gather(*(client.head(source(), "app/web", f"v{n}") for n in range(20)))

    assert service.count == 1
