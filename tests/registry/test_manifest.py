"""What the bytes of a manifest are taken for, and what is refused."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain.reasons import Reason
from imageyard.registry import RegistryError, manifest, platforms
from imageyard.registry.manifest import Artifact, Image, Index
from tests.registry.neighbour import DOCKER_LIST, DOCKER_MANIFEST, LAYER, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST, digest

D = digest(b"x")
CONFIG = {"mediaType": OCI_CONFIG, "digest": D, "size": 1}
IMAGE: dict[str, Any] = {"schemaVersion": 2, "config": CONFIG, "layers": [{"mediaType": LAYER, "digest": D, "size": 9}]}
CHILD: dict[str, Any] = {"mediaType": OCI_MANIFEST, "digest": D, "size": 7}
INDEX: dict[str, Any] = {"schemaVersion": 2, "manifests": [CHILD]}
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"


def parse(document: object, content_type: str = "") -> manifest.Parsed:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return manifest.parse(body, content_type)


@pytest.mark.parametrize(
    ("document", "content_type", "kind", "media_type"),
    [
        pytest.param(IMAGE, "", Image, OCI_MANIFEST, id="image by its fields"),
        pytest.param(IMAGE, DOCKER_MANIFEST, Image, DOCKER_MANIFEST, id="image by Content-Type"),
        pytest.param(IMAGE | {"mediaType": OCI_MANIFEST}, "text/plain", Image, OCI_MANIFEST, id="odd Content-Type"),
        pytest.param(
            IMAGE | {"mediaType": OCI_MANIFEST}, "application/octet-stream", Image, OCI_MANIFEST, id="Artifactory"
        ),
        pytest.param(IMAGE | {"manifests": None}, "", Image, OCI_MANIFEST, id="null is absent"),
        pytest.param(IMAGE | {"layers": None}, "", Image, OCI_MANIFEST, id="no layers"),
        pytest.param(INDEX, "", Index, OCI_INDEX, id="index by its fields"),
        pytest.param(INDEX, DOCKER_LIST, Index, DOCKER_LIST, id="list by Content-Type"),
        pytest.param(INDEX | {"manifests": []}, "", Index, OCI_INDEX, id="empty index"),
        pytest.param(IMAGE | {"artifactType": "a/b"}, "", Artifact, OCI_MANIFEST, id="artifactType"),
        pytest.param(IMAGE | {"config": CONFIG | {"mediaType": "a/b"}}, "", Artifact, OCI_MANIFEST, id="other config"),
        pytest.param(
            IMAGE | {"config": CONFIG | {"mediaType": "application/octet-stream"}},
            DOCKER_MANIFEST,
            Image,
            DOCKER_MANIFEST,
            id="Docker 1.10 config",
        ),
        pytest.param(
            {"mediaType": manifest.OCI_ARTIFACT, "artifactType": "a/b", "blobs": [{"digest": D, "size": 3}]},
            "",
            Artifact,
            manifest.OCI_ARTIFACT,
            id="OCI artifact manifest",
        ),
    ],
)
def test_a_manifest_is_classified(document: object, content_type: str, kind: type, media_type: str) -> None:
    found = parse(document, content_type)

    assert isinstance(found, kind)
    assert found.media_type == media_type


def _descriptor(**changes: Any) -> dict[str, Any]:
    return IMAGE | {"layers": [{"mediaType": LAYER, "digest": D, "size": 1} | changes]}


@pytest.mark.parametrize(
    ("document", "content_type", "reason"),
    [
        pytest.param(IMAGE | INDEX, "", Reason.ManifestInvalid, id="manifests and config"),
        pytest.param(INDEX | {"layers": []}, "", Reason.ManifestInvalid, id="manifests and layers"),
        pytest.param(IMAGE | {"mediaType": OCI_MANIFEST}, OCI_INDEX, Reason.ManifestInvalid, id="types disagree"),
        pytest.param(INDEX | {"mediaType": OCI_MANIFEST}, "", Reason.ManifestInvalid, id="index called image"),
        pytest.param(IMAGE | {"mediaType": OCI_INDEX}, "", Reason.ManifestInvalid, id="image called index"),
        pytest.param(IMAGE | {"mediaType": 7}, "", Reason.ManifestInvalid, id="mediaType no string"),
        pytest.param(IMAGE | {"mediaType": "a/b"}, "", Reason.UnsupportedManifest, id="unknown mediaType"),
        pytest.param({"schemaVersion": 1}, "", Reason.UnsupportedManifest, id="schema 1"),
        pytest.param({}, manifest.SCHEMA1[0], Reason.UnsupportedManifest, id="signed schema 1"),
        pytest.param({"schemaVersion": 2}, "", Reason.ManifestInvalid, id="nothing in it"),
        pytest.param(
            {"schemaVersion": True} | INDEX | {"schemaVersion": True}, "", Reason.UnsupportedManifest, id="true is 1"
        ),
        pytest.param(INDEX | {"schemaVersion": "2"}, "", Reason.ManifestInvalid, id="version a string"),
        pytest.param({"manifests": []}, "", Reason.ManifestInvalid, id="no version"),
        pytest.param(INDEX | {"manifests": {}}, "", Reason.ManifestInvalid, id="manifests no list"),
        pytest.param(INDEX | {"manifests": [7]}, "", Reason.ManifestInvalid, id="descriptor no object"),
        pytest.param(INDEX | {"manifests": INDEX["manifests"] * 201}, "", Reason.ManifestInvalid, id="201 children"),
        pytest.param(IMAGE | {"layers": IMAGE["layers"] * 501}, "", Reason.ManifestInvalid, id="501 layers"),
        pytest.param(_descriptor(size=-1), "", Reason.ManifestInvalid, id="negative size"),
        pytest.param(_descriptor(size=1.0), "", Reason.ManifestInvalid, id="float size"),
        pytest.param(_descriptor(size=True), "", Reason.ManifestInvalid, id="bool size"),
        pytest.param(_descriptor(size="1"), "", Reason.ManifestInvalid, id="string size"),
        pytest.param(_descriptor(size=2**63), "", Reason.ManifestInvalid, id="size over 63 bits"),
        pytest.param(_descriptor(size=2**63 - 1), "", Reason.ManifestInvalid, id="sum over 63 bits"),
        pytest.param(_descriptor(digest="sha256:../../etc"), "", Reason.ManifestInvalid, id="digest a path"),
        pytest.param(_descriptor(digest=D.upper()), "", Reason.ManifestInvalid, id="digest in capitals"),
        pytest.param(_descriptor(digest=D + "\n"), "", Reason.ManifestInvalid, id="digest and newline"),
        pytest.param(_descriptor(digest=None), "", Reason.ManifestInvalid, id="no digest"),
        pytest.param(b'{"schemaVersion":2,"schemaVersion":2}', "", Reason.ManifestInvalid, id="repeated key"),
        pytest.param(b'{"schemaVersion":NaN}', "", Reason.ManifestInvalid, id="NaN"),
        pytest.param(b'{"a":' * 100_000, "", Reason.ManifestInvalid, id="deep"),
        pytest.param(b'{"a":' * 65 + b"1" + b"}" * 65, "", Reason.ManifestInvalid, id="65 levels"),
        pytest.param(b"<html>", "text/html", Reason.NotARegistry, id="a web page"),
        pytest.param(b"", "", Reason.NotARegistry, id="empty"),
        pytest.param([], "", Reason.NotARegistry, id="a list"),
        pytest.param(b"[" * 100_000, "", Reason.NotARegistry, id="a deep list"),
    ],
)
def test_what_is_no_manifest_is_refused(document: object, content_type: str, reason: Reason) -> None:
    with pytest.raises(RegistryError) as raised:
        parse(document, content_type)

    assert raised.value.reason is reason


def test_attestations_are_told_from_platforms() -> None:
    attestation = CHILD | {
        "platform": {"os": "unknown", "architecture": "unknown"},
        "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
    }
    real = CHILD | {"platform": {"os": "linux", "architecture": "aarch64", "variant": "v8"}}

    found = parse(INDEX | {"manifests": [attestation, real]})

    assert isinstance(found, Index)
    assert [(child.attestation, child.platform) for child in found.children] == [
        (True, None),
        (False, ("linux", "arm64", "")),
    ]
    assert [platform.architecture for platform in platforms.listed(found.children)] == ["arm64"]
    assert len(platforms.candidates(found.children, None)) == 1


@pytest.mark.parametrize(
    "platform",
    [
        None,
        7,
        {},
        {"os": 1},
        {"os": "linux"},
        {"os": "<b>", "architecture": "x"},
        {"os": "unknown", "architecture": "x"},
    ],
)
def test_a_platform_that_says_nothing_is_none(platform: object) -> None:
    found = parse(INDEX | {"manifests": [CHILD | {"platform": platform}]})

    assert isinstance(found, Index)
    assert found.children[0].platform is None


@pytest.mark.parametrize(
    ("data", "taken"),
    [(b"x", True), (b"y", False), (b"xx", False), ("no base64!", False), (7, False)],
)
def test_embedded_data_is_taken_when_it_matches(data: object, taken: bool) -> None:
    text = base64.b64encode(data).decode() if isinstance(data, bytes) else data

    found = parse(IMAGE | {"config": CONFIG | {"data": text}})

    assert isinstance(found, Image)
    assert (found.config.data is not None) is taken


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-08T10:30:00.123456789Z", datetime(2024, 1, 8, 10, 30, tzinfo=UTC)),
        ("2024-01-08T10:30:00+08:00", datetime(2024, 1, 8, 2, 30, tzinfo=UTC)),
        ("2000-01-01T00:00:00Z", datetime(2000, 1, 1, tzinfo=UTC)),
        ("2000-01-01T00:00:00+01:00", None),
        ("1970-01-01T00:00:00Z", None),
        ("1980-01-01T00:00:01Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+01:00", None),
        ("9999-12-31T23:59:59-01:00", None),
        ("2024-02-30T00:00:00Z", None),
        ("2024-01-08", None),
        ("2024-01-08T10:30:00Z\n", None),
        ("２０２４-01-08T10:30:00Z", None),
        (None, None),
        (1704709800, None),
    ],
)
def test_created_is_shown_when_it_means_something(text: object, expected: datetime | None) -> None:
    found = parse(IMAGE | {"annotations": {"org.opencontainers.image.created": text}})

    assert isinstance(found, Image)
    assert found.created == expected


def test_the_default_platform_is_linux_amd64_then_its_variants_then_the_first() -> None:
    def child(os: str, architecture: str, variant: str = "") -> dict[str, Any]:
        return CHILD | {"platform": {"os": os, "architecture": architecture, "variant": variant}}

    found = parse(
        INDEX
        | {
            "manifests": [
                child("linux", "s390x"),
                CHILD,
                child("linux", "amd64", "v3"),
                child("linux", "amd64"),
            ]
        }
    )

    assert isinstance(found, Index)
    order = [entry.platform for entry in platforms.candidates(found.children, None)]
    assert order == [("linux", "amd64", ""), ("linux", "amd64", "v3"), ("linux", "s390x", ""), None]


_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
_json = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
_descriptors = st.dictionaries(
    st.sampled_from(["mediaType", "digest", "size", "platform", "annotations", "data", "artifactType"]),
    _json | st.sampled_from([D, OCI_CONFIG, OCI_MANIFEST, LAYER, 5, {"os": "linux", "architecture": "arm"}]),
)
_documents = st.fixed_dictionaries(
    {},
    optional={
        "schemaVersion": st.sampled_from([1, 2, 2.0, "2", None, True]),
        "mediaType": st.sampled_from([*manifest.ACCEPT, "a/b", None, 3]),
        "config": _descriptors | _json,
        "layers": st.lists(_descriptors, max_size=3) | _json,
        "manifests": st.lists(_descriptors, max_size=3) | _json,
        "blobs": st.lists(_descriptors, max_size=3) | _json,
        "annotations": _json,
        "artifactType": _json,
    },
)


@given(_documents | _json, st.sampled_from(["", "text/html", *manifest.ACCEPT]))
def test_any_document_is_parsed_or_refused_in_domain_words(document: object, content_type: str) -> None:
    try:
        parse(document, content_type)
    except RegistryError as refused:
        reason = refused.reason
    else:
        return
    assert reason in (Reason.ManifestInvalid, Reason.UnsupportedManifest, Reason.NotARegistry)


@given(st.binary(max_size=300))
def test_any_bytes_are_parsed_or_refused_in_domain_words(body: bytes) -> None:
    with pytest.raises(RegistryError):
        manifest.parse(body, "")
