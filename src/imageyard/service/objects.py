"""Create, get, list, replace, patch, delete, watch: one use case each, the same for every door."""

import asyncio
import hmac
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from random import getrandbits
from typing import Any, Final, Literal, NamedTuple

import msgspec

from imageyard.domain import managed_fields, names, patch
from imageyard.domain.access import Actor
from imageyard.domain.apply_conflict import ApplyConflict
from imageyard.domain.clock import Clock
from imageyard.domain.document import SHOWN
from imageyard.domain.errors import (
    INVALID,
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
    PreconditionFailed,
)
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import NAMESPACE, REGISTRY_SECRET, REPOSITORY
from imageyard.domain.kinds.registry_secret import RegistrySecret
from imageyard.domain.objects import Key, Object
from imageyard.domain.secret import Secret
from imageyard.domain.selector import FieldSelector
from imageyard.domain.text import Language, Text
from imageyard.keyring import Keyring
from imageyard.service import admission, credentials, escalation, events, happenings, ownership, rights
from imageyard.service import removal as removals
from imageyard.service.admission import Admitted, Options
from imageyard.service.credentials import Credentials
from imageyard.service.events import Record
from imageyard.service.namespaces import Namespaces
from imageyard.service.quota import DEFAULT, Quota, Quotas
from imageyard.service.removal import Removal
from imageyard.service.rights import Grants, Rights, RoleRules
from imageyard.service.turns import Turns
from imageyard.store import KEEP, Change, Keep, Page, Query, Store, Stored

SYNCS_KEPT: Final = 50
VERIFIES_KEPT: Final = 20
MOST_NAMES: Final = 1000
_AT_ONCE: Final = 100
"""Operations of a JSON patch that are applied on the event loop; more of them would hold up everybody."""
_TRIES: Final = 10
"""Times a change is applied anew to what another writer left. The engine is the only rival left by the turns."""
_NAME_TRIES: Final = 8

Document = Mapping[str, Any]
"""A JSON object as it came in: checked for syntax, duplicate keys and depth, nothing else."""


class Result(NamedTuple):
    """What a write answered, and what the caller should be warned of (`Warning` header)."""

    stored: Stored
    warnings: tuple[Text, ...] = ()
    created: bool = False


class Removed(NamedTuple):
    """One name of a delete by names: REST `{name, success, reason, message}`."""

    name: str
    success: bool
    reason: str
    text: Text


class Patch(NamedTuple):
    """A patch as it came in; `body` is a mapping for merge and strategic, a list of operations for json."""

    type: Literal["merge", "json", "strategic"]
    body: Any


class _Change(NamedTuple):
    """An object to be written over the stored one, with what becomes of its sealed password."""

    obj: Any
    sealed: bytes | Keep | None
    warnings: tuple[Text, ...]
    secrets: tuple[str, ...] = ()
    """Secret fields that the caller gave a value other than the stored one."""


def new_uid() -> str:
    """A random UUID (RFC 9562, version 4). It has to be unique, not secret, so no system call is spent on it."""
    digits = f"{getrandbits(128):032x}"  # nosec B311 # unique, not secret
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
        grants: Grants = rights.builtin,
        role_rules: RoleRules = rights.no_roles,
        auto_create_namespaces: bool = True,
        uid: Callable[[], str] = new_uid,
        language: Language = "zh",
        record: Record = events.unrecorded,
        quota: Quota = DEFAULT,
    ) -> None:
        self._store = store
        self._clock = clock
        self._uid = uid
        self._record = record
        self._language: Language = language
        self._auto_create = auto_create_namespaces
        self._credentials = Credentials(store, keyring)
        self._namespaces = Namespaces(store, clock, uid)
        self._quotas = Quotas(store, clock, quota)
        self._turns: Turns[Key, None] = Turns()
        self.rights = Rights(grants, role_rules)

    @property
    def makes_namespaces(self) -> bool:
        """Whether a namespace comes into being on the first write by REST or console."""
        return self._auto_create

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
        parsed = self._parsed(actor, kind, namespace, "", document, None, options)
        await self._quotas.admit(kind)
        make = options.create_namespace and self._auto_create
        async with self._namespaces.entered(kind, namespace, create=make):
            insert = self._insert if parsed.obj.metadata.name else self._insert_generated
            return await insert(kind, parsed, options)

    async def get(self, actor: Actor, kind: Kind[Any], namespace: str, name: str, *, sub: str = "") -> Stored:
        """`sub` is the subresource that is asked for, as rights know it. Raises NotFound."""
        admission.refuse_all(kind, namespace)
        self.rights.demand(actor, "get", kind, namespace, name, sub)
        return await self._store.get(kind, namespace, name)

    async def list(
        self, actor: Actor, kind: Kind[Any], query: Query, *, verb: Literal["list", "watch"] = "list"
    ) -> Page:
        """`query.namespaces` None needs the right to list in all namespaces. Who selects one name needs the right to
        that one only, as in Kubernetes. `verb` is "watch" for what there is when a watch begins."""
        self._demand_list(actor, kind, query, verb)
        return await self._store.list(kind, query)

    async def count(self, actor: Actor, kind: Kind[Any], query: Query) -> int:
        """How many objects such a list would find, without reading them."""
        self._demand_list(actor, kind, query, "list")
        return await self._store.count(kind, query)

    def _demand_list(self, actor: Actor, kind: Kind[Any], query: Query, verb: str) -> None:
        name = _one_name(query.fields)
        for namespace in sorted(query.namespaces) if query.namespaces is not None else [""]:
            self.rights.demand(actor, verb, kind, namespace, name)

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
        if options.versioned:
            _demand_version(kind, name, document)
        return await self._change(actor, kind, namespace, name, _whole(document), options)

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
        return await self._change(actor, kind, namespace, name, partial(_patched, kind, patch), options)

    async def write_status(
        self,
        actor: Actor,
        kind: Kind[Any],
        namespace: str,
        name: str,
        change: Document | Patch,
        options: Options = admission.REST,
    ) -> Result:
        """Write the status of an object and nothing else of it: a whole object's, or a patch's to it.
        Raises NotFound, Conflict, BadRequest, Invalid."""
        admission.refuse_all(kind, namespace)
        self.rights.demand(actor, "patch" if isinstance(change, Patch) else "update", kind, namespace, name, "status")
        async with self._turns.take(Key(kind.plural, namespace, name)):
            for _ in range(_TRIES):
                stored = await self._store.get(kind, namespace, name)
                wanted = await _patched(kind, change, stored) if isinstance(change, Patch) else change
                obj = admission.status(kind, wanted, kind.decode(stored.body))
                managed = ownership.changed(kind, stored, obj, options.manager, self._clock.now(), subresource="status")
                with suppress(Conflict):
                    return await self._write(kind, stored, _Change(obj, KEEP, ()), managed, options)
        raise Conflict(kind.singular, name)

    async def apply(
        self,
        actor: Actor,
        kind: Kind[Any],
        namespace: str,
        name: str,
        config: Document,
        options: Options,
        *,
        force: bool = False,
        sub: str = "",
    ) -> Result:
        """Server-side apply by `options.manager`: create the object, or merge the configuration into it. `sub` is
        "status" to apply that. Raises ApplyConflict, and what create and replace raise."""
        admission.refuse_all(kind, namespace)
        self.rights.demand(actor, "patch", kind, namespace, name, sub)
        if kind.view is not None:
            config, kind = kind.view.taken(config), kind.stored
        async with self._turns.take(Key(kind.plural, namespace, name)):
            for _ in range(_TRIES):
                try:
                    return await self._apply_once(actor, kind, namespace, name, config, options, force, sub)
                except ApplyConflict:
                    raise
                except (Conflict, AlreadyExists):
                    if _names_version(config):
                        raise
        raise Conflict(kind.singular, name)

    async def _apply_once(
        self,
        actor: Actor,
        kind: Kind[Any],
        namespace: str,
        name: str,
        config: Document,
        options: Options,
        force: bool,
        sub: str,
    ) -> Result:
        now = self._clock.now()
        merged = partial(
            managed_fields.apply,
            kind,
            config=config,
            manager=options.manager,
            force=force,
            now=now,
            subresource=sub,
            name=name,
        )
        try:
            stored = await self._store.get(kind, namespace, name)
        except NotFound:
            if sub:
                raise
            self.rights.demand(actor, "create", kind, namespace)
            applied = merged((), None)
            parsed = self._parsed(actor, kind, namespace, "", applied.object, None, options)
            await self._quotas.admit(kind)
            async with self._namespaces.entered(kind, namespace, create=options.create_namespace):
                return await self._insert(kind, parsed, options, managed_fields.encode(applied.managers))
        old, held = kind.decode(stored.body), ownership.held(kind, stored, now)
        applied = merged(held, msgspec.json.decode(stored.body))
        if sub:
            change = _Change(admission.status(kind, applied.object, old), KEEP, ())
        else:
            parsed = self._parsed(actor, kind, namespace, name, applied.object, old, options)
            change = await self._admit(kind, old, parsed, options)
        managed = KEEP if applied.managers is held else managed_fields.encode(applied.managers)
        if change.obj == old and managed is KEEP and not options.dry_run:
            return Result(stored, change.warnings)
        return await self._write(kind, stored, change, managed, options)

    async def delete(
        self,
        actor: Actor,
        kind: Kind[Any],
        namespace: str,
        name: str,
        removal: Removal = Removal(),  # noqa: B008 (frozen)
    ) -> Stored:
        """Answers the object's last state, or with its deletion mark while it has finalizers.
        Raises NotFound; PreconditionFailed."""
        admission.refuse_all(kind, namespace)
        self.rights.demand(actor, "delete", kind, namespace, name)
        return await self._remove(kind, namespace, name, removal)

    async def delete_all(
        self,
        actor: Actor,
        kind: Kind[Any],
        query: Query,
        removal: Removal = Removal(),  # noqa: B008 (frozen)
        told: Callable[[Key], None] = lambda _: None,
    ) -> Page:
        """Delete every object that a query of one namespace, or of a kind that has none, finds; answers them as they
        were. `told` hears of each as soon as it is deleted. Raises Forbidden."""
        for namespace in query.namespaces or [""]:
            admission.refuse_all(kind, namespace)
            self.rights.demand(actor, "deletecollection", kind, namespace)
        page = await self._store.list(kind, query)
        for stored in page.items:
            with suppress(NotFound, PreconditionFailed):
                await self._remove(kind, stored.key.namespace, stored.key.name, removal._replace(uid=stored.uid))
                told(stored.key)
        return page

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
        self,
        actor: Actor,
        kind: Kind[Any],
        *,
        namespace: str | None,
        since: int | None,
        bookmarks: bool,
        fields: FieldSelector | None = None,
    ) -> AbstractAsyncContextManager[AsyncIterator[Change]]:
        """`namespace` None needs the right to watch all namespaces. `fields` is what the caller goes on to show of it:
        of one name, the right to that one suffices."""
        self.demand_watch(actor, kind, namespace, fields)
        return self._store.watch(kind, namespace=namespace, since=since, bookmarks=bookmarks)

    def demand_watch(
        self, actor: Actor, kind: Kind[Any], namespace: str | None, fields: FieldSelector | None = None
    ) -> None:
        """Raise before a door has begun to answer."""
        self.rights.demand(actor, "watch", kind, namespace or "", _one_name(fields))

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

    def entered(self, kind: Kind[Any], namespace: str) -> AbstractAsyncContextManager[None]:
        """Hold a namespace open while something is put into it. Raises NotFound, Forbidden for one that is going."""
        return self._namespaces.entered(kind, namespace, create=False)

    def _parsed(
        self,
        actor: Actor,
        kind: Kind[Any],
        namespace: str,
        name: str,
        document: Document,
        old: Object | None,
        options: Options,
    ) -> Admitted:
        """What the actor may write of a body: sound, and no right in it that he does not hold."""
        parsed = admission.parse(kind, namespace, name, document, old, options)
        escalation.check(self.rights, actor, kind, parsed.obj, old)
        return parsed

    async def _insert_generated(self, kind: Kind[Any], parsed: Admitted, options: Options) -> Result:
        for _ in range(_NAME_TRIES - 1):
            with suppress(AlreadyExists):
                return await self._insert(kind, parsed, options)
        return await self._insert(kind, parsed, options)

    async def _insert(self, kind: Kind[Any], parsed: Admitted, options: Options, managed: bytes = b"") -> Result:
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
        warnings = parsed.warnings + admitted.warnings
        set_ = kind.secret_fields if password is not None else ()
        managed = managed or ownership.created(kind, admitted.obj, options.manager, set_, self._clock.now())
        if options.dry_run:
            would_be = await self._would_be_new(kind, admitted.obj)
            return Result(would_be._replace(managed=managed), warnings, created=True)
        sealed = self._credentials.seal(admitted.obj, password) if password else None
        stored = await self._store.create(kind, admitted.obj, sealed=sealed, managed=managed)
        self._record(happenings.created(kind, stored))
        return Result(stored, warnings, created=True)

    async def _would_be_new(self, kind: Kind[Any], obj: Object) -> Stored:
        meta = obj.metadata
        with suppress(NotFound):
            await self._store.get(kind, meta.namespace, meta.name)
            raise AlreadyExists(kind.singular, meta.name)
        return Stored(Key(kind.plural, meta.namespace, meta.name), meta.uid, 0, kind.encode(obj))

    async def _change(
        self,
        actor: Actor,
        kind: Kind[Any],
        namespace: str,
        name: str,
        wanted: Callable[[Stored], Awaitable[Document]],
        options: Options,
    ) -> Result:
        async with self._turns.take(Key(kind.plural, namespace, name)):
            for _ in range(_TRIES):
                stored = await self._store.get(kind, namespace, name)
                old, document = kind.decode(stored.body), await wanted(stored)
                parsed = self._parsed(actor, kind, namespace, name, document, old, options)
                change = await self._admit(kind, old, parsed, options)
                given = ownership.given(document)
                if change.obj == old and not options.dry_run and (given is None or not options.manager):
                    return Result(stored, change.warnings)
                managed = ownership.changed(
                    kind, stored, change.obj, options.manager, self._clock.now(), secrets=change.secrets, given=given
                )
                if change.obj == old and isinstance(managed, Keep) and not options.dry_run:
                    return Result(stored, change.warnings)
                with suppress(Conflict):
                    return await self._write(kind, stored, change, managed, options)
        raise Conflict(kind.singular, name)

    async def _write(
        self, kind: Kind[Any], stored: Stored, change: _Change, managed: bytes | Keep, options: Options
    ) -> Result:
        if options.dry_run:
            return Result(_rehearsed(kind, change.obj, stored, managed), change.warnings)
        await self._quotas.admit_change(kind)
        written = await self._store_or_let_go(kind, change.obj, change.sealed, managed)
        self._record(happenings.updated(kind, stored, change.obj))
        return Result(written, change.warnings)

    async def _admit(self, kind: Kind[Any], old: Any, parsed: Admitted, options: Options) -> _Change:
        # A rehearsal takes every password for the stored one and says nothing of it: it must not tell which is.
        given = _password(parsed.obj)
        password = None if options.dry_run else given
        sealed = KEEP if password is None else await self._sealed(old, password)
        kept = sealed is KEEP
        admitted = admission.update(
            kind, parsed.obj, old, password=None if kept else sealed is not None, now=self._clock.now()
        )
        unchanged = (admission.UNCHANGED_PASSWORD,) if kept and password else ()
        secrets = () if given is None or isinstance(sealed, Keep) else kind.secret_fields
        return _Change(admitted.obj, sealed, parsed.warnings + unchanged + admitted.warnings, secrets)

    async def _sealed(self, old: RegistrySecret, password: Secret) -> bytes | Keep | None:
        """KEEP for the password that is stored already; None for the empty one of an anonymous source."""
        sealed = await self._store.sealed(REGISTRY_SECRET, old.metadata.namespace, old.metadata.name)
        with suppress(Corrupt):  # one that cannot be opened is replaced by the one that came
            held = self._credentials.password(old, sealed)
            if hmac.compare_digest(held.reveal().encode(), password.reveal().encode()):
                return KEEP
        return self._credentials.seal(old, password)

    async def _store_or_let_go(
        self, kind: Kind[Any], obj: Object, sealed: bytes | Keep | None, managed: bytes | Keep
    ) -> Stored:
        meta = obj.metadata
        if meta.deletion_timestamp is None or meta.finalizers:
            return await self._store.replace(kind, obj, sealed=sealed, managed=managed)
        gone = await self._store.delete(kind, meta.namespace, meta.name, resource_version=meta.resource_version)
        self._record(happenings.deleted(kind, gone))
        await self._settle(kind, meta.namespace)
        return gone

    async def _remove(
        self,
        kind: Kind[Any],
        namespace: str,
        name: str,
        removal: Removal = Removal(),  # noqa: B008 (frozen)
    ) -> Stored:
        if removal.dry_run or (kind is NAMESPACE and (removal.uid or removal.version)):
            stored = removals.meant(kind, await self._store.get(kind, namespace, name), removal)
            if removal.dry_run:
                return stored
        if kind is NAMESPACE:
            return await self._namespaces.delete(name)
        async with self._turns.take(Key(kind.plural, namespace, name)):
            last = await removals.remove(self._store, self._clock, kind, namespace, name, removal)
        if not removal.dry_run:
            self._record(happenings.removed(kind, last))
        return last

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


def _one_name(fields: FieldSelector | None) -> str:
    return fields.only("metadata.name") if fields else ""


def _rehearsed(kind: Kind[Any], obj: Object, stored: Stored, managed: bytes | Keep) -> Stored:
    """What a dry-run answers: the object as it would be, at the version that is there."""
    return stored._replace(body=kind.encode(obj), managed=stored.managed if isinstance(managed, Keep) else managed)


def _names_version(document: Document) -> bool:
    meta = document.get("metadata")
    return isinstance(meta, Mapping) and bool(meta.get("resourceVersion"))


def _demand_version(kind: Kind[Any], name: str, document: Document) -> None:
    if not _names_version(document):
        text = Text("更新时必须给出", "must be specified for an update")
        raise Invalid([Cause("metadata.resourceVersion", INVALID, text)], kind=kind.singular, name=name)


def _password(obj: Object) -> Secret | None:
    return credentials.given(obj) if isinstance(obj, RegistrySecret) else None


def _generated(prefix: str) -> str:
    suffix = (secrets.choice(admission.SUFFIX_ALPHABET) for _ in range(admission.SUFFIX_LENGTH))
    return prefix + "".join(suffix)


def _whole(document: Document) -> Callable[[Stored], Awaitable[Document]]:
    """What is wanted, whatever is stored."""

    async def wanted(_: Stored) -> Document:
        return document

    return wanted


async def _patched(kind: Kind[Any], change: Patch, stored: Stored) -> Document:
    """What a patch makes of the stored object; a long one is applied in a thread."""
    if isinstance(change.body, list) and len(change.body) > _AT_ONCE:
        return await asyncio.to_thread(_applied, kind, change, stored)
    return _applied(kind, change, stored)


def _applied(kind: Kind[Any], change: Patch, stored: Stored) -> Document:
    document = msgspec.json.decode(kind.shown(stored.body))
    if stored.managed:
        document["metadata"]["managedFields"] = msgspec.json.decode(stored.managed)
    if change.type == "json":
        return patch.apply_json(document, change.body, kind.secret_fields)
    if not isinstance(change.body, Mapping):
        raise BadRequest(Text("合并补丁必须是 JSON 对象", "a merge patch must be a JSON object"), kind=kind.singular)
    merged = patch.strategic if change.type == "strategic" else patch.merge
    return admission.with_null_secrets(kind, merged(document, change.body), change.body)


def _check_names(kind: Kind[Any], given: Sequence[str]) -> None:
    text = Text(f"须为 1 到 {MOST_NAMES} 个名称的列表", f"must be a list of 1 to {MOST_NAMES} names")
    if not given or len(given) > MOST_NAMES:
        raise Invalid([Cause("names", TYPE_INVALID if given else REQUIRED, text)], kind=kind.singular)
    causes = [cause for n, name in enumerate(given) for cause in names.name(f"names[{n}]", name)]
    if causes:
        raise Invalid(causes[:SHOWN], kind=kind.singular)
