"""The audit trail as files: rotated, bounded, whole lines, in order; and what happens when it cannot be written."""

import asyncio
import errno
import json
import os
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

import pytest
from structlog.testing import capture_logs

from imageyard.app import audit_file, audit_log
from imageyard.app.audit_file import AuditFile
from imageyard.app.audit_log import AuditLog
from imageyard.app.audit_reader import AuditReader
from imageyard.domain.audit import LOST, Event, Filter, User
from imageyard.domain.errors import Unavailable
from imageyard.service.audit import Query

MOMENT: Final = datetime(2026, 1, 1, tzinfo=UTC)
LARGE: Final = 1 << 30


class Disk:
    """`os.write`, until `failure` says what it meets; of what is written before, `room` bytes find place."""

    def __init__(self) -> None:
        self.failure: int | None = None
        self.room = 0

    def write(self, descriptor: int, data: bytes) -> int:
        if self.failure is None:
            return os.write(descriptor, data)
        if self.room:
            written = os.write(descriptor, data[: self.room])
            self.room -= written
            return written
        raise OSError(self.failure, os.strerror(self.failure))


class Trail:
    """A trail on a directory, and what became of it."""

    def __init__(self, directory: Path, log: AuditLog, missing: list[int]) -> None:
        self.directory = directory
        self.log = log
        self._missing = missing

    @property
    def missing(self) -> int:
        """What the metric says was not written."""
        return sum(self._missing)

    async def until(self, look: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not look():  # noqa: ASYNC110 - a thread does it
                await asyncio.sleep(0.005)


class Open(Protocol):
    def __call__(
        self, *, strict: bool = False, most: int = LARGE, keep: int = 3
    ) -> AbstractAsyncContextManager[Trail]: ...


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def open_(tmp_path: Path, disk: Disk) -> Open:
    @asynccontextmanager
    async def opened(*, strict: bool = False, most: int = LARGE, keep: int = 3) -> AsyncIterator[Trail]:
        directory, missing = tmp_path / "audit", list[int]()
        file = AuditFile(directory, most, keep, write=disk.write)
        reader = AuditReader(directory)
        async with audit_log.opened(file, reader, strict=strict, failed=missing.append, probed=0.01) as log:
            yield Trail(directory, log, missing)

    return opened


def event(name: str) -> Event:
    return Event(
        audit_id=name,
        stage="ResponseComplete",
        request_uri="/",
        verb="create",
        user=User("ann"),
        source_ips=[],
        request_received_timestamp=MOMENT,
        stage_timestamp=MOMENT,
    )


def written(directory: Path) -> list[dict[str, Any]]:
    """Every record of every file, oldest first."""
    files = reversed(audit_file.files(directory))
    return [json.loads(line) for file in files for line in file.read_bytes().splitlines() if line]


def ids(directory: Path) -> list[str]:
    return [each["auditID"] for each in written(directory)]


async def test_everything_noted_is_there_in_order_when_the_server_has_stopped(tmp_path: Path, open_: Open) -> None:
    async with open_() as trail:
        for number in range(5_000):
            trail.log.note([event(str(number))])
    assert ids(trail.directory) == [str(number) for number in range(5_000)]
    assert trail.missing == 0


async def test_files_are_their_owners_only(open_: Open) -> None:
    async with open_() as trail:
        await trail.log.record([event("a")])
    assert stat.S_IMODE(trail.directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((trail.directory / "audit.jsonl").stat().st_mode) == 0o600


async def test_what_is_recorded_is_in_the_file_when_it_is_answered_whoever_else_records(open_: Open) -> None:
    async with open_(strict=True) as trail:

        async def one(name: str) -> None:
            trail.log.note([event(f"{name} noted")])
            await trail.log.record([event(name)])
            assert name in ids(trail.directory)

        await asyncio.gather(*(one(str(number)) for number in range(100)))
    found = ids(trail.directory)
    assert len(found) == len(set(found)) == 200
    assert all(found.index(f"{number} noted") < found.index(str(number)) for number in range(100))


async def test_full_files_are_rotated_and_only_so_many_kept(open_: Open) -> None:
    async with open_(most=2_000, keep=3) as trail:
        for number in range(100):
            await trail.log.record([event(str(number))])
    current, *rotated = audit_file.files(trail.directory)
    assert (current.name, len(rotated)) == ("audit.jsonl", 3)
    assert all(file.stat().st_size <= 2_000 for file in (current, *rotated))
    found = ids(trail.directory)
    assert found == [str(number) for number in range(100)][-len(found) :]


async def test_another_program_may_rename_or_remove_the_file_at_any_time(open_: Open) -> None:
    async with open_() as trail:
        current = trail.directory / "audit.jsonl"
        await trail.log.record([event("a")])
        current.rename(trail.directory / "moved.1")
        await trail.log.record([event("b")])
        current.unlink()
        await trail.log.record([event("c")])
        assert ids(trail.directory) == ["c"]
        assert b'"a"' in (trail.directory / "moved.1").read_bytes()


async def test_a_later_server_goes_on_where_the_earlier_one_was_cut_off(open_: Open) -> None:
    async with open_() as trail:
        await trail.log.record([event("a")])
    with (trail.directory / "audit.jsonl").open("ab") as file:
        file.write(b'{"kind":"Event","audit')
    async with open_() as trail:
        await trail.log.record([event("b")])
        page = await trail.log.read(Query())
    assert [json.loads(item)["auditID"] for item in page.items] == ["b", "a"]


@pytest.mark.parametrize("failure", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
async def test_a_disk_that_fails_costs_records_that_are_counted_told_once_and_told_in_the_trail(
    open_: Open, disk: Disk, failure: int
) -> None:
    with capture_logs() as logged:
        async with open_() as trail:
            await trail.log.record([event("before")])
            disk.failure = failure
            for number in range(5):
                trail.log.note([event(f"lost {number}")])
                await trail.until(lambda wanted=number + 1: trail.missing == wanted)  # type: ignore[misc]
            assert not trail.log.writable
            disk.failure = None
            await trail.until(lambda: trail.log.writable)
            await trail.log.record([event("after")])
    assert ids(trail.directory) == ["before", "", "after"]
    assert written(trail.directory)[1]["annotations"] == {LOST: "5"}
    assert [each["event"] for each in logged] == ["audit_failed", "audit_written_again"]


async def test_what_must_be_on_record_is_refused_while_the_disk_fails_and_no_longer(open_: Open, disk: Disk) -> None:
    async with open_(strict=True) as trail:
        disk.failure = errno.ENOSPC
        outcomes = await asyncio.gather(
            *(trail.log.record([event(str(number))]) for number in range(5)), return_exceptions=True
        )
        assert all(isinstance(each, Unavailable) for each in outcomes)
        assert not trail.log.writable
        disk.failure = None
        await trail.until(lambda: trail.log.writable)
        await trail.log.record([event("after")])


async def test_a_line_that_found_half_its_place_spoils_no_other(open_: Open, disk: Disk) -> None:
    async with open_(strict=True) as trail:
        await trail.log.record([event("first")])
        line = (trail.directory / "audit.jsonl").stat().st_size
        disk.failure, disk.room = errno.ENOSPC, line + line // 2
        trail.log.note([event("whole")])
        with pytest.raises(Unavailable):
            await trail.log.record([event("halved")])
        assert trail.missing == 1
        disk.failure = None
        await trail.log.record([event("last")])
        page = await trail.log.read(Query())
    found = [json.loads(item) for item in page.items]
    assert [each["auditID"] for each in found] == ["last", "", "whole", "first"]
    assert found[1]["annotations"] == {LOST: "1"}


async def test_a_directory_that_cannot_be_written_to_is_told_and_heals(open_: Open) -> None:
    async with open_(strict=True) as trail:
        await trail.log.record([event("a")])
        away = trail.directory.rename(trail.directory.with_name("away"))
        trail.directory.write_text("in the way")
        with pytest.raises(Unavailable):
            await trail.log.record([event("b")])
        trail.directory.unlink()
        away.rename(trail.directory)
        await trail.until(lambda: trail.log.writable)
        await trail.log.record([event("c")])
    assert ids(trail.directory) == ["a", "", "c"]


@pytest.mark.parametrize("there", [True, False])
async def test_a_link_in_the_place_of_the_file_is_not_followed_and_is_told(
    tmp_path: Path, open_: Open, there: bool
) -> None:
    other = tmp_path / "other"
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / "audit.jsonl").symlink_to(other)
    if there:
        other.write_text("another's\n")
    with capture_logs() as logged:
        async with open_(strict=True) as trail:
            with pytest.raises(Unavailable):
                await trail.log.record([event("a")])
            assert other.exists() is there
            (trail.directory / "audit.jsonl").unlink()
            await trail.until(lambda: trail.log.writable)
            await trail.log.record([event("b")])
    assert [each["event"] for each in logged] == ["audit_failed", "audit_written_again"]
    assert logged[0]["error"] == "audit.jsonl is a symbolic link, which is not followed"
    assert not there or other.read_text() == "another's\n"


async def test_a_link_to_the_trails_own_file_takes_no_more(tmp_path: Path, open_: Open) -> None:
    async with open_(strict=True) as trail:
        await trail.log.record([event("a")])
        current = trail.directory / "audit.jsonl"
        current.rename(tmp_path / "moved")
        current.symlink_to(tmp_path / "moved")
        with pytest.raises(Unavailable):
            await trail.log.record([event("b")])


async def test_what_is_wrong_with_the_directory_is_known_before_anything_is_recorded(
    tmp_path: Path, open_: Open
) -> None:
    (tmp_path / "audit").write_text("in the way")
    with capture_logs() as logged:
        async with open_() as trail:
            await trail.until(lambda: not trail.log.writable)
    assert [each["event"] for each in logged] == ["audit_failed"]


async def test_an_fsync_that_fails_puts_nothing_on_record(open_: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    async with open_(strict=True) as trail:
        await trail.log.record([event("a")])
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", failing)
            with pytest.raises(Unavailable):
                await trail.log.record([event("b")])
        await trail.log.record([event("c")])


async def test_a_text_that_cannot_be_written_costs_its_own_batch_only(open_: Open) -> None:
    async with open_(strict=True) as trail:
        with pytest.raises(Unavailable):
            await trail.log.record([event("\ud800")])
        await trail.log.record([event("a")])
    assert "a" in ids(trail.directory)


async def test_records_that_wait_are_bounded(open_: Open, disk: Disk) -> None:
    async with open_() as trail:
        for _ in range(audit_log.MOST_WAITING + 7):
            trail.log.note([event("a")])
        with pytest.raises(Unavailable):
            await trail.log.record([event("b")])
        assert trail.missing == 8
    assert len(written(trail.directory)) == audit_log.MOST_WAITING


async def test_what_comes_after_the_end_is_counted_as_missing(open_: Open) -> None:
    async with open_() as trail:
        pass
    trail.log.note([event("late")])
    assert trail.missing == 1


async def test_the_trail_is_read_while_it_is_written_and_rotated(open_: Open) -> None:
    async with open_(most=3_000, keep=100) as trail:
        for number in range(50):
            await trail.log.record([event(str(number))])
        found, token = list[str](), ""
        while True:
            page = await trail.log.read(Query(Filter(user="ann"), 7, token))
            found += [json.loads(item)["auditID"] for item in page.items]
            for _ in range(5):
                await trail.log.record([event("later")])
            token = page.continuation
            if not token:
                break
    assert found == [str(number) for number in reversed(range(50))]
