"""A world of thieves: every host answers and writes down what it was shown; and who was shown a credential.

A credential is looked for in whatever clothing: as it is, in base64 at any offset, in a URL, in JSON, in hex.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from imageyard.domain.secret import Secret
from imageyard.egress import Request, Response
from imageyard.registry import RegistryError, Source
from imageyard.registry.client import RegistryClient
from tests.e2e import evidence
from tests.fakes.clock import FakeClock
from tests.registry import neighbour
from tests.registry.neighbour import Content, Handler, Incoming, Reply, World, nothing

USER: Final = "robot$ci"
PASSWORD: Final = "canary-Pa55/word+~\u00fc"
TOKEN: Final = "signed-token"
"""How each token begins that was made with the credential; anonymous ones begin otherwise."""
COUNTED: Final = re.compile(r"signed-token-[0-9]+")


class Thieves(World):
    """Hosts that are not told to answer otherwise hand out tokens, and ask for logins."""

    async def send(self, request: Request) -> Response:
        origin = neighbour.incoming_of(request).origin
        if origin not in self.hosts:
            self.at(origin, collect)
        return await super().send(request)


def collect(asked: Incoming) -> Reply:
    """What a thief answers: a token to whoever asks for one, and otherwise that a login is needed."""
    if "service" in asked.query or "token" in asked.path or asked.method == "POST":
        return tokens()(asked)
    return Reply(401, headers=(("WWW-Authenticate", 'Basic realm="give"'),))


def tokens() -> Handler:
    """A token service that takes any login, and numbers its tokens."""
    count = iter(range(1, 1_000))

    def answer(asked: Incoming) -> Reply:
        signed = asked.login is not None or "refresh_token" in asked.form
        return neighbour.reply_json({"token": f"{TOKEN}-{next(count)}" if signed else "anonymous"})

    return answer


def challenge(*values: str) -> Reply:
    return Reply(401, headers=tuple(("WWW-Authenticate", value) for value in values))


def bearer(realm: str) -> str:
    quoted = realm.replace("\\", "\\\\").replace('"', '\\"')
    return f'Bearer realm="{quoted}",service="s"'


class Shown(NamedTuple):
    """Part of a credential that an origin was shown."""

    origin: str
    what: str
    url: str


def shown(world: World, password: str = PASSWORD, user: str = USER) -> list[Shown]:
    """Everything of the credential that anybody was shown, in order."""
    needles = {form: what for what, secret in _secrets(password, user) for form in evidence.forms(secret)}
    found = []
    for request, seen in zip(world.requests, world.seen, strict=True):
        paper = "\n".join([request.url, *(f"{name}: {value}" for name, value in seen.headers)]).encode()
        paper += b"\n" + (request.body or b"")
        found += [Shown(seen.origin, what, seen.url) for form, what in needles.items() if form in paper]
    return found


def _secrets(password: str, user: str) -> Iterator[tuple[str, str]]:
    yield "password", password
    yield "login", f"{user}:{password}"
    yield "token", TOKEN


def stolen(world: World, may_see: Callable[[str], bool]) -> list[Shown]:
    """What was shown to origins that may not see it."""
    return [each for each in shown(world) if not may_see(each.origin)]


def source(domain: str = "registry.test", **changes: object) -> Source:
    fields: dict[str, object] = {"username": USER, "password": Secret(PASSWORD), **changes}
    return neighbour.source(domain, **fields)


def content() -> Content:
    """An index of one image, so that all kinds of requests are made."""
    held = Content()
    held.index("app/web", "v1", held.image("app/web") | {"urls": ["https://urls.test/token"]})
    return held


async def converse(world: World, who: Source, client: RegistryClient | None = None, path: str = "app/web") -> None:
    """Everything a client does: test, head, inspect; twice, so that what it learnt is used."""
    client = client or RegistryClient(world, FakeClock())
    for _ in range(2):
        await client.probe(who)
        try:
            head = await client.head(who, path, "v1")
            await client.inspect(who, path, "v1", head, platform="", lookup=nothing)
        except RegistryError:
            continue


def host(origin: str) -> str:
    return urlsplit(origin).hostname or ""
