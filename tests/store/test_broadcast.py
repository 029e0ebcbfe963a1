"""Fan-out: order, bounds, ends."""

import pytest

from imageyard.domain.errors import Gone
from imageyard.domain.objects import Key
from imageyard.store import Change
from imageyard.store.broadcast import MOST_UNREAD, MOST_UNREAD_BYTES, Broadcast


def changes(first: int, behind: int, namespace: str = "a", body: bytes = b"") -> list[Change]:
    return [Change("ADDED", version, Key("things", namespace, "x"), "uid", body) for version in range(first, behind)]


def test_each_subscription_gets_its_resource_and_namespace() -> None:
    broadcast = Broadcast(0)
    with broadcast.subscribed("things", "a") as mine, broadcast.subscribed("others", None) as other:
        broadcast.tell(changes(1, 2, "b") + changes(2, 3, "a"), 2)
        assert mine.take() == changes(2, 3)[0]
        assert mine.take() is None
        assert other.empty
    assert broadcast.head == 2


def test_one_that_reads_promptly_survives_any_commit() -> None:
    broadcast = Broadcast(0)
    with broadcast.subscribed("things", None) as mine:
        for start in (1, 5001):
            broadcast.tell(changes(start, start + 5000), start + 4999)
            told = [mine.take() for _ in range(5000)]
            assert told == changes(start, start + 5000)


@pytest.mark.parametrize(
    "backlog",
    [
        changes(1, MOST_UNREAD + 2),
        changes(1, 3, body=bytes(MOST_UNREAD_BYTES)),
        [change._replace(managed=bytes(MOST_UNREAD_BYTES)) for change in changes(1, 3)],
    ],
    ids=["too many", "too large", "too much managed"],
)
def test_one_that_falls_behind_is_cut_and_forgets_its_backlog(backlog: list[Change]) -> None:
    broadcast = Broadcast(0)
    with broadcast.subscribed("things", None) as mine:
        broadcast.tell(backlog, len(backlog))
        broadcast.tell(changes(5000, 5001), 5000)
        assert mine.empty
        for _ in range(2):
            with pytest.raises(Gone):
                mine.take()


async def test_waiting_ends_with_a_change_or_with_patience() -> None:
    broadcast = Broadcast(0)
    with broadcast.subscribed("things", None) as mine:
        assert not await mine.moved(0.001)
        broadcast.tell(changes(1, 2), 1)
        assert await mine.moved(None)


async def test_after_the_close_what_is_unread_is_read_first() -> None:
    broadcast = Broadcast(0)
    with broadcast.subscribed("things", None) as mine:
        broadcast.tell(changes(1, 2), 1)
        broadcast.close()
        assert await mine.moved(None)
        assert [mine.ended, mine.take(), mine.ended] == [False, *changes(1, 2), True]
