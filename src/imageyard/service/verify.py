"""Test a registry source: by request (stored or brought credential) and by the engine (stored, scheduled)."""

from imageyard.domain.access import Actor
from imageyard.registry import Probe
from imageyard.service.objects import Document


class Verifier:
    async def by_request(self, actor: Actor, namespace: str, name: str, body: Document) -> Probe:
        """POST …/verify as behaviour section 2 has it. Raises Forbidden, NotFound, Invalid, TooManyRequests."""
        raise NotImplementedError

    async def stored(self, namespace: str, name: str) -> Probe | None:
        """Test the stored credential and write the outcome to the object (annotations, condition, note).
        One at a time per object. None when the object or its credential changed meanwhile or is gone."""
        raise NotImplementedError
