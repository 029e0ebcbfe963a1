"""Who is not known cannot fill the audit trail, and what was left out of it is told."""

import asyncio
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain.access import ANONYMOUS
from imageyard.domain.audit import LEFT_OUT, Event, User
from imageyard.service import strangers
from imageyard.service.strangers import IN_ALL, PER_ADDRESS, Dampened, Minute
from tests.fakes.clock import START, FakeClock
from tests.fakes.trail import MemoryAudit


def event(user: str, address: str = "192.0.2.1") -> Event:
    return Event(
        audit_id="",
        stage="ResponseComplete",
        request_uri="/",
        verb="get",
        user=User(user),
        source_ips=[address] if address else [],
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
    await clock.advance(strangers.MINUTE)
    assert counts(trail) == {"192.0.2.1": "90"}
    summary = trail.events[-1]
    assert (summary.stage_timestamp - summary.request_received_timestamp).total_seconds() == strangers.MINUTE
    audit.note([event(ANONYMOUS)])
    assert len(trail.events) == PER_ADDRESS + 2, "a new minute has begun"
    counting.cancel()


async def test_who_is_known_is_recorded_as_often_as_he_asks() -> None:
    trail = MemoryAudit()
    audit = Dampened(trail, FakeClock())
    for _ in range(2 * IN_ALL):
        audit.note([event("ann")])
    await audit.record([event("ann"), event(ANONYMOUS)])
    assert len(trail.events) == 2 * IN_ALL + 2


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
    await clock.advance(strangers.MINUTE)
    assert counts(trail) == {"2001:db8::/64": "90"}
    counting.cancel()


@given(st.lists(st.integers(0, 2_000), max_size=3_000))
def test_no_number_of_addresses_makes_a_minute_longer_than_its_bound(addresses: list[int]) -> None:
    minute = Minute()
    recorded = sum(minute.admits(f"2001:db8::{number}") for number in addresses)
    assert recorded + len(minute.left_out) <= 2 * IN_ALL + 1
    assert recorded + sum(minute.left_out.values()) == len(addresses)
