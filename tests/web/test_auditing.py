"""Whatever changes something or is refused is on record: who, when, from where, what, with which outcome."""

import json
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from imageyard.domain.audit import CREDENTIAL, DECISION, DOOR, DRY_RUN, PART_OF, RESULT, Event, ObjectRef
from imageyard.service import refusals
from imageyard.service.dampened import Dampened
from imageyard.service.happenings import Happening
from tests.fakes.asgi import Answer, Client
from tests.fakes.clock import START, FakeClock
from tests.fakes.trail import MemoryAudit
from tests.web import whole
from tests.web.samples import IMAGES, NAMESPACES, SECRETS, image, secret
from tests.web.whole import Server

GROUP: Final = "image.theriseunion.io"
KUBE: Final = f"/apis/{GROUP}/v1alpha1/namespaces/default"
MERGE: Final = {"content-type": "application/merge-patch+json"}
LABEL: Final = {"metadata": {"labels": {"a": "b"}}}
IN_ALL: Final = 300
"""Generated requests."""


@pytest.fixture
def trail() -> MemoryAudit:
    return MemoryAudit()


@pytest.fixture
async def server(tmp_path: Path, trail: MemoryAudit) -> AsyncIterator[Server]:
    async with whole.running(tmp_path, audit=trail, trusted_proxies=(ip_network("10.0.0.0/8"),)) as running:
        yield running


@pytest.fixture
async def client(server: Server) -> Client:
    """An administrator with a token called as he is."""
    return await server.client("ann", "system:masters")


def told(event: Event) -> tuple[str, str, str, int]:
    """Verb, resource with its subresource, name, code."""
    ref, status = event.object_ref, event.response_status
    assert ref is not UNSET
    assert status is not UNSET
    return event.verb, "/".join(filter(None, (ref.resource, ref.subresource))), ref.name, status.code


async def act(client: Client, sources: str, images: str) -> None:
    """Every action of the API reference, at one of the doors."""
    assert (await client.post(sources, secret())).status == 201
    assert (await client.post(images, image("web"))).status == 201
    assert (await client.patch(f"{images}/web", LABEL, headers=MERGE)).status == 200
    whole_ = (await client.get(f"{images}/web")).json()
    whole_["spec"]["tag"] = "v2"
    assert (await client.put(f"{images}/web", whole_)).status == 200
    assert (await client.post(f"{sources}/harbor-prod/verify", {})).status == 200
    assert (await client.post(f"{images}/web/sync")).status == 200
    assert (await client.delete(f"{images}/web")).status in (200, 204)
    assert (await client.delete(f"{sources}/harbor-prod")).status in (200, 204)


DOORS: Final = [
    pytest.param("rest", SECRETS, IMAGES, 204, id="rest"),
    pytest.param("kube", f"{KUBE}/registrysecrets", f"{KUBE}/repositories", 200, id="kube"),
]


@pytest.mark.parametrize(("door", "sources", "images", "gone"), DOORS)
async def test_every_action_of_the_reference_is_recorded_once_and_reads_are_not(
    client: Client, trail: MemoryAudit, door: str, sources: str, images: str, gone: int
) -> None:
    await act(client, sources, images)
    assert [told(event) for event in trail.events] == [
        ("create", "registrysecrets", "harbor-prod", 201),
        ("create", "repositories", "web", 201),
        ("patch", "repositories", "web", 200),
        ("update", "repositories", "web", 200),
        ("create", "registrysecrets/verify", "harbor-prod", 200),
        ("create", "repositories/sync", "web", 200),
        ("delete", "repositories", "web", gone),
        ("delete", "registrysecrets", "harbor-prod", gone),
    ]
    assert {event.annotations[DOOR] for event in trail.events} == {door}
    assert trail.events[4].annotations[RESULT] == "Verified"


@pytest.mark.parametrize(("door", "sources", "images", "gone"), DOORS)
async def test_every_action_of_the_reference_is_an_event_of_its_object_at_either_door(
    tmp_path: Path, door: str, sources: str, images: str, gone: int
) -> None:
    happened: list[Happening] = []
    async with whole.running(tmp_path, record=happened.extend) as server:
        await act(await server.client("ann", "system:masters"), sources, images)
    reasons = {(each.about.kind, str(each.reason)) for each in happened}
    for kind, asked in (("RegistrySecret", "VerifyRequested"), ("Repository", "SyncRequested")):
        assert reasons >= {(kind, "Created"), (kind, "Deleted"), (kind, asked)}
    assert ("Repository", "Updated") in reasons


async def test_a_record_is_an_event_of_kubernetes_own_audit_log(client: Client, trail: MemoryAudit) -> None:
    await client.post(
        f"{IMAGES}?fieldManager=me", image("web"), headers={"x-request-id": "r-1", "user-agent": "kubectl/v1.36.0"}
    )
    assert json.loads(trail.lines) == {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": "r-1",
        "stage": "ResponseComplete",
        "requestURI": IMAGES,
        "verb": "create",
        "user": {
            "username": "ann",
            "groups": ["system:authenticated", "system:masters"],
            "extra": {CREDENTIAL: ["token/ann"]},
        },
        "sourceIPs": ["192.0.2.1"],
        "userAgent": "kubectl/v1.36.0",
        "objectRef": {
            "resource": "repositories",
            "namespace": "default",
            "name": "web",
            "apiGroup": GROUP,
            "apiVersion": "v1alpha1",
        },
        "responseStatus": {"metadata": {}, "status": "Success", "code": 201},
        "requestReceivedTimestamp": "2026-01-01T00:00:00Z",
        "stageTimestamp": "2026-01-01T00:00:00Z",
        "annotations": {DOOR: "rest", DECISION: "allow"},
    }
    assert trail.events[0].request_received_timestamp == START


async def test_an_object_with_a_generated_name_is_named_as_it_was_made(client: Client, trail: MemoryAudit) -> None:
    body = image("") | {"metadata": {"generateName": "web-"}}
    made = [(await client.post(path, body)).json()["metadata"]["name"] for path in (IMAGES, f"{KUBE}/repositories")]
    assert [told(event)[2] for event in trail.events] == made


async def test_a_create_of_what_is_there_already_names_it(client: Client, trail: MemoryAudit) -> None:
    for _ in range(2):
        await client.post(IMAGES, image("web"))
    status = trail.events[1].response_status
    assert told(trail.events[1]) == ("create", "repositories", "web", 409)
    assert status is not UNSET
    assert (status.status, status.reason) == ("Failure", "AlreadyExists")


async def test_each_object_of_a_delete_by_names_has_its_own_record(client: Client, trail: MemoryAudit) -> None:
    await client.post(IMAGES, image("a"))
    await client.delete(IMAGES, {"names": ["a", "b"]}, headers={"x-request-id": "many"})
    events = [event for event in trail.events if event.audit_id == "many"]
    assert [told(event) for event in events] == [
        ("delete", "repositories", "a", 200),
        ("delete", "repositories", "b", 404),
        ("deletecollection", "repositories", "", 200),
    ]
    assert [event.annotations.get(PART_OF) for event in events] == ["deletecollection", "deletecollection", None]


async def test_a_name_of_many_that_may_not_be_deleted_is_recorded_as_forbidden(
    server: Server, client: Client, trail: MemoryAudit
) -> None:
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    rule = {"apiGroups": [GROUP], "resources": ["repositories"], "resourceNames": ["a"], "verbs": ["delete"]}
    subject = {"kind": "User", "name": "eve", "apiGroup": "rbac.authorization.k8s.io"}
    ref = {"kind": "ClusterRole", "name": "only-a", "apiGroup": "rbac.authorization.k8s.io"}
    await client.post(f"{rbac}/clusterroles", {"metadata": {"name": "only-a"}, "rules": [rule]})
    body = {"metadata": {"name": "only-a"}, "roleRef": ref, "subjects": [subject]}
    await client.post(f"{rbac}/clusterrolebindings", body)
    for name in ("a", "b"):
        await client.post(IMAGES, image(name))
    trail.events.clear()
    eve = await server.client("eve")
    assert (await eve.delete(IMAGES, {"names": ["a", "b"]})).status == 200
    assert [(*told(event)[2:], event.annotations[DECISION]) for event in trail.events] == [
        ("a", 200, "allow"),
        ("b", 403, "forbid"),
        ("", 200, "allow"),
    ]


async def test_each_object_of_a_deleted_collection_has_its_own_record(client: Client, trail: MemoryAudit) -> None:
    for name in ("a", "b"):
        await client.post(IMAGES, image(name))
    await client.delete(f"{KUBE}/repositories")
    assert [told(event) for event in trail.events[2:]] == [
        ("delete", "repositories", "a", 200),
        ("delete", "repositories", "b", 200),
        ("deletecollection", "repositories", "", 200),
    ]


async def test_rehearsals_are_recorded_and_marked(client: Client, trail: MemoryAudit) -> None:
    path = f"{KUBE}/repositories"
    await client.post(path, image("web"))
    await client.post(f"{path}?dryRun=All", image("other"))
    await client.patch(f"{path}/web?dryRun=All", LABEL, headers=MERGE)
    await client.delete(f"{path}/web?dryRun=All")
    await client.delete(f"{path}/web", {"kind": "DeleteOptions", "apiVersion": "v1", "dryRun": ["All"]})
    await client.post(f"{IMAGES}/web/sync?dryRun=All", image("web"))
    assert [event.annotations.get(DRY_RUN) for event in trail.events] == [None, "All", "All", "All", "All", "All"]
    assert trail.events[-1].annotations[RESULT] == "RegistryNotFound"


async def test_tokens_and_keys_are_named_and_never_shown(client: Client, trail: MemoryAudit) -> None:
    made = await client.post("/admin/v1/tokens", {"name": "robot", "user": "bot", "groups": ["image-viewer"]})
    await client.delete("/admin/v1/tokens/robot")
    await client.delete("/admin/v1/tokens/robot")
    await client.post("/admin/v1/keys/rotate")
    assert [told(event) for event in trail.events] == [
        ("create", "accesstokens", "robot", 201),
        ("delete", "accesstokens", "robot", 204),
        ("delete", "accesstokens", "robot", 404),
        ("create", "keys/rotate", "0a1b2c3d", 200),
    ]
    assert made.json()["token"].encode() not in trail.lines


FORM: Final = {"content-type": "application/x-www-form-urlencoded"}
IMAGE: Final = "/console/images/default/web"


async def signed_in(server: Server, token: str) -> Answer:
    return await server.stranger().post("/console/sign-in", f"token={token}".encode(), headers=FORM)


def session_of(answer: Answer) -> str:
    """The cookie of a session, as it is sent back."""
    return answer.headers["set-cookie"].partition(";")[0]


async def test_what_is_done_at_the_console_is_recorded_as_at_any_door(client: Client, trail: MemoryAudit) -> None:
    await client.post(SECRETS, secret())
    await client.post(IMAGES, image("web"))
    trail.events.clear()
    for action in ("sync", "suspend", "resume", "delete"):
        assert (await client.post(f"{IMAGE}/{action}", b"confirmed=web", headers=FORM)).status == 303
    await client.post("/console/sources/default/harbor-prod/verify", b"", headers=FORM)
    await client.post("/console/preferences", b"theme=dark", headers=FORM)
    await client.get(IMAGE)
    assert [told(event) for event in trail.events] == [
        ("create", "repositories/sync", "web", 303),
        ("patch", "repositories", "web", 303),
        ("patch", "repositories", "web", 303),
        ("delete", "repositories", "web", 303),
        ("create", "registrysecrets/verify", "harbor-prod", 303),
    ]
    assert {(event.annotations[DOOR], event.annotations[DECISION]) for event in trail.events} == {("console", "allow")}
    assert {ref.namespace for event in trail.events if (ref := event.object_ref) is not UNSET} == {"default"}


async def test_who_may_not_is_recorded_at_the_console_too(server: Server, client: Client, trail: MemoryAudit) -> None:
    await client.post(IMAGES, image("web"))
    trail.events.clear()
    eve = await server.client("eve")
    await eve.get(IMAGE)
    await eve.post(f"{IMAGE}/sync", b"", headers=FORM)
    assert [(told(event), event.annotations[DECISION]) for event in trail.events] == [
        (("get", "repositories", "web", 403), "forbid"),
        (("create", "repositories/sync", "web", 403), "forbid"),
    ]


async def test_signing_in_and_out_is_recorded_by_who_did_it_and_no_token_is(server: Server, trail: MemoryAudit) -> None:
    token = (await server.doors.tokens.create("ann", "ann", ["image-viewer"], None)).reveal()
    cookie = session_of(await signed_in(server, token))
    await server.stranger().post("/console/sign-out", headers={"cookie": cookie})
    begun, ended = trail.events
    name = told(begun)[2]
    assert name.startswith("session-")
    assert [told(each) for each in trail.events] == [
        ("create", "accesstokens", name, 303),
        ("delete", "accesstokens", name, 303),
    ]
    assert (begun.user.username, begun.user.extra[CREDENTIAL]) == ("ann", ["token/ann"])
    assert (ended.user.username, ended.user.extra[CREDENTIAL]) == ("ann", [f"session/{name}"])
    assert token.encode() not in trail.lines
    assert cookie.partition("=")[2].encode() not in trail.lines


async def test_a_sign_in_that_fails_is_recorded_as_any_failed_authentication(
    server: Server, trail: MemoryAudit
) -> None:
    stranger, cookie = server.stranger(), {"cookie": "imageyard_session=iy_guess"}
    await signed_in(server, "iy_" + "guess" * 8)
    await stranger.post("/console/sign-out", headers=cookie)
    await stranger.post(f"{IMAGE}/sync")
    await stranger.get("/console/images", headers=cookie)
    await stranger.get("/console/images")
    assert [told(event)[:2] for event in trail.events] == [
        ("create", "accesstokens"),
        ("delete", "accesstokens"),
        ("create", "repositories/sync"),
        ("get", "repositories"),
    ], "who shows nothing and only comes to sign in was denied nothing"
    for event in trail.events:
        status = event.response_status
        assert status is not UNSET
        assert (event.user.username, status.code, status.reason) == ("system:anonymous", 401, "Unauthorized")
        assert DECISION not in event.annotations
    assert b"guess" not in trail.lines


async def test_who_may_not_is_recorded_reading_or_writing(server: Server, trail: MemoryAudit) -> None:
    eve = await server.client("eve")
    await eve.get(IMAGES)
    await eve.delete(f"{KUBE}/repositories/web")
    await eve.get("/admin/v1/tokens")
    await eve.get("/metrics")
    assert [(event.verb, event.request_uri, event.annotations[DECISION]) for event in trail.events] == [
        ("list", IMAGES, "forbid"),
        ("delete", f"{KUBE}/repositories/web", "forbid"),
        ("get", "/admin/v1/tokens", "forbid"),
        ("get", "/metrics", "forbid"),
    ]
    assert {event.user.username for event in trail.events} == {"eve"}


@pytest.mark.parametrize(("path", "code"), [(f"{KUBE}/repositories", 403), ("/nothing", 404)], ids=["403", "404"])
async def test_who_may_nothing_pushes_nothing_out_of_the_trail(
    tmp_path: Path, trail: MemoryAudit, path: str, code: int
) -> None:
    async with whole.running(tmp_path, audit=Dampened(trail, FakeClock())) as server:
        eve, ann = await server.client("eve"), await server.client("ann", "system:masters")
        for _ in range(refusals.PER_USER + 5):
            assert (await eve.post(path, image())).status == code
        assert (await ann.post(SECRETS, secret())).status == 201
    assert [event.user.username for event in trail.events] == ["eve"] * refusals.PER_USER + ["ann"]


async def test_who_is_not_known_is_recorded_with_the_address_he_comes_from(server: Server, trail: MemoryAudit) -> None:
    stranger = server.stranger()
    stranger.address = "10.0.0.9"
    await stranger.get(IMAGES, headers={"x-forwarded-for": "192.0.2.66"})
    await stranger.post(SECRETS, secret(), headers={"authorization": "Bearer iy_" + "x" * 43})
    await stranger.get("/livez", headers={"host": "evil.example.com"})
    await stranger.get(IMAGES, headers={"host": "evil.example.com"})
    assert [(event.source_ips, event.user.username) for event in trail.events] == [
        (["192.0.2.66"], "system:anonymous"),
        (["10.0.0.9"], "system:anonymous"),
        (["10.0.0.9"], "system:anonymous"),
    ]
    assert [told(event)[3] for event in trail.events] == [401, 401, 421]


async def test_questions_sent_by_post_are_no_changes(server: Server, trail: MemoryAudit) -> None:
    review = {"spec": {"resourceAttributes": {"verb": "get", "resource": "repositories"}}}
    path = "/apis/authorization.k8s.io/v1"
    eve = await server.client("eve")
    assert (await eve.post(f"{path}/selfsubjectaccessreviews", review)).status == 201
    assert (await eve.post(f"{path}/subjectaccessreviews", review)).status == 403
    assert [told(event) for event in trail.events] == [("create", "subjectaccessreviews", "", 403)]


async def test_asking_too_often_denies_a_known_caller_a_change_and_is_recorded(
    server: Server, trail: MemoryAudit
) -> None:
    ben = await server.client("ben", "image-admin")
    await ben.post(SECRETS, secret())
    for _ in range(11):
        last = await ben.post(f"{SECRETS}/harbor-prod/verify", {})
    assert last.status == 429
    assert told(trail.events[-1]) == ("create", "registrysecrets/verify", "harbor-prod", 429)


async def test_a_role_called_as_no_other_object_can_be_is_named(client: Client, trail: MemoryAudit) -> None:
    role = {"metadata": {"name": "Some Role"}, "rules": []}
    path = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
    assert (await client.post(path, role)).status == 201
    await client.delete(f"{path}/Some%20Role")
    await client.delete(f"{path}/system:basic-user")
    assert [told(event)[2] for event in trail.events] == ["Some Role", "Some Role", "system:basic-user"]


async def test_the_time_a_request_takes_lies_between_its_timestamps(server: Server, trail: MemoryAudit) -> None:
    clock = server.clock
    ann = await server.client("ann", "system:masters")
    await ann.post("/admin/v1/keys/rotate")
    await clock.advance(5)
    await ann.post("/admin/v1/keys/rotate")
    first, second = trail.events
    assert (second.request_received_timestamp - first.request_received_timestamp).total_seconds() == 5
    assert second.stage_timestamp == second.request_received_timestamp


async def test_the_operator_reads_the_trail_and_nobody_else(server: Server, client: Client, trail: MemoryAudit) -> None:
    eve = await server.client("eve")
    await eve.delete(f"{IMAGES}/web")
    assert (await eve.get("/admin/v1/audit")).status == 403
    answer = (await client.get("/admin/v1/audit?user=eve&outcome=denied&since=2026-01-01T00:00:00%2B01:00")).json()
    assert [item["requestURI"] for item in answer["items"]] == ["/admin/v1/audit", f"{IMAGES}/web"]
    assert answer["continue"] == "further"
    asked = trail.queries[0]
    assert (asked.limit, asked.filter.user, asked.filter.outcome) == (100, "eve", "denied")
    assert str(asked.filter.since) == "2025-12-31 23:00:00+00:00"


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "since=yesterday", "since=2026-01-01", "outcome=good", "stage=x"]
)
async def test_what_is_wrong_about_a_query_of_the_trail_is_named(client: Client, query: str) -> None:
    answer = await client.get(f"/admin/v1/audit?{query}")
    assert answer.status == 400
    assert [cause["field"] for cause in answer.json()["details"]["causes"]] == [query.partition("=")[0]]


PASSWORD: Final = "Pass_w0rd" + "x" * 12
"""No name of an object, as a good password is none."""
TOKEN: Final = "iy_" + "Tk" * 22
PLACES: Final = [
    "/{}",
    "/oapis/{}",
    f"{IMAGES}/{{}}",
    f"{IMAGES}/{{}}/sync",
    f"{IMAGES}/web/{{}}",
    f"{IMAGES}/web/manifests/{{}}",
    f"{NAMESPACES}/{{}}/repositories",
    f"{NAMESPACES}/{{}}/repositories/{{}}/sync",
    f"{KUBE}/repositories/{{}}",
    f"{KUBE}/repositories/{{}}/status",
    f"{KUBE}/{{}}",
    "/apis/{}/v1/x",
    "/api/v1/namespaces/{}",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles/{}",
    "/admin/v1/tokens/{}",
    "/admin/v1/tokens/{}/x",
    "/admin/{}",
    "/console/{}",
    "/console/images/{}/web/sync",
    "/console/sources/default/{}/delete",
    "/console/sign-in",
    "/livez/{}",
    f"{IMAGES}?password={{}}&dryRun={{}}&fieldManager={{}}",
    f"{KUBE}/repositories?fieldManager={{}}",
]
METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"]


def bodies(value: str) -> list[Any]:
    meta = {"name": value, "namespace": "default", "labels": {value: value}}
    spec = {**secret()["spec"], "password": value}
    return [
        b"",
        value.encode(),
        {"names": [value]},
        {"names": ["web"], value: value},
        {"metadata": meta, "spec": spec},
        {"metadata": {"generateName": f"{value}-"}, "spec": spec},
        {"metadata": {"name": "fine"}, "spec": {**spec, value: value}},
        {"name": value, "user": value, "groups": [value]},
        {"password": value, "username": value, "domain": f"robot:{value}@r.example.com"},
        [{"op": "test", "path": "/spec/password", "value": value}],
        f"token={quote(value)}&confirmed={quote(value)}".encode(),
    ]


HEADERS: Final = [
    {},
    {"authorization": "Bearer {}"},
    {"authorization": "Basic {}"},
    {"authorization": "{}"},
    {"cookie": "session={}"},
    {"referer": "https://x.example.com/?token={}"},
    {"x-forwarded-for": "{}"},
    {"host": "{}"},
    {"content-type": "{}"},
    {"x-imageyard": "{}"},
    {"impersonate-user": "{}"},
]


@settings(max_examples=IN_ALL, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(METHODS),
    place=st.sampled_from(PLACES),
    body=st.integers(0, 10),
    header=st.sampled_from(HEADERS),
    value=st.sampled_from([PASSWORD, TOKEN, f"https://robot:{PASSWORD}@r", "Bearer " + TOKEN, PASSWORD + "/" + TOKEN]),
    known=st.booleans(),
)
@example(method="DELETE", place=IMAGES, body=2, header={"user-agent": "x Bearer {}"}, value=TOKEN, known=True)
@example(method="DELETE", place=IMAGES, body=2, header={"x-request-id": "{}"}, value=TOKEN, known=True)
async def test_no_secret_is_ever_on_record(
    server: Server,
    client: Client,
    trail: MemoryAudit,
    method: str,
    place: str,
    body: int,
    header: dict[str, str],
    value: str,
    known: bool,
) -> None:
    sender = client if known else server.stranger()
    headers = {name: text.replace("{}", value) for name, text in header.items()}
    url = place.replace("{}", quote(value, safe="/" if place.startswith("/{") else ""))
    trail.events.clear()
    await sender.request(method, url, bodies(value)[body], headers=headers)
    await sender.request(method, place.replace("{}", "plain"), bodies(value)[body], headers=headers)
    written = trail.lines
    assert PASSWORD.encode() not in written
    assert TOKEN.encode() not in written
    for line in written.splitlines():
        msgspec.json.decode(line, type=Event)
        assert len(line) < 2_000


async def test_nothing_is_done_that_cannot_be_put_on_record_first(tmp_path: Path) -> None:
    trail = MemoryAudit(strict=True)
    async with whole.running(tmp_path, audit=trail) as server:
        ann = await server.client("ann", "system:masters")
        trail.full = True
        refused = [
            await ann.post(IMAGES, image("web")),
            await ann.post(f"{KUBE}/repositories", image("web")),
            await ann.post(f"{SECRETS}/harbor-prod/verify", {}),
            await ann.post("/admin/v1/tokens", {"name": "robot", "user": "bot"}),
            await ann.post("/admin/v1/keys/rotate"),
            await ann.post(f"{IMAGE}/sync", b"", headers=FORM),
            await ann.post("/console/sources/default/harbor-prod/delete", b"confirmed=harbor-prod", headers=FORM),
            await signed_in(server, ann.headers["authorization"].partition(" ")[2]),
        ]
        assert {(answer.status, answer.headers["retry-after"]) for answer in refused} == {(503, "5")}
        assert not [held for held in await server.doors.tokens.list(sessions=True) if held.spec.type == "session"]
        assert (await ann.get(f"{IMAGES}/web")).status == 404
        assert (await ann.get("/livez")).status == 200
        trail.full = False
        assert (await ann.post(IMAGES, image("web"))).status == 201


async def test_in_strict_mode_a_request_is_on_record_before_it_is_done_and_its_end_before_it_is_heard(
    tmp_path: Path,
) -> None:
    trail, heard = MemoryAudit(strict=True), list[list[str]]()
    async with whole.running(tmp_path, audit=trail) as server:
        ann = await server.client("ann", "system:masters")
        objects = server.doors.objects

        async def create(*given: Any) -> Any:
            heard.append([event.stage for event in trail.events])
            return await type(objects).create(objects, *given)

        objects.create = create  # type: ignore[method-assign, assignment]
        await ann.post(IMAGES, image("web"))
        heard.append([event.stage for event in trail.events])
    assert heard == [["RequestReceived"], ["RequestReceived", "ResponseComplete"]]
    first, last = trail.events
    assert (first.audit_id, first.verb, first.user) == (last.audit_id, last.verb, last.user)
    assert first.object_ref == ObjectRef("repositories", "default", "", GROUP, "v1alpha1")
    assert first.response_status is UNSET


async def test_in_strict_mode_a_session_is_on_record_before_it_begins_and_before_it_ends(tmp_path: Path) -> None:
    trail = MemoryAudit(strict=True)
    async with whole.running(tmp_path, audit=trail) as server:
        token = (await server.doors.tokens.create("ann", "ann", [], None)).reveal()
        await signed_in(server, "iy_wrong")
        trail.events.clear()
        cookie = session_of(await signed_in(server, token))
        await server.stranger().post("/console/sign-out", headers={"cookie": cookie})
    assert [(event.stage, event.verb, event.user.username) for event in trail.events] == [
        ("RequestReceived", "create", "ann"),
        ("ResponseComplete", "create", "ann"),
        ("RequestReceived", "delete", "ann"),
        ("ResponseComplete", "delete", "ann"),
    ]


async def test_in_strict_mode_what_was_done_is_said_although_its_end_could_not_be_recorded(tmp_path: Path) -> None:
    trail = MemoryAudit(strict=True)
    async with whole.running(tmp_path, audit=trail) as server:
        ann = await server.client("ann", "system:masters")
        record = trail.record

        async def once(events: Any) -> None:
            await record(events)
            trail.full = True

        trail.record = once  # type: ignore[method-assign]
        assert (await ann.post(IMAGES, image("web"))).status == 201


async def test_a_client_that_leaves_in_the_middle_of_its_body_is_on_record_without_an_answer(
    client: Client, trail: MemoryAudit
) -> None:
    with pytest.raises(ValueError, match="not enough values"):  # nothing was answered
        await client.request("POST", IMAGES, chunks=[], headers=MERGE)
    assert told(trail.events[0]) == ("create", "repositories", "", 0)
