"""The audit trail on a page: newest first, in plain words, by filters, page by page, and as a file."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from imageyard.domain.audit import Event
from imageyard.service.audit import Page, Query
from tests.fakes.asgi import Client
from tests.fakes.trail import MemoryAudit
from tests.web import whole
from tests.web.console import markup
from tests.web.console.hostile import HOSTILE
from tests.web.samples import IMAGES, SECRETS, image, secret
from tests.web.whole import Server

FORM = {"content-type": "application/x-www-form-urlencoded"}
ENGLISH = {"accept-language": "en"}


class Trail(MemoryAudit):
    """Read as the real one is: filtered, newest first, in pages; a continuation is how many were read."""

    async def read(self, query: Query) -> Page:
        found = [event for event in reversed(self.events) if query.filter.matches(event)]
        begin = int(query.continuation or 0)
        end = begin + query.limit
        items = [msgspec.json.encode(event) for event in found[begin:end]]
        return Page(items, str(end) if end < len(found) else "")


@pytest.fixture
def trail() -> Trail:
    return Trail()


@pytest.fixture
async def yard(tmp_path: Path, trail: Trail) -> AsyncIterator[Server]:
    async with whole.running(tmp_path, audit=trail) as running:
        yield running


@pytest.fixture
async def ann(yard: Server) -> Client:
    return await yard.client("ann", "system:masters")


async def shown(client: Client, query: str = "") -> str:
    answer = await client.get(f"/console/audit{query}", headers=ENGLISH)
    assert answer.status == 200, answer.text
    return markup.text(answer.text)


async def test_deeds_are_told_in_plain_words_newest_first(yard: Server, ann: Client) -> None:
    await ann.post(SECRETS, secret())
    await ann.post(IMAGES, image("web"))
    await ann.post("/console/images/default/web/sync", headers=FORM)
    await ann.post("/console/sources/default/harbor-prod/verify", headers=FORM)
    await ann.delete(f"{IMAGES}/web")
    token = (await yard.doors.tokens.create("sue", "sue", [], None)).reveal()
    begun = await yard.stranger().post("/console/sign-in", f"token={token}".encode(), headers=FORM)
    cookie = {"cookie": begun.headers["set-cookie"].partition(";")[0]}
    await yard.stranger().post("/console/sign-out", headers=cookie)
    await yard.stranger().post("/console/sign-in", b"token=iy_wrong", headers=FORM)
    await ann.get(f"{IMAGES}/none")
    page = await shown(ann)
    told = [
        "not signed in 192.0.2.1 tried to sign in Denied",
        "sue 192.0.2.1 signed out",
        "sue 192.0.2.1 signed in",
        "ann 192.0.2.1 deleted image default/web",
        "tested the connection of the registry source default/harbor-prod",
        "asked for a sync of the image default/web",
        "created image default/web",
        "created registry source default/harbor-prod",
    ]
    places = [page.find(each) for each in told]
    assert -1 not in places, [each for each, place in zip(told, places, strict=True) if place < 0]
    assert places == sorted(places)
    assert token not in page


async def test_filters_leave_what_matches(yard: Server, ann: Client) -> None:
    await ann.post(IMAGES, image("web"))
    eve = await yard.client("eve")
    await eve.delete(f"{IMAGES}/web")
    for query, seen, unseen in (
        ("?user=eve", "deleted image", "created image"),
        ("?outcome=denied", "deleted image", "created image"),
        ("?verb=create&resource=repositories&namespace=default", "created image", "deleted image"),
        ("?since=1h&outcome=nonsense&user=ann", "created image", "deleted image"),
    ):
        page = await shown(ann, query)
        assert seen in page, query
        assert unseen not in page, query
    assert "Nothing matches" in await shown(ann, "?user=nobody")


async def test_a_page_goes_on_where_it_ended(yard: Server, ann: Client) -> None:
    for n in range(45):
        await ann.delete(f"{IMAGES}/gone-{n:02}")
    first = (await ann.get("/console/audit?verb=delete", headers=ENGLISH)).text
    (older,) = [link for link in markup.links(first) if "continue=" in link]
    assert "verb=delete" in older
    second = (await ann.get(older, headers=ENGLISH)).text
    assert "gone-44" in first
    assert "gone-04" not in first
    assert "gone-04" in second
    assert not [link for link in markup.links(second) if "continue=" in link]


async def test_a_file_holds_the_same_one_record_a_line(yard: Server, ann: Client, trail: Trail) -> None:
    for n in range(1_003):
        trail.events.append(msgspec.structs.replace(_event(), audit_id=f"r-{n}"))
    answer = await ann.get("/console/audit/export?user=ann")
    assert answer.headers["content-disposition"].startswith("attachment")
    lines = answer.body.splitlines()
    assert [msgspec.json.decode(line, type=Event).audit_id for line in (lines[0], lines[-1])] == ["r-1002", "r-0"]
    assert len(lines) == 1_003


def _event() -> Event:
    line = (
        b'{"auditID":"r","stage":"ResponseComplete","requestURI":"/x","verb":"get","user":{"username":"ann"},"sourceIPs":[],'
        b'"requestReceivedTimestamp":"2026-01-01T00:00:00Z","stageTimestamp":"2026-01-01T00:00:00Z"}'
    )
    return msgspec.json.decode(line, type=Event)


async def test_who_may_not_read_the_trail_sees_no_such_place(yard: Server) -> None:
    vera = await yard.client("vera", "image-viewer")
    assert "/console/audit" not in (await vera.get("/console/")).text
    for path in ("/console/audit", "/console/audit/export"):
        assert (await vera.get(path)).status == 403


async def test_hostile_words_in_a_record_change_nothing(ann: Client, trail: Trail) -> None:
    shapes = set()
    for said in ("plain", *HOSTILE):
        said = said.encode("utf-8", "replace").decode()
        event = _event()
        event.user.username, event.verb, event.annotations = said, said, {"a": said}
        event.audit_id, event.source_ips, event.user_agent = said[:60], [said], said
        trail.events[:] = [event]
        page = (await ann.get("/console/audit", headers=ENGLISH)).text
        shapes.add(tuple(markup.shape(page)))
        assert (await ann.get(f"/console/audit?user={said[:10].encode().hex()}")).status == 200
    assert len(shapes) == 1
