"""Create, get, list, replace, patch, delete, watch: one use case each, the same for every door."""

import hmac
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from random import getrandbits
from typing import Any, Final, Literal, NamedTuple

import msgspec

from imageyard.domain import access, names, patch
from imageyard.domain.access import Actor
from imageyard.domain.clock import Clock
from imageyard.domain.document import SHOWN
from imageyard.domain.errors import (
    REQUIRED,
    TYPE_INVALID,
    AlreadyExists,
    BadRequest,
    Cause,
    Conflict,
    Corrupt,
    Failure,
    Invalid,
    NotFound,
)
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import NAMESPACE, REGISTRY_SECRET, REPOSITORY
from imageyard.domain.kinds.registry_secret import RegistrySecret
from imageyard.domain.objects import Key, Object
from imageyard.domain.secret import Secret
from imageyard.domain.text import Language, Text
from imageyard.keyring import Keyring
from imageyard.service import admission, credentials, removal
from imageyard.service.admission import Admitted, Options
from imageyard.service.credentials import Credentials
from imageyard.service.namespaces import Namespaces
from imageyard.service.rights import Grants, Rights
from imageyard.service.turns import Turns
from imageyard.store import KEEP, Change, Keep, Page, Query, Store, Stored

SYNCS_KEPT: Final = 50
VERIFIES_KEPT: Final = 20
MOST_NAMES: Final = 1000
_TRIES: Final = 10
"""Times a change is applied anew to what another writer left. The engine is the only rival left by the turns."""
_NAME_TRIES: Final = 8

Document = Mapping[str, Any]
"""A JSON object as it came in: checked for syntax, duplicate keys and depth, nothing else."""


class Result(NamedTuple):
    """What a write answered, and what the caller should be warned of (`Warning` header)."""

    stored: Stored
    warnings: tuple[Text, ...] = ()


class Removed(NamedTuple):
    """One name of a delete by names: REST `{name, success, reason, message}`."""

    name: str
    success: bool
    reason: str
    text: Text


class Patch(NamedTuple):
    """A patch as it came in; `body` is a mapping for merge, a list of operations for json."""

    type: Literal["merge", "json"]
    body: Any


class _Change(NamedTuple):
    """An object to be written over the stored one, with what becomes of its sealed password."""

    obj: Any
    sealed: bytes | Keep | None
    warnings: tuple[Text, ...]


def new_uid() -> str:
    """A random UUID (RFC 9562, version 4). It has to be unique, not secret, so no system call is spent on it."""
    digits = f"{getrandbits(128):032x}"
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


class Objects:
    """Every method raises Forbidden, and the failures its Store call and admission raise."""

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        clock: Clock,
        *,
        grants: Grants = access.builtin_grants,
        auto_create_namespaces: bool = True,
        uid: Callable[[], str] = new_uid,
        language: Language = "zh",
    ) -> None:
        self._store = store
        self._clock = clock
        self._uid = uid
        self._language: Language = language
        self._auto_create = auto_create_namespaces
        self._credentials = Credentials(store, keyring)
        self._namespaces = Namespaces(store, clock, uid)
        self._turns: Turns[Key, None] = Turns()
        self.rights = Rights(grants)

    async def ensure_default(self) -> None:
        """Make the namespace `default`, and finish deletions of namespaces that a stop interrupted."""
        await self._namespaces.ensure_default()
        await self._namespaces.finish()

    async def create(
        self, actor: Actor, kind: Kind[Any], namespace: str, document: Document, options: Options = admission.REST
    ) -> Result:
        """Raises BadRequest, Invalid, AlreadyExists; NotFound for a namespace that has to be there and is not."""
        admission.refuse_all(kind, namespace)
        self.rights.demand(actor, "create", kind, namespace)
        parsed = admission.parse(kind, namespace, "", document, None, options)
        make = options.create_namespace and self._auto_create
        async with self._namespaces.entered(kind, namespace, create=make):
            return await (self._insert if parsed.obj.metadata.name else self._insert_generated)(kind, parsed)

    async def get(self, actor: Actor, kind: Kind[Any], namespace: str, name: str) -> Stored:
        """Raises NotFound."""
        admission.refuse_all(kind, namespace)
        self.rights.demand(actor, "get", kind, namespace, name)
        return await self._store.get(kind, namespace, name)

    async def list(self, actor: Actor, kind: Kind[Any], query: Query) -> Page:
        """`query.namespaces` None needs the right to list in all namespaces."""
        for namespace in sorted(query.namespaces) if query.namespaces is not None else [""]:
            self.rights.demand(actor, "list", kind, namespace)
        return await self._store.list(kind, query)

    async def replace(
        self,
        actor: Actor,
        kind: Kind[Any],
        namespace: str,
        name: str,
        document: Document,
        options: Options = admission.REST,
    ) -> Result:
        """Write a whole object over the stored one; without a resourceVersion in it, over whichever there is.
        Raises NotFound, Conflict, BadRequest, Invalid."""
        admission.refuse_all(kind, namespace)
        self.rights.demand(actor, "update", kind, namespace, name)
        return await self._change(kind, namespace, name, lambda _: document, options)

    async def patch(
        self,
        actor: Actor,
        kind: Kind[Any],
        namespace: str,
        name: str,
        patch: Patch,
        options: Options = admission.REST,
    ) -> Result:
        """Apply a patch to the object as it is shown: without its password. Raises as `replace` does."""
        admission.refuse_all(kind, namespace)
        self.rights.demand(actor, "patch", kind, namespace, name)
        return await self._change(kind, namespace, name, lambda stored: _patched(kind, stored, patch), options)

    async def delete(self, actor: Actor, kind: Kind[Any], namespace: str, name: str) -> Stored:
        """Answers the object's last state, or with its deletion mark while it has finalizers. Raises NotFound."""
        admission.refuse_all(kind, namespace)
        self.rights.demand(actor, "delete", kind, namespace, name)
        return await self._remove(kind, namespace, name)

    async def delete_names(
        self, actor: Actor, kind: Kind[Any], namespace: str, names: Sequence[str]
    ) -> Sequence[Removed]:
        """Delete each name once, telling how it went for each. Raises Forbidden when the actor may delete none of them,
        Invalid for more than 1000 names, none, or what is no name."""
        admission.refuse_all(kind, namespace)
        _check_names(kind, names)
        allowed = {name: self.rights.allows(actor, "delete", kind, namespace, name) for name in names}
        if not any(allowed.values()):
            self.rights.demand(actor, "delete", kind, namespace)
        return [await self._remove_one(actor, kind, namespace, name) for name in allowed]

    def watch(
        self, actor: Actor, kind: Kind[Any], *, namespace: str | None, since: int | None, bookmarks: bool
    ) -> AbstractAsyncContextManager[AsyncIterator[Change]]:
        """`namespace` None needs the right to watch all namespaces."""
        self.rights.demand(actor, "watch", kind, namespace or "")
        return self._store.watch(kind, namespace=namespace, since=since, bookmarks=bookmarks)

    async def namespaces(self, actor: Actor) -> Sequence[str]:
        """Namespaces in which the actor may list either kind, sorted."""
        page = await self._store.list(NAMESPACE, Query())
        found = sorted(stored.key.name for stored in page.items)
        kinds = (REGISTRY_SECRET, REPOSITORY)
        if any(self.rights.allows(actor, "list", kind, "") for kind in kinds):
            return found
        return [name for name in found if any(self.rights.allows(actor, "list", kind, name) for kind in kinds)]

    async def history(self, actor: Actor, kind: Kind[Any], namespace: str, name: str) -> Sequence[bytes]:
        """JSON lines of an object's history, newest first (sync history or verifications)."""
        stored = await self.get(actor, kind, namespace, name)
        if kind is REPOSITORY:
            return await self._store.notes(stored.uid, "sync", SYNCS_KEPT)
        return await self._store.notes(stored.uid, "verify", VERIFIES_KEPT)

    async def _insert_generated(self, kind: Kind[Any], parsed: Admitted) -> Result:
        for _ in range(_NAME_TRIES - 1):
            with suppress(AlreadyExists):
                return await self._insert(kind, parsed)
        return await self._insert(kind, parsed)

    async def _insert(self, kind: Kind[Any], parsed: Admitted) -> Result:
        meta, password = parsed.obj.metadata, _password(parsed.obj)
        admitted = admission.create(
            kind,
            parsed.obj,
            name=meta.name or _generated(meta.generate_name),
            uid=self._uid(),
            has_password=bool(password),
            now=self._clock.now(),
            language=self._language,
        )
        sealed = self._credentials.seal(admitted.obj, password) if password else None
        stored = await self._store.create(kind, admitted.obj, sealed=sealed)
        return Result(stored, parsed.warnings + admitted.warnings)

    async def _change(
        self, kind: Kind[Any], namespace: str, name: str, wanted: Callable[[Stored], Document], options: Options
    ) -> Result:
        async with self._turns.take(Key(kind.plural, namespace, name)):
            for _ in range(_TRIES):
                stored = await self._store.get(kind, namespace, name)
                old = kind.decode(stored.body)
                parsed = admission.parse(kind, namespace, name, wanted(stored), old, options)
                obj, sealed, warnings = await self._admit(kind, old, parsed)
                if obj == old:
                    return Result(stored, warnings)
                with suppress(Conflict):
                    return Result(await self._store_or_let_go(kind, obj, sealed), warnings)
        raise Conflict(kind.singular, name)

    async def _admit(self, kind: Kind[Any], old: Any, parsed: Admitted) -> _Change:
        password = _password(parsed.obj)
        sealed = KEEP if password is None else await self._sealed(old, password)
        kept = sealed is KEEP
        admitted = admission.update(
            kind, parsed.obj, old, password=None if kept else sealed is not None, now=self._clock.now()
        )
        unchanged = (admission.UNCHANGED_PASSWORD,) if kept and password else ()
        return _Change(admitted.obj, sealed, parsed.warnings + unchanged + admitted.warnings)

    async def _sealed(self, old: RegistrySecret, password: Secret) -> bytes | Keep | None:
        """KEEP for the password that is stored already; None for the empty one of an anonymous source."""
        sealed = await self._store.sealed(REGISTRY_SECRET, old.metadata.namespace, old.metadata.name)
        with suppress(Corrupt):  # one that cannot be opened is replaced by the one that came
            held = self._credentials.password(old, sealed)
            if hmac.compare_digest(held.reveal().encode(), password.reveal().encode()):
                return KEEP
        return self._credentials.seal(old, password)

    async def _store_or_let_go(self, kind: Kind[Any], obj: Object, sealed: bytes | Keep | None) -> Stored:
        meta = obj.metadata
        if meta.deletion_timestamp is None or meta.finalizers:
            return await self._store.replace(kind, obj, sealed=sealed)
        gone = await self._store.delete(kind, meta.namespace, meta.name, resource_version=meta.resource_version)
        await self._settle(kind, meta.namespace)
        return gone

    async def _remove(self, kind: Kind[Any], namespace: str, name: str) -> Stored:
        if kind is NAMESPACE:
            return await self._namespaces.delete(name)
        async with self._turns.take(Key(kind.plural, namespace, name)):
            return await removal.remove(self._store, self._clock, kind, namespace, name)

    async def _settle(self, kind: Kind[Any], namespace: str) -> None:
        if kind.namespaced:
            with suppress(NotFound):
                await self._namespaces.settle(namespace)

    async def _remove_one(self, actor: Actor, kind: Kind[Any], namespace: str, name: str) -> Removed:
        try:
            self.rights.demand(actor, "delete", kind, namespace, name)
            await self._remove(kind, namespace, name)
        except Failure as failure:
            return Removed(name, False, type(failure).__name__, failure.text)
        return Removed(name, True, "", Text("已删除", "deleted"))


def _password(obj: Object) -> Secret | None:
    return credentials.given(obj) if isinstance(obj, RegistrySecret) else None


def _generated(prefix: str) -> str:
    suffix = (secrets.choice(admission.SUFFIX_ALPHABET) for _ in range(admission.SUFFIX_LENGTH))
    return prefix + "".join(suffix)


def _patched(kind: Kind[Any], stored: Stored, change: Patch) -> Document:
    document = msgspec.json.decode(stored.body)
    if change.type == "json":
        return patch.apply_json(document, change.body, kind.secret_fields)
    if not isinstance(change.body, Mapping):
        raise BadRequest(Text("合并补丁必须是 JSON 对象", "a merge patch must be a JSON object"), kind=kind.singular)
    return admission.with_null_secrets(kind, patch.merge(document, change.body), change.body)


def _check_names(kind: Kind[Any], given: Sequence[str]) -> None:
    text = Text(f"须为 1 到 {MOST_NAMES} 个名称的列表", f"must be a list of 1 to {MOST_NAMES} names")
    if not given or len(given) > MOST_NAMES:
        raise Invalid([Cause("names", TYPE_INVALID if given else REQUIRED, text)], kind=kind.singular)
    causes = [cause for n, name in enumerate(given) for cause in names.name(f"names[{n}]", name)]
    if causes:
        raise Invalid(causes[:SHOWN], kind=kind.singular)
