"""What goes along with a credential, and what it may look like: schemes, scopes, certificates, characters.

That no byte of one reaches an origin it was not meant for is shown at large in `test_theft_matrix`."""

import base64

import pytest

from imageyard.domain.secret import Secret
from imageyard.registry import RegistryError
from imageyard.registry.client import RegistryClient
from tests.fakes.clock import FakeClock
from tests.registry import neighbour, thief
from tests.registry.neighbour import Handler, Incoming, Reply
from tests.registry.thief import Thieves, source

HOME = "https://registry.test"


def _at_home(handler: Handler) -> Thieves:
    world = Thieves()
    for origin in (HOME, "http://registry.test", "http://registry.test:5000"):
        world.at(origin, handler)
    return world


@pytest.mark.parametrize(
    ("realm", "sees"),
    [
        ("http://registry.test:5000/token", True),
        ("http://registry.test:5001/token", False),
        ("http://registry.test/token", False),
        ("http://evil.test:5000/token", False),
        ("https://registry.test/token", True),
    ],
)
async def test_a_plain_http_source_shows_its_credential_on_its_own_port_or_over_tls(realm: str, sees: bool) -> None:
    home = "http://registry.test:5000"

    def handler(asked: Incoming) -> Reply:
        if asked.path == "/token":
            return neighbour.reply_json({"token": thief.TOKEN})
        return Reply(401, headers=(("WWW-Authenticate", f'Bearer realm="{realm}"'),))

    world = _at_home(handler)
    realm_origin = realm.removesuffix("/token")
    world.at(realm_origin, handler)

    await thief.converse(world, source("registry.test:5000", insecure=True))

    assert any(seen.login for seen in world.seen if seen.path == "/token") is sees
    assert thief.stolen(world, ({home, realm_origin} if sees else {home}).__contains__) == []


async def test_a_registry_cannot_have_a_token_made_for_another_repository_at_a_shared_service() -> None:
    asked_scopes: list[str] = []

    def home(asked: Incoming) -> Reply:
        value = (
            'Bearer realm="https://tokens.test/auth",scope="repository:secret/other:pull",error="insufficient_scope"'
        )
        return Reply(401, headers=(("WWW-Authenticate", value),))

    def service(asked: Incoming) -> Reply:
        asked_scopes.extend(asked.query.get("scope", []))
        return neighbour.reply_json({"token": thief.TOKEN})

    world = _at_home(home).at("https://tokens.test", service)

    await thief.converse(world, source(trusted_realm_hosts=("tokens.test",)))

    assert set(asked_scopes) == {"repository:app/web:pull"}


@pytest.mark.parametrize("token", ["a b", "a\r\nX-Evil: 1", "", "令牌", "a" * 20_000])
async def test_a_token_that_is_no_header_value_is_not_sent(token: str) -> None:
    def home(asked: Incoming) -> Reply:
        if asked.path == "/token":
            return neighbour.reply_json({"token": token})
        return Reply(401, headers=(("WWW-Authenticate", f'Bearer realm="{HOME}/token"'),))

    world = _at_home(home)

    await thief.converse(world, source())

    assert not any(seen.bearer for seen in world.seen)


@pytest.mark.parametrize(("user", "password"), [("a:b", "p"), ("a\r\nX: 1", "p"), ("a", "p\nq"), ("a", "p\x00")])
async def test_a_credential_that_a_header_cannot_carry_is_not_sent(user: str, password: str) -> None:
    world = _at_home(lambda _: Reply(401, headers=(("WWW-Authenticate", 'Basic realm="x"'),)))

    await thief.converse(world, source(username=user, password=Secret(password)))

    assert not any(seen.header("authorization") for seen in world.seen)


@pytest.mark.parametrize("elsewhere", ["https://tokens.test", f"{HOME}:8444"])
async def test_an_unchecked_certificate_is_accepted_on_the_sources_own_host_and_port_only(elsewhere: str) -> None:
    def home(asked: Incoming) -> Reply:
        return Reply(401, headers=(("WWW-Authenticate", f'Bearer realm="{elsewhere}/token"'),))

    world = _at_home(home)

    await thief.converse(world, source(skip_verify=True, ca_bundle="PEM", trusted_realm_hosts=("tokens.test",)))

    told = {(seen.origin, request.tls) for seen, request in zip(world.seen, world.requests, strict=True)}
    assert told == {(HOME, ("PEM", True)), (elsewhere, ("PEM", False))}


async def test_neither_a_request_nor_an_error_shows_a_credential_when_printed() -> None:
    registry = neighbour.Registry(auth="basic", users={thief.USER: thief.PASSWORD})
    world = _at_home(registry)

    with pytest.raises(RegistryError) as raised:
        await RegistryClient(world, FakeClock()).head(source(), "app/web", "v1")

    encoded = base64.b64encode(f"{thief.USER}:{thief.PASSWORD}".encode()).decode()
    printed = f"{world.requests!r} {raised.value!r} {source()!r}"
    assert world.seen[1].login is not None
    assert not any(text in printed for text in (thief.PASSWORD, encoded))
