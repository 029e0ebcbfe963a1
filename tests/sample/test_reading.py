"""The read side as the OCI distribution-spec describes it."""

import hashlib

import pytest

from imageyard.sample import images, reading
from imageyard.sample.images import Step
from tests.fakes.registries import Served
from tests.sample.asking import EVERY_TYPE, Client

IMAGE = images.multi_platform("demo", (Step("COPY base /", 500),))
SINGLE = images.single("demo", (Step("COPY base /", 500),))


@pytest.fixture(autouse=True)
def content(sample_registry: Served) -> None:
    sample_registry.registry.storage.put("team/demo", "1.0", IMAGE)
    sample_registry.registry.storage.put("team/demo", "single", SINGLE)


async def test_base_endpoint_tells_a_registry(client: Client) -> None:
    answer = await client.get("/v2/")
    assert answer.status == 200
    assert answer.headers["Docker-Distribution-Api-Version"] == "registry/2.0"
    assert answer.json() == {}


@pytest.mark.parametrize("reference", ["1.0", IMAGE.digest], ids=["tag", "digest"])
async def test_head_tells_what_get_answers(client: Client, reference: str) -> None:
    path = f"/v2/team/demo/manifests/{reference}"
    head, got = await client.head(path, accept=EVERY_TYPE), await client.get(path, accept=EVERY_TYPE)
    assert (head.status, got.status) == (200, 200)
    assert (head.body, got.body) == (b"", IMAGE.body)
    for name in ("Docker-Content-Digest", "Content-Type", "Content-Length", "ETag"):
        assert head.headers[name] == got.headers[name]
    assert got.headers["Docker-Content-Digest"] == f"sha256:{hashlib.sha256(got.body).hexdigest()}"
    assert got.headers["Content-Type"] == images.OCI_INDEX


async def test_a_manifest_that_accept_does_not_take_is_not_found(client: Client) -> None:
    answer = await client.get("/v2/team/demo/manifests/1.0", accept=images.OCI_MANIFEST)
    assert (answer.status, answer.code) == (404, "MANIFEST_UNKNOWN")


@pytest.mark.parametrize(
    ("accept", "taken"),
    [
        ([], True),
        (["*/*"], True),
        (["application/*"], True),
        (["text/html", images.OCI_INDEX + ";q=0.5"], True),
        ([f"{images.OCI_MANIFEST}, {images.OCI_INDEX}"], True),
        ([images.OCI_MANIFEST], False),
        (["text/*"], False),
    ],
)
def test_accept_is_read_over_all_its_lines(accept: list[str], taken: bool) -> None:
    assert reading.acceptable(images.OCI_INDEX, accept) is taken


async def test_an_unchanged_manifest_is_not_sent_again(client: Client) -> None:
    answer = await client.get("/v2/team/demo/manifests/1.0", if_none_match=f'"{IMAGE.digest}"')
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["Docker-Content-Digest"] == IMAGE.digest


async def test_a_blob_is_served_by_its_digest(client: Client) -> None:
    config = SINGLE.blobs[0]
    digest = images.digest_of(config)
    path = f"/v2/team/demo/blobs/{digest}"
    got, head = await client.get(path), await client.head(path)
    assert (got.body, head.body) == (config, b"")
    assert got.headers["Docker-Content-Digest"] == head.headers["Docker-Content-Digest"] == digest
    assert head.headers["Content-Length"] == str(len(config))


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v2/team/absent/manifests/1.0", 404, "NAME_UNKNOWN"),
        ("/v2/team/demo/manifests/absent", 404, "MANIFEST_UNKNOWN"),
        (f"/v2/team/demo/manifests/sha256:{'0' * 64}", 404, "MANIFEST_UNKNOWN"),
        (f"/v2/team/demo/blobs/sha256:{'0' * 64}", 404, "BLOB_UNKNOWN"),
        ("/v2/team/demo/blobs/sha256:short", 400, "DIGEST_INVALID"),
        ("/v2/Team/demo/manifests/1.0", 400, "NAME_INVALID"),
        ("/v2/team/demo/tags/list?n=many", 400, "PAGINATION_NUMBER_INVALID"),
        ("/v2/team/absent/tags/list", 404, "NAME_UNKNOWN"),
        ("/elsewhere", 404, "NAME_UNKNOWN"),
    ],
)
async def test_errors_carry_the_codes_of_the_specification(client: Client, path: str, status: int, code: str) -> None:
    answer = await client.get(path)
    assert (answer.status, answer.code) == (status, code)


async def test_an_unknown_method_is_405_with_an_error_body(client: Client) -> None:
    answer = await client.ask("DELETE", "/v2/team/demo/manifests/1.0")
    assert (answer.status, answer.code) == (405, "UNSUPPORTED")


async def test_tags_come_in_pages_that_link_to_the_next(client: Client, sample_registry: Served) -> None:
    for tag in ("2.0", "10", "a"):
        sample_registry.registry.storage.put("team/demo", tag, SINGLE)
    seen: list[str] = []
    path = "/v2/team/demo/tags/list?n=2"
    while path:
        answer = await client.get(path)
        page = answer.json()["tags"]
        assert len(page) <= 2
        seen += page
        path = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")
    assert seen == ["1.0", "10", "2.0", "a", "single"]


async def test_referrers_are_found_and_filtered(client: Client, sample_registry: Served) -> None:
    signature = images.signature(SINGLE)
    sample_registry.registry.storage.put("team/demo", "", signature)
    path = f"/v2/team/demo/referrers/{SINGLE.digest}"
    found = await client.get(path)
    assert found.headers["Content-Type"] == images.OCI_INDEX
    assert [each["digest"] for each in found.json()["manifests"]] == [signature.digest]
    filtered = await client.get(f"{path}?artifactType=application/vnd.other")
    assert filtered.json()["manifests"] == []
    assert filtered.headers["OCI-Filters-Applied"] == "artifactType"


async def test_nothing_refers_to_an_unknown_digest(client: Client) -> None:
    answer = await client.get(f"/v2/team/absent/referrers/sha256:{'1' * 64}")
    assert (answer.status, answer.json()["manifests"]) == (200, [])
