"""Wherever a registry leads (redirects, realms, links, layers), the gate judges again: no refused address is dialled.

The registry answers in memory; whatever it names beyond itself goes through the real gate, whose dials are recorded.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Final

import pytest
from structlog.testing import capture_logs

from imageyard.egress import Request, Response
from imageyard.egress.client import EgressClient
from imageyard.registry import RegistryError
from imageyard.registry.client import RegistryClient
from tests.egress import forms
from tests.egress.forms import CLASSES, Names, Vector
from tests.egress.recorder import Recorder
from tests.fakes.clock import FakeClock
from tests.registry import neighbour
from tests.registry.neighbour import Incoming, Registry, Reply, World, nothing, source

RULE: Final = forms.RULES["private denied"]
STATUSES: Final = (301, 302, 303, 307, 308)
Lead = Callable[[Incoming, str, int], Reply | None]
"""What a registry answers instead, given the URL to lead to and a status; None where it answers as it should."""


class Between(World):
    """Origins in memory; all others by the real gate."""

    def __init__(self, gate: EgressClient) -> None:
        super().__init__()
        self._gate = gate

    async def send(self, request: Request) -> Response:
        if request.url.startswith(("https://registry.test/", "http://registry.test/")):
            return await super().send(request)
        return await self._gate.send(request)


def _redirecting(method: str, within: str) -> Lead:
    def lead(asked: Incoming, url: str, status: int) -> Reply | None:
        leads = asked.method == method and re.search(within, asked.path)
        return Reply(status, headers=(("Location", url),)) if leads else None

    return lead


def _challenging(scheme: str) -> Lead:
    def lead(asked: Incoming, url: str, status: int) -> Reply | None:
        quoted = url.replace("\\", "\\\\").replace('"', '\\"')
        value = f'{scheme} realm="{quoted}",service="s"'
        return None if asked.path == "/token" else Reply(401, headers=(("WWW-Authenticate", value),))

    return lead


def _linking(asked: Incoming, url: str, status: int) -> Reply | None:
    headers = (("Link", f'<{url}>; rel="next"'), ("Content-Location", url), ("Refresh", f"0; url={url}"))
    return Reply(200, b"{}", headers) if asked.path == "/v2/" else None


LEADS: Final[dict[str, Lead]] = {
    "redirect of the ping": _redirecting("GET", "^/v2/$"),
    "redirect of HEAD": _redirecting("HEAD", "/manifests/"),
    "redirect of a manifest": _redirecting("GET", "/manifests/"),
    "redirect of a config": _redirecting("GET", "/blobs/"),
    "redirect of the token service": _redirecting("GET", "/token"),
    "realm of Bearer": _challenging("Bearer"),
    "realm of Basic": _challenging("Basic"),
    "links": _linking,
}
FOLLOWED: Final = {"redirect of HEAD", "redirect of a manifest", "redirect of a config", "realm of Bearer"}
"""Those that lead to another host at all."""


def _vectors() -> Iterator[Vector]:
    for texts in CLASSES.values():
        both = zip(forms.literals(texts[:1], "http"), forms.literals(texts[:1], "https"), strict=True)
        yield from (pair[at % 2] for at, pair in enumerate(both))
        yield from forms.names(texts[:1])


async def _led(lead: Lead, vectors: list[Vector]) -> list[tuple[str, int]]:
    """Talk to a registry that leads to each vector in turn; what was dialled."""
    names, dials = Names(), Recorder()
    async with EgressClient(RULE.policy, resolve=names, dial=dials) as gate:
        for number, (vector, status) in enumerate(zip(vectors, itertools.cycle(STATUSES), strict=False)):
            fresh = f"bad-{number}.test"
            names.known[fresh] = vector.found
            await _converse(gate, lead, vector.url.replace("bad.test", fresh), status)
    return dials.dialled


async def _converse(gate: EgressClient, lead: Lead, url: str, status: int) -> None:
    registry = Registry(auth="bearer", realm="https://registry.test/token")
    child = registry.image("app/web", "v1")
    registry.index("app/web", "many", child | {"urls": [url]})
    tokens = neighbour.TokenService(registry)

    def home(asked: Incoming) -> Reply:
        led = lead(asked, url, status)
        if led is not None:
            return led
        return tokens(asked) if asked.path == "/token" else registry(asked)

    scheme = "http" if url.startswith("http:") else "https"
    if scheme == "http":
        registry.realm = "http://registry.test/token"
    client = RegistryClient(Between(gate).at(f"{scheme}://registry.test", home), FakeClock())
    who = source(insecure=scheme == "http")
    await client.probe(who)
    for tag in ("v1", "many"):
        try:
            head = await client.head(who, "app/web", tag)
            await client.inspect(who, "app/web", tag, head, platform="", lookup=nothing)
        except RegistryError:
            continue


@pytest.mark.parametrize("lead", LEADS.values(), ids=LEADS)
async def test_a_registry_leads_to_no_address_that_the_rules_refuse(lead: Lead) -> None:
    vectors = list(_vectors())
    assert len(vectors) > 500
    with capture_logs():
        assert await _led(lead, vectors) == []


@pytest.mark.parametrize("name", LEADS)
async def test_what_a_registry_may_lead_to_is_dialled(name: str) -> None:
    """The control group: the same leads, to public addresses."""
    vectors = [Vector("literal", f"https://{forms.PUBLIC}/x"), Vector("name", "https://bad.test/x", ("1.1.1.1",))]
    with capture_logs():
        dialled = await _led(LEADS[name], vectors)
    expected = {(forms.PUBLIC, 443), ("1.1.1.1", 443)} if name in FOLLOWED else set()
    assert set(dialled) == expected
