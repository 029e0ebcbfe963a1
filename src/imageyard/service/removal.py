"""Delete as Kubernetes does: what has finalizers is marked first, and goes when the last of them is taken off.

Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/
"""

from contextlib import suppress
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from imageyard.domain import objects
from imageyard.domain.clock import Clock
from imageyard.domain.errors import Conflict, Corrupt, PreconditionFailed
from imageyard.domain.kind import Kind
from imageyard.domain.objects import Object
from imageyard.domain.text import Text
from imageyard.store import Store, Stored

_TRIES: Final = 10


class Removal(NamedTuple):
    """What a delete is meant for: only this uid, only this version (both "" for any). `dry_run` deletes nothing."""

    uid: str = ""
    version: str = ""
    dry_run: bool = False


def meant(kind: Kind[Any], stored: Stored, removal: Removal) -> Stored:
    """The object, if it is the one that is to be deleted. Raises PreconditionFailed, in the API server's words."""
    if removal.uid and removal.uid != stored.uid:
        words = (
            f"the UID in the precondition ({removal.uid[:64]}) does not match the UID in record ({stored.uid}). "
            "The object might have been deleted and then recreated"
        )
        raise PreconditionFailed(kind.singular, stored.key.name, Text(words, words))
    if removal.version and removal.version != str(stored.resource_version):
        words = (
            f"the ResourceVersion in the precondition ({removal.version[:20]}) does not match the ResourceVersion in "
            f"record ({stored.resource_version}). The object might have been modified"
        )
        raise PreconditionFailed(kind.singular, stored.key.name, Text(words, words))
    return stored


async def remove(
    store: Store,
    clock: Clock,
    kind: Kind[Any],
    namespace: str,
    name: str,
    removal: Removal = Removal(),  # noqa: B008 (frozen)
) -> Stored:
    """Answer the object's last state, or its state with the deletion mark.
    Raises NotFound, PreconditionFailed, Conflict, Unavailable."""
    for _ in range(_TRIES):
        try:
            stored = meant(kind, await store.get(kind, namespace, name), removal)
        except Corrupt:
            # What it waited for is not known any more, and deleting it is how a person gets rid of the damage.
            return await store.delete(kind, namespace, name, uid=removal.uid, resource_version=removal.version)
        obj: Object = kind.decode(stored.body)
        with suppress(Conflict):
            if not obj.metadata.finalizers:
                # Against the version that was read: a finalizer put on meanwhile must not be passed over.
                return await store.delete(kind, namespace, name, resource_version=obj.metadata.resource_version)
            if obj.metadata.deletion_timestamp is not None:
                return stored
            return await store.replace(kind, marked(obj, clock))
    raise Conflict(kind.singular, name)


def marked(obj: Object, clock: Clock) -> Object:
    """The object with the deletion mark, which counts as a new generation."""
    meta = replace(
        obj.metadata,
        deletion_timestamp=objects.seconds(clock.now()),
        deletion_grace_period_seconds=0,
        generation=obj.metadata.generation + 1,
    )
    return replace(obj, metadata=meta)
