"""The sample registry as a running neighbour: content, sign-in, a tag that moves, one loopback port."""

import asyncio
import contextlib
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from imageyard.domain.clock import Clock
from imageyard.sample import catalogue
from imageyard.sample.access import Account, Basic
from imageyard.sample.listener import Certificate, Listener
from imageyard.sample.moving import Nightly
from imageyard.sample.objects import Credentials
from imageyard.sample.registry import Registry
from imageyard.sample.storage import Storage
from imageyard.sample.tokens import Bearer, Either


class SampleRegistry:
    """`async with SampleRegistry(credentials, port=5051) as sample: sample.address`.

    Serves in the running loop on loopback, port 0 being any free one. One account may pull and push everything:
    by Bearer token, and for `classic/*` by Basic. Raises OSError when the port is taken.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        certificate: Certificate | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or WallClock()
        accounts = {credentials.user: Account(credentials.password)}
        access = Either(Bearer(accounts, self._clock), Basic(accounts), catalogue.BASIC)
        self.registry = Registry(Storage(), access)
        self._nightly = Nightly(self.registry.storage)
        self._listener = Listener(self.registry, host=host, port=port, certificate=certificate)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        catalogue.fill(self.registry.storage)
        self._nightly.build_now(self._clock.now())
        await self._listener.__aenter__()
        self._task = asyncio.create_task(self._nightly.run(self._clock), name="sample-nightly")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._listener.__aexit__(kind, error, traceback)

    @property
    def address(self) -> str:
        """`127.0.0.1:5051`: what a source's `domain` says."""
        return self._listener.address


class WallClock:
    """The clock of a sample that is not given another."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
