"""Get and list: whole objects, tables, partial metadata, YAML; selectors, chunks, versions."""

import gzip

import pytest
import yaml

from tests.fakes.asgi import Client
from tests.web.kube.samples import APPLY, GROUP, IMAGES, METADATA, NAMESPACES, TABLE, failure, image, names
from tests.web.whole import Server

OBJECT = "application/json;as=Table;v=v1;g=meta.k8s.io"


async def make(client: Client, *wanted: str) -> None:
    for name in wanted:
        await client.post(IMAGES, image(name, labels={"app": name[0]}))


async def test_an_object_has_its_managed_fields_here_and_not_at_the_rest_door(client: Client) -> None:
    made = (await client.post(f"{IMAGES}?fieldManager=kubectl-create", image(labels={"app": "a"}))).json()
    read = (await client.get(f"{IMAGES}/one")).json()
    assert read == made
    [entry] = read["metadata"]["managedFields"]
    assert (entry["manager"], entry["operation"], entry["fieldsType"]) == ("kubectl-create", "Update", "FieldsV1")
    assert entry["fieldsV1"]["f:metadata"] == {"f:labels": {".": {}, "f:app": {}}}
    rest = "/oapis/image.theriseunion.io/v1alpha1/namespaces/default/repositories"
    for answer in (await client.get(f"{rest}/one"), await client.get(rest)):
        assert "managedFields" not in answer.text


async def test_a_list_is_cut_into_chunks_of_one_version(client: Client) -> None:
    await make(client, "a", "b", "c", "d", "e")
    first = (await client.get(f"{IMAGES}?limit=2")).json()
    assert first["metadata"]["remainingItemCount"] == 3
    found, meta = first["items"], first["metadata"]
    while token := meta.get("continue"):
        page = (await client.get(f"{IMAGES}?limit=2&continue={token}")).json()
        found, meta = found + page["items"], page["metadata"]
        assert meta["resourceVersion"] == first["metadata"]["resourceVersion"]
    assert [item["metadata"]["name"] for item in found] == ["a", "b", "c", "d", "e"]
    assert first["kind"] == "RepositoryList"


@pytest.mark.parametrize("limit", [2**31, 2**63 - 2, 2**63 - 1])
async def test_a_limit_beyond_all_objects_lists_all(client: Client, limit: int) -> None:
    await make(client, "a", "b")
    assert names(await client.get(f"{IMAGES}?limit={limit}")) == ["a", "b"]
    answer = await client.delete(f"{IMAGES}?dryRun=All&labelSelector=app%3Da&limit={limit}")
    assert answer.status == 200


async def test_selectors_choose(client: Client) -> None:
    await make(client, "a1", "a2", "b1")
    assert names(await client.get(f"{IMAGES}?labelSelector=app%3Da")) == ["a1", "a2"]
    assert names(await client.get(f"{IMAGES}?labelSelector=app+notin+(a)")) == ["b1"]
    assert names(await client.get(f"{IMAGES}?fieldSelector=metadata.name%3Db1")) == ["b1"]
    assert names(await client.get(f"{IMAGES}?fieldSelector=spec.registryRef.name%3Dsrc,metadata.name!%3Db1")) == [
        "a1",
        "a2",
    ]
    assert names(await client.get(f"{GROUP}/repositories?fieldSelector=metadata.namespace%3Delsewhere")) == []
    assert names(await client.get(f"{IMAGES}?fieldSelector=status.syncStatus%3DFailed")) == []


async def test_only_the_present_is_listed(client: Client) -> None:
    await make(client, "a")
    version = int((await client.get(IMAGES)).json()["metadata"]["resourceVersion"])
    await make(client, "b")
    assert names(await client.get(f"{IMAGES}?resourceVersion=0")) == ["a", "b"]
    older = f"{IMAGES}?resourceVersion={version}&resourceVersionMatch="
    assert names(await client.get(older + "NotOlderThan")) == ["a", "b"]
    failure(await client.get(older + "Exact"), 410, "Expired")
    answer = await client.get(f"{IMAGES}?resourceVersion=99999")
    told = failure(answer, 504, "Timeout")
    assert told["message"] == f"Timeout: Too large resource version: 99999, current: {version + 1}"
    assert told["details"] == {
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    }
    assert answer.headers["retry-after"] == "1"


async def test_a_table_has_a_row_for_each_and_what_was_asked_of_it(client: Client) -> None:
    await make(client, "a", "b")
    table = (await client.get(f"{IMAGES}?limit=1", headers=TABLE)).json()
    assert (table["kind"], table["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    titles = [column["name"] for column in table["columnDefinitions"] if column["priority"] == 0]
    assert titles == ["Name", "Registry", "Image", "Tag", "Synced", "Last-Sync", "Age"]
    [row] = table["rows"]
    assert row["cells"][0] == "a"
    assert row["object"]["kind"] == "PartialObjectMetadata"
    assert "continue" in table["metadata"]
    whole = (await client.get(f"{IMAGES}/a?includeObject=Object", headers=TABLE)).json()
    assert whole["rows"][0]["object"]["spec"]["repository"] == "team/app"
    bare = (await client.get(f"{IMAGES}?includeObject=None", headers=TABLE)).json()
    assert "object" not in bare["rows"][0]
    failure(await client.get(f"{IMAGES}?includeObject=Some", headers=TABLE), 400, "BadRequest")


async def test_a_cell_tells_how_old_something_is(server: Server, client: Client) -> None:
    await make(client, "a")
    await server.clock.advance(95)
    table = (await client.get(f"{IMAGES}/a", headers=TABLE)).json()
    titles = [column["name"] for column in table["columnDefinitions"]]
    assert table["rows"][0]["cells"][titles.index("Age")] == "95s"


async def test_partial_metadata_is_the_metadata_and_nothing_else(client: Client) -> None:
    await make(client, "a")
    one = (await client.get(f"{IMAGES}/a", headers=METADATA)).json()
    assert set(one) == {"kind", "apiVersion", "metadata"}
    assert (one["kind"], one["metadata"]["name"]) == ("PartialObjectMetadata", "a")
    header = {"accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
    many = (await client.get(IMAGES, headers=header)).json()
    assert (many["kind"], [set(item) for item in many["items"]]) == (
        "PartialObjectMetadataList",
        [{"kind", "apiVersion", "metadata"}],
    )


async def test_yaml_says_what_json_says(client: Client) -> None:
    await make(client, "a")
    answer = await client.get(f"{IMAGES}/a", headers={"accept": "application/yaml"})
    assert answer.headers["content-type"] == "application/yaml"
    assert yaml.safe_load(answer.text) == (await client.get(f"{IMAGES}/a")).json()


async def test_of_several_forms_the_first_that_is_spoken_is_taken(client: Client) -> None:
    for accept in ("application/vnd.kubernetes.protobuf, application/json", "*/*", "", "application/json;q=oops"):
        assert (await client.get(IMAGES, headers={"accept": accept})).status == 200
    answer = await client.get(IMAGES, headers={"accept": "application/json;q=0.1, application/yaml"})
    assert answer.headers["content-type"] == "application/yaml"


async def test_a_large_list_is_compressed_for_who_takes_it(client: Client) -> None:
    for number in range(150):
        await client.post(IMAGES, image(f"image-{number:03}", labels={"app": "x" * 60}))
    packed = await client.get(IMAGES, headers={"accept-encoding": "gzip"})
    plain = await client.get(IMAGES)
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert "content-encoding" not in plain.headers


async def test_the_status_of_an_object_is_the_object(client: Client) -> None:
    await make(client, "a")
    assert (await client.get(f"{IMAGES}/a/status")).json() == (await client.get(f"{IMAGES}/a")).json()


async def test_namespaces_are_objects_of_the_core(client: Client) -> None:
    read = (await client.get(f"{NAMESPACES}/default")).json()
    assert (read["apiVersion"], read["kind"], read["status"]) == ("v1", "Namespace", {"phase": "Active"})
    assert names(await client.get(f"{NAMESPACES}?labelSelector=kubernetes.io/metadata.name%3Ddefault")) == ["default"]


async def test_discovery_and_openapi_are_there(client: Client) -> None:
    groups = [group["name"] for group in (await client.get("/apis")).json()["groups"]]
    assert "image.theriseunion.io" in groups
    aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    assert (await client.get("/apis", headers={"accept": aggregated})).json()["kind"] == "APIGroupDiscoveryList"
    paths = (await client.get("/openapi/v3")).json()["paths"]
    assert (await client.get(paths["apis/image.theriseunion.io/v1alpha1"]["serverRelativeURL"])).status == 200
    assert (await client.get("/openapi/v2")).json()["swagger"] == "2.0"
    failure(await client.post("/apis", {}), 405, "MethodNotAllowed")
    assert APPLY["content-type"] in (await client.get("/openapi/v2")).text
