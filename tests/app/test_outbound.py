"""The whole server at every door where an address comes in, with its dials written down: none that is refused.

Domains of sources by REST and by kube, verify with a brought domain, test fetch, the engine's own verify and sync, and
what a registry leads to. The forms are those of `tests/egress/forms`.
"""

import asyncio
import ipaddress
import itertools
import json
import re
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiohttp
import pytest
from aiohttp import AddrInfoType
from structlog.testing import capture_logs

from imageyard.app import server
from imageyard.egress import dialer
from imageyard.egress.client import EgressClient
from imageyard.settings import ProxyAddress, Settings
from tests.e2e.product import API, IMAGES, JSON, SOURCES, image, source
from tests.egress import forms
from tests.egress.forms import CLASSES, Names
from tests.egress.recorder import Recorder

KUBE: Final = "/apis/image.theriseunion.io/v1alpha1/namespaces/default/registrysecrets"
PREVIEW: Final = f"{IMAGES}/preview/sync?dryRun=All"
SECONDS: Final = 60
REFUSED: Final = [text for kind, texts in CLASSES.items() if kind != "own listener" for text in texts]
HOME: Final = "127.0.0.1"


class Dials(Recorder):
    """Opens connections to one address; the others are written down and refused."""

    def __init__(self, opened: str = "") -> None:
        super().__init__()
        self._opened = opened

    def __call__(self, info: AddrInfoType) -> socket.socket:
        return dialer.open_socket(info) if info[4][0] == self._opened else super().__call__(info)


class Yard(NamedTuple):
    """A running server as its operator sees it."""

    ports: tuple[int, ...]
    url: str
    names: Names
    dials: Dials
    session: aiohttp.ClientSession

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, JSON]:
        url = self.url + (path if path.startswith("/apis") else API + path)
        async with self.session.request(method, url, json=body) as answer:
            return answer.status, await answer.json()

    async def verify(self, name: str, body: object = None) -> JSON:
        return (await self.ask("POST", f"{SOURCES}/{name}/verify", body or {}))[1]

    async def fetch(self, name: str) -> str:
        """The reason of a test fetch from a source."""
        return str((await self.ask("POST", PREVIEW, image("preview", name)))[1]["status"]["reason"])

    async def settled(self, names: Sequence[str]) -> dict[str, str]:
        """The reasons of syncs and verifications by the engine, once there are all of them."""
        async with asyncio.timeout(SECONDS):
            while True:
                images = (await self.ask("GET", f"{IMAGES}?limit=1000"))[1]["items"]
                tried = {it["metadata"]["name"]: it["status"].get("reason", "") for it in images}
                sources = (await self.ask("GET", f"{SOURCES}?limit=1000"))[1]["items"]
                tested = {f"source-{it['metadata']['name']}": _verified(it) for it in sources}
                if all(tried.get(name) and tested[f"source-{name}"] not in ("", "Pending") for name in names):
                    return tried | tested
                await asyncio.sleep(0.1)


def _verified(item: JSON) -> str:
    return str(next(iter(item["status"].get("conditions", [])), {"reason": ""})["reason"])


@asynccontextmanager
async def running(directory: Path, opened: str = "", **chosen: Any) -> AsyncIterator[Yard]:
    names, dials = Names(), Dials(opened)
    settings = Settings(data_dir=directory, **{"port": 0, "tls_port": 0, "language": "en", **chosen})
    gate = partial(EgressClient, resolve=names, dial=dials)
    with capture_logs():
        async with server.running(settings, gate) as made:
            token = made.directory.admin_token.read_text().strip()
            async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
                ports = tuple(port for port in made.ports if port is not None)
                yield Yard(ports, made.url, names, dials, session)


def _domains() -> Iterator[str]:
    """Every spelling of an address of each class, as somebody types it into `spec.domain`; then the rest, plain."""
    spelled = {texts[0] for texts in CLASSES.values()} | {"::1", "169.254.169.254"}
    for text in REFUSED:
        hosts = [host for _, host in forms.hosts(ipaddress.ip_address(text))]
        for host in hosts if text in spelled else hosts[:1]:
            yield f"{host}:{forms.PORT}"
    for text in sorted(spelled):
        yield from (f"{prefix}{text}" for prefix in ("good.test@", "http://", "user:word@", "good.test\\@", "//"))


async def test_no_domain_of_a_source_makes_the_server_dial_a_refused_address(tmp_path: Path) -> None:
    domains = list(dict.fromkeys(_domains()))
    async with running(tmp_path, egress_private="deny") as yard:
        domains += [f"{HOME}:{port}" for port in yard.ports]
        for number, text in enumerate(REFUSED):
            yard.names.known[f"bad-{number}.test"] = (forms.PUBLIC, text)
            domains.append(f"bad-{number}.test:{forms.PORT}")
        made = []
        for number, domain in enumerate(domains):
            body = source(f"s-{number}", domain, "user", "word", insecure=number % 2 == 0)
            path = KUBE if number % 3 == 0 else SOURCES
            status, _ = await yard.ask("POST", path, body)
            assert status in (201, 400, 422), domain
            brought = await yard.verify(f"new-{number}", {"domain": domain, "username": "", "password": ""})
            assert brought.get("reason", brought.get("code")) in ("EgressDenied", "Invalid", "BadRequest"), domain
            if status == 201:
                made.append(f"s-{number}")
                await yard.ask("POST", IMAGES, image(f"s-{number}", f"s-{number}", retryCount=0))
        assert 200 < len(made) < len(domains) - 200
        for name in made:
            assert (await yard.verify(name))["reason"] == "EgressDenied"
            assert await yard.fetch(name) == "EgressDenied"
        assert set((await yard.settled(made)).values()) == {"EgressDenied"}
        assert yard.dials.dialled == []


async def test_what_the_rules_allow_is_dialled_at_every_door(tmp_path: Path) -> None:
    """The control group."""
    async with running(tmp_path) as yard:
        yard.names.known["intranet.test"] = ("10.0.0.1",)
        for at, (host, address) in enumerate({forms.PUBLIC: forms.PUBLIC, "intranet.test": "10.0.0.1"}.items()):
            dialled = yard.dials.dialled

            async def told(reason: object) -> None:
                assert reason == "ConnectionRefused"
                assert set(dialled) == {(address, forms.PORT)}  # noqa: B023
                dialled.clear()  # noqa: B023

            domain, name = f"{host}:{forms.PORT}", f"s-{at}"
            await told((await yard.verify("new", {"domain": domain, "username": "", "password": ""}))["reason"])
            await yard.ask("POST", (KUBE, SOURCES)[at], source(name, domain, "", ""))
            await told((await yard.verify(name))["reason"])
            await told(await yard.fetch(name))
            await yard.ask("POST", IMAGES, image(name, name, retryCount=0))
            await told((await yard.settled([name]))[name])


async def test_a_refusal_says_the_same_whatever_is_behind_the_address(tmp_path: Path) -> None:
    """Message, steps, and how many lookups it took: whoever asks learns nothing of the network around the server."""
    async with running(tmp_path, egress_private="deny") as yard:
        for literal in (True, False):
            told = set()
            for number, text in enumerate(REFUSED):
                host = f"[{text}]" if ":" in text else text
                if not literal:
                    host = f"name-{number}.test"
                    yard.names.known[host] = (text,)
                asked = len(yard.names.asked)
                answer = await yard.verify("new", {"domain": host, "username": "", "password": ""})
                for step in answer["steps"]:
                    step.pop("milliseconds")
                told.add((json.dumps(answer).replace(host, "HOST"), len(yard.names.asked) - asked))
            assert len(told) == 1
            assert [lookups for _, lookups in told] == [0 if literal else 1]
        assert yard.dials.dialled == []


class Leading:
    """A registry on loopback that leads wherever it is told to, at whichever step it is told to."""

    def __init__(self) -> None:
        self.step, self.url, self.status, self.asked = "", "", 302, 0

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        self.asked += 1
        writer.write(self._answer(head.partition("\r\n")[0]).encode("latin-1", "replace"))
        writer.close()

    def _answer(self, line: str) -> str:
        leads = self.step != "" and re.search(self.step, line)
        if self.step in ("Bearer", "Basic"):
            told = f'401 No\r\nWWW-Authenticate: {self.step} realm="{self.url}",service="s"'
        elif leads:
            told = f"{self.status} Elsewhere\r\nLocation: {self.url}"
        elif line.startswith("GET /v2/ "):
            told = '200 OK\r\nDocker-Distribution-Api-Version: registry/2.0\r\nLink: </v2/>; rel="next"'
        else:
            told = f"200 OK\r\nContent-Type: application/json\r\nDocker-Content-Digest: sha256:{'0' * 64}"
        body = "" if line.startswith("HEAD") else "{}"
        return f"HTTP/1.1 {told}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{body}"


STEPS: Final = ("GET /v2/ ", "HEAD /v2/app/web/manifests/", "GET /v2/app/web/manifests/", "Bearer", "Basic")


async def test_no_answer_of_a_registry_makes_the_server_dial_a_refused_address(tmp_path: Path) -> None:
    registry, statuses = Leading(), itertools.cycle((301, 302, 303, 307, 308))
    listener = await asyncio.start_server(registry.converse, HOME, 0)
    port = listener.sockets[0].getsockname()[1]
    opened = (ipaddress.ip_network(HOME),)
    async with listener, running(tmp_path, HOME, egress_allow=opened, egress_private="deny") as yard:
        for at in range(len(STEPS)):  # a source each, since a credential that was refused is not shown again
            await yard.ask("POST", SOURCES, source(f"src-{at}", f"{HOME}:{port}", "user", "word", insecure=True))
        for number, text in enumerate(text for text in REFUSED if text != HOME):
            yard.names.known[f"bad-{number}.test"] = (forms.PUBLIC, text)
            host = f"[{text}]" if ":" in text else text
            for (at, registry.step), name in itertools.product(
                enumerate(STEPS), (host, f"bad-{number}.test", f"{HOME}:{yard.ports[0]}")
            ):
                registry.url, registry.status = f"http://{name}/token", next(statuses)
                await yard.verify(f"src-{at}")
                await yard.fetch(f"src-{at}")
        assert yard.dials.dialled == []
        assert registry.asked > 1_000
        registry.url = f"http://{forms.PUBLIC}/"
        for at in (1, 2, 3):
            registry.step = STEPS[at]
            assert await yard.fetch(f"src-{at}") in ("ConnectionRefused", "RealmRefused")
        assert yard.dials.dialled == [(forms.PUBLIC, 80)] * 3


@pytest.mark.parametrize(
    "proxy", [forms.PUBLIC, *(texts[0] for kind, texts in CLASSES.items() if kind != "own listener")]
)
async def test_with_a_proxy_nothing_but_the_proxy_is_dialled_and_it_is_judged_too(tmp_path: Path, proxy: str) -> None:
    address = ProxyAddress(proxy, 3128)
    async with running(tmp_path, egress_proxy=address, egress_private="deny") as yard:
        for domain in ("registry.test", "169.254.169.254", "[::1]", "metadata.google.internal"):
            await yard.verify("new", {"domain": domain, "username": "", "password": ""})
        assert set(yard.dials.dialled) == ({(proxy, 3128)} if proxy == forms.PUBLIC else set())
