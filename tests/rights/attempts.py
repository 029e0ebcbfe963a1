"""What somebody of one team might try on another's: each is a request that names a namespace and a name."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from tests.rights import documents
from tests.rights.people import IMAGES_GROUP, Json
from tests.rights.rows import APPLY, MERGE, Call
from tests.rights.yard import DIGEST, KUBE, RBAC

Attempt = Callable[[str, str], Call]
"""On what is at `namespace`, `name`."""
REST: Final = "/oapis/image.theriseunion.io/v1alpha1"
CORE: Final = "/api/v1"
NEWER: Final = "/apis/events.k8s.io/v1"
REVIEW: Final = "/apis/authorization.k8s.io/v1"
JSON_PATCH: Final = {"content_type": "application/json-patch+json"}
TABLE: Final = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
PARTIAL: Final = {"accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
UID: Final = "00000000-0000-4000-8000-000000000000"


def all_of() -> Mapping[str, Attempt]:
    return {
        **{f"rest {each}": attempt for each, attempt in _rest()},
        **{f"kube {each}": attempt for each, attempt in _kube()},
        **{f"kube {each}": attempt for each, attempt in _beside()},
    }


def _rest() -> Iterator[tuple[str, Attempt]]:
    for plural, make, search in (
        ("repositories", documents.image, "name"),
        ("registry-secrets", documents.source, "search"),
    ):
        many = f"{REST}/namespaces/{{}}/{plural}"
        yield from _lists(many, plural, ["", f"?{search}=%N", "?limit=1000", "?page=2&limit=1", "?sortBy=createTime"])
        yield from _lists(many, plural, ["?labelSelector=canary", "?fieldSelector=metadata.name%3D%N"])
        yield from _objects(many, plural, make, {"patch by merge": MERGE, "patch by test": JSON_PATCH})
        yield f"history of {plural}", lambda ns, name, many=many: Call("GET", f"{many.format(ns)}/{name}/history")
        yield (
            f"delete {plural} by names",
            lambda ns, name, many=many: Call("DELETE", many.format(ns), {"names": [name]}),
        )
    yield "manifest", lambda ns, name: Call("GET", f"{REST}/namespaces/{ns}/repositories/{name}/manifests/{DIGEST}")
    yield from _actions(f"{REST}/namespaces/{{}}/registry-secrets", f"{REST}/namespaces/{{}}/repositories")


def _kube() -> Iterator[tuple[str, Attempt]]:
    for plural, make in (("repositories", documents.image), ("registrysecrets", documents.source)):
        many = f"{KUBE}/namespaces/{{}}/{plural}"
        queries = ["", "?limit=1", "?watch=1", "?watch=1&resourceVersion=1", "?resourceVersion=0"]
        queries += ["?labelSelector=canary", "?fieldSelector=metadata.name%3D%N", "?limit=1&continue=AAAA"]
        yield from _lists(many, plural, queries)
        yield f"table of {plural}", lambda ns, name, many=many: Call("GET", many.format(ns), b"", TABLE)
        yield f"metadata of {plural}", lambda ns, name, many=many: Call("GET", many.format(ns), b"", PARTIAL)
        yield from _objects(many, plural, make, {"patch by merge": MERGE, "patch by test": JSON_PATCH})
        yield from _more_writes(many, plural, make)
        status = f"{many}/%N/status"
        yield f"status of {plural}", lambda ns, name, at=status: Call("GET", at.format(ns).replace("%N", name))
        yield (
            f"patch status of {plural}",
            lambda ns, name, at=status: Call("PATCH", at.format(ns).replace("%N", name), {"status": {}}, MERGE),
        )
    yield from _actions(f"{KUBE}/namespaces/{{}}/registrysecrets", f"{KUBE}/namespaces/{{}}/repositories")


def _lists(many: str, plural: str, queries: list[str]) -> Iterator[tuple[str, Attempt]]:
    for query in queries:
        yield (
            f"list {plural}{query}",
            lambda ns, name, query=query: Call("GET", many.format(ns) + query.replace("%N", name)),
        )


def _objects(
    many: str, plural: str, make: Callable[..., Json], patches: Mapping[str, dict[str, str]]
) -> Iterator[tuple[str, Attempt]]:
    yield f"get {plural}", lambda ns, name: Call("GET", f"{many.format(ns)}/{name}")
    yield f"create {plural}", lambda ns, name: Call("POST", many.format(ns), make(ns, name))
    yield f"replace {plural}", lambda ns, name: Call("PUT", f"{many.format(ns)}/{name}", make(ns, name))
    yield f"delete {plural}", lambda ns, name: Call("DELETE", f"{many.format(ns)}/{name}")
    bodies: dict[str, Any] = {
        "patch by merge": {"metadata": {"labels": {"x": "y"}}},
        "patch by test": [{"op": "test", "path": "/spec/domain", "value": "harbor.example.com"}],
    }
    for each, headers in patches.items():
        yield (
            f"{each} {plural}",
            lambda ns, name, body=bodies[each], headers=headers: Call(
                "PATCH", f"{many.format(ns)}/{name}", body, headers
            ),
        )


def _more_writes(many: str, plural: str, make: Callable[..., Json]) -> Iterator[tuple[str, Attempt]]:
    def owned(ns: str, name: str) -> Json:
        made = make(ns, name)
        kind, version = made["kind"], made["apiVersion"]
        made["metadata"]["ownerReferences"] = [{"apiVersion": version, "kind": kind, "name": name, "uid": UID}]
        return made

    def generated(ns: str, name: str) -> Json:
        made = make(ns, name)
        made["metadata"] = {"generateName": f"{name}-", "namespace": ns}
        return made

    apply = "?fieldManager=x&force=true"
    yield f"rehearse {plural}", lambda ns, name: Call("POST", f"{many.format(ns)}?dryRun=All", make(ns, name))
    yield f"generate {plural}", lambda ns, name: Call("POST", many.format(ns), generated(ns, name))
    yield f"create owned {plural}", lambda ns, name: Call("POST", many.format(ns), owned(ns, name))
    yield f"apply {plural}", lambda ns, name: Call("PATCH", f"{many.format(ns)}/{name}{apply}", make(ns, name), APPLY)
    yield (
        f"rehearse apply {plural}",
        lambda ns, name: Call("PATCH", f"{many.format(ns)}/{name}{apply}&dryRun=All", make(ns, name), APPLY),
    )
    yield (
        f"delete {plural} of a uid",
        lambda ns, name: Call("DELETE", f"{many.format(ns)}/{name}", {"preconditions": {"uid": UID}}),
    )
    yield f"rehearse delete {plural}", lambda ns, name: Call("DELETE", f"{many.format(ns)}/{name}?dryRun=All")
    yield f"delete all {plural}", lambda ns, name: Call("DELETE", many.format(ns))
    yield f"delete chosen {plural}", lambda ns, name: Call("DELETE", f"{many.format(ns)}?labelSelector=canary")


def _actions(sources: str, images: str) -> Iterator[tuple[str, Attempt]]:
    login = {"domain": "harbor.example.com", "username": "u", "password": "p"}
    spec = documents.image("x", "x")["spec"]
    yield "verify", lambda ns, name: Call("POST", f"{sources.format(ns)}/{name}/verify", {})
    yield "verify another login", lambda ns, name: Call("POST", f"{sources.format(ns)}/{name}/verify", login)
    yield "sync", lambda ns, name: Call("POST", f"{images.format(ns)}/{name}/sync")
    yield "test fetch", lambda ns, name: Call("POST", f"{images.format(ns)}/{name}/sync?dryRun=All", spec)


def _beside() -> Iterator[tuple[str, Attempt]]:
    """Events, roles, bindings, namespaces, and questions about them."""
    for base, about, make in (
        (CORE, "involvedObject", documents.event),
        (NEWER, "regarding", documents.newer_event),
    ):
        many, told = f"{base}/namespaces/{{}}/events", f"events of {base}"
        yield from _lists(many, told, ["", "?watch=1", f"?fieldSelector={about}.name%3D%N", "?labelSelector=canary"])
        yield from _objects(many, told, make, {"patch by merge": MERGE})
    for plural, make_ in (("roles", documents.role), ("rolebindings", documents.binding)):
        many = f"{RBAC}/namespaces/{{}}/{plural}"
        yield from _lists(many, plural, ["", "?watch=1"])
        yield from _objects(many, plural, make_, {"patch by merge": MERGE})
    for sub in ("", "/status"):
        yield f"get namespace{sub}", lambda ns, name, sub=sub: Call("GET", f"{CORE}/namespaces/{ns}{sub}")
    change = {"metadata": {"labels": {"x": "y"}}}
    yield "patch namespace", lambda ns, name: Call("PATCH", f"{CORE}/namespaces/{ns}", change, MERGE)
    yield "delete namespace", lambda ns, name: Call("DELETE", f"{CORE}/namespaces/{ns}")
    asked = {"group": IMAGES_GROUP, "resource": "repositories", "verb": "get"}
    yield (
        "ask for another's rights there",
        lambda ns, name: Call(
            "POST",
            f"{REVIEW}/namespaces/{ns}/localsubjectaccessreviews",
            {"spec": {"user": "viewer", "resourceAttributes": {**asked, "namespace": ns, "name": name}}},
        ),
    )
    yield (
        "ask for another's rights",
        lambda ns, name: Call(
            "POST",
            f"{REVIEW}/subjectaccessreviews",
            {"spec": {"user": "viewer", "resourceAttributes": {**asked, "namespace": ns, "name": name}}},
        ),
    )
