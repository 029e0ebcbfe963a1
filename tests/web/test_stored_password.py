"""A stored password follows to no other address, by no way of writing at either door: the doors stand over the real
registry client, in a world of thieves who write down what they are shown."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from imageyard.registry.client import RegistryClient
from tests.fakes.asgi import Client
from tests.fakes.clock import FakeClock
from tests.registry import thief
from tests.registry.neighbour import Incoming, Reply
from tests.registry.thief import Thieves
from tests.web import whole
from tests.web.kube import samples as kube

REST: Final = "/oapis/image.theriseunion.io/v1alpha1/namespaces/default/registry-secrets"
HOME: Final = "https://registry.test"
OTHER: Final = "another-Pa55word"

Json = dict[str, Any]


def source(name: str = "src", **spec: Any) -> Json:
    fields = {"domain": "registry.test", "username": thief.USER, "password": thief.PASSWORD, "provider": "other"}
    return kube.source(name, **{**fields, **spec})


class Yard(NamedTuple):
    client: Client
    world: Thieves

    async def tested(self) -> None:
        """The stored source is tested, by a registry that names everybody's token service in turn."""
        for _ in range(2):
            await self.client.post(f"{REST}/src/verify", {})
        assert [each for each in thief.shown(self.world) if each.origin != HOME] == []


@pytest.fixture
async def yard(tmp_path: Path) -> AsyncIterator[Yard]:
    world = Thieves()

    def home(asked: Incoming) -> Reply:
        realm = "https://evil.test/token" if len(world.seen) % 2 else f"{HOME}/token"
        return thief.collect(asked) if asked.path == "/token" else thief.challenge(thief.bearer(realm))

    world.at(HOME, home)
    async with whole.running(tmp_path, registry=RegistryClient(world, FakeClock())) as server:
        client = await server.client("admin", "system:masters")
        assert (await client.post(kube.SOURCES, source())).status == 201
        yield Yard(client, world)


CHANGES: Final[dict[str, Json]] = {
    "another host": {"domain": "evil.test"},
    "another port": {"domain": "registry.test:8443"},
    "the port, named": {"domain": "registry.test:443"},
    "a longer name": {"domain": "registry.test.evil.test"},
    "Docker Hub": {"domain": "docker.io"},
    "an address": {"domain": "[2001:db8::1]:5000"},
    "another provider": {"provider": "dockerhub"},
    "Harbor": {"provider": "harbor"},
    "plain HTTP": {"insecure": True},
    "any certificate": {"insecureSkipVerify": True},
    "another realm": {"trustedRealmHosts": ["evil.test"]},
    "host and user": {"domain": "evil.test", "username": "evil"},
    "host and plain HTTP": {"domain": "evil.test", "insecure": True},
    "all at once": {"domain": "evil.test", "provider": "harbor", "username": "x", "trustedRealmHosts": ["evil.test"]},
    "host, no user": {"domain": "evil.test", "username": ""},
}


def _writings(change: Json) -> Iterator[tuple[str, str, str, Any, dict[str, str]]]:
    """(way, method, path, body, headers) of a change without a password."""
    put = source(**change)
    del put["spec"]["password"]
    operations = [{"op": "add", "path": f"/spec/{name}", "value": value} for name, value in change.items()]
    applied = f"{kube.SOURCES}/src?fieldManager=evil&force=true"
    for door, path in (("REST", REST), ("kube", kube.SOURCES)):
        yield f"{door} PUT", "PUT", f"{path}/src", put, {}
        yield f"{door} merge", "PATCH", f"{path}/src", {"spec": change}, kube.MERGE
        yield f"{door} JSON patch", "PATCH", f"{path}/src", operations, kube.JSON_PATCH
        whole_spec = [{"op": "replace", "path": "/spec", "value": put["spec"]}]
        yield f"{door} JSON patch of all", "PATCH", f"{path}/src", whole_spec, kube.JSON_PATCH
        for value in (None,) if change.get("username") == "" else ("", None):  # an anonymous source has none to take
            yield (
                f"{door} merge, {value!r}",
                "PATCH",
                f"{path}/src",
                {"spec": {**change, "password": value}},
                kube.MERGE,
            )
        for verb, member in (("copy", "from"), ("move", "from"), ("test", "path")):
            carry = {"op": verb, "path": "/spec/username", member: "/spec/password", "value": "x"}
            yield f"{door} {verb}", "PATCH", f"{path}/src", [*operations, carry], kube.JSON_PATCH
    yield "REST JSON", "PATCH", f"{REST}/src", {"spec": change}, {"content-type": "application/json"}
    yield "apply", "PATCH", applied, put, kube.APPLY


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_no_way_of_writing_takes_a_stored_password_along(yard: Yard, change: Json) -> None:
    for way, method, path, body, headers in _writings(change):
        answer = await yard.client.request(method, path, body, headers=headers)
        assert answer.status in (400, 422), (way, answer.text)
        assert thief.PASSWORD not in answer.text
    await yard.tested()


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_no_verify_shows_a_stored_password_elsewhere(yard: Yard, change: Json) -> None:
    for body in (change, {**change, "password": ""}, {**change, "password": None}, {"username": "x", **change}):
        answer = await yard.client.post(f"{REST}/src/verify", body)
        assert answer.status == 400 or (body["username"], body["password"]) == ("", ""), answer.text
    await yard.tested()


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"domain": "evil.test"}, "https://evil.test"),
        ({"domain": "registry.test:8443"}, f"{HOME}:8443"),
        ({"insecure": True}, "http://registry.test"),
        ({"trustedRealmHosts": ["evil.test"]}, "https://evil.test"),
        ({"provider": "harbor"}, HOME),
    ],
)
async def test_a_change_with_a_password_shows_that_one_and_forgets_the_other(
    yard: Yard, change: Json, where: str
) -> None:
    """The control group."""
    spec = {"spec": {**change, "password": OTHER}}
    assert (await yard.client.patch(f"{REST}/src", spec, headers=kube.MERGE)).status == 200
    for _ in range(2):
        await yard.client.post(f"{REST}/src/verify", {})
    assert where in {each.origin for each in thief.shown(yard.world, OTHER) if each.what == "login"}
    assert {each.what for each in thief.shown(yard.world)} <= {"token"}


async def test_the_same_name_made_again_has_nothing_of_its_predecessor(yard: Yard) -> None:
    assert (await yard.client.delete(f"{REST}/src")).status == 204
    left = source(domain="evil.test")
    del left["spec"]["password"]
    assert (await yard.client.post(REST, left)).status == 400
    assert (await yard.client.post(kube.SOURCES, left)).status == 422
    assert (await yard.client.post(REST, source(domain="evil.test", username="", password=""))).status == 201
    await yard.tested()
    assert thief.shown(yard.world) == []
