"""Client certificates at the doors: made on request, known by their fingerprint, second to a token."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from starlette.types import Receive, Scope, Send

from imageyard.app import client_certificates
from imageyard.app.certificates import Certificates
from imageyard.web import exchange
from tests.fakes.asgi import Answer, Client
from tests.web import whole
from tests.web.test_objects import is_status

LASTS = timedelta(hours=1)

IMAGES = "/oapis/image.theriseunion.io/v1alpha1/namespaces/default/repositories"
SELF = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
ASKS_SELF = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
CERTIFICATES = "/admin/v1/certificates"


class House:
    def __init__(self, server: whole.Server) -> None:
        self.server = server

    async def make(self, **more: Any) -> Answer:
        admin = await self.server.client("root", "system:masters")
        wanted = {
            "name": "laptop",
            "user": "alice",
            "groups": ["image-viewer"],
            "request": client_certificates.ask().request,
        }
        answer = await admin.post(CERTIFICATES, {**wanted, **more})
        await self.server.doors.tokens.revoke("root")
        return answer

    async def made(self) -> str:
        """The fingerprint of a new certificate."""
        answer = await self.make()
        assert answer.status == 201, answer.text
        certificate = x509.load_pem_x509_certificate(answer.json()["certificate"].encode())
        return certificate.fingerprint(SHA256()).hex()

    def peer(self, fingerprint: str, **headers: str) -> Client:
        """Somebody who has proved in TLS to hold the key of this certificate."""

        async def behind_tls(scope: Scope, receive: Receive, send: Send) -> None:
            scope["extensions"] = {exchange.CERTIFICATE: {"sha256": fingerprint}}
            await self.server.app(scope, receive, send)

        return Client(behind_tls, headers)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with whole.running(tmp_path) as server:
        issued = Certificates(tmp_path / "tls")
        issued.ensure(["localhost"], server.clock.now())
        signing = client_certificates.of(server.doors.tokens, issued, server.clock)
        yield House(server.changed(certificates=signing, ca=issued.ca.read_bytes()))


async def test_who_shows_a_certificate_is_who_it_was_made_for(house: House) -> None:
    peer = house.peer(await house.made())
    told = (await peer.post(SELF, ASKS_SELF)).json()["status"]["userInfo"]
    assert told == {"username": "alice", "groups": ["image-viewer", "system:authenticated"]}
    assert (await peer.get(IMAGES)).status == 200


async def test_it_is_listed_and_revoked_as_a_token_is(house: House) -> None:
    peer, admin = house.peer(await house.made()), await house.server.client("root", "system:masters")
    listed = (await admin.get("/admin/v1/tokens")).json()["items"]
    assert [(each["name"], each["type"]) for each in listed] == [("laptop", "certificate"), ("root", "token")]
    assert (await admin.delete("/admin/v1/tokens/laptop")).status == 204
    is_status(await peer.get(IMAGES), 401, "Unauthorized")


async def test_it_ends_with_its_lifetime(house: House) -> None:
    peer = house.peer(await house.made())
    await house.server.clock.advance(30 * 86_400 - 1)
    assert (await peer.get(IMAGES)).status == 200
    await house.server.clock.advance(1)
    assert (await peer.get(IMAGES)).status == 401


async def test_one_that_nobody_registered_is_nobodys_and_counts_as_a_guess(house: House) -> None:
    peer = house.peer("ab" * 32)
    answers = [await peer.get(IMAGES) for _ in range(21)]
    assert [answer.status for answer in answers] == [401] * 20 + [429]
    assert answers[0].headers["www-authenticate"] == "Bearer"


async def test_a_token_in_the_same_request_wins(house: House) -> None:
    fingerprint = await house.made()
    token = await house.server.doors.tokens.create("bob", "bob", ["image-viewer"], None)
    as_bob = house.peer(fingerprint, authorization=f"Bearer {token.reveal()}")
    assert (await as_bob.post(SELF, ASKS_SELF)).json()["status"]["userInfo"]["username"] == "bob"
    is_status(await house.peer(fingerprint, authorization="Bearer wrong").get(IMAGES), 401, "Unauthorized")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"request": "no request"}, "request"),
        ({"user": ""}, "spec.user"),
        ({"ttlSeconds": 366 * 86_400}, "spec.expires"),
        ({"ttlSeconds": 0}, "spec.expires"),
        ({"name": "No Name"}, "metadata.name"),
        ({"groups": "image-viewer"}, "groups"),
    ],
)
async def test_what_makes_no_certificate_is_told_by_field(house: House, more: dict[str, Any], field: str) -> None:
    answer = await house.make(**more)
    is_status(answer, 400, "Invalid")
    assert [cause["field"] for cause in answer.json()["details"]["causes"]] == [field]


async def test_a_name_is_given_once_to_tokens_and_certificates_alike(house: House) -> None:
    await house.made()
    is_status(await house.make(), 409, "AlreadyExists")


async def test_where_they_are_off_none_is_made(house: House) -> None:
    house.server = house.server.changed(certificates=None)
    answer = await house.make()
    assert answer.status == 400
    assert "client_certificates" in answer.json()["message"]


async def test_nobody_but_the_administrator_makes_any(house: House) -> None:
    viewer = await house.server.client("eve", "image-viewer")
    assert (await viewer.post(CERTIFICATES, {})).status == 403


@pytest.mark.parametrize(("groups", "has"), [(["image-viewer"], True), (["bogus"], False), ([], False)])
async def test_who_makes_a_token_is_told_whether_its_bearer_may_do_anything(
    house: House, groups: list[str], has: bool
) -> None:
    admin = await house.server.client("root", "system:masters")
    answer = await admin.post("/admin/v1/tokens", {"name": "t", "user": "u", "groups": groups})
    assert answer.json()["hasRights"] is has


async def test_sessions_are_listed_for_who_asks_for_them(house: House) -> None:
    admin, tokens = await house.server.client("root", "system:masters"), house.server.doors.tokens
    parent = tokens.named("root")
    assert parent is not None
    await tokens.begin_session("session", "root", [], LASTS, parent=parent.metadata.uid)
    for query, names in (("", ["root"]), ("?sessions=true", ["root", "session"])):
        listed = (await admin.get(f"/admin/v1/tokens{query}")).json()["items"]
        assert [each["name"] for each in listed] == names


async def test_the_ca_is_there_for_who_wants_to_trust_it(house: House) -> None:
    stranger = Client(house.server.app)
    answer = await stranger.get("/ca.crt")
    assert answer.status == 200
    x509.load_pem_x509_certificate(answer.body)
    assert (await stranger.post("/ca.crt")).status == 405
    assert (await stranger.get("/ca.crt/else")).status == 401
