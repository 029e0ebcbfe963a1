"""Both kinds through the REST door: create, get, list, replace, patch, delete."""

from typing import Any

import pytest

from imageyard.domain.errors import Cause, Unavailable
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Text
from imageyard.web import reply
from tests.fakes.asgi import Answer, Client
from tests.web.conftest import Yard
from tests.web.samples import IMAGES, NAMESPACES, OBJECTS, SECRETS, image, secret

both_kinds = pytest.mark.parametrize("collection", [pytest.param(path, id=path.rpartition("/")[2]) for path in OBJECTS])


def is_status(answer: Answer, code: int, reason: str) -> dict[str, Any]:
    """The reference's error shape, whole; answers the Status."""
    status: dict[str, Any] = answer.json()
    assert answer.status == code, answer.text
    assert list(status) == ["apiVersion", "kind", "metadata", "status", "message", "reason", "details", "code"]
    assert status["apiVersion"] == "image.theriseunion.io/v1alpha1"
    assert (status["kind"], status["metadata"], status["status"]) == ("Status", {}, "Failure")
    assert (status["code"], status["reason"]) == (code, reason)
    assert status["message"]
    assert answer.headers["content-type"] == "application/json"
    return status


def fields(status: dict[str, Any]) -> list[str]:
    return [cause["field"] for cause in status["details"]["causes"]]


@both_kinds
async def test_create_answers_201_with_the_object_and_get_answers_the_same(admin: Client, collection: str) -> None:
    sent = OBJECTS[collection]("one")
    created = await admin.post(collection, sent)
    assert created.status == 201
    assert created.json()["kind"] == sent["kind"]
    read = await admin.get(f"{collection}/one")
    assert (read.status, read.body) == (200, created.body)
    assert read.headers["cache-control"] == "no-store"
    assert read.headers["content-type"] == "application/json"


@both_kinds
async def test_yaml_creates_as_json_does(admin: Client, collection: str) -> None:
    spec = OBJECTS[collection]()["spec"]
    flow = "\n".join(f"  {key}: {value}" for key, value in spec.items()).replace("'", "")
    body = f"metadata:\n  name: one\nspec:\n{flow}\n".encode()
    assert (await admin.post(collection, body, headers={"content-type": "application/yaml"})).status == 201
    assert (await admin.get(f"{collection}/one")).json()["metadata"]["name"] == "one"


@both_kinds
async def test_a_taken_name_is_409_already_exists(admin: Client, collection: str) -> None:
    await admin.post(collection, OBJECTS[collection]("one"))
    status = is_status(await admin.post(collection, OBJECTS[collection]("one")), 409, "AlreadyExists")
    assert status["details"] == {"name": "one", "kind": OBJECTS[collection]()["kind"].lower()}


@both_kinds
async def test_what_is_not_there_is_404_with_its_kind_and_name(admin: Client, collection: str) -> None:
    kind = OBJECTS[collection]()["kind"].lower()
    for answer in (
        await admin.get(f"{collection}/nowhere"),
        await admin.delete(f"{collection}/nowhere"),
        await admin.put(f"{collection}/nowhere", OBJECTS[collection]("nowhere")),
        await admin.patch(f"{collection}/nowhere", {}),
        await admin.get(f"{collection}/nowhere/history"),
    ):
        assert is_status(answer, 404, "NotFound")["details"] == {"name": "nowhere", "kind": kind}


@both_kinds
async def test_delete_answers_204_without_a_body(admin: Client, collection: str) -> None:
    await admin.post(collection, OBJECTS[collection]("one"))
    deleted = await admin.delete(f"{collection}/one")
    assert (deleted.status, deleted.body) == (204, b"")
    assert "content-length" not in deleted.headers
    is_status(await admin.get(f"{collection}/one"), 404, "NotFound")


async def test_a_list_has_the_four_fields_of_the_reference_and_nothing_else(admin: Client) -> None:
    for name in ("a", "b", "c"):
        await admin.post(IMAGES, image(name))
    answer = (await admin.get(f"{IMAGES}?page=1&limit=2")).json()
    assert list(answer) == ["apiVersion", "kind", "items", "totalItems"]
    assert answer["apiVersion"] == "image.theriseunion.io/v1alpha1"
    assert answer["kind"] == "RepositoryList"
    assert [item["metadata"]["name"] for item in answer["items"]] == ["a", "b"]
    assert answer["totalItems"] == 3


async def test_an_empty_list_and_a_page_past_the_end_are_empty_with_the_true_total(admin: Client) -> None:
    assert (await admin.get(SECRETS)).json() == {
        "apiVersion": "image.theriseunion.io/v1alpha1",
        "kind": "RegistrySecretList",
        "items": [],
        "totalItems": 0,
    }
    await admin.post(SECRETS, secret())
    far = (await admin.get(f"{SECRETS}?page=99999999999999999999")).json()
    assert (far["items"], far["totalItems"]) == ([], 1)


async def test_all_namespaces_are_a_scope_of_lists_only(admin: Client, yard: Yard) -> None:
    everywhere = f"{NAMESPACES}/_all_/repositories"
    assert (await admin.get(everywhere)).status == 200
    assert yard.objects.asked[-1].namespaces is None
    for answer in (
        await admin.get(f"{everywhere}/one"),
        await admin.post(everywhere, image()),
        await admin.put(f"{everywhere}/one", image()),
        await admin.patch(f"{everywhere}/one", {}),
        await admin.delete(f"{everywhere}/one"),
        await admin.delete(everywhere, {"names": ["one"]}),
        await admin.post(f"{everywhere}/one/sync"),
        await admin.get(f"{everywhere}/one/history"),
        await admin.post(f"{NAMESPACES}/_all_/registry-secrets/one/verify", {}),
    ):
        assert fields(is_status(answer, 400, "Invalid")) == ["metadata.namespace"]


@both_kinds
async def test_put_replaces_and_a_stale_version_is_409_conflict(admin: Client, collection: str) -> None:
    await admin.post(collection, OBJECTS[collection]("one"))
    held = (await admin.get(f"{collection}/one")).json()
    replaced = await admin.put(f"{collection}/one", held)
    assert replaced.status == 200
    assert replaced.json()["metadata"]["resourceVersion"] != held["metadata"]["resourceVersion"]
    is_status(await admin.put(f"{collection}/one", held), 409, "Conflict")


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/merge-patch+json", {"spec": {"tag": "v2"}}, "merge"),
        ("application/json", {"spec": {"tag": "v2"}}, "merge"),
        (None, {"spec": {"tag": "v2"}}, "merge"),
        ("application/json-patch+json", [{"op": "replace", "path": "/spec/tag", "value": "v2"}], "json"),
    ],
)
async def test_patch_takes_merge_and_json_patches(
    admin: Client, yard: Yard, content_type: str | None, body: Any, expected: str
) -> None:
    await admin.post(IMAGES, image("one"))
    answer = await admin.patch(f"{IMAGES}/one", body, headers={"content-type": content_type})
    assert answer.status == 200
    assert yard.objects.patches == [(expected, body)]


@pytest.mark.parametrize(
    "content_type",
    ["application/strategic-merge-patch+json", "application/apply-patch+yaml", "application/yaml", "text/plain"],
)
async def test_other_patches_are_415_and_told_what_is_taken(admin: Client, content_type: str) -> None:
    await admin.post(IMAGES, image("one"))
    answer = await admin.patch(f"{IMAGES}/one", {}, headers={"content-type": content_type})
    assert "application/merge-patch+json" in is_status(answer, 415, "UnsupportedMediaType")["message"]


async def test_names_are_deleted_each_with_its_own_outcome(admin: Client) -> None:
    await admin.post(IMAGES, image("one"))
    answer = await admin.delete(IMAGES, {"names": ["one", "two", "one"]})
    assert (answer.status, answer.json()) == (
        200,
        {
            "items": [
                {"name": "one", "success": True, "reason": "", "message": "已删除"},
                {"name": "two", "success": False, "reason": "NotFound", "message": "未找到"},
            ]
        },
    )


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (b"", ["names"]),
        (b"{}", ["names"]),
        (b'{"names": []}', ["names"]),
        (b'{"names": null}', ["names"]),
        (b'{"names": "one"}', ["names"]),
        (b'{"names": ["one", 1, "one", null]}', ["names[1]", "names[3]"]),
        (b'{"names": ["one"], "all": true}', ["all"]),
        (b'{"all": true}', ["all", "names"]),
    ],
)
async def test_a_collection_is_never_deleted_without_names_alone(admin: Client, body: bytes, wrong: list[str]) -> None:
    await admin.post(IMAGES, image("one"))
    assert fields(is_status(await admin.delete(IMAGES, body), 400, "Invalid")) == wrong
    assert (await admin.get(f"{IMAGES}/one")).status == 200


async def test_warnings_become_ascii_headers_in_english(admin: Client, yard: Yard) -> None:
    yard.objects.warnings = (Text("密码未变", 'the "password" is\r\nunchanged: é'),)
    created = await admin.post(SECRETS, secret())
    assert created.headers["warning"] == '299 - "the \\"password\\" is  unchanged: ?"'


@pytest.mark.parametrize(
    ("given", "told"), [(16, "warning 15"), (17, "and 2 more warnings"), (99, "and 84 more warnings")]
)
def test_an_answer_holds_sixteen_warnings_at_most_and_the_last_tells_how_many_more_there_are(
    given: int, told: str
) -> None:
    answer = reply.stored(b"{}", warnings=tuple(Text("", f"warning {number}") for number in range(given)))
    warned = [value for name, value in answer.headers if name == b"warning"]
    assert (len(warned), warned[0], warned[-1]) == (16, b'299 - "warning 0"', f'299 - "{told}"'.encode())


@pytest.mark.parametrize("query", ["dryRun=All", "dry%52un=All", "dryRun=&dryRun=All", "a=1;b&dryRun=Al%6C"])
async def test_a_rehearsal_that_is_not_supported_stores_nothing(admin: Client, query: str) -> None:
    status = is_status(await admin.post(f"{IMAGES}?{query}", image()), 400, "Invalid")
    assert (fields(status), "…/sync" in status["message"]) == (["dryRun"], True)
    assert (await admin.get(IMAGES)).json()["totalItems"] == 0


async def test_verify_answers_success_message_reason_and_steps(admin: Client, yard: Yard) -> None:
    answer = await admin.post(f"{SECRETS}/harbor-prod/verify", {})
    assert answer.json() == {
        "success": True,
        "message": "连接成功",
        "reason": "Verified",
        "steps": [{"name": "login", "outcome": "ok", "message": "登录成功", "milliseconds": 12}],
    }
    assert (await admin.post(f"{SECRETS}/harbor-prod/verify")).status == 200
    assert yard.verifier.bodies == [{}, {}]


async def test_sync_answers_the_references_words(admin: Client, yard: Yard) -> None:
    path = f"{IMAGES}/nginx-latest/sync"
    answer = await admin.post(path)
    assert (answer.status, answer.json()) == (200, {"success": True, "message": "同步任务已提交"})
    tolerated = await admin.post(path, headers={"content-type": "application/json"})
    assert tolerated.status == 200
    english = await admin.post(path, headers={"accept-language": "en"})
    assert english.json() == {"success": True, "message": "sync task submitted"}
    yard.sync_requests.at_once = False
    waiting = (await admin.post(path)).json()
    assert waiting["success"] is True
    assert "限流" in waiting["message"]


async def test_a_test_fetch_answers_the_would_be_status(admin: Client) -> None:
    answer = await admin.post(f"{IMAGES}/new/sync?dryRun=All", image()["spec"])
    assert answer.json()["status"] == {"syncStatus": "Success", "domain": "harbor.example.com"}
    again = await admin.post(f"{IMAGES}/new/sync?dryRun=&dryRun=All", image()["spec"])
    assert again.json() == answer.json()
    status = is_status(await admin.post(f"{IMAGES}/new/sync?dryRun=Some", {}), 400, "Invalid")
    assert fields(status) == ["dryRun"]


async def test_history_is_a_list_newest_first(admin: Client) -> None:
    await admin.post(IMAGES, image("one"))
    answer = (await admin.get(f"{IMAGES}/one/history")).json()
    assert list(answer) == ["apiVersion", "kind", "items", "totalItems"]
    assert (answer["kind"], answer["totalItems"]) == ("SyncHistoryList", 2)
    assert [item["time"] for item in answer["items"]] == ["2026-01-01T00:00:00Z", "2025-01-01T00:00:00Z"]
    await admin.post(SECRETS, secret())
    assert (await admin.get(f"{SECRETS}/harbor-prod/history")).json()["kind"] == "VerifyHistoryList"


async def test_a_manifest_is_answered_by_its_digest(admin: Client) -> None:
    digest = "sha256:" + "0" * 64
    assert (await admin.get(f"{IMAGES}/one/manifests/{digest}")).json()["digest"] == digest


async def test_a_manifest_that_the_registry_does_not_give_now_is_503_with_the_reason(admin: Client, yard: Yard) -> None:
    words = Text("镜像仓库拒绝连接", "the registry refused the connection")
    digest = "sha256:" + "0" * 64
    cause = Cause("", Reason.ConnectionRefused, words)
    yard.manifests.fail = Unavailable(words, 60, kind="manifest", name=digest, causes=[cause])
    answer = await admin.get(f"{IMAGES}/one/manifests/{digest}")
    assert is_status(answer, 503, "ServiceUnavailable")["details"] == {
        "name": digest,
        "kind": "manifest",
        "causes": [{"field": "", "reason": "ConnectionRefused", "message": words.zh}],
    }
    assert answer.headers["retry-after"] == "60"


async def test_namespaces_are_those_the_caller_may_list(admin: Client) -> None:
    assert (await admin.get(NAMESPACES)).json() == {
        "apiVersion": "image.theriseunion.io/v1alpha1",
        "kind": "NamespaceList",
        "items": [{"metadata": {"name": "default"}}, {"metadata": {"name": "team-a"}}],
        "totalItems": 2,
    }


async def test_head_answers_what_get_would_without_the_body(admin: Client) -> None:
    await admin.post(IMAGES, image("one"))
    for path in (IMAGES, f"{IMAGES}/one", NAMESPACES):
        read, head = await admin.get(path), await admin.request("HEAD", path)
        assert (head.status, head.body) == (200, b"")
        assert head.headers["content-length"] == str(len(read.body))


async def test_a_page_of_more_than_32_mib_is_400_and_names_the_limit(admin: Client) -> None:
    for number in range(12):
        large = image(f"large-{number}")
        large["metadata"]["annotations"] = {"note": "x" * 2_900_000}
        assert (await admin.post(IMAGES, large)).status == 201
    assert (await admin.get(f"{IMAGES}?limit=10")).status == 200
    assert fields(is_status(await admin.get(f"{IMAGES}?limit=12"), 400, "Invalid")) == ["limit"]
