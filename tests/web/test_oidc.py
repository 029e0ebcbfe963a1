"""Callers an issuer vouches for, at the doors: REST, kubectl's, TokenReview."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from imageyard.domain.claims import Rules
from imageyard.service import issuer_keys
from imageyard.service.issuer_keys import IssuerKeys
from imageyard.service.oidc import Oidc
from tests.fakes.asgi import Answer, Client
from tests.fakes.clock import settle
from tests.fakes.issuer import Issuer
from tests.web import whole
from tests.web.test_objects import is_status

URL = "https://id.example.com"
IMAGES = "/oapis/image.theriseunion.io/v1alpha1/namespaces/default/repositories"
SELF = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
REVIEW = "/apis/authentication.k8s.io/v1/tokenreviews"
ASKS_SELF = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}


class House:
    """A server, its issuer, and callers from one address."""

    def __init__(self, server: whole.Server, issuer: Issuer) -> None:
        self.server = server
        self.issuer = issuer

    def bearer(self, token: str) -> Client:
        return Client(self.server.app, {"authorization": f"Bearer {token}"})

    async def user(self, token: str) -> Answer:
        return await self.bearer(token).post(SELF, ASKS_SELF)


@asynccontextmanager
async def running(place: Path) -> AsyncIterator[House]:
    async with whole.running(place) as server:
        issuer = Issuer(URL, server.clock.now)
        keys = IssuerKeys(URL, issuer, server.clock, server.doors.metrics)
        rules = Rules(URL, frozenset({"imageyard"}), username_prefix="corp:", groups_prefix="")
        oidc = Oidc(rules, frozenset({"ES256"}), keys, server.clock, server.doors.metrics)
        task = asyncio.create_task(keys.run())
        await settle(60)
        yield House(server.changed(oidc=oidc), issuer)
        task.cancel()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with running(tmp_path) as house:
        yield house


async def test_the_groups_of_a_token_are_groups_of_roles(house: House) -> None:
    assert (await house.bearer(house.issuer.token(groups=["image-viewer"])).get(IMAGES)).status == 200
    assert (await house.bearer(house.issuer.token(groups=["else"])).get(IMAGES)).status == 403


async def test_whoami_tells_the_prefixed_user(house: House) -> None:
    answer = await house.user(house.issuer.token(groups=["dev"]))
    assert answer.json()["status"]["userInfo"] == {"username": "corp:alice", "groups": ["dev", "system:authenticated"]}


async def test_a_key_nobody_knows_is_asked_for_while_the_request_waits(house: House) -> None:
    house.issuer.rotate()
    await house.server.clock.advance(issuer_keys.AGAIN)
    assert (await house.user(house.issuer.token())).status == 201


async def test_every_failure_is_told_alike_and_counted_as_a_guess(house: House) -> None:
    good = house.issuer.token()
    wrong = [
        "iy_unknown",
        "a.b.c",
        good[:-4] + "AAAA",
        house.issuer.token(exp=1),
        house.issuer.token(aud="other"),
        house.issuer.token(header={"kid": "unknown"}),
    ]
    answers = [await house.bearer(token).get(IMAGES) for token in wrong]
    assert {answer.body for answer in answers} == {answers[0].body}
    assert {answer.status for answer in answers} == {401}
    assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}
    for _ in range(14):
        assert (await house.bearer("a.b.c").get(IMAGES)).status == 401
    is_status(await house.bearer("a.b.c").get(IMAGES), 429, "TooManyRequests")
    assert (await house.user(good)).status == 201


@pytest.mark.parametrize(("fill", "status"), [(8_000, 201), (17_000, 401)])
async def test_a_token_may_be_long_but_not_endless(house: House, fill: int, status: int) -> None:
    assert (await house.user(house.issuer.token(filling="x" * fill))).status == status


async def review(house: House, token: str) -> Answer:
    admin = await house.server.client("root", "system:masters")
    spec = {"token": token}
    return await admin.post(REVIEW, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": spec})


async def test_a_token_review_knows_the_issuers_tokens(house: House) -> None:
    house.issuer.rotate()
    await house.server.clock.advance(issuer_keys.AGAIN)
    token = house.issuer.token(groups=["dev"])
    answer = await review(house, token)
    user = {"username": "corp:alice", "groups": ["dev", "system:authenticated"]}
    assert answer.json()["status"] == {"authenticated": True, "user": user}
    assert token not in answer.text


@pytest.mark.parametrize("token", ["a.b.c", "..", "é.x.y"])
async def test_a_token_review_of_nobodys_token_says_so(house: House, token: str) -> None:
    assert (await review(house, token)).json()["status"].get("authenticated") is not True


async def test_without_an_issuer_its_tokens_are_nobodys(tmp_path: Path) -> None:
    async with whole.running(tmp_path) as server:
        issuer = Issuer(URL, server.clock.now)
        client = Client(server.app, {"authorization": f"Bearer {issuer.token()}"})
        assert (await client.get(IMAGES)).status == 401


async def test_own_tokens_count_beside_the_issuers(house: House) -> None:
    assert (await (await house.server.client("bob", "image-viewer")).get(IMAGES)).status == 200
