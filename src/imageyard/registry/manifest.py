"""What a manifest's bytes are: an index, an image or some other artifact. Pure.

Sources: image-spec 1.1 (manifest.md, image-index.md, descriptor.md), the Docker schema 2 documents,
moby/buildkit docs/attestations. Bytes come from strangers: every field is checked, every list bounded.
"""

import base64
import binascii
import hashlib
import re
from datetime import datetime
from typing import Any, Final, NamedTuple, NewType

from imageyard.domain import reference
from imageyard.domain.reasons import Reason
from imageyard.domain.reference import Digest, PlatformName
from imageyard.domain.text import Text
from imageyard.registry import RegistryError, errors, strictjson, timestamps

OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
OCI_ARTIFACT: Final = "application/vnd.oci.artifact.manifest.v1+json"
SCHEMA1: Final = (
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
    "application/vnd.docker.distribution.manifest.v1+json",
)
ACCEPT: Final = (OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST, OCI_ARTIFACT, *SCHEMA1)
"""Asked for on every HEAD and GET alike: the set is part of what a tag's digest means."""
INDEXES: Final = frozenset({OCI_INDEX, DOCKER_LIST})
IMAGES: Final = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
CONFIGS: Final = frozenset(
    {"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"}
)

MAX_BODY: Final = 4 * 1024 * 1024
"""Bytes of a manifest or config (distribution-spec: registries take manifests of 4 MiB)."""
MAX_CHILDREN: Final = 200
MAX_LAYERS: Final = 500
MAX_SIZE: Final = 2**63 - 1

_CREATED: Final = "org.opencontainers.image.created"
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_Json = NewType("_Json", dict[str, Any])


class Descriptor(NamedTuple):
    """A reference to content. `data` is the content itself where it was embedded and matches the digest."""

    media_type: str
    digest: Digest
    size: int
    data: bytes | None = None


class Child(NamedTuple):
    """An entry of an index. `platform` is None where it names none, or `unknown`."""

    descriptor: Descriptor
    platform: PlatformName | None = None
    attestation: bool = False


class Index(NamedTuple):
    media_type: str
    children: tuple[Child, ...]
    created: datetime | None = None
    artifact_type: str = ""


class Image(NamedTuple):
    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    created: datetime | None = None


class Artifact(NamedTuple):
    """What is no image: a Helm chart, a signature, an SBOM. Its config is not read."""

    media_type: str
    artifact_type: str
    layers: tuple[Descriptor, ...]
    size: int
    created: datetime | None = None


Parsed = Index | Image | Artifact


def digest_of(body: bytes, algorithm: str = "sha256") -> Digest:
    return Digest(f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}")


def matches(body: bytes, digest: str) -> bool:
    """Whether the bytes hash to the digest (sha256 or sha512, as `reference.parse_digest` lets through)."""
    return digest_of(body, digest.partition(":")[0]) == digest


def parse(body: bytes, content_type: str) -> Parsed:
    """Read a manifest. `content_type` is the answer's, without parameters, "" when unknown.
    Raises RegistryError: NotARegistry for what is no JSON object, UnsupportedManifest for schema 1, else
    ManifestInvalid."""
    document = _document(body)
    media_type = _media_type(document, content_type)
    if media_type in SCHEMA1 or document.get("schemaVersion") == 1:
        raise errors.error(Reason.UnsupportedManifest, Text("Docker schema 1", "Docker schema 1"))
    if media_type == OCI_ARTIFACT:
        return _artifact(document, media_type, "blobs")
    if document.get("schemaVersion") != 2 or isinstance(document.get("schemaVersion"), bool):
        raise _invalid("schemaVersion 不是 2", "schemaVersion is not 2")
    has_children = document.get("manifests") is not None
    has_content = document.get("config") is not None or document.get("layers") is not None
    if has_children and has_content:
        # Two readers would see two different things under one digest (CVE-2021-41190).
        raise _invalid("同时包含 manifests 与 config/layers", "it has both manifests and config/layers")
    if media_type in INDEXES or (media_type not in IMAGES and has_children):
        return _index(document, media_type or OCI_INDEX)
    return _content(document, media_type or OCI_MANIFEST)


def _document(body: bytes) -> _Json:
    try:
        document = strictjson.read(body)
    except strictjson.RepeatedKey:
        raise _invalid("JSON 中有重复的键", "a JSON key is given twice") from None
    except strictjson.BadJSON:
        if body.lstrip()[:1] == b"{":
            raise _invalid("不是有效的 JSON", "it is no valid JSON") from None
        raise errors.error(Reason.NotARegistry, Text("应答不是清单", "the answer is no manifest")) from None
    if not isinstance(document, dict):
        raise errors.error(Reason.NotARegistry, Text("应答不是清单", "the answer is no manifest"))
    return _Json(document)


def _media_type(document: _Json, content_type: str) -> str:
    """The document's own type, else the answer's when it is one we know (`text/plain` and
    `application/octet-stream` are seen), else ""."""
    own = document.get("mediaType", "")
    if not isinstance(own, str):
        raise _invalid("mediaType 不是字符串", "mediaType is no string")
    if own and own not in ACCEPT:
        raise errors.error(Reason.UnsupportedManifest, Text("未知的 mediaType", "an unknown mediaType"))
    told = content_type if content_type in ACCEPT else ""
    if own and told and own != told:
        raise _invalid("mediaType 与 Content-Type 不一致", "mediaType and Content-Type disagree")
    return own or told


def _index(document: _Json, media_type: str) -> Index:
    children = tuple(_child(entry) for entry in _list(document, "manifests", MAX_CHILDREN, required=True))
    return Index(media_type, children, _created(document), _type(document.get("artifactType")))


def _child(entry: object) -> Child:
    fields = _object(entry)
    annotations = _annotations(fields)
    attestation = annotations.get("vnd.docker.reference.type") == "attestation-manifest"
    return Child(_descriptor(fields), _platform(fields.get("platform")), attestation)


def _platform(value: object) -> PlatformName | None:
    if not isinstance(value, dict):
        return None
    os, architecture, variant = (_word(value.get(key)) for key in ("os", "architecture", "variant"))
    if not os or not architecture or "unknown" in (os.lower(), architecture.lower()):
        return None
    return reference.normalise_platform(os, architecture, variant)


def _content(document: _Json, media_type: str) -> Image | Artifact:
    config = _descriptor(_object(document.get("config")))
    octets = media_type == DOCKER_MANIFEST and config.media_type in ("", "application/octet-stream")
    # Docker 1.10 pushed image configs as octet streams.
    if _type(document.get("artifactType")) or not (config.media_type in CONFIGS or octets):
        return _artifact(document, media_type, "layers", config)
    layers = tuple(_descriptor(_object(entry)) for entry in _list(document, "layers", MAX_LAYERS))
    _total(config.size, layers)
    return Image(media_type, config, layers, _created(document))


def _artifact(document: _Json, media_type: str, key: str, config: Descriptor | None = None) -> Artifact:
    layers = tuple(_descriptor(_object(entry)) for entry in _list(document, key, MAX_LAYERS))
    named = _type(document.get("artifactType")) or (config.media_type if config else "")
    total = _total(config.size if config else 0, layers)
    return Artifact(media_type, named or "application/octet-stream", layers, total, _created(document))


def total(image: Image) -> int:
    """Config and compressed layers, a layer counted as often as it is listed."""
    return _total(image.config.size, image.layers)


def _total(start: int, layers: tuple[Descriptor, ...]) -> int:
    whole = start + sum(layer.size for layer in layers)
    if whole > MAX_SIZE:
        raise _invalid("总大小超出范围", "the sizes add up to more than is possible")
    return whole


def _descriptor(fields: _Json) -> Descriptor:
    size, text = fields.get("size"), fields.get("digest")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= MAX_SIZE:
        raise _invalid("size 不是有效的字节数", "a size is no count of bytes")
    try:
        digest = reference.parse_digest(text if isinstance(text, str) else "")
    except reference.InvalidReference:
        # CVE-2024-3727: a digest that is not checked becomes a path.
        raise _invalid("digest 无效", "a digest is malformed") from None
    return Descriptor(_type(fields.get("mediaType")), digest, size, _data(fields.get("data"), digest, size))


def _data(value: object, digest: Digest, size: int) -> bytes | None:
    if not isinstance(value, str) or len(value) > MAX_BODY:
        return None
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if len(data) == size and matches(data, digest) else None


def _list(document: _Json, key: str, limit: int, *, required: bool = False) -> list[object]:
    value = document.get(key)
    if value is None and not required:
        return []
    if not isinstance(value, list):
        raise _invalid(f"{key} 不是列表", f"{key} is no list")
    if len(value) > limit:
        raise _invalid(f"{key} 超过 {limit} 项", f"{key} has more than {limit} entries")
    return value


def _object(value: object) -> _Json:
    if not isinstance(value, dict):
        raise _invalid("描述符不是对象", "a descriptor is no object")
    return _Json(value)


def _created(document: _Json) -> datetime | None:
    return timestamps.meaningful(_annotations(document).get(_CREATED))


def _annotations(document: _Json) -> _Json:
    value = document.get("annotations")
    return _Json(value if isinstance(value, dict) else {})


def _type(value: object) -> str:
    return value if isinstance(value, str) and _MEDIA_TYPE.fullmatch(value) else ""


def _word(value: object) -> str:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""


def _invalid(zh: str, en: str) -> RegistryError:
    return errors.error(Reason.ManifestInvalid, Text(zh, en))
