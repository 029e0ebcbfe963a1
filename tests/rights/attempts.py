"""What somebody of one team might try on another's: each is a request that names a namespace and a name.

In a URL, `%S` stands for the namespace and `%N` for the name.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from tests.rights import console, documents
from tests.rights.people import IMAGES_GROUP, Json
from tests.rights.rows import APPLY, MERGE, Call
from tests.rights.yard import DIGEST, KUBE, RBAC

Attempt = Callable[[str, str], Call]
"""On what is at `namespace`, `name`."""
Make = Callable[[str, str], Json]
REST: Final = "/oapis/image.theriseunion.io/v1alpha1"
CORE: Final = "/api/v1"
NEWER: Final = "/apis/events.k8s.io/v1"
REVIEW: Final = "/apis/authorization.k8s.io/v1"
JSON_PATCH: Final = {"content_type": "application/json-patch+json"}
TABLE: Final = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
PARTIAL: Final = {"accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
UID: Final = "00000000-0000-4000-8000-000000000000"


def at(
    method: str, url: str, body: Callable[[str, str], Any] | bytes = b"", headers: Mapping[str, str] | None = None
) -> Attempt:
    """The attempt to send this; `body` makes what goes with it."""

    def attempt(namespace: str, name: str) -> Call:
        sent = body if isinstance(body, bytes) else body(namespace, name)
        return Call(method, url.replace("%S", namespace).replace("%N", name), sent, headers or {})

    return attempt


def always(body: Any) -> Callable[[str, str], Any]:
    return lambda namespace, name: body


def all_of() -> Mapping[str, Attempt]:
    return {
        **{f"rest {each}": attempt for each, attempt in _rest()},
        **{f"kube {each}": attempt for each, attempt in _kube()},
        **{f"kube {each}": attempt for each, attempt in _beside()},
        **{f"console {each}": attempt for each, attempt in _browsed()},
    }


def _rest() -> Iterator[tuple[str, Attempt]]:
    kinds: tuple[tuple[str, Make, str], ...] = (
        ("repositories", documents.image, "name"),
        ("registry-secrets", documents.source, "search"),
    )
    for plural, make, search in kinds:
        many = f"{REST}/namespaces/%S/{plural}"
        yield from _lists(many, "", f"?{search}=%N", "?limit=1000", "?page=2&limit=1", "?sortBy=createTime")
        yield from _lists(many, "?labelSelector=canary", "?fieldSelector=metadata.name%3D%N")
        yield from _objects(many, make)
        yield f"history of {plural}", at("GET", f"{many}/%N/history")
        yield f"delete {plural} by names", at("DELETE", many, lambda namespace, name: {"names": [name]})
    yield "manifest", at("GET", f"{REST}/namespaces/%S/repositories/%N/manifests/{DIGEST}")
    yield from _actions(f"{REST}/namespaces/%S/registry-secrets", f"{REST}/namespaces/%S/repositories")


def _kube() -> Iterator[tuple[str, Attempt]]:
    kinds: tuple[tuple[str, Make], ...] = (("repositories", documents.image), ("registrysecrets", documents.source))
    for plural, make in kinds:
        many = f"{KUBE}/namespaces/%S/{plural}"
        yield from _lists(many, "", "?limit=1", "?watch=1", "?watch=1&resourceVersion=1", "?resourceVersion=0")
        yield from _lists(many, "?labelSelector=canary", "?fieldSelector=metadata.name%3D%N", "?continue=AAAA")
        yield f"table of {plural}", at("GET", many, headers=TABLE)
        yield f"metadata of {plural}", at("GET", many, headers=PARTIAL)
        yield from _objects(many, make)
        yield from _rehearsals(many, make)
        yield f"status of {plural}", at("GET", f"{many}/%N/status")
        yield f"patch status of {plural}", at("PATCH", f"{many}/%N/status", always({"status": {}}), MERGE)
    yield from _actions(f"{KUBE}/namespaces/%S/registrysecrets", f"{KUBE}/namespaces/%S/repositories")


def _browsed() -> Iterator[tuple[str, Attempt]]:
    for method, template, key in console.all_of():
        sends = console.promise(method, template).sends
        url = template.replace("{namespace}", "%S").replace("{name}", "%N").replace("{digest}", DIGEST)
        if "{namespace}" in template and method == "GET":
            yield key, at(method, f"{url}?{sends}")
        elif "{namespace}" in template:
            yield key, _form(method, url, sends)


def _form(method: str, url: str, sends: str) -> Attempt:
    def attempt(namespace: str, name: str) -> Call:
        call = at(method, url, headers=console.FORM)(namespace, name)
        return call._replace(body=sends.replace("%N", name).encode())

    return attempt


def _lists(many: str, *queries: str) -> Iterator[tuple[str, Attempt]]:
    for query in queries:
        yield f"list {many}{query}", at("GET", many + query)


_LABELLED: Final = {"metadata": {"labels": {"x": "y"}}}
_GUESS: Final = [{"op": "test", "path": "/spec/domain", "value": "harbor.example.com"}]


def _objects(many: str, make: Make) -> Iterator[tuple[str, Attempt]]:
    yield f"get {many}", at("GET", f"{many}/%N")
    yield f"create {many}", at("POST", many, make)
    yield f"replace {many}", at("PUT", f"{many}/%N", make)
    yield f"delete {many}", at("DELETE", f"{many}/%N")
    yield f"patch {many}", at("PATCH", f"{many}/%N", always(_LABELLED), MERGE)
    yield f"guess by a patch {many}", at("PATCH", f"{many}/%N", always(_GUESS), JSON_PATCH)


def _rehearsals(many: str, make: Make) -> Iterator[tuple[str, Attempt]]:
    """And what else a Kubernetes client may say with a write."""

    def owned(namespace: str, name: str) -> Json:
        made = make(namespace, name)
        owner = {"apiVersion": made["apiVersion"], "kind": made["kind"], "name": name, "uid": UID}
        return {**made, "metadata": {**made["metadata"], "ownerReferences": [owner]}}

    def generated(namespace: str, name: str) -> Json:
        return {**make(namespace, name), "metadata": {"generateName": f"{name}-", "namespace": namespace}}

    apply = f"{many}/%N?fieldManager=x&force=true"
    yield f"rehearse {many}", at("POST", f"{many}?dryRun=All", make)
    yield f"generate {many}", at("POST", many, generated)
    yield f"create owned {many}", at("POST", many, owned)
    yield f"apply {many}", at("PATCH", apply, make, APPLY)
    yield f"rehearse apply {many}", at("PATCH", f"{apply}&dryRun=All", make, APPLY)
    yield f"delete a uid of {many}", at("DELETE", f"{many}/%N", always({"preconditions": {"uid": UID}}))
    yield f"rehearse delete {many}", at("DELETE", f"{many}/%N?dryRun=All")
    yield f"delete all {many}", at("DELETE", many)
    yield f"delete chosen {many}", at("DELETE", f"{many}?labelSelector=canary")


def _actions(sources: str, images: str) -> Iterator[tuple[str, Attempt]]:
    login = {"domain": "harbor.example.com", "username": "u", "password": "p"}
    spec = documents.image("x", "x")["spec"]
    yield "verify", at("POST", f"{sources}/%N/verify", always({}))
    yield "verify another login", at("POST", f"{sources}/%N/verify", always(login))
    yield "sync", at("POST", f"{images}/%N/sync")
    yield "test fetch", at("POST", f"{images}/%N/sync?dryRun=All", always(spec))


def _beside() -> Iterator[tuple[str, Attempt]]:
    """Events, roles, bindings, namespaces, and questions about them."""
    groups: tuple[tuple[str, str, Make], ...] = (
        (CORE, "involvedObject", documents.event),
        (NEWER, "regarding", documents.newer_event),
    )
    for base, about, make in groups:
        many = f"{base}/namespaces/%S/events"
        yield from _lists(many, "", "?watch=1", f"?fieldSelector={about}.name%3D%N", "?labelSelector=canary")
        yield from _objects(many, make)
    rights: tuple[tuple[str, Make], ...] = (("roles", documents.role), ("rolebindings", documents.binding))
    for plural, make in rights:
        many = f"{RBAC}/namespaces/%S/{plural}"
        yield from _lists(many, "", "?watch=1")
        yield from _objects(many, make)
    namespace = f"{CORE}/namespaces/%S"
    yield "get namespace", at("GET", namespace)
    yield "get status of namespace", at("GET", f"{namespace}/status")
    yield "patch namespace", at("PATCH", namespace, always(_LABELLED), MERGE)
    yield "delete namespace", at("DELETE", namespace)
    yield "ask for another's rights", at("POST", f"{REVIEW}/subjectaccessreviews", _question)
    there = f"{REVIEW}/namespaces/%S/localsubjectaccessreviews"
    yield "ask for another's rights there", at("POST", there, _question)


def _question(namespace: str, name: str) -> Json:
    asked = {"group": IMAGES_GROUP, "resource": "repositories", "verb": "get", "namespace": namespace, "name": name}
    return {"spec": {"user": "viewer", "resourceAttributes": asked}}
