"""What callers may send: bodies, patches, queries and headers."""

from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any, Final

import msgspec

from imageyard.domain import document, duration, field_manager, field_set, managed_fields, patch, selector
from imageyard.domain.apply_conflict import ApplyConflict
from imageyard.domain.duration import InvalidDuration
from imageyard.domain.errors import BadRequest, Invalid, UnsupportedMediaType
from imageyard.domain.field_set import InvalidFieldSet
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import KINDS, REGISTRY_SECRET, REPOSITORY, VIEWS
from imageyard.domain.text import Text
from imageyard.store import Query
from imageyard.store.sqlite import continuation
from imageyard.web import body, forwarded, language, protobuf_body
from imageyard.web.kube import negotiation
from imageyard.web.kube import parameters as kube
from imageyard.web.kube.negotiation import NotAcceptable
from imageyard.web.oapis import parameters as rest
from tests.fuzz.target import Target, header, text
from tests.web import test_protobuf_body as protobuf

NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
REFUSED: Final = (BadRequest, Invalid)
BODY: Final = 3 * 1024 * 1024
HEADER: Final = 65_536
PATHS: Final = frozenset({"metadata.name", "status.syncStatus"})


def _body(media_type: str) -> Callable[[bytes], None]:
    def read(data: bytes) -> None:
        """What was read can be written again: no NaN, no half of a surrogate pair, nothing over 64 bits."""
        msgspec.json.encode(body.parse(data, media_type))

    return read


_NO_PAIR: Final = Text("须为两项", "a pair is expected")


def _pair(data: bytes) -> tuple[dict[str, Any], Any]:
    """A document and what is done to it."""
    read = body.parse(data, body.JSON)
    if not isinstance(read, list) or len(read) != 2 or not isinstance(read[0], dict):
        raise BadRequest(_NO_PAIR)
    return read[0], read[1]


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _merge(data: bytes) -> None:
    held, asked = _pair(data)
    once = patch.merge(held, _mapping(asked))
    assert patch.merge(once, _mapping(asked)) == once
    patch.strategic(held, _mapping(asked))


def _json_patch(data: bytes) -> None:
    held, asked = _pair(data)
    msgspec.json.encode(patch.apply_json(held, asked, ("password",)))


def _apply(data: bytes) -> None:
    """An apply whose outcome is applied again changes nothing, and its owners can be written and read."""
    held, config = _pair(data)
    for kind, sub in ((REGISTRY_SECRET, ""), (REPOSITORY, "status")):
        first = _applied(kind, (), held, _mapping(config), sub)
        again = _applied(kind, first.managers, first.object, _mapping(config), sub)
        assert again.object == first.object
        assert managed_fields.decode(managed_fields.encode(first.managers)) == first.managers
        managed_fields.updated(kind, first.managers, held, first.object, manager="b", now=NOW, subresource=sub)


def _applied(
    kind: Kind[Any], managers: managed_fields.Managers, live: dict[str, Any], config: dict[str, Any], sub: str
) -> managed_fields.Applied:
    return managed_fields.apply(kind, managers, live, config, manager="a", force=True, now=NOW, subresource=sub)


def _field_set(data: bytes) -> None:
    read = field_set.read(body.parse(data, body.JSON))
    assert field_set.read(read.write()) == read
    list(read.paths())


def _object(data: bytes) -> None:
    """A document made of JSON values never raises, and a mended one can be judged by its kind's rules."""
    read = body.parse(data, body.JSON)
    for kind in (*KINDS, *VIEWS):
        told = document.read(kind, _mapping(read))
        assert (told.object is None) == bool(told.causes)
        if told.mended is not None and kind.view is None:
            kind.validate(told.mended, None)


def _duration(data: bytes) -> None:
    parsed = duration.parse(text(data))
    assert duration.parse(duration.write(parsed)) == parsed


def _labels(data: bytes) -> None:
    selector.parse_labels(text(data)).matches({"app": "web"})


def _fields(data: bytes) -> None:
    selector.parse_fields(text(data), PATHS).matches({"metadata.name": "web"})


def _accept(data: bytes) -> None:
    negotiation.form(header(data))


def _accept_language(data: bytes) -> None:
    assert language.choose(header(data), "zh") in ("zh", "en")


def _content_type(data: bytes) -> None:
    body.media_type_of(header(data), body.KUBE_OBJECTS)


def _kube_query(data: bytes) -> None:
    kube.listing(REPOSITORY, data)


def _rest_query(data: bytes) -> None:
    rest.listing(REPOSITORY, "default", data)
    rest.dry_run(data)


def _continue(data: bytes) -> None:
    continuation.read("repositories", Query(continuation=text(data)))


def _forwarded(data: bytes) -> None:
    forwarded.client("10.0.0.1", header(data), (ip_network("10.0.0.0/8"), ip_network("fd00::/8")))


def _manager(data: bytes) -> None:
    assert not field_manager.check(field_manager.default(text(data)), required=True)
    field_manager.check(text(data))


_SOURCE: Final = (
    b'{"apiVersion":"image.theriseunion.io/v1alpha1","kind":"RegistrySecret","metadata":{"name":"a","labels":{"x":"y"},'
    b'"resourceVersion":"1","ownerReferences":[]},"spec":{"domain":"h.test","username":"u","password":"p",'
    b'"provider":"other","trustedRealmHosts":["t.test"],"allowedNamespaces":["*"]},"status":{"conditions":[]}}'
)
_IMAGE: Final = (
    b'{"kind":"Repository","metadata":{"name":"b","namespace":"default","annotations":{}},"spec":{"repository":"a/b",'
    b'"tag":"v1","registryRef":{"name":"a","namespace":"default"},"syncInterval":"1h","retryCount":3},'
    b'"status":{"conditions":[{"type":"Ready","status":"True"}],"manifest":{"layers":[{"digest":"x"}]}}}'
)
_YAML: Final = (
    b"apiVersion: v1\nkind: Repository\nmetadata: {name: a, labels: {b: 'c'}}\nspec:\n- 0x1F\n- 1e3\n- ~\n- |\n  x\n",
    b"a: &x [1]\nb: *x\n",
    b"--- !!str 1\n...\n",
)
_PATCHES: Final = (
    b"[" + _SOURCE + b',[{"op":"replace","path":"/spec/password","value":"x"},{"op":"move","from":"/metadata/labels",'
    b'"path":"/metadata/annotations"},{"op":"test","path":"/kind","value":"RegistrySecret"}]]',
    b'[{"a":[1,2,3]},[{"op":"copy","from":"/a","path":"/a/-"},{"op":"remove","path":"/a/0"},'
    b'{"op":"add","path":"/a~1b","value":{}}]]',
)
_MERGES: Final = (
    b"[" + _SOURCE + b',{"metadata":{"labels":{"x":null}},"spec":{"domain":"i.test"}}]',
    b'[{"metadata":{"finalizers":["a"]}},{"$patch":"merge","metadata":{"$deleteFromPrimitiveList/finalizers":["a"],'
    b'"$setElementOrder/finalizers":[]}}]',
)
_FIELDS: Final = (
    b'{"f:metadata":{"f:labels":{".":{},"f:x":{}}},"f:status":{"f:conditions":{"k:{\\"type\\":\\"Ready\\"}":{".":{}}}},'
    b'"v:\\"a\\"":{},"i:0":{}}'
)
_ACCEPTS: Final = (
    b"application/json;as=Table;v=v1;g=meta.k8s.io,application/json;q=0.9,*/*;q=0.1",
    b"application/yaml",
)
_QUERIES: Final = (
    b"limit=500&continue=abc&labelSelector=a%3Db&fieldSelector=metadata.name%3Dx&resourceVersion=0&watch=1",
    b"page=2&limit=20&sortBy=createTime&ascending=false&name=x&status=Failed&dryRun=All",
)
_TOKEN: Final = continuation.Continuation(7, "repositories", "name", True, "default", "a").write().encode()
_REVIEW: Final = protobuf.sent(
    "authorization.k8s.io/v1", "SelfSubjectAccessReview", {2: {1: {1: "default", 2: "get", 5: "repositories"}}}
)
_NAMESPACE: Final = protobuf.sent("v1", "Namespace", {1: {1: "team", 11: [{1: "app", 2: "web"}]}, 2: {}, 3: {}})

TARGETS: Final = (
    Target("json-body", _body(body.JSON), (_SOURCE, _IMAGE, b'{"a":1,"a":2}', b"[1e400]"), REFUSED, BODY),
    Target("yaml-body", _body(body.YAML), (*_YAML, _SOURCE), REFUSED, BODY),
    Target("protobuf-body", protobuf_body.parse, (_REVIEW, _NAMESPACE), REFUSED, BODY),
    Target("object", _object, (_SOURCE, _IMAGE), REFUSED, BODY),
    Target("merge-patch", _merge, _MERGES, REFUSED, BODY),
    Target("json-patch", _json_patch, _PATCHES, REFUSED, BODY),
    Target("apply", _apply, (b"[" + _SOURCE + b"," + _SOURCE + b"]", b"[" + _IMAGE + b"," + _IMAGE + b"]", *_MERGES),
           (*REFUSED, ApplyConflict), BODY),
    Target("field-set", _field_set, (_FIELDS,), (*REFUSED, InvalidFieldSet), BODY),
    Target("duration", _duration, (b"1h30m", b"-1.5s", b".5us", "3µs".encode()), (InvalidDuration,)),
    Target("label-selector", _labels, (b"a=b,c!=d,e in (f,g),!h,i,j notin (k)", b"a.b/c==d"), REFUSED),
    Target("field-selector", _fields, (b"metadata.name=a\\,b,status.syncStatus!=Failed",), REFUSED),
    Target("accept", _accept, _ACCEPTS, (NotAcceptable,), HEADER),
    Target("accept-language", _accept_language, (b"zh-CN,zh;q=0.9,en;q=0.8", b"en-US, *;q=0.5"), (), HEADER),
    Target("content-type", _content_type, (b'application/json; charset="utf-8"', b"text/yaml"), (UnsupportedMediaType,),
           HEADER),
    Target("kube-query", _kube_query, _QUERIES, REFUSED, HEADER),
    Target("rest-query", _rest_query, _QUERIES, REFUSED, HEADER),
    Target("continue-token", _continue, (_TOKEN,), REFUSED, HEADER),
    Target("forwarded-for", _forwarded, (b"1.2.3.4, 10.0.0.2", b"fd00::1,::1"), (), HEADER),
    Target("field-manager", _manager, (b"kubectl/v1.30.0 (linux/amd64)", "管理员".encode()), (), HEADER),
)  # fmt: skip
"""Of a target: its name, its reader, seeds, what it may raise, and how long an input may be."""
