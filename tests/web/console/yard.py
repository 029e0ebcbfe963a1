"""A server with something to show: a source that answers, one that does not, images in every state, and their past."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from msgspec.structs import replace

from imageyard.domain import objects
from imageyard.domain.access import AUTHENTICATED, MASTERS, RBAC, Actor
from imageyard.domain.kinds import CLUSTER_ROLE, EVENT, REGISTRY_SECRET, REPOSITORY, ROLE_BINDING
from imageyard.domain.kinds.registry_secret import VERIFIED, HostStatus, RegistrySecret
from imageyard.domain.kinds.repository import Layer, Manifest, Platform, Repository, RepositoryStatus
from imageyard.domain.objects import ANNOTATION, Condition
from imageyard.domain.reasons import Reason
from imageyard.registry import config
from imageyard.store import Content, Note
from tests.web.whole import Server

ADMIN: Final = Actor("admin", frozenset({MASTERS, AUTHENTICATED}))
PASSWORD: Final = "Harbor12345-canary"
OLD: Final = "sha256:" + "ab" * 32
NEW: Final = "sha256:" + "cd" * 32
INNER: Final = "sha256:" + "ef" * 32
"""What the index NEW lists for the platform that is shown."""
GONE: Final = "sha256:" + "12" * 32
SCOPE: Final = "https://harbor.example.com/team"
MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
INDEX: Final = "application/vnd.oci.image.index.v1+json"
LAYER: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
CHART: Final = "application/vnd.cncf.helm.config.v1+json"
CONFIG: Final = "application/vnd.oci.image.config.v1+json"
PLAIN: Final = "plain words"

IMAGES: Final = ("synced", "failed", "pending", "syncing", "suspended")
PAGES: Final = (
    "/console/",
    "/console/sources",
    "/console/images",
    *(
        f"/console/sources/default/harbor?tab={tab}"
        for tab in ("overview", "verifications", "images", "events", "yaml", "commands")
    ),
    *(
        f"/console/images/default/synced?tab={tab}"
        for tab in ("overview", "layers", "config", "manifest", "history", "events", "yaml", "commands")
    ),
    "/console/images/default/synced/compare",
    f"/console/images/default/synced?tab=manifest&entry={GONE}",
    f"/console/images/default/synced?tab=manifest&digest={OLD}",
    "/console/activity",
    "/console/images/default/failed",
    "/console/images/default/pending?tab=layers",
    "/console/images/default/pending?tab=config",
    "/console/sources/other/broken",
)
"""Those that a viewer may read."""
OPERATED: Final = (
    "/console/settings",
    "/console/settings/keys/rotate",
    "/console/about",
    "/console/audit?user=x",
    "/console/access",
    "/console/access/tokens/new?name=x&user=x&groups=x&group=image-viewer",
    "/console/access/tokens/robot/created",
    "/console/access/tokens/robot/revoke",
    "/console/access/roles",
    "/console/access/clusterroles/odd",
    "/console/access/rolebindings/other/odd",
    "/console/access/check",
    "/console/access/check?user=x&groups=odd&verb=get&what=repositories&in=other&name=x",
    "/console/access/check?user=x&groups=image-viewer&verb=delete&what=repositories",
)
"""Those of an operator."""
FORMS: Final = (
    "/console/sources/new",
    "/console/sources/new?preset=ecr&namespace=other",
    "/console/sources/import",
    "/console/sources/default/harbor/edit",
    "/console/sources/default/harbor/password",
)
"""Those that change registry sources."""
DELETIONS: Final = (
    "/console/images/default/synced/delete",
    "/console/sources/default/harbor/delete",
    "/console/images/new?image=nginx",
    "/console/images/import",
    "/console/images/default/synced/edit",
)
"""Those that want a right to change something."""


async def fill(server: Server, said: str = PLAIN) -> None:
    """`said` stands in every text that a user or a registry decides."""
    await _sources(server, said)
    await _contents(server, said)
    for name in IMAGES:
        await _image(server, name, said)
    await _event(server, "synced", said)
    await _rights(server, said)


async def _rights(server: Server, said: str) -> None:
    """A token, a role and its binding, whose users and names are whatever somebody wrote."""
    plain = "".join(filter(str.isprintable, said))[:200]
    await server.doors.tokens.create("robot", plain, [plain], None)
    rule = {"apiGroups": ["*"], "resources": ["repositories", plain], "resourceNames": ["x", plain], "verbs": ["get"]}
    role = {
        "metadata": {"name": "odd"},
        "rules": [rule, {"nonResourceURLs": ["/metrics", f"/{plain}"], "verbs": ["get"]}],
    }
    await server.doors.objects.create(ADMIN, CLUSTER_ROLE, "", role)
    ref = {"apiGroup": RBAC, "kind": "ClusterRole", "name": "odd"}
    subjects = [{"kind": "Group", "name": each, "apiGroup": RBAC} for each in ("odd", plain)]
    binding = {"metadata": {"name": "odd", "namespace": "other"}, "roleRef": ref, "subjects": subjects}
    await server.doors.objects.create(ADMIN, ROLE_BINDING, "other", binding)


async def _sources(server: Server, said: str) -> None:
    domains = {"default/harbor": "harbor.example.com", "other/broken": "registry.example.org:5000"}
    for place, domain in domains.items():
        namespace, name = place.split("/")
        login = {"domain": domain, "username": "robot", "password": PASSWORD, "provider": "harbor"}
        spec = {**login, "allowedNamespaces": ["*"]}
        made = await server.doors.objects.create(
            ADMIN, REGISTRY_SECRET, namespace, _document(name, namespace, spec, said)
        )
        found: RegistrySecret = REGISTRY_SECRET.decode(made.stored.body)
        await _verified(server, found, said, good=name == "harbor")


async def _verified(server: Server, found: RegistrySecret, said: str, *, good: bool) -> None:
    now = server.clock.now()
    reason = Reason.Verified if good else Reason.DNSFailed
    steps = [{"name": "address", "outcome": "ok" if good else "failed", "message": said, "milliseconds": 3}]
    line = {
        "time": objects.rfc3339(now),
        "trigger": "manual",
        "success": good,
        "reason": reason,
        "message": said,
        "durationMs": 12,
        "steps": steps,
    }
    annotations = {
        **found.metadata.annotations,
        ANNOTATION + "verify-status": "success" if good else "failed",
        ANNOTATION + "verify-timestamp": str(int(now.timestamp() * 1000)),
        ANNOTATION + "verify-message": said,
    }
    held = Condition(VERIFIED, "True" if good else "False", reason, said, found.metadata.generation, now)
    host = HostStatus("ok" if good else "open", quota_limit=100, quota_remaining=7)
    status = replace(found.status, conditions=[held], used_by=3, host=host)
    changed = replace(found, metadata=replace(found.metadata, annotations=annotations), status=status)
    await server.store.replace(REGISTRY_SECRET, changed, note=Note("verify", 20, json.dumps(line).encode()))


async def _image(server: Server, name: str, said: str) -> None:
    ref = {"name": "harbor", "namespace": "default"}
    spec = {"repository": f"team/{name}", "tag": "v1", "registryRef": ref, "suspend": name == "suspended"}
    made = await server.doors.objects.create(ADMIN, REPOSITORY, "default", _document(name, "default", spec, said))
    found: Repository = REPOSITORY.decode(made.stored.body)
    changed = replace(found, status=_status(server, found, name, said))
    await server.store.replace(REPOSITORY, changed, note=Note("sync", 50, _line(server, name, said), (OLD, NEW), SCOPE))


def _status(server: Server, found: Repository, name: str, said: str) -> RepositoryStatus:
    now, generation = server.clock.now(), found.metadata.generation
    match name:
        case "synced":
            condition = Condition("Synced", "True", "Synced", said, generation, now)
            return RepositoryStatus(
                sync_status="Success",
                domain="harbor.example.com",
                reason="Synced",
                last_synced=now - timedelta(minutes=5),
                next_sync=now + timedelta(minutes=5),
                observed_generation=generation,
                conditions=[condition],
                manifest=_manifest(said),
            )
        case "failed":
            return RepositoryStatus(
                sync_status="Failed",
                domain="harbor.example.com",
                reason=Reason.TagNotFound,
                message=said,
                failures=3,
                last_synced=now - timedelta(days=2),
                observed_generation=generation,
                manifest=_manifest(said),
            )
        case "syncing":
            return RepositoryStatus(sync_status="Syncing", observed_generation=generation)
        case _:
            return found.status


def _manifest(said: str) -> Manifest:
    layers = [
        Layer(OLD, "31000000", "application/vnd.oci.image.layer.v1.tar+gzip", said),
        Layer(NEW, "1200", "application/vnd.oci.image.layer.v1.tar+gzip", f"RUN {said}"),
    ]
    platforms = [
        Platform("linux", "amd64", digest=INNER, size_bytes=31_001_200),
        Platform("linux", "arm64", digest=NEW),
    ]
    media_type = "application/vnd.oci.image.index.v1+json"
    return Manifest(NEW, media_type, "amd64", "linux", "", "31MB", 31_001_200, None, layers, platforms, said)


async def _contents(server: Server, said: str) -> None:
    """What the registry holds: an image that the tag named first, then an index of platforms."""
    bare = {"User": "nobody", "Env": ["PATH", "OLD_NAME"], "ExposedPorts": {"80/tcp": {}}}
    await put_image(server, OLD, [(OLD, 31_000_000), (GONE, 4_000)], bare, [said, said])
    runtime = {"Entrypoint": [said], "Cmd": [said], "Env": ["PATH", said], "Labels": {said[:50]: said}, "User": said}
    runtime["ExposedPorts"], runtime["Volumes"] = {said: {}}, {said: {}}
    await put_image(server, INNER, [(OLD, 31_000_000), (NEW, 1_200)], runtime, [said, f"RUN {said}"])
    entries = [
        {"mediaType": MANIFEST, "digest": INNER, "size": 500, "platform": {"os": "linux", "architecture": "amd64"}},
        {
            "mediaType": MANIFEST,
            "digest": GONE,
            "size": 400,
            "annotations": {
                "vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": INNER,
                "note": said,
            },
        },
    ]
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries, "annotations": {said[:50]: said}}
    await server.store.put_content(Content(SCOPE, NEW, INDEX, json.dumps(index).encode()))
    chart = {"mediaType": CHART, "digest": OLD, "size": 2}
    part = {"mediaType": CHART, "digest": NEW, "size": 9, "annotations": {"org.opencontainers.image.title": said}}
    artifact = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": chart,
        "layers": [part],
        "annotations": {said[:50]: said},
    }
    await server.store.put_content(Content(SCOPE, GONE, MANIFEST, json.dumps(artifact).encode()))


async def put_image(
    server: Server, digest: str, sizes: Sequence[tuple[str, int]], runtime: Mapping[str, Any], said: Sequence[str]
) -> None:
    layers = [{"mediaType": LAYER, "digest": layer, "size": size} for layer, size in sizes]
    inside = {"mediaType": CONFIG, "digest": digest, "size": 2}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": inside, "layers": layers}
    history = [*({"created_by": each} for each in said), {"created_by": said[0], "empty_layer": True}]
    document = {"os": "linux", "architecture": "amd64", "config": runtime, "history": history}
    await server.store.put_content(Content(SCOPE, digest, MANIFEST, json.dumps(manifest).encode()))
    await server.store.put_content(Content(SCOPE, config.key(digest), CONFIG, json.dumps(document).encode()))


def _line(server: Server, name: str, said: str) -> bytes:
    failed = name == "failed"
    line = {
        "time": objects.rfc3339(server.clock.now()),
        "trigger": "schedule",
        "result": "Failed" if failed else "Success",
        "reason": "TagNotFound" if failed else "Synced",
        "message": said,
        "durationMs": 31,
        "digestBefore": OLD,
        "digestAfter": OLD if failed else NEW,
    }
    return json.dumps(line).encode()


async def _event(server: Server, name: str, said: str) -> None:
    stored = await server.doors.objects.get(ADMIN, REPOSITORY, "default", name)
    about = {"kind": "Repository", "namespace": "default", "name": name, "uid": stored.uid}
    now = objects.rfc3339(server.clock.now())
    event = {
        "metadata": {"name": f"{name}.1", "namespace": "default"},
        "involvedObject": about,
        "reason": "DigestChanged",
        "message": said,
        "type": "Warning",
        "count": 4,
        "firstTimestamp": now,
        "lastTimestamp": now,
    }
    await server.doors.objects.create(ADMIN, EVENT, "default", event)


def _document(name: str, namespace: str, spec: Mapping[str, Any], said: str) -> dict[str, Any]:
    annotations = {ANNOTATION + "display-name": said, ANNOTATION + "description": said}
    return {"metadata": {"name": name, "namespace": namespace, "annotations": annotations}, "spec": dict(spec)}


async def bind(server: Server, user: str, role: str, namespace: str) -> None:
    """Give somebody a role in one namespace."""
    document = {
        "metadata": {"name": f"{user}-{role}", "namespace": namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}],
    }
    await server.doors.objects.create(ADMIN, ROLE_BINDING, namespace, document)
