"""One budget of time for a conversation of several exchanges."""

from dataclasses import replace

from imageyard.domain.clock import Clock
from imageyard.domain.reasons import Reason
from imageyard.egress import EgressError, Gate, Request, Response


class Budget:
    """A gate whose exchanges take no longer than `seconds` together: each has what the others left."""

    def __init__(self, gate: Gate, clock: Clock, seconds: float) -> None:
        self._gate = gate
        self._clock = clock
        self._until = clock.monotonic() + seconds

    async def send(self, request: Request) -> Response:
        left = self._until - self._clock.monotonic()
        if left <= 0:
            raise EgressError(Reason.Timeout, "registry")
        return await self._gate.send(replace(request, timeout=min(request.timeout, left)))
