"""No byte of a credential, and no token made with it, reaches an origin it was not meant for.

A thief's registry names realms, redirects and links; the world records every request, and every origin outside the
allowed ones must have seen nothing.
"""

import base64
from collections.abc import Iterator
from urllib.parse import quote, unquote

import pytest

from imageyard.domain.secret import Secret
from imageyard.egress import Request, Response
from imageyard.registry import RegistryError, Source
from imageyard.registry.client import RegistryClient
from tests.fakes.clock import FakeClock
from tests.registry import neighbour
from tests.registry.neighbour import Incoming, Reply, World, nothing, source

TOKEN = "signed-token-value"
HOME = "https://registry.test"


class Thief(World):
    """A world in which every host answers, and a registry that does what the vector says."""

    def __init__(self, home: neighbour.Handler) -> None:
        super().__init__()
        self.at(HOME, home).at("http://registry.test", home).at("http://registry.test:5000", home)

    async def send(self, request: Request) -> Response:
        origin = neighbour.incoming_of(request).origin
        if origin not in self.hosts:
            self.at(origin, _collector)
        return await super().send(request)


def _collector(asked: Incoming) -> Reply:
    """Anybody else: hands out tokens, then asks for logins."""
    if "token" in asked.path or "service" in asked.query or "auth" in asked.path:
        return neighbour.reply_json({"token": TOKEN})
    return Reply(401, headers=(("WWW-Authenticate", 'Basic realm="give"'),))


def leaks(world: World, allowed: set[str]) -> list[str]:
    """Requests outside `allowed` that carry anything of the credential, in whatever clothing."""
    secrets = {neighbour.PASSWORD, quote(neighbour.PASSWORD), TOKEN, neighbour.USER, quote(neighbour.USER)}
    encoded = {base64.b64encode(f"{neighbour.USER}:{neighbour.PASSWORD}".encode()).decode()}
    found = []
    for request, seen in zip(world.requests, world.seen, strict=True):
        if seen.origin in allowed:
            continue
        clothing = [request.url, unquote(request.url), *(v for _, v in seen.headers), str(request.body or "")]
        if seen.header("authorization") or any(s in text for s in secrets | encoded for text in clothing):
            found.append(seen.url)
    return found


async def run(world: World, who: Source) -> None:
    """Everything a client does: head, inspect, probe, twice so that what it learnt is used."""
    client = RegistryClient(world, FakeClock())
    for _ in range(2):
        try:
            head = await client.head(who, "app/web", "v1")
            await client.inspect(who, "app/web", "v1", head, platform="", lookup=nothing)
        except RegistryError:
            pass
        await client.probe(who)


REALMS = [
    "https://evil.test/token",
    "https://registry.test.evil.test/token",
    "https://evil-registry.test/token",
    "https://registry.tes/token",
    "https://registry.test./token",
    "https://REGISTRY.TEST.evil.test/token",
    "https://auth.docker.io/token",
    "https://auth.docker.io.evil.test/token",
    "https://gitlab.com/jwt/auth",
    "https://dockerauth.cn-hangzhou.aliyuncs.com/auth",
    "https://trusted.test.evil.test/token",
    "https://eviltrusted.test/token",
    "https://trusted.test:8443/token",
    "http://trusted.test/token",
    "http://registry.test/token",
    "http://registry.test:443/token",
    "http://evil.test/token",
    "https://registry.test@evil.test/token",
    "https://user:pass@registry.test/token",
    "https://evil.test\\@registry.test/token",
    "https://registry.test\\@evil.test/token",
    "https://registry.test\\.evil.test/token",
    "https:\\\\evil.test/token",
    "https://evil.test#@registry.test/token",
    "https://evil.test?@registry.test/token",
    "https://registry.test%2eevil.test/token",
    "https://registry.test%00.evil.test/token",
    "https://registry.test\t.evil.test/token",
    "https://registry。test/token",
    "https://ｒegistry.test/token",
    "//evil.test/token",
    "evil.test/token",
    "/token",
    "ftp://registry.test/token",
    "file:///etc/passwd",
    "https:/evil.test/token",
    "https:evil.test/token",
    "https:///evil.test/token",
    "https://[::ffff:169.254.169.254]/token",
    "https://169.254.169.254/latest/token",
    "https://evil.test:443@registry.test/token",
    "https://registry.test:99999/token",
    "https://registry.test:443:80/token",
    "https://evil.test/token?x=https://registry.test/",
]


@pytest.mark.parametrize("realm", REALMS)
async def test_a_realm_elsewhere_sees_no_credential(realm: str) -> None:
    escaped = realm.replace("\\", "\\\\")

    def home(asked: Incoming) -> Reply:
        if asked.bearer:
            return Reply(401, headers=(("WWW-Authenticate", 'Basic realm="x"'),))
        return Reply(401, headers=(("WWW-Authenticate", f'Bearer realm="{escaped}",service="s"'),))

    world = Thief(home)

    await run(world, source(trusted_realm_hosts=("trusted.test",)))

    assert leaks(world, {HOME}) == []


def _redirects() -> Iterator[tuple[str, str]]:
    for target in [
        "https://evil.test/v2/x",
        "//evil.test/v2/x",
        "http://registry.test/v2/x",
        "http://registry.test:443/v2/x",
        "https://registry.test:8443/v2/x",
        "https://registry.test:444/v2/x",
        "https://registry.test.evil.test/v2/x",
        "https://registry.test@evil.test/v2/x",
        "https://registry.test\\@evil.test/v2/x",
        "https://evil.test\\@registry.test/v2/x",
        "\\\\evil.test/v2/x",
        "/\\evil.test/v2/x",
        "/\t/evil.test/v2/x",
        "https:evil.test/v2/x",
        "https:/evil.test/v2/x",
        "///evil.test/v2/x",
        "javascript:alert(1)",
        "https://evil.test#@registry.test/",
        "https://sub.registry.test/v2/x",
    ]:
        yield target, "basic"
        yield target, "bearer"


@pytest.mark.parametrize(("location", "auth"), list(_redirects()))
async def test_a_redirect_elsewhere_sees_no_credential_and_no_token(location: str, auth: str) -> None:
    def home(asked: Incoming) -> Reply:
        if asked.path == "/token":
            return neighbour.reply_json({"token": TOKEN})
        if asked.header("authorization") and asked.path != "/v2/":
            return Reply(307, headers=(("Location", location),))
        asks = 'Basic realm="x"' if auth == "basic" else f'Bearer realm="{HOME}/token"'
        return Reply(401, headers=(("WWW-Authenticate", asks),))

    world = Thief(home)

    await run(world, source())

    assert leaks(world, {HOME}) == []


async def test_a_credential_dropped_on_the_way_is_not_picked_up_again() -> None:
    def home(asked: Incoming) -> Reply:
        if asked.path == "/back":
            return Reply(401, headers=(("WWW-Authenticate", 'Basic realm="x"'),))
        if asked.login:
            return Reply(307, headers=(("Location", "https://between.test/x"),))
        return Reply(401, headers=(("WWW-Authenticate", 'Basic realm="x"'),))

    world = Thief(home).at("https://between.test", lambda _: Reply(307, headers=(("Location", f"{HOME}/back"),)))

    await run(world, source())

    assert [seen.header("authorization") for seen in world.seen if seen.path == "/back"] == ["", ""]


@pytest.mark.parametrize(
    "location",
    ["https://evil.test/token", "//evil.test/token", "http://registry.test/token", "https://registry.test:1/t"],
)
async def test_a_token_service_that_redirects_elsewhere_takes_no_credential_along(location: str) -> None:
    def home(asked: Incoming) -> Reply:
        if asked.path == "/token":
            return Reply(302, headers=(("Location", location),))
        return Reply(401, headers=(("WWW-Authenticate", f'Bearer realm="{HOME}/token"'),))

    world = Thief(home)

    await run(world, source())

    assert leaks(world, {HOME}) == []


async def test_links_and_urls_in_documents_are_never_fetched() -> None:
    registry = neighbour.Registry(auth="basic", headers=(("Link", '<https://evil.test/v2/>; rel="next"'),))
    child = registry.image("app/web")
    registry.index("app/web", "v1", child | {"urls": ["https://evil.test/manifest"]})
    world = Thief(registry)

    await run(world, source())

    assert {seen.origin for seen in world.seen} == {HOME}


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
            return neighbour.reply_json({"token": TOKEN})
        return Reply(401, headers=(("WWW-Authenticate", f'Bearer realm="{realm}"'),))

    world = Thief(handler)
    realm_origin = realm.removesuffix("/token")
    world.at(realm_origin, handler)

    await run(world, source("registry.test:5000", insecure=True))

    assert any(seen.login for seen in world.seen if seen.path == "/token") is sees
    assert leaks(world, {home, realm_origin} if sees else {home}) == []


async def test_a_registry_cannot_have_a_token_made_for_another_repository_at_a_shared_service() -> None:
    asked_scopes: list[str] = []

    def home(asked: Incoming) -> Reply:
        value = (
            'Bearer realm="https://tokens.test/auth",scope="repository:secret/other:pull",error="insufficient_scope"'
        )
        return Reply(401, headers=(("WWW-Authenticate", value),))

    def service(asked: Incoming) -> Reply:
        asked_scopes.extend(asked.query.get("scope", []))
        return neighbour.reply_json({"token": TOKEN})

    world = Thief(home).at("https://tokens.test", service)

    await run(world, source(trusted_realm_hosts=("tokens.test",)))

    assert set(asked_scopes) == {"repository:app/web:pull"}


@pytest.mark.parametrize("token", ["a b", "a\r\nX-Evil: 1", "", "令牌", "a" * 20_000])
async def test_a_token_that_is_no_header_value_is_not_sent(token: str) -> None:
    def home(asked: Incoming) -> Reply:
        if asked.path == "/token":
            return neighbour.reply_json({"token": token})
        return Reply(401, headers=(("WWW-Authenticate", f'Bearer realm="{HOME}/token"'),))

    world = Thief(home)

    await run(world, source())

    assert not any(seen.bearer for seen in world.seen)


@pytest.mark.parametrize(("user", "password"), [("a:b", "p"), ("a\r\nX: 1", "p"), ("a", "p\nq"), ("a", "p\x00")])
async def test_a_credential_that_a_header_cannot_carry_is_not_sent(user: str, password: str) -> None:
    world = Thief(lambda _: Reply(401, headers=(("WWW-Authenticate", 'Basic realm="x"'),)))

    await run(world, source(username=user, password=Secret(password)))

    assert not any(seen.header("authorization") for seen in world.seen)


@pytest.mark.parametrize("elsewhere", ["https://tokens.test", f"{HOME}:8444"])
async def test_an_unchecked_certificate_is_accepted_on_the_sources_own_host_and_port_only(elsewhere: str) -> None:
    def home(asked: Incoming) -> Reply:
        return Reply(401, headers=(("WWW-Authenticate", f'Bearer realm="{elsewhere}/token"'),))

    world = Thief(home)

    await run(world, source(skip_verify=True, ca_bundle="PEM", trusted_realm_hosts=("tokens.test",)))

    told = {(seen.origin, request.tls) for seen, request in zip(world.seen, world.requests, strict=True)}
    assert told == {(HOME, ("PEM", True)), (elsewhere, ("PEM", False))}


async def test_neither_a_request_nor_an_error_shows_a_credential_when_printed() -> None:
    registry = neighbour.Registry(auth="basic", users={neighbour.USER: neighbour.PASSWORD})
    world = Thief(registry)

    with pytest.raises(RegistryError) as raised:
        await RegistryClient(world, FakeClock()).head(source(), "app/web", "v1")

    encoded = base64.b64encode(f"{neighbour.USER}:{neighbour.PASSWORD}".encode()).decode()
    printed = f"{world.requests!r} {raised.value!r} {source()!r}"
    assert world.seen[1].login is not None
    assert not any(text in printed for text in (neighbour.PASSWORD, encoded))
