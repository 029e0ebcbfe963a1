"""What one turn of the loop brings is written in one call, in order, and nothing of it is lost."""

import asyncio
from collections.abc import Iterable
from typing import Any

from imageyard.app.corked import Corked


class Recorder(asyncio.Transport):
    """A transport that remembers its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Any] = []
        self.left = False
        """Whether the peer has."""

    def is_closing(self) -> bool:
        return self.left

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self.calls.append(b"".join(list_of_data))

    def close(self) -> None:
        self.calls.append("close")

    def abort(self) -> None:
        self.calls.append("abort")


def corked() -> tuple[Corked, Recorder]:
    recorder = Recorder()
    return Corked(recorder, asyncio.get_running_loop()), recorder


async def test_head_and_body_go_out_together() -> None:
    transport, recorder = corked()
    transport.write(b"head")
    transport.write(b"body")
    assert recorder.calls == []
    await asyncio.sleep(0)
    transport.write(b"next")
    await asyncio.sleep(0)
    assert recorder.calls == [b"headbody", b"next"]


async def test_what_was_written_is_sent_before_the_connection_is_closed() -> None:
    transport, recorder = corked()
    transport.write(b"last")
    transport.close()
    await asyncio.sleep(0)
    assert recorder.calls == [b"last", "close"]


async def test_an_aborted_connection_sends_nothing_more() -> None:
    transport, recorder = corked()
    transport.write(b"last")
    transport.abort()
    await asyncio.sleep(0)
    assert recorder.calls == ["abort"]


async def test_nothing_is_written_to_a_peer_that_left_within_the_turn() -> None:
    transport, recorder = corked()
    transport.write(b"last")
    recorder.left = True
    await asyncio.sleep(0)
    assert recorder.calls == []


async def test_a_writer_that_never_waits_does_not_pile_up_memory() -> None:
    transport, recorder = corked()
    for _ in range(8):
        transport.write(b"x" * 40_000)
    assert [len(call) for call in recorder.calls] == [80_000] * 4
