"""Whatever is sent to the kube door: an answer soon, and where it is refused a Status with its code; never a 500."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.asgi import Answer, Client
from tests.web import whole
from tests.web.kube.samples import GROUP, IMAGES, NAMESPACES, SOURCES, image, source

SECONDS: Final = 5.0
"""In which anything is answered, on a busy machine too."""

Ask = Callable[..., Answer]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Send a request as the administrator, and judge the answer."""
    with asyncio.Runner() as runner:
        running = whole.running(tmp_path_factory.mktemp("fuzz"))
        server = runner.run(running.__aenter__())
        client = runner.run(server.client("ci", "system:masters"))
        runner.run(_furnished(client))

        def ask(method: str, url: str, body: Any = b"", **headers: str) -> Answer:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            begun = time.monotonic()
            answer = runner.run(client.request(method, url, body, headers=named))
            assert time.monotonic() - begun < SECONDS
            _judge(method, answer)
            return answer

        yield ask
        runner.run(running.__aexit__(None, None, None))


async def _furnished(client: Client) -> None:
    for namespace in ("team", "kept"):
        assert (await client.post(NAMESPACES, {"metadata": {"name": namespace}})).status == 201
    for collection, document in ((SOURCES, source()), (IMAGES, image())):
        assert (await client.post(collection, document)).status == 201
        document["metadata"]["namespace"] = "kept"
        assert (await client.post(_kept(collection), document)).status == 201


def _kept(path: str) -> str:
    """In the namespace in which nothing is ever deleted."""
    return path.replace("/default/", "/kept/")


def _judge(method: str, answer: Answer) -> None:
    assert answer.status < 500, answer.body[:2000]
    if answer.status >= 400 and method != "HEAD":
        status = answer.json()
        assert (status["kind"], status["status"], status["code"]) == ("Status", "Failure", answer.status)


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
odd = st.sampled_from(["", "..", "\x00", "_all_", "ÿ", "\u202e", "a" * 300, "-", "%", "0", "null", "{}", "\r\n"]) | text
numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False)
scalars = st.none() | st.booleans() | numbers | odd
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(odd, inner, max_size=4), max_leaves=12
)

WORDS: Final = (
    *("api", "apis", "v1", "v1alpha1", "image.theriseunion.io", "namespaces", "default", "team", "none"),
    *("repositories", "registrysecrets", "one", "src", "status", "sync", "verify", "scale", "openapi", "v2", "v3"),
    *("events", "roles", "clusterroles", "authorization.k8s.io", "selfsubjectaccessreviews", "watch"),
    *("rbac.authorization.k8s.io", "rolebindings", "clusterrolebindings", "events.k8s.io", "tokenreviews"),
)
RBAC: Final = "/apis/rbac.authorization.k8s.io/v1"
PLACES: Final = (
    *(IMAGES, SOURCES, NAMESPACES, f"{IMAGES}/one", f"{SOURCES}/src", f"{IMAGES}/one/status", f"{SOURCES}/src/status"),
    *(f"{GROUP}/repositories", f"{GROUP}/registrysecrets", f"{NAMESPACES}/team", "/api", "/apis", GROUP),
    *("/openapi/v2", "/openapi/v3", f"/openapi/v3{GROUP}"),
    *(f"{RBAC}/namespaces/default/roles", f"{RBAC}/clusterroles", f"{RBAC}/clusterrolebindings/x"),
    *("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "/apis/authentication.k8s.io/v1/tokenreviews"),
)
paths = st.sampled_from(PLACES) | st.builds(
    lambda root, parts: f"/{root}/" + "/".join(quote(part) for part in parts),
    st.sampled_from(["api", "apis"]),
    st.lists(st.sampled_from(WORDS) | odd.map(lambda part: part.replace("/", "")), max_size=8),
)
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
PARAMETERS: Final = (
    *("watch", "limit", "continue", "resourceVersion", "resourceVersionMatch", "labelSelector", "fieldSelector"),
    *("timeoutSeconds", "allowWatchBookmarks", "sendInitialEvents", "dryRun", "fieldManager", "fieldValidation"),
    *("force", "includeObject", "pretty", "propagationPolicy", "gracePeriodSeconds", "hash"),
)
told = st.sampled_from(
    [
        *("1", "true", "0", "All", "Exact", "NotOlderThan", "Strict", "Warn", "a=b", "a in (b,c)", "!a", "a!=b,c"),
        *("metadata.name=one", "status.syncStatus!=", "spec.registryRef.name=src", "99999999999999999999", "-1", "1e9"),
    ]
)
queries = st.lists(st.tuples(st.sampled_from(PARAMETERS) | odd, told | odd), max_size=5).map(urlencode)
FORMS: Final = (
    *("application/json", "application/yaml", "*/*", "application/vnd.kubernetes.protobuf", "application/cbor"),
    "application/json;as=Table;v=v1;g=meta.k8s.io",
    "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
    "application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io",
    *("application/json;q=0.1", "application/json;as=Nothing", ";;;", ",", "a/b;q=x", "application/json;stream=watch"),
)
header = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30)
accepts = st.lists(st.sampled_from(FORMS) | header, max_size=3).map(",".join)


@given(st.sampled_from(METHODS), paths, queries, accepts)
def test_any_path_query_and_accept(ask: Ask, method: str, path: str, query: str, accept: str) -> None:
    ask(method, f"{path}?{query}", accept=accept)


@given(
    st.sampled_from(("POST", "PUT", "PATCH", "DELETE")),
    st.sampled_from(PLACES),
    st.sampled_from((*FORMS, "application/merge-patch+json", "application/apply-patch+yaml", "text/plain")) | header,
    st.binary(max_size=60) | values.map(lambda value: json.dumps(value).encode()),
)
def test_any_body(ask: Ask, method: str, path: str, media_type: str, body: bytes) -> None:
    ask(method, path, body, content_type=media_type)


FIELDS: Final = (
    *("apiVersion", "kind", "metadata", "spec", "status", "name", "namespace", "labels", "annotations", "finalizers"),
    *("managedFields", "ownerReferences", "resourceVersion", "uid", "generation", "creationTimestamp", "password"),
    *("repository", "tag", "registryRef", "syncInterval", "retryCount", "conditions", "manifest", "layers", "domain"),
    "deletionTimestamp",
)
keys = st.sampled_from(FIELDS) | odd
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5), max_leaves=15
)
documents = st.dictionaries(keys, trees, max_size=6)


def _misled(document: dict[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    """The document with another value at a place that may be there."""
    whole_, held = document, document
    for part in path[:-1]:
        if not isinstance(held.get(part), dict):
            break
        held = held[part]
    held[path[-1]] = value
    return whole_


misled = st.builds(
    _misled,
    st.sampled_from([image, source]).map(lambda make: make("fuzzed")),
    st.lists(keys, min_size=1, max_size=3),
    trees,
)


@given(st.sampled_from(("POST", "PUT")), misled | documents, st.booleans())
def test_objects_with_anything_in_any_place(ask: Ask, method: str, document: dict[str, Any], strict: bool) -> None:
    collection, make = (SOURCES, source) if document.get("kind") == "RegistrySecret" else (IMAGES, image)
    path = collection
    if method == "PUT":
        path = f"{collection}/fuzzed"
        version = ask("POST", collection, make("fuzzed")).json()["metadata"].get("resourceVersion", "")
        if isinstance(document.get("metadata"), dict):
            document["metadata"].setdefault("resourceVersion", version)
    ask(method, f"{path}?fieldValidation={'Strict' if strict else 'Warn'}", document)
    ask("DELETE", f"{collection}/fuzzed")


ONE: Final = _kept(f"{IMAGES}/one")
SRC: Final = _kept(f"{SOURCES}/src")


@given(
    st.sampled_from((ONE, SRC, f"{NAMESPACES}/kept")),
    documents,
    st.sampled_from(("", "/status")),
)
def test_merges_and_applies_of_anything(ask: Ask, path: str, document: dict[str, Any], sub: str) -> None:
    ask("PATCH", f"{path}{sub}?dryRun=All", document, content_type="application/merge-patch+json")
    ask("PATCH", f"{path}?dryRun=All", document, content_type="application/strategic-merge-patch+json")
    named = {"metadata": {"name": path.rpartition("/")[2]}, **document}
    version = "v1" if path.startswith(NAMESPACES) else "image.theriseunion.io/v1alpha1"
    kind = {"one": "Repository", "src": "RegistrySecret", "kept": "Namespace"}[path.rpartition("/")[2]]
    applied = named | {"apiVersion": version, "kind": kind}
    asked = f"{path}{sub}?fieldManager=fuzz&force=true&dryRun=All"
    ask("PATCH", asked, applied, content_type="application/apply-patch+yaml")


pointers = st.lists(st.sampled_from((*FIELDS, "0", "-", "a~1b", "~")) | odd, max_size=4).map(
    lambda parts: "".join(f"/{part}" for part in parts)
)
operations = st.fixed_dictionaries(
    {},
    optional={
        "op": st.sampled_from(("add", "remove", "replace", "move", "copy", "test")) | scalars,
        "path": pointers | scalars,
        "from": pointers | scalars,
        "value": trees,
    },
)


@given(st.sampled_from((ONE, SRC, f"{ONE}/status")), st.lists(operations, max_size=6))
def test_json_patches_of_anything(ask: Ask, path: str, operations: list[Any]) -> None:
    ask("PATCH", f"{path}?dryRun=All", operations, content_type="application/json-patch+json")


def role() -> dict[str, Any]:
    rule = {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"], "resourceNames": ["one"]}
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r"}, "rules": [rule]}


def binding() -> dict[str, Any]:
    group = "rbac.authorization.k8s.io"
    subjects = [{"kind": "User", "name": "somebody", "apiGroup": group}]
    ref = {"kind": "ClusterRole", "name": "image-viewer", "apiGroup": group}
    return {**role(), "kind": "RoleBinding", "subjects": subjects, "roleRef": ref}


def review() -> dict[str, Any]:
    asked = {"verb": "get", "group": "image.theriseunion.io", "resource": "repositories", "namespace": "default"}
    spec = {"resourceAttributes": asked}
    return {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec}


builtin_keys = st.sampled_from(
    ["rules", "subjects", "roleRef", "spec", "resourceAttributes", "nonResourceAttributes", "kind", "metadata", "name"]
)


@given(st.sampled_from((role, binding, review)), st.lists(builtin_keys, min_size=1, max_size=3), trees)
def test_roles_and_reviews_with_anything_in_any_place(
    ask: Ask, make: Callable[[], dict[str, Any]], path: list[str], value: Any
) -> None:
    place = {
        role: f"{RBAC}/namespaces/default/roles",
        binding: f"{RBAC}/namespaces/default/rolebindings",
        review: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    }[make]
    ask("POST", f"{place}?dryRun=All", _misled(make(), path, value))


def nested(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/json-patch+json", json.dumps([{"op": "test", "path": "/a", "value": 1}] * 10_001).encode()),
        (
            "application/json-patch+json",
            json.dumps([{"op": "copy", "from": "", "path": "/metadata/x"}] * 5_000).encode(),
        ),
        ("application/json-patch+json", json.dumps([{"op": "add", "path": "/a" * 5_000, "value": 1}]).encode()),
        ("application/merge-patch+json", nested(100_000)),
        ("application/apply-patch+yaml", nested(5_000)),
        ("application/apply-patch+yaml", b"a: &a [x]\n" + b"".join(b"b%d: *a\n" % n for n in range(50_000))),
        ("application/apply-patch+yaml", b"&a [" + b"*a," * 1_000 + b"]"),
        (
            "application/merge-patch+json",
            b'{"metadata":{"labels":{' + b",".join(b'"k%d":""' % n for n in range(200_000)) + b"}}}",
        ),
        ("application/merge-patch+json", b" " * (3 * 1024 * 1024 + 1)),
        ("application/merge-patch+json", b'{"a":' + b"9" * 1_000_000 + b"}"),
        ("application/merge-patch+json", b'{"a":"\\ud800"}'),
    ],
    ids=["many", "doubling", "long", "deep", "deep yaml", "aliases", "cycle", "labels", "large", "digits", "surrogate"],
)
def test_what_would_cost_much_is_refused_soon(ask: Ask, media_type: str, body: bytes) -> None:
    answer = ask("PATCH", f"{ONE}?fieldManager=fuzz", body, content_type=media_type)
    assert 400 <= answer.status < 500
