"""Neither who is not known nor who is refused can fill the audit trail, and what was left out of it is told."""

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain import audit as records
from imageyard.domain.access import ANONYMOUS
from imageyard.domain.audit import LEFT_OUT, Event, User
from imageyard.service import dampened
from imageyard.service.dampened import Dampened
from imageyard.service.refusals import PER_USER
from imageyard.service.strangers import IN_ALL, PER_ADDRESS, Strangers
from tests.fakes.clock import START, FakeClock
from tests.fakes.trail import MemoryAudit


def event(user: str, address: str = "192.0.2.1", code: int = 200) -> Event:
    return Event(
        audit_id="",
        stage="ResponseComplete",
        request_uri="/",
        verb="get",
        user=User(user),
        source_ips=[address] if address else [],
        response_status=records.status(code, ""),
        request_received_timestamp=START,
        stage_timestamp=START,
    )


def counts(trail: MemoryAudit) -> dict[str, str]:
    """What was left out, by address."""
    told = [each for each in trail.events if LEFT_OUT in each.annotations]
    return {"".join(each.source_ips): each.annotations[LEFT_OUT] for each in told}


async def test_of_an_address_so_many_are_recorded_a_minute_and_the_rest_is_counted() -> None:
    trail, clock = MemoryAudit(), FakeClock()
    audit = Dampened(trail, clock)
    counting = asyncio.create_task(audit.run())
    for _ in range(100):
        audit.note([event(ANONYMOUS)])
    assert len(trail.events) == PER_ADDRESS
    await clock.advance(dampened.MINUTE)
    assert counts(trail) == {"192.0.2.1": "90"}
    summary = trail.events[-1]
    assert (summary.stage_timestamp - summary.request_received_timestamp).total_seconds() == dampened.MINUTE
    audit.note([event(ANONYMOUS)])
    assert len(trail.events) == PER_ADDRESS + 2, "a new minute has begun"
    counting.cancel()


@pytest.mark.parametrize("code", [200, 201, 500, 503, records.NO_ANSWER])
async def test_what_was_done_by_who_is_known_or_may_have_been_is_always_recorded(code: int) -> None:
    trail = MemoryAudit()
    audit = Dampened(trail, FakeClock())
    for _ in range(2 * PER_USER):
        audit.note([event("ann", code=code)])
    await audit.record([event("ann", code=code), event(ANONYMOUS)])
    assert len(trail.events) == 2 * PER_USER + 2


@pytest.mark.parametrize("code", [403, 404, 429])
async def test_of_a_user_so_many_refusals_are_recorded_a_minute_and_the_rest_is_counted(code: int) -> None:
    trail, clock = MemoryAudit(), FakeClock()
    audit = Dampened(trail, clock)
    counting = asyncio.create_task(audit.run())
    for number in range(500):
        audit.note([event("eve", f"192.0.2.{number % 9}", code)])
    await audit.record([event("eve", code=code)])
    assert len(trail.events) == PER_USER
    await audit.record([event("eve"), event("ann", code=code)])
    assert len(trail.events) == PER_USER + 2, "what she did, and what others were refused"
    await clock.advance(dampened.MINUTE)
    summary = trail.events[-1]
    assert (summary.user.username, summary.source_ips, summary.annotations) == ("eve", [], {LEFT_OUT: "201"})
    audit.note([event("eve", code=code)])
    assert len(trail.events) == PER_USER + 4, "a new minute has begun"
    counting.cancel()


async def test_what_was_left_out_is_told_when_the_server_stops() -> None:
    trail = MemoryAudit()
    audit = Dampened(trail, FakeClock())
    counting = asyncio.create_task(audit.run())
    await asyncio.sleep(0)
    for _ in range(PER_ADDRESS + 3):
        audit.note([event(ANONYMOUS)])
    counting.cancel()
    with suppress(asyncio.CancelledError):
        await counting
    assert counts(trail) == {"192.0.2.1": "3"}


async def test_addresses_of_one_ipv6_network_are_one() -> None:
    trail, clock = MemoryAudit(), FakeClock()
    audit = Dampened(trail, clock)
    counting = asyncio.create_task(audit.run())
    for number in range(100):
        audit.note([event(ANONYMOUS, f"2001:db8::{number:x}")])
    assert len(trail.events) == PER_ADDRESS
    assert trail.events[-1].source_ips == ["2001:db8::9"]
    await clock.advance(dampened.MINUTE)
    assert counts(trail) == {"2001:db8::/64": "90"}
    counting.cancel()


@given(st.lists(st.integers(0, 2_000), max_size=3_000))
def test_no_number_of_addresses_makes_a_minute_longer_than_its_bound(addresses: list[int]) -> None:
    minute = Strangers()
    recorded = sum(minute.admits(f"2001:db8::{number}") for number in addresses)
    assert recorded + len(minute.left_out) <= 2 * IN_ALL + 1
    assert recorded + sum(minute.left_out.values()) == len(addresses)
