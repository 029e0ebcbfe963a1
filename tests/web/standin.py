"""The use cases in a few dozen lines of memory: enough for a door to have something real behind it.

It keeps the contracts of `imageyard.service` that a door can see; rights, admission and storage have tests of their
own. `deny` takes rights away; `fail` makes the next call raise.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from imageyard.domain import document as documents
from imageyard.domain.access import Actor
from imageyard.domain.errors import (
    REQUIRED,
    UNKNOWN_FIELD,
    AlreadyExists,
    Cause,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
)
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import NAMESPACE, REGISTRY_SECRET, REPOSITORY
from imageyard.domain.objects import Key
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Text
from imageyard.registry import Probe, Step, Told, untold
from imageyard.service import admission
from imageyard.service.objects import Document, Patch, Removed, Result
from imageyard.service.rights import Rights
from imageyard.service.sealkeys import KeyUse, KeyUses, Rotated
from imageyard.store import Page, Query, Stored
from imageyard.web.oapis import examples, history

ADMIN = Actor("admin", frozenset({"system:masters", "system:authenticated"}))
VIEWER = Actor("eve", frozenset({"system:authenticated"}))
TOKENS = {"admin-token": ADMIN, "viewer-token": VIEWER}


class MemoryObjects:
    def __init__(self) -> None:
        self.rows: dict[Key, Stored] = {}
        self.asked: list[Query] = []
        self.patches: list[Patch] = []
        self.warnings: tuple[Text, ...] = ()
        self.fail: BaseException | None = None
        self.rights = Rights()
        self._version = 0

    def _enter(self, actor: Actor, kind: Kind[Any], namespace: str) -> None:
        admission.refuse_all(kind, namespace)
        if self.fail is not None:
            raise self.fail
        if actor == VIEWER:
            raise Forbidden(Text("用户 eve 无权执行此操作", 'user "eve" may not do this'))

    def _store(self, kind: Kind[Any], namespace: str, name: str, document: Mapping[str, Any]) -> Stored:
        read = documents.read(kind, document)
        causes = [
            *read.causes,
            *(Cause(path, UNKNOWN_FIELD, Text("未知字段", "unknown field")) for path in read.unknown),
        ]
        if causes or read.object is None:
            raise Invalid(causes, kind=kind.singular, name=name)
        for field in kind.secret_fields:
            setattr(read.object.spec, field, msgspec.UNSET)  # type: ignore[attr-defined]
        self._version += 1
        read.object.metadata.name, read.object.metadata.namespace = name, namespace
        read.object.metadata.resource_version = str(self._version)
        key = Key(kind.plural, namespace, name)
        self.rows[key] = Stored(key, "uid", self._version, kind.encode(read.object))
        return self.rows[key]

    def _find(self, kind: Kind[Any], namespace: str, name: str) -> Stored:
        key = Key(kind.plural, namespace, name)
        if key not in self.rows:
            raise NotFound(kind.singular, name)
        return self.rows[key]

    async def create(self, actor: Actor, kind: Kind[Any], namespace: str, document: Document) -> Result:
        self._enter(actor, kind, namespace)
        name = document.get("metadata", {}).get("name", "")
        if Key(kind.plural, namespace, name) in self.rows:
            raise AlreadyExists(kind.singular, name)
        return Result(self._store(kind, namespace, name, document), self.warnings)

    async def get(self, actor: Actor, kind: Kind[Any], namespace: str, name: str) -> Stored:
        self._enter(actor, kind, namespace)
        return self._find(kind, namespace, name)

    async def list(self, actor: Actor, kind: Kind[Any], query: Query) -> Page:
        self._enter(actor, kind, "")
        self.asked.append(query)
        found = [
            row
            for key, row in sorted(self.rows.items())
            if key.resource == kind.plural and (query.namespaces is None or key.namespace in query.namespaces)
        ]
        return Page(found[(query.offset or 0) :][: query.limit], len(found), self._version, "")

    async def replace(self, actor: Actor, kind: Kind[Any], namespace: str, name: str, document: Document) -> Result:
        self._enter(actor, kind, namespace)
        held = self._find(kind, namespace, name)
        version = document.get("metadata", {}).get("resourceVersion")
        if version is not None and version != str(held.resource_version):
            raise Conflict(kind.singular, name)
        return Result(self._store(kind, namespace, name, document), self.warnings)

    async def patch(self, actor: Actor, kind: Kind[Any], namespace: str, name: str, patch: Patch) -> Result:
        self._enter(actor, kind, namespace)
        self.patches.append(patch)
        return Result(self._find(kind, namespace, name), self.warnings)

    async def delete(self, actor: Actor, kind: Kind[Any], namespace: str, name: str) -> Stored:
        self._enter(actor, kind, namespace)
        self._find(kind, namespace, name)
        return self.rows.pop(Key(kind.plural, namespace, name))

    async def delete_names(
        self, actor: Actor, kind: Kind[Any], namespace: str, names: Sequence[str]
    ) -> Sequence[Removed]:
        self._enter(actor, kind, namespace)
        if not names:
            raise Invalid([Cause("names", REQUIRED, Text("不能为空", "must not be empty"))], kind=kind.singular)
        return [self._remove(kind, namespace, name) for name in dict.fromkeys(names)]

    def _remove(self, kind: Kind[Any], namespace: str, name: str) -> Removed:
        if self.rows.pop(Key(kind.plural, namespace, name), None) is None:
            return Removed(name, False, "NotFound", Text("未找到", "not found"))
        return Removed(name, True, "", Text("已删除", "deleted"))

    async def namespaces(self, actor: Actor) -> Sequence[str]:
        self._enter(actor, NAMESPACE, "")
        return ["default", "team-a"]

    async def history(self, actor: Actor, kind: Kind[Any], namespace: str, name: str) -> Sequence[bytes]:
        self._enter(actor, kind, namespace)
        self._find(kind, namespace, name)
        return [
            msgspec.json.encode(
                examples.history(kind, history.list_kind(kind.subresources))["items"][0] | {"time": time}
            )
            for time in ("2026-01-01T00:00:00Z", "2025-01-01T00:00:00Z")
        ]


class MemoryManifests:
    def __init__(self) -> None:
        self.fail: BaseException | None = None

    async def read(self, actor: Actor, namespace: str, name: str, digest: str) -> Mapping[str, Any]:
        if self.fail is not None:
            raise self.fail
        return {"digest": digest, "mediaType": "", "manifest": {}, "config": None, "layers": []}


class MemoryVerifier:
    def __init__(self) -> None:
        self.bodies: list[Mapping[str, Any]] = []

    async def by_request(self, actor: Actor, namespace: str, name: str, body: Document, told: Told = untold) -> Probe:
        admission.refuse_all(REGISTRY_SECRET, namespace)
        self.bodies.append(body)
        step = Step("login", "ok", Text("登录成功", "signed in"), 12)
        return Probe(True, Reason.Verified, Text("连接成功", "connected"), (step,))


class MemorySyncRequests:
    def __init__(self) -> None:
        self.at_once = True

    async def sync(self, actor: Actor, namespace: str, name: str) -> bool:
        admission.refuse_all(REPOSITORY, namespace)
        return self.at_once

    async def preview(self, actor: Actor, namespace: str, name: str, document: Document) -> Mapping[str, Any]:
        return {"syncStatus": "Success", "domain": "harbor.example.com"}


class MemoryTokens:
    def recognise(self, token: str, address: str) -> Actor | None:
        return TOKENS.get(token)


class OneKey:
    """Implements `SealKeys`: one key that nothing is sealed under."""

    async def rotate(self) -> Rotated:
        return Rotated("0a1b2c3d", 0, ["default/broken"], "file")

    async def uses(self) -> KeyUses:
        return KeyUses("file", "0a1b2c3d", False, [KeyUse("0a1b2c3d", True, 0, True)], 1)

    async def retire(self, key_id: str) -> None:
        raise NotFound("key", key_id)

    async def prune(self) -> Sequence[str]:
        return ["00c0ffee"]
