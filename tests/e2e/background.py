"""Neighbours that are written with asyncio, kept running beside tests that are not."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from types import TracebackType
from typing import Any, Final, Self, TypeVar

T = TypeVar("T")
_SECONDS: Final = 60


class Background:
    """An event loop in a thread of its own, for as long as the block runs."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="neighbours", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.run(_cancel_the_rest())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do it there and wait for what it answers."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_SECONDS)

    @contextmanager
    def running(self, neighbour: AbstractAsyncContextManager[T]) -> Iterator[T]:
        """Hold an asynchronous context open there while the block runs here."""
        entered = self.run(_enter(neighbour))
        try:
            yield entered
        finally:
            self.run(_leave(neighbour))


async def _enter(neighbour: AbstractAsyncContextManager[T]) -> T:
    return await neighbour.__aenter__()


async def _leave(neighbour: AbstractAsyncContextManager[T]) -> None:
    await neighbour.__aexit__(None, None, None)


async def _cancel_the_rest() -> None:
    """A neighbour that never answers is still not answering."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
