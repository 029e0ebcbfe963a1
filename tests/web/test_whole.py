"""The REST door over the real use cases and the real store: the API reference's complete flow and its corners."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.asgi import Client
from tests.web import whole
from tests.web.samples import IMAGES, NAMESPACES, SECRETS, image, secret
from tests.web.test_objects import fields, is_status


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    """The administrator of a fresh server."""
    async with whole.running(tmp_path) as server:
        yield await server.client("ci", "system:masters")


async def test_the_flow_of_the_reference(client: Client) -> None:
    created = await client.post(SECRETS, secret())
    assert created.status == 201
    assert "Harbor12345" not in created.text
    verified = (await client.post(f"{SECRETS}/harbor-prod/verify", {})).json()
    assert (verified["success"], verified["message"]) == (True, "连接成功")
    assert (await client.post(IMAGES, image("myapp-v1.0.0"))).status == 201
    read = (await client.get(f"{IMAGES}/myapp-v1.0.0")).json()
    assert read["status"]["syncStatus"] == ""
    submitted = await client.post(f"{IMAGES}/myapp-v1.0.0/sync")
    assert (submitted.status, submitted.json()) == (200, {"success": True, "message": "同步任务已提交"})
    assert (await client.delete(f"{IMAGES}/myapp-v1.0.0")).status == 204
    assert (await client.delete(f"{SECRETS}/harbor-prod")).status == 204
    is_status(await client.get(f"{SECRETS}/harbor-prod"), 404, "NotFound")


async def test_a_list_is_paged_searched_sorted_and_selected(client: Client) -> None:
    for name in ("a", "b", "c"):
        body = image(name)
        body["metadata"]["labels"] = {"team": "web" if name == "b" else "ops"}
        await client.post(IMAGES, body)

    async def names(query: str) -> list[str]:
        return [item["metadata"]["name"] for item in (await client.get(f"{IMAGES}?{query}")).json()["items"]]

    assert await names("page=2&limit=2") == ["c"]
    assert await names("ascending=false&limit=2") == ["c", "b"]
    assert await names("labelSelector=team%3Dweb") == ["b"]
    assert await names("fieldSelector=metadata.name!%3Db") == ["a", "c"]
    assert await names("name=NGINX:lat") == ["a", "b", "c"]
    assert await names("name=C") == ["c"]
    assert await names("status=Failed") == []
    everywhere = (await client.get(f"{NAMESPACES}/_all_/repositories?limit=1")).json()
    assert (len(everywhere["items"]), everywhere["totalItems"]) == (1, 3)


async def test_body_and_path_have_to_agree(client: Client) -> None:
    elsewhere = f"{NAMESPACES}/team-a/repositories"
    assert "metadata.namespace" in fields(is_status(await client.post(elsewhere, image()), 400, "Invalid"))
    await client.post(IMAGES, image("one"))
    assert "metadata.name" in fields(is_status(await client.put(f"{IMAGES}/one", image("two")), 400, "Invalid"))


async def test_all_namespaces_are_never_written_to_or_read_one_from(client: Client) -> None:
    everywhere = f"{NAMESPACES}/_all_"
    for answer in (
        await client.post(f"{everywhere}/repositories", image()),
        await client.get(f"{everywhere}/repositories/one"),
        await client.delete(f"{everywhere}/repositories", {"names": ["one"]}),
        await client.post(f"{everywhere}/repositories/one/sync"),
        await client.get(f"{everywhere}/repositories/one/history"),
        await client.post(f"{everywhere}/registry-secrets/one/verify", {}),
    ):
        is_status(answer, 400, "Invalid")


async def test_what_get_answered_can_be_put_and_a_patch_changes_one_field(client: Client) -> None:
    await client.post(SECRETS, secret())
    held = (await client.get(f"{SECRETS}/harbor-prod")).json()
    assert (await client.put(f"{SECRETS}/harbor-prod", held)).status == 200
    await client.post(IMAGES, image("one"))
    patched = await client.patch(f"{IMAGES}/one", {"spec": {"tag": "v2"}})
    assert patched.json()["spec"]["tag"] == "v2"
    steps = [{"op": "replace", "path": "/spec/tag", "value": "v3"}]
    patched = await client.patch(f"{IMAGES}/one", steps, headers={"content-type": "application/json-patch+json"})
    assert patched.json()["spec"]["tag"] == "v3"


async def test_a_namespace_comes_into_being_with_its_first_object(client: Client) -> None:
    body = image()
    body["metadata"]["namespace"] = "team-a"
    assert (await client.post(f"{NAMESPACES}/team-a/repositories", body)).status == 201
    found = (await client.get(NAMESPACES)).json()
    assert [item["metadata"]["name"] for item in found["items"]] == ["default", "team-a"]


async def test_one_answer_names_every_bad_field(client: Client) -> None:
    spec = {
        "repository": "a:b",
        "tag": "",
        "registryRef": {"name": ""},
        "syncInterval": "1s",
        "syncTimeout": "xx",
        "retryCount": "3",
        "platform": "zz",
    }
    answer = await client.post(IMAGES, {"metadata": {"name": "Bad_"}, "spec": spec})
    assert sorted(fields(is_status(answer, 400, "Invalid"))) == [
        "metadata.name",
        "spec.platform",
        "spec.registryRef.name",
        "spec.registryRef.namespace",
        "spec.repository",
        "spec.retryCount",
        "spec.syncInterval",
        "spec.syncTimeout",
        "spec.tag",
    ]
    answer = await client.post(SECRETS, {"metadata": {"name": "x"}, "spec": {"domain": "a/b", "provider": "other"}})
    assert sorted(fields(is_status(answer, 400, "Invalid"))) == ["spec.domain", "spec.password", "spec.username"]


async def test_a_refused_patch_names_its_object(client: Client) -> None:
    await client.post(SECRETS, secret("one"))
    patch = b'[{"op": "fly"}]'
    answer = await client.patch(f"{SECRETS}/one", patch, headers={"content-type": "application/json-patch+json"})
    assert is_status(answer, 400, "Invalid")["details"] == {"name": "one", "kind": "registrysecret"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
parts = st.dictionaries(
    st.sampled_from(["name", "namespace", "labels", "annotations", "repository", "tag", "registryRef", "domain"])
    | st.text(max_size=5),
    json_values,
    max_size=5,
)
documents = st.fixed_dictionaries(
    {},
    optional={"apiVersion": json_values, "kind": json_values, "metadata": parts, "spec": parts, "status": json_values},
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    document=documents | parts,
    path=st.sampled_from([SECRETS, IMAGES]),
    method=st.sampled_from(["POST", "PUT", "PATCH"]),
)
async def test_no_document_makes_the_server_fail(client: Client, document: object, path: str, method: str) -> None:
    url = path if method == "POST" else f"{path}/one"
    answer = await client.request(method, url, json.dumps(document).encode())
    assert answer.status in {201, 400, 404, 409}


@pytest.mark.parametrize("seconds", [10**18, -(10**18), 10**12, 0, -1])
async def test_a_tokens_lifetime_outside_the_calendar_is_400(client: Client, seconds: int) -> None:
    answer = await client.post("/admin/v1/tokens", {"name": "ci-2", "user": "ci", "ttlSeconds": seconds})
    assert fields(is_status(answer, 400, "Invalid")) == ["spec.expires"]
