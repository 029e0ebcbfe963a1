"""Who keeps guessing tokens has to wait; who has a good one never does."""

from starlette.types import ASGIApp

from imageyard.web.actor import Throttle
from tests.fakes.asgi import Client
from tests.web.conftest import Yard
from tests.web.samples import IMAGES
from tests.web.test_objects import is_status

WRONG = {"authorization": "Bearer wrong"}


async def guess(client: Client, times: int) -> list[int]:
    return [(await client.get(IMAGES, headers=WRONG)).status for _ in range(times)]


async def test_the_21st_failure_within_a_minute_is_429_with_retry_after(stranger: Client) -> None:
    assert await guess(stranger, 20) == [401] * 20
    answer = await stranger.get(IMAGES, headers=WRONG)
    is_status(answer, 429, "TooManyRequests")
    assert 1 <= int(answer.headers["retry-after"]) <= 61


async def test_a_valid_token_from_that_address_is_always_served(stranger: Client, admin: Client) -> None:
    await guess(stranger, 30)
    assert (await admin.get(IMAGES)).status == 200


async def test_other_addresses_and_requests_without_a_token_are_not_held_back(
    stranger: Client, application: ASGIApp
) -> None:
    await guess(stranger, 30)
    assert await guess(Client(application, address="192.0.2.2"), 1) == [401]
    assert (await stranger.get(IMAGES)).status == 401


async def test_after_the_minute_it_is_401_again(stranger: Client, yard: Yard) -> None:
    await guess(stranger, 25)
    await yard.clock.advance(59)
    assert await guess(stranger, 1) == [429]
    await yard.clock.advance(1)
    assert await guess(stranger, 1) == [401]


async def test_addresses_of_one_ipv6_network_are_one(application: ASGIApp) -> None:
    for number in range(20):
        assert await guess(Client(application, address=f"2001:db8::{number:x}"), 1) == [401]
    assert await guess(Client(application, address="2001:db8::ffff"), 1) == [429]
    assert await guess(Client(application, address="2001:db8:0:1::1"), 1) == [401]


async def test_an_ipv4_address_that_comes_by_ipv6_is_the_same(stranger: Client, application: ASGIApp) -> None:
    assert await guess(stranger, 20) == [401] * 20
    assert await guess(Client(application, address=f"::ffff:{stranger.address}"), 1) == [429]


def test_memory_is_bounded_by_forgetting_who_failed_longest_ago() -> None:
    throttle = Throttle()
    for number in range(Throttle.ADDRESSES + 5):
        throttle.failed(f"address-{number}", 0.0)
    assert len(throttle) == Throttle.ADDRESSES
