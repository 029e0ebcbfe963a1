"""Delete as Kubernetes does: what has finalizers is marked first, and goes when the last of them is taken off.

Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/
"""

from contextlib import suppress
from typing import Any, Final

from msgspec.structs import replace

from imageyard.domain import objects
from imageyard.domain.clock import Clock
from imageyard.domain.errors import Conflict, Corrupt
from imageyard.domain.kind import Kind
from imageyard.domain.objects import Object
from imageyard.store import Store, Stored

_TRIES: Final = 10


async def remove(store: Store, clock: Clock, kind: Kind[Any], namespace: str, name: str) -> Stored:
    """Answer the object's last state, or its state with the deletion mark. Raises NotFound, Conflict, Unavailable."""
    for _ in range(_TRIES):
        try:
            stored = await store.get(kind, namespace, name)
        except Corrupt:
            # What it waited for is not known any more, and deleting it is how a person gets rid of the damage.
            return await store.delete(kind, namespace, name)
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
