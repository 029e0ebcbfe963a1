"""From what a caller sent to what is stored: places, rules, server-owned parts. Pure; the store is asked elsewhere."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from imageyard.domain import document, errors, objects
from imageyard.domain.errors import (
    INVALID,
    REQUIRED,
    TYPE_INVALID,
    BadRequest,
    Cause,
    Conflict,
    Invalid,
    UnknownFields,
)
from imageyard.domain.kind import Kind
from imageyard.domain.kinds.namespace import Namespace, labelled
from imageyard.domain.kinds.registry_secret import RegistrySecret
from imageyard.domain.kinds.repository import Repository
from imageyard.domain.objects import Object, ObjectMeta
from imageyard.domain.text import Language, Text
from imageyard.service import images, last_applied, sources

ALL: Final = "_all_"
SUFFIX_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
"""Of generated names, as k8s.io/apimachinery/pkg/util/rand has it: no vowels and no look-alikes, so no words."""
SUFFIX_LENGTH: Final = 5

UNCHANGED_PASSWORD: Final = Text(
    "spec.password 只写不读，与已保存的密码相同，未作更改",
    "spec.password is write-only and equals the stored one; it is unchanged",
)


class Options(NamedTuple):
    """What differs between the doors. REST refuses unknown fields and makes namespaces on the first write;
    kube does as `fieldValidation` says and wants a namespace to be there."""

    unknown: Literal["refuse", "strict", "warn", "drop"] = "refuse"
    """`refuse` lists unknown fields among everything else that is wrong, `strict` tells of nothing but them."""
    create_namespace: bool = True
    dry_run: bool = False
    """Answer what would be stored, and store nothing."""
    versioned: bool = False
    """Whether a replacement has to name the version it is for."""
    manager: str = ""
    """Whom the fields that are set belong to in managedFields; "" at a door that knows no managers."""
    lifecycle: Literal["keep", "take"] = "keep"
    """Whether a body sets finalizers and ownerReferences. They are for controllers, which speak kube: through REST a
    finalizer would make a DELETE answer 204 and delete nothing, with no way to take it off again."""


REST: Final = Options()


class Admitted(NamedTuple):
    """An object as it is to be stored, and what the caller should know."""

    obj: Any
    warnings: tuple[Text, ...] = ()


def refuse_all(kind: Kind[Any], namespace: str) -> None:
    """`_all_` is a list scope: nothing is written to it or read through it. Raises BadRequest."""
    if kind.namespaced and namespace == ALL:
        text = Text(f"“{ALL}”只能用于列表，请写具体的命名空间", f"`{ALL}` is for lists only; name one namespace")
        raise BadRequest(text, causes=[Cause("metadata.namespace", INVALID, text)], kind=kind.singular)


def parse(
    kind: Kind[Any], namespace: str, name: str, body: Mapping[str, Any], old: Object | None, options: Options
) -> Admitted:
    """Read and check a body sent to a path; `name` is "" on create. Raises Invalid with every bad field; BadRequest
    with every one where body and path disagree."""
    placed = _placed(kind, namespace, name, body)
    read = document.read(kind, placed.body, old)
    causes, warnings = [*placed.causes, *read.causes], []
    if options.unknown == "strict" and read.unknown:
        raise UnknownFields(read.unknown, kind=kind.singular, name=name or _name(body))
    if options.unknown == "refuse":
        causes += map(document.stray, read.unknown)
    elif options.unknown == "warn":
        warnings = [unknown(field) for field in read.unknown]
    obj = read.mended
    if obj is not None:
        annotations = last_applied.scrub(obj.metadata.annotations, kind)
        meta = replace(obj.metadata, annotations=annotations)
        if options.lifecycle == "keep":
            meta, ignored = _kept_alive(meta, old.metadata if old else ObjectMeta())
            warnings += ignored
        obj = replace(obj, metadata=meta)
        causes += document.elsewhere(read.causes, kind.validate(obj, old))
    if placed.causes:
        raise BadRequest(errors.sentence(causes), causes=causes, kind=kind.singular, name=name)
    if causes or obj is None:
        raise Invalid(causes, kind=kind.singular, name=name or _name(body))
    return Admitted(obj, tuple(warnings))


def unknown(field: str) -> Text:
    return Text(f"未知字段“{field}”", f'unknown field "{field}"')


def create(
    kind: Kind[Any], obj: Object, *, name: str, uid: str, has_password: bool, now: datetime, language: Language = "zh"
) -> Admitted:
    """A new object. Status and whatever else the server owns begin afresh, so an exported object can be posted."""
    given = obj.metadata
    kept = ObjectMeta(
        name=name,
        generate_name=given.generate_name,
        namespace=given.namespace,
        uid=uid,
        generation=1,
        creation_timestamp=objects.seconds(now),
        labels=given.labels,
        annotations=_users(kind, given),
        finalizers=given.finalizers,
        owner_references=given.owner_references,
    )
    new: Any = replace(obj, metadata=kept)
    match new:
        case RegistrySecret():
            new = sources.created(new, has_password=has_password, now=now)
        case Repository():
            new = images.created(new, now, language)
        case Namespace():
            new = labelled(new)
    return Admitted(new, _ignored(kind, given, {}, new.metadata))


def update(kind: Kind[Any], obj: Any, old: Any, *, password: bool | None, now: datetime) -> Admitted:
    """The object after a PUT or patch; equal to `old` when nothing changed. `password` tells that it changed and
    whether there is one now. Raises Conflict for a stale precondition, Invalid for a finalizer put on the dying."""
    _preconditions(kind, obj.metadata, old.metadata)
    given = obj.metadata
    content = kind.content(bare(kind, obj))
    changed = password is not None or content != kind.content(old)
    held = {key: value for key, value in old.metadata.annotations.items() if key in kind.server_annotations}
    kept = replace(
        old.metadata,
        generation=old.metadata.generation + changed,
        labels=given.labels,
        annotations={**_users(kind, given), **held},
        finalizers=given.finalizers,
        owner_references=given.owner_references,
    )
    new: Any = replace(old, metadata=kept, **content)
    match new:
        case RegistrySecret() if changed:
            new = sources.changed(new, old, password=password, now=now)
        case Repository() if changed:
            new = images.changed(new, old, now)
        case Namespace():
            new = labelled(new)
    return Admitted(new, _ignored(kind, given, old.metadata.annotations, new.metadata))


def status(kind: Kind[Any], body: Mapping[str, Any], old: Any) -> Any:
    """The object with the status of the body; whatever else the body says is left alone, as Kubernetes does.
    What tells of the password stays the server's. Raises Conflict for a stale precondition, Invalid."""
    given = body.get("metadata")
    given = given if isinstance(given, Mapping) else {}
    if given.get("resourceVersion") not in (None, "", old.metadata.resource_version):
        raise Conflict(kind.singular, old.metadata.name)
    document_ = msgspec.to_builtins(replace(old, status=None)) | {"status": body.get("status", {})}
    try:
        new = kind.convert(document_).status
    except msgspec.ValidationError as wrong:
        raise Invalid([_misshapen(str(wrong))], kind=kind.singular, name=old.metadata.name) from None
    if isinstance(old, RegistrySecret):
        new = replace(
            new,
            password_set=old.status.password_set,
            password_updated_time=old.status.password_updated_time,
        )
    return replace(old, status=new)


def _misshapen(words: str) -> Cause:
    """A cause out of msgspec's message, which quotes types and a path but no value."""
    told, _, path = words.partition(" - at `$.")
    return Cause(path.rstrip("`") or "status", TYPE_INVALID, Text(f"类型错误：{told}", f"has the wrong type: {told}"))


def bare(kind: Kind[Any], obj: Any) -> Any:
    """The object without its secret fields: as it is stored, compared and shown."""
    if not kind.secret_fields:
        return obj
    return replace(obj, spec=replace(obj.spec, **dict.fromkeys(kind.secret_fields, UNSET)))


def with_null_secrets(kind: Kind[Any], document: dict[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """A merge patch takes null for "remove", and the stored object has no password to remove: the null stays in the
    patched document, to be refused there."""
    spec = patch.get("spec")
    nulls = [name for name in kind.secret_fields if isinstance(spec, Mapping) and spec.get(name, "") is None]
    return {**document, "spec": {**document["spec"], **dict.fromkeys(nulls)}} if nulls else document


def _kept_alive(given: ObjectMeta, old: ObjectMeta) -> tuple[ObjectMeta, list[Text]]:
    """The metadata with the finalizers and ownerReferences that are stored, and what the caller should know."""
    kept = replace(given, finalizers=old.finalizers, owner_references=old.owner_references)
    sent = {
        "metadata.finalizers": given.finalizers not in ([], old.finalizers),
        "metadata.ownerReferences": given.owner_references not in ([], old.owner_references),
    }
    listed = ", ".join(field for field, differs in sent.items() if differs)
    text = Text(f"已忽略此接口不支持的字段：{listed}", f"ignored fields that this interface does not set: {listed}")
    return kept, [text] if listed else []


class _Placed(NamedTuple):
    """A body with the namespace and name of its path, and where it disagreed."""

    body: Mapping[str, Any]
    causes: list[Cause]


def _placed(kind: Kind[Any], namespace: str, name: str, body: Mapping[str, Any]) -> _Placed:
    meta = body.get("metadata")
    if meta is None:
        meta = {}
    if not isinstance(meta, Mapping):
        return _Placed(body, [])
    causes = []
    if kind.namespaced and meta.get("namespace") not in (None, "", namespace):
        causes.append(_disagrees("metadata.namespace", namespace))
    if name and meta.get("name") in (None, ""):
        causes.append(Cause("metadata.name", REQUIRED, Text(f"必填，应为“{name}”", f"is required; it is `{name}`")))
    elif name and meta.get("name") != name:
        causes.append(_disagrees("metadata.name", name))
    place = {**({"namespace": namespace} if kind.namespaced else {}), **({"name": name} if name else {})}
    return _Placed({**body, "metadata": {**meta, **place}}, causes)


def _disagrees(field: str, expected: str) -> Cause:
    return Cause(field, INVALID, Text(f"与路径不一致，应为“{expected}”", f"differs from the path; it is `{expected}`"))


def _name(body: Mapping[str, Any]) -> str:
    meta = body.get("metadata")
    name = meta.get("name") if isinstance(meta, Mapping) else None
    return name if isinstance(name, str) and len(name) <= 253 else ""


def _preconditions(kind: Kind[Any], given: ObjectMeta, old: ObjectMeta) -> None:
    if given.uid and given.uid != old.uid:
        text = Text(
            f"{errors.called(kind.singular)}“{old.name}”的 uid 不符：它已被删除并重新创建",
            f'the uid of {kind.singular} "{old.name}" differs: it was deleted and made anew',
        )
        raise Conflict(kind.singular, old.name, text)
    if given.resource_version and given.resource_version != old.resource_version:
        raise Conflict(kind.singular, old.name)
    added = set(given.finalizers) - set(old.finalizers)
    if old.deletion_timestamp is not None and added:
        text = Text("对象正在删除，不能再添加 finalizer", "no finalizer is added to an object that is being deleted")
        raise Invalid([Cause("metadata.finalizers", INVALID, text)], kind=kind.singular, name=old.name)


def _users(kind: Kind[Any], given: ObjectMeta) -> dict[str, str]:
    return {key: value for key, value in given.annotations.items() if key not in kind.server_annotations}


def _ignored(kind: Kind[Any], given: ObjectMeta, shown: Mapping[str, str], final: ObjectMeta) -> tuple[Text, ...]:
    """Who sends back what was shown sets nothing and needs no warning."""
    keys = sorted(
        key
        for key, value in given.annotations.items()
        if key in kind.server_annotations and value not in (shown.get(key), final.annotations.get(key))
    )
    listed = ", ".join(keys)
    if not keys:
        return ()
    return (Text(f"已忽略由服务端维护的注解：{listed}", f"ignored annotations that the server owns: {listed}"),)
