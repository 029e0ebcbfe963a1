"""The write side: every way a client may push, and what is refused."""

import json

import pytest

from imageyard.sample import images
from imageyard.sample.images import Step
from imageyard.sample.storage import Storage
from tests.fakes import registries
from tests.fakes.registries import Served
from tests.sample import asking
from tests.sample.asking import Client

BLOB = b"some bytes"
DIGEST = images.digest_of(BLOB)


async def begin(client: Client, query: str = "") -> str:
    answer = await client.ask("POST", f"/v2/team/demo/blobs/uploads/{query}")
    assert answer.status == 202
    return answer.headers["Location"]


async def test_a_blob_is_pushed_in_one_put(client: Client) -> None:
    answer = await client.ask("PUT", f"{await begin(client)}?digest={DIGEST}", body=BLOB)
    assert (answer.status, answer.headers["Location"]) == (201, f"/v2/team/demo/blobs/{DIGEST}")
    assert (await client.get(answer.headers["Location"])).body == BLOB


async def test_a_blob_is_pushed_in_one_post(client: Client) -> None:
    answer = await client.ask("POST", f"/v2/team/demo/blobs/uploads/?digest={DIGEST}", body=BLOB)
    assert answer.status == 201
    assert (await client.get(f"/v2/team/demo/blobs/{DIGEST}")).body == BLOB


async def test_a_blob_is_pushed_in_chunks(client: Client) -> None:
    location = await begin(client)
    first = await client.ask("PATCH", location, body=BLOB[:4], content_range="0-3")
    assert (first.status, first.headers["Range"]) == (202, "0-3")
    assert (await client.get(location)).status == 204
    astray = await client.ask("PATCH", location, body=BLOB[5:], content_range="5-9")
    assert (astray.status, astray.code) == (416, "BLOB_UPLOAD_INVALID")
    await client.ask("PATCH", location, body=BLOB[4:], content_range="4-9")
    assert (await client.ask("PUT", f"{location}?digest={DIGEST}")).status == 201


async def test_a_blob_is_mounted_from_another_repository(client: Client, sample_registry: Served) -> None:
    sample_registry.registry.storage.put_blob("team/other", BLOB)
    answer = await client.ask("POST", f"/v2/team/demo/blobs/uploads/?mount={DIGEST}&from=team/other")
    assert answer.status == 201
    absent = await client.ask("POST", f"/v2/team/demo/blobs/uploads/?mount={DIGEST}&from=team/absent")
    assert absent.status == 202


async def test_a_blob_under_a_wrong_digest_is_refused(client: Client) -> None:
    answer = await client.ask("PUT", f"{await begin(client)}?digest=sha256:{'0' * 64}", body=BLOB)
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")


async def test_a_session_ends_when_it_is_given_up(client: Client) -> None:
    location = await begin(client)
    assert (await client.ask("DELETE", location)).status == 204
    answer = await client.ask("PATCH", location, body=BLOB)
    assert (answer.status, answer.code) == (404, "BLOB_UPLOAD_UNKNOWN")


async def test_a_session_of_another_repository_is_unknown(client: Client) -> None:
    location = (await begin(client)).replace("team/demo", "team/other")
    assert (await client.ask("PATCH", location, body=BLOB)).status == 404


async def test_a_manifest_waits_for_its_blobs(client: Client) -> None:
    image = images.single("demo", (Step("COPY base /", 100),))
    path = "/v2/team/demo/manifests/1.0"
    early = await client.ask("PUT", path, body=image.body, content_type=image.media_type)
    assert (early.status, early.code) == (404, "MANIFEST_BLOB_UNKNOWN")
    for blob in image.blobs:
        await client.ask("POST", f"/v2/team/demo/blobs/uploads/?digest={images.digest_of(blob)}", body=blob)
    answer = await client.ask("PUT", path, body=image.body, content_type=image.media_type)
    assert (answer.status, answer.headers["Docker-Content-Digest"]) == (201, image.digest)
    assert (await client.get(path)).body == image.body


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"no json", images.OCI_MANIFEST),
        (b"[]", images.OCI_MANIFEST),
        (json.dumps({"schemaVersion": 1}).encode(), images.OCI_MANIFEST),
        (json.dumps({"schemaVersion": 2, "mediaType": images.OCI_INDEX}).encode(), images.OCI_MANIFEST),
        (json.dumps({"schemaVersion": 2, "config": {"size": 2}}).encode(), images.OCI_MANIFEST),
    ],
    ids=["no-json", "no-object", "schema-1", "other-type", "no-digest"],
)
async def test_what_is_no_manifest_is_refused(client: Client, body: bytes, media_type: str) -> None:
    answer = await client.ask("PUT", "/v2/team/demo/manifests/1.0", body=body, content_type=media_type)
    assert (answer.status, answer.code) == (400, "MANIFEST_INVALID")


async def test_a_push_names_the_subject_it_refers_to(client: Client, sample_registry: Served) -> None:
    signature = images.signature(images.single("demo", ()))
    sample_registry.registry.storage.put_blob("team/demo", signature.blobs[0])
    path = f"/v2/team/demo/manifests/{signature.digest}"
    answer = await client.ask("PUT", path, body=signature.body, content_type=signature.media_type)
    assert (answer.status, answer.headers["OCI-Subject"]) == (201, images.single("demo", ()).digest)


async def test_a_full_registry_says_so() -> None:
    async with registries.sample(storage=Storage(capacity=len(BLOB))) as served, asking.client(served.url) as client:
        path = "/v2/team/demo/blobs/uploads/?digest="
        assert (await client.ask("POST", path + DIGEST, body=BLOB)).status == 201
        more = await client.ask("POST", path + images.digest_of(b"more"), body=b"more")
        assert (more.status, more.code) == (413, "SIZE_INVALID")
