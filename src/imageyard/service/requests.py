"""Ask for a sync: a write to the object, seen by the engine; never a call into a worker."""

from collections.abc import Mapping
from typing import Any

from imageyard.domain.access import Actor
from imageyard.service.objects import Document


class SyncRequests:
    async def sync(self, actor: Actor, namespace: str, name: str) -> bool:
        """Set the manual-sync annotation to a new value. False when a 429 pause of the host makes it wait."""
        raise NotImplementedError

    async def preview(self, actor: Actor, namespace: str, name: str, document: Document) -> Mapping[str, Any]:
        """ "Test fetch": the would-be `status` of a spec, nothing stored."""
        raise NotImplementedError
