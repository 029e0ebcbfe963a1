"""Content for the registry, made deterministically: the same arguments give the same digests.

Layers are small but real (gzipped tar archives of incompressible bytes), so every descriptor's size and digest is
that of bytes the registry serves. Shapes: OCI image-spec 1.1, Docker image manifest v2 schema 2, Helm's OCI
artifact, BuildKit's attestation storage.
"""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from imageyard.domain.reference import Digest

OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
OCI_LAYER: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG: Final = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER: Final = "application/vnd.docker.image.rootfs.diff.tar.gzip"
HELM_CONFIG: Final = "application/vnd.cncf.helm.config.v1+json"
HELM_CHART: Final = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
IN_TOTO: Final = "application/vnd.in-toto+json"

CREATED: Final = datetime(2026, 1, 8, 10, 30, tzinfo=UTC)


def digest_of(body: bytes) -> Digest:
    return Digest("sha256:" + hashlib.sha256(body).hexdigest())


@dataclass(frozen=True, slots=True)
class Image:
    """A manifest or index, with everything it points at."""

    media_type: str
    body: bytes
    blobs: tuple[bytes, ...] = ()
    children: tuple["Image", ...] = ()

    @property
    def digest(self) -> Digest:
        return digest_of(self.body)


class Step(NamedTuple):
    """One line of a build. `size` is the bytes of the layer it made, 0 for a step that made none; `seed` makes them the
    same in images of different names."""

    instruction: str
    size: int = 0
    seed: str = ""


class Platform(NamedTuple):
    os: str = "linux"
    architecture: str = "amd64"
    variant: str = ""
    os_version: str = ""

    def fields(self) -> dict[str, str]:
        """As configs and index entries write it, empty parts left out."""
        names = ("os", "architecture", "variant", "os.version")
        return {name: value for name, value in zip(names, self, strict=True) if value}


AMD64: Final = Platform()
ARM64: Final = Platform(architecture="arm64")
ARMV7: Final = Platform(architecture="arm", variant="v7")
WINDOWS: Final = Platform(os="windows", os_version="10.0.20348.2227")


def single(
    name: str,
    steps: Sequence[Step],
    *,
    platform: Platform = AMD64,
    created: datetime = CREATED,
    docker: bool = False,
    env: Sequence[str] = ("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",),
) -> Image:
    """An image of one platform: OCI, or Docker v2 schema 2. `name` seeds the layers' bytes."""
    types = (DOCKER_MANIFEST, DOCKER_CONFIG, DOCKER_LAYER) if docker else (OCI_MANIFEST, OCI_CONFIG, OCI_LAYER)
    tars = [_tar(f"{step.seed or name}/{platform}/{n}", step.size) for n, step in enumerate(steps) if step.size]
    layers = [gzip.compress(tar, compresslevel=1, mtime=0) for tar in tars]
    config = _encode(
        {
            "created": _time(created),
            **platform.fields(),
            "config": {"Env": list(env), "Labels": {"org.opencontainers.image.title": name}},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(tar) for tar in tars]},
            "history": [_history(step, created) for step in steps],
        }
    )
    manifest = {
        "schemaVersion": 2,
        "mediaType": types[0],
        "config": _descriptor(types[1], config),
        "layers": [_descriptor(types[2], layer) for layer in layers],
    }
    return Image(types[0], _encode(manifest), (config, *layers))


def multi_platform(
    name: str,
    steps: Sequence[Step],
    *,
    platforms: Sequence[Platform] = (AMD64, ARM64, ARMV7),
    created: datetime = CREATED,
    attested: bool = True,
    docker: bool = False,
) -> Image:
    """An index of the same build for several platforms, each with BuildKit's attestation when `attested`."""
    entries, children = [], []
    for platform in platforms:
        image = single(name, steps, platform=platform, created=created, docker=docker)
        entries.append({**_descriptor(image.media_type, image.body), "platform": platform.fields()})
        children.append(image)
    if attested:
        attestations = [_attestation(image) for image in children]
        entries += [_attestation_entry(of, it) for of, it in zip(children, attestations, strict=True)]
        children += attestations
    return index(entries, children, docker=docker)


def index(entries: Sequence[dict[str, Any]], children: Sequence[Image], *, docker: bool = False) -> Image:
    """An OCI index (or Docker manifest list) of the entries given, which may be odd on purpose."""
    media_type = DOCKER_LIST if docker else OCI_INDEX
    body = _encode({"schemaVersion": 2, "mediaType": media_type, "manifests": list(entries)})
    return Image(media_type, body, children=tuple(children))


def helm_chart(name: str, version: str, description: str) -> Image:
    """A Helm chart as `helm push` stores it: an artifact by its config's type, no image."""
    chart = {"apiVersion": "v2", "name": name, "version": version, "description": description, "type": "application"}
    config = _encode(chart)
    package = gzip.compress(_tar(f"{name}/{version}", 24_000, path=f"{name}/Chart.yaml"), compresslevel=1, mtime=0)
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _descriptor(HELM_CONFIG, config),
        "layers": [_descriptor(HELM_CHART, package)],
        "annotations": {
            "org.opencontainers.image.title": name,
            "org.opencontainers.image.version": version,
            "org.opencontainers.image.created": _time(CREATED),
        },
    }
    return Image(OCI_MANIFEST, _encode(manifest), (config, package))


def signature(of: Image) -> Image:
    """An artifact that refers to another manifest by `subject`, as signing tools attach them."""
    empty = b"{}"
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": "application/vnd.example.signature.v1",
        "config": _descriptor("application/vnd.oci.empty.v1+json", empty),
        "layers": [_descriptor("application/vnd.oci.empty.v1+json", empty)],
        "subject": _descriptor(of.media_type, of.body),
    }
    return Image(OCI_MANIFEST, _encode(manifest), (empty,))


def _attestation(of: Image) -> Image:
    statement = {
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": "https://slsa.dev/provenance/v0.2",
        "subject": [{"name": "_", "digest": {"sha256": of.digest.removeprefix("sha256:")}}],
        "predicate": {"buildType": "https://mobyproject.org/buildkit@v1"},
    }
    layer = _encode(statement)
    rootfs = {"type": "layers", "diff_ids": [digest_of(layer)]}
    config = _encode({"architecture": "unknown", "os": "unknown", "config": {}, "rootfs": rootfs})
    note = {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"}
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _descriptor(OCI_CONFIG, config),
        "layers": [{**_descriptor(IN_TOTO, layer), "annotations": note}],
    }
    return Image(OCI_MANIFEST, _encode(manifest), (config, layer))


def _attestation_entry(of: Image, attestation: Image) -> dict[str, Any]:
    """The index entry that marks a manifest as no platform (BuildKit, attestation-storage.md)."""
    return {
        **_descriptor(attestation.media_type, attestation.body),
        "platform": {"architecture": "unknown", "os": "unknown"},
        "annotations": {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": of.digest,
        },
    }


def _history(step: Step, created: datetime) -> dict[str, Any]:
    entry: dict[str, Any] = {"created": _time(created), "created_by": step.instruction}
    return entry if step.size else {**entry, "empty_layer": True}


def _descriptor(media_type: str, body: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(body), "size": len(body)}


def _tar(seed: str, size: int, path: str = "srv/content") -> bytes:
    """An archive of one file whose bytes no compression shrinks, so that `size` is about the layer's size."""
    content = hashlib.shake_256(seed.encode()).digest(size)
    entry = tarfile.TarInfo(path)
    entry.size = size
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _encode(document: dict[str, Any]) -> bytes:
    return json.dumps(document, indent=2, ensure_ascii=False).encode()


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
