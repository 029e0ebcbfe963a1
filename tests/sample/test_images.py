"""Images are real: descriptors match bytes, digests never move by themselves."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest

from imageyard.sample import catalogue, images
from imageyard.sample.images import AMD64, ARMV7, WINDOWS, Image, Step
from imageyard.sample.storage import Storage

STEPS = (Step("COPY base /", 3_000), Step("ENV A=b"), Step("RUN make", 1_000))


def parts(image: Image) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Each descriptor with the bytes it points at."""
    held = {images.digest_of(body): body for body in (*image.blobs, *(child.body for child in image.children))}
    fields = json.loads(image.body)
    for descriptor in (*([fields["config"]] if "config" in fields else []), *fields.get("layers", [])):
        yield descriptor, held[descriptor["digest"]]
    for descriptor in fields.get("manifests", []):
        yield descriptor, held[descriptor["digest"]]
    for child in image.children:
        yield from parts(child)


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(images.single("a", STEPS), id="oci"),
        pytest.param(images.single("a", STEPS, docker=True), id="docker"),
        pytest.param(images.multi_platform("a", STEPS, platforms=(AMD64, ARMV7, WINDOWS)), id="index"),
        pytest.param(images.multi_platform("a", STEPS, docker=True, attested=False), id="docker-list"),
        pytest.param(images.helm_chart("a", "1.0", "b"), id="helm"),
    ],
)
def test_every_descriptor_tells_the_truth(image: Image) -> None:
    found = list(parts(image))
    assert found
    for descriptor, body in found:
        assert descriptor["size"] == len(body)
        assert descriptor["digest"] == f"sha256:{hashlib.sha256(body).hexdigest()}"


def test_the_same_arguments_give_the_same_image() -> None:
    assert images.multi_platform("a", STEPS) == images.multi_platform("a", STEPS)
    assert images.multi_platform("a", STEPS).digest != images.multi_platform("b", STEPS).digest


def test_layers_are_archives_and_the_config_knows_their_content() -> None:
    config, *layers = images.single("a", STEPS).blobs
    fields = json.loads(config)
    tars = [gzip.decompress(layer) for layer in layers]
    assert fields["rootfs"]["diff_ids"] == [images.digest_of(tar) for tar in tars]
    assert [size_within(tar) for tar in tars] == [3_000, 1_000]
    assert [step.get("empty_layer", False) for step in fields["history"]] == [False, True, False]


def size_within(tar: bytes) -> int:
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        return archive.getmembers()[0].size


def test_an_index_marks_attestations_as_no_platform() -> None:
    entries = json.loads(images.multi_platform("a", STEPS, platforms=(AMD64, ARMV7)).body)["manifests"]
    real, attestations = entries[:2], entries[2:]
    assert [each["platform"] for each in real] == [AMD64.fields(), {**ARMV7.fields()}]
    assert ARMV7.fields()["variant"] == "v7"
    for of, entry in zip(real, attestations, strict=True):
        assert entry["platform"] == {"architecture": "unknown", "os": "unknown"}
        assert entry["annotations"]["vnd.docker.reference.digest"] == of["digest"]


def test_the_catalogue_fits_in_memory() -> None:
    storage = Storage(capacity=12_000_000)
    catalogue.fill(storage)
    assert storage.manifest(catalogue.NGINX, "1.27") == storage.manifest(catalogue.NGINX, "latest")
    assert storage.manifest(catalogue.REDIS, "7.2").media_type == images.DOCKER_MANIFEST
