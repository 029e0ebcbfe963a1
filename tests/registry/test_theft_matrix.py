"""Attempts at a credential by the hundred, made by rule in `theft`: no byte of it at an origin that may not see it."""

import itertools
from collections.abc import Iterator
from typing import Final

import pytest

from imageyard.domain.secret import Secret
from imageyard.registry import RegistryError, Source
from imageyard.registry.client import RegistryClient
from tests.fakes.clock import FakeClock
from tests.registry import neighbour, theft, thief
from tests.registry.neighbour import Incoming, Registry, Reply, nothing
from tests.registry.theft import HOME, Attempt
from tests.registry.thief import Thieves, source

MOST_REQUESTS: Final = 60
"""Of a client that is led about, in two rounds: no registry makes it ask for ever."""


async def made(attempt: Attempt) -> Thieves:
    world = Thieves()
    for origin, handler in attempt.hosts.items():
        world.at(origin, handler)
    await thief.converse(world, attempt.who)
    return world


FAMILIES: Final = {
    family.__name__: family
    for family in (theft.realms, theft.pins, theft.listed, theft.redirects, theft.challenges, theft.documents)
}


@pytest.mark.parametrize("family", FAMILIES)
async def test_nobody_who_may_not_see_a_credential_is_shown_any_of_it(family: str) -> None:
    attempts: list[Attempt] = list(FAMILIES[family]())
    for attempt in attempts:
        world = await made(attempt)
        assert thief.stolen(world, attempt.may_see.__contains__) == [], attempt.name
        assert 0 < len(world.seen) <= MOST_REQUESTS, attempt.name
        assert not attempt.sees or any(each.origin == attempt.sees for each in thief.shown(world)), attempt.name


def test_the_attempts_are_many_and_none_is_made_twice() -> None:
    names = [attempt.name for attempt in theft.attempts()]
    assert len(names) == len(set(names)) > 1_000


@pytest.mark.parametrize("control", [*theft.controls()], ids=lambda control: control.name)
async def test_who_may_see_a_credential_is_shown_it(control: Attempt) -> None:
    world = await made(control)
    assert control.sees in {each.origin for each in thief.shown(world)}
    assert thief.stolen(world, control.may_see.__contains__) == []


async def test_a_credential_that_was_dropped_on_the_way_is_not_picked_up_again() -> None:
    turns = [attempt for attempt in theft.redirects() if "to a turn," in attempt.name]
    arrived = 0
    for attempt in turns:
        back = [seen for seen in (await made(attempt)).seen if seen.path == "/back"]
        assert [seen.header("authorization") for seen in back] == [""] * len(back), attempt.name
        arrived += len(back)
    assert arrived > 0


def _accounts() -> Iterator[Source]:
    """Sources that are alike but for one thing."""
    for domain, insecure in (("registry.test", False), ("registry.test:8443", False), ("registry.test:443", True)):
        for user in ("one", "two"):
            name = f"{domain}/{insecure}/{user}"
            yield source(domain, insecure=insecure, username=user, password=Secret(f"word-of-{name}"), credential=name)


class _Issued:
    """A registry that lets anybody in, and remembers who asked it for which token."""

    def __init__(self, auth: str) -> None:
        self.tokens: dict[str, Incoming] = {}
        self._auth = auth
        self._registry = Registry(**vars(thief.content()))

    def __call__(self, asked: Incoming) -> Reply:
        if asked.path == "/token":
            token = f"token-{len(self.tokens)}"
            self.tokens[token] = asked
            return neighbour.reply_json({"token": token})
        if asked.header("authorization"):
            return self._registry(asked)
        return thief.challenge('Basic realm="x"' if self._auth == "basic" else thief.bearer(f"{asked.origin}/token"))


@pytest.mark.parametrize("auth", ["basic", "bearer"])
async def test_what_belongs_to_one_source_is_shown_for_no_other(auth: str) -> None:
    """Same domain and other account, same host and other port, same authority and other scheme; in turn, by one client,
    at registries that let anybody in and give each a token of its own."""
    world, issued = Thieves(), _Issued(auth)
    for origin in ("https://registry.test", "https://registry.test:8443", "http://registry.test:443"):
        world.at(origin, issued)
    client = RegistryClient(world, FakeClock())
    for who, path in itertools.product([*_accounts()] * 2, ("app/web", "app/other")):
        begun = len(world.seen)
        await thief.converse(world, who, client, path)
        for seen in world.seen[begun:]:
            signed = issued.tokens.get(seen.bearer, seen)
            if signed.login is not None and not signed.login[0].startswith("imageyard-"):  # a stranger of verify's
                assert signed.login == (who.username, who.password.reveal())
            assert signed.origin == seen.origin
            if seen.bearer and "/v2/app" in seen.path:
                assert signed.query["scope"] == [f"repository:{path}:pull"]
    assert (len(issued.tokens) > 0) == (auth == "bearer")
    assert any(seen.header("authorization") for seen in world.seen)


async def test_a_token_for_another_repository_is_not_taken_for_this_one() -> None:
    """A registry that names another scope gets no token for it at a service that it shares with others."""
    for scope in ("repository:secret/app:pull", "registry:catalog:*", "repository:app/web:push,pull", "repository:*:*"):
        asks = f'{thief.bearer("https://tokens.test/token")},scope="{scope}",error="insufficient_scope"'
        world = Thieves().at(HOME, lambda _, asks=asks: thief.challenge(asks))  # type: ignore[misc]
        client = RegistryClient(world, FakeClock())
        with pytest.raises(RegistryError):
            await client.head(source(trusted_realm_hosts=("tokens.test",)), "app/web", "v1")
        asked = {scope for seen in world.seen for scope in seen.query.get("scope", [])}
        assert asked == {"repository:app/web:pull"}


async def test_a_layers_own_address_is_never_asked() -> None:
    world = Thieves().at(HOME, Registry(auth="basic", users={thief.USER: thief.PASSWORD}, **vars(thief.content())))
    client = RegistryClient(world, FakeClock())
    head = await client.head(source(), "app/web", "v1")
    await client.inspect(source(), "app/web", "v1", head, platform="", lookup=nothing)
    assert {seen.origin for seen in world.seen} == {HOME}
