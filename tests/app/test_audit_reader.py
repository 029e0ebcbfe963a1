"""The audit trail read backwards: every record once, newest first, a page at a time."""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.app import audit_reader
from imageyard.app.audit_reader import BLOCK, LONGEST, AuditReader
from imageyard.domain import audit
from imageyard.domain.audit import Event, Filter, ObjectRef, User
from imageyard.domain.errors import Gone, Invalid
from imageyard.service.audit import Query

START: Final = datetime(2026, 1, 1, tzinfo=UTC)


def event(number: int, *, user: str = "ann", verb: str = "create", code: int = 200, **place: str) -> Event:
    moment = START + timedelta(minutes=number)
    return Event(
        audit_id=str(number),
        stage="ResponseComplete",
        request_uri="/",
        verb=verb,
        user=User(user),
        source_ips=[],
        object_ref=ObjectRef(**{"resource": "repositories", "namespace": "default", **place}),
        response_status=audit.status(code, "Reason"),
        request_received_timestamp=moment,
        stage_timestamp=moment,
    )


def write(path: Path, *events: Event) -> None:
    with path.open("ab") as file:
        file.write(msgspec.json.Encoder().encode_lines(events))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Three files of ten records: 0 to 29."""
    for name, first in (("audit-20260101T000000.000000Z", 0), ("audit-20260102T000000.000000Z", 10), ("audit", 20)):
        write(tmp_path / f"{name}.jsonl", *(event(number) for number in range(first, first + 10)))
    return tmp_path


async def read(directory: Path, limit: int = 1000, looked_at: int = audit_reader.LOOKED_AT, **wanted: object) -> str:
    """The numbers of all pages, those of a page in brackets."""
    reader, pages, token = AuditReader(directory, looked_at), list[str](), ""
    while True:
        page = await reader.read(Query(Filter(**wanted), limit, token))  # type: ignore[arg-type]
        pages.append(" ".join(json.loads(item)["auditID"] for item in page.items))
        token = page.continuation
        if not token:
            return "|".join(pages)


async def test_pages_go_from_the_newest_record_to_the_oldest_across_files(directory: Path) -> None:
    assert (await read(directory)).split() == [str(number) for number in reversed(range(30))]
    assert (await read(directory, 12)).split("|")[1] == " ".join(str(number) for number in range(17, 5, -1))


async def test_a_trail_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert await read(tmp_path / "none") == ""


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"user": "ben"}, "6"),
        ({"verb": "delete"}, "5"),
        ({"resource": "registrysecrets"}, "4 3"),
        ({"resource": "registrysecrets/verify"}, "3"),
        ({"namespace": "team-a"}, "2"),
        ({"outcome": "denied"}, "1"),
        ({"outcome": "failure"}, "0"),
        ({"stage": "RequestReceived"}, ""),
        ({"since": START + timedelta(minutes=5)}, "6 5"),
        ({"since": datetime.min.replace(tzinfo=UTC)}, "6 5 4 3 2 1 0"),
        ({"since": datetime.max.replace(tzinfo=UTC)}, ""),
        ({"user": "ann", "outcome": "success", "resource": "repositories"}, "5 2"),
    ],
)
async def test_records_are_found_by_what_they_tell(tmp_path: Path, wanted: dict[str, object], found: str) -> None:
    write(
        tmp_path / "audit.jsonl",
        event(0, code=404),
        event(1, code=403),
        event(2, namespace="team-a"),
        event(3, resource="registrysecrets", subresource="verify"),
        event(4, resource="registrysecrets"),
        event(5, verb="delete"),
        event(6, user="ben"),
    )
    assert await read(tmp_path, **wanted) == found  # type: ignore[arg-type]


async def test_a_page_ends_after_so_many_bytes_even_when_nothing_was_found(directory: Path) -> None:
    pages = (await read(directory, looked_at=2_000, user="nobody")).split("|")
    assert len(pages) > 3
    assert set(pages) == {""}


async def test_what_is_long_past_is_not_looked_through(directory: Path) -> None:
    since = START + timedelta(minutes=28)
    looked_at = 2 + audit_reader.DISORDER // timedelta(minutes=1)
    assert await read(directory, looked_at=1, since=since) == "29|28" + "|" * (looked_at - 1)


async def test_a_page_goes_on_in_a_file_that_was_rotated_meanwhile(directory: Path) -> None:
    reader = AuditReader(directory)
    first = await reader.read(Query(limit=5))
    (directory / "audit.jsonl").rename(directory / "audit-20260103T000000.000000Z.jsonl")
    write(directory / "audit.jsonl", event(30))
    second = await reader.read(Query(limit=5, continuation=first.continuation))
    assert [json.loads(item)["auditID"] for item in second.items] == ["24", "23", "22", "21", "20"]


async def test_a_place_that_is_not_kept_any_more_is_gone(directory: Path) -> None:
    reader = AuditReader(directory)
    token = (await reader.read(Query(limit=25))).continuation
    oldest = directory / "audit-20260101T000000.000000Z.jsonl"
    oldest.write_bytes(oldest.read_bytes().replace(b"ann", b"ben"))  # as if the inode were another file's
    with pytest.raises(Gone):
        await reader.read(Query(continuation=token))
    oldest.unlink()
    with pytest.raises(Gone):
        await reader.read(Query(continuation=token))


@pytest.mark.parametrize("token", ["x", "é", "MS4y", "====", "a" * 10_000, "MS4yLng"])
async def test_what_is_no_place_is_refused(directory: Path, token: str) -> None:
    with pytest.raises(Invalid):
        await AuditReader(directory).read(Query(continuation=token))


async def test_half_lines_and_other_lines_are_passed_over(directory: Path) -> None:
    with (directory / "audit.jsonl").open("ab") as file:
        file.write(b'{"kind":"Event","auditID":"half\n\n{}\n[]\n\xff\xfe\n' + b"x" * (LONGEST + BLOCK * 3) + b"\n")
    write(directory / "audit.jsonl", event(30))
    assert (await read(directory)).split()[:2] == ["30", "29"]


LINE: Final = st.one_of(
    st.binary(max_size=40), st.integers(BLOCK - 3, BLOCK + 3).map(bytes), st.just(bytes(LONGEST + 2 * BLOCK))
).map(lambda line: line.replace(b"\n", b"."))


@given(st.lists(LINE, max_size=12), st.booleans())
def test_lines_come_backwards_as_they_were_written_at_their_places(lines: list[bytes], ended: bool) -> None:
    data = b"\n".join(lines) + (b"\n" if ended else b"")
    found = list(audit_reader.backwards(io.BytesIO(data), len(data)))
    assert [line.text for line in found] == [line for line in reversed(lines) if 0 < len(line) <= LONGEST]
    for line in found:
        assert data[line.offset :].startswith(line.text)
        assert line.offset == 0 or data[line.offset - 1 : line.offset] == b"\n"
