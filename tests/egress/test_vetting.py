"""Lookups: kept together with their verdict, one at a time, given up when they hang."""

import asyncio
import socket
from collections.abc import Sequence

import pytest

from imageyard.domain.reasons import Reason
from imageyard.egress import EgressError
from imageyard.egress.policy import Policy
from imageyard.egress.resolver import SystemResolver
from imageyard.egress.vetting import Vetting
from tests.fakes.clock import FakeClock


class Names:
    """A name server that counts, and answers what it is told to."""

    def __init__(self, *found: str) -> None:
        self.found = list(found)
        self.asked = 0

    async def __call__(self, name: str) -> Sequence[str]:
        self.asked += 1
        await asyncio.sleep(0)
        if not self.found:
            raise socket.gaierror(socket.EAI_NONAME, "unknown name")
        return self.found


async def vetted(vetting: Vetting) -> list[str]:
    return [str(address) for address in await vetting.vet("registry.test", 443)]


async def test_an_answer_is_kept_for_half_a_minute() -> None:
    names, clock = Names("1.1.1.1"), FakeClock()
    vetting = Vetting(Policy(), names, 5.0, clock.monotonic)
    assert await vetted(vetting) == ["1.1.1.1"]
    names.found = ["2.2.2.2"]
    await clock.advance(29.9)
    assert await vetted(vetting) == ["1.1.1.1"]
    await clock.advance(0.1)
    assert await vetted(vetting) == ["2.2.2.2"]
    assert names.asked == 2


async def test_a_name_that_moves_to_a_refused_address_is_refused_also_for_pooled_connections() -> None:
    names, clock = Names("1.1.1.1"), FakeClock()
    vetting = Vetting(Policy(), names, 5.0, clock.monotonic)
    await vetted(vetting)
    names.found = ["127.0.0.1"]
    await clock.advance(30)
    with pytest.raises(EgressError, match="EgressDenied"):
        await vetted(vetting)


async def test_a_failed_lookup_is_not_remembered() -> None:
    names = Names()
    vetting = Vetting(Policy(), names, 5.0)
    with pytest.raises(EgressError, match="DNSFailed"):
        await vetted(vetting)
    names.found = ["1.1.1.1"]
    assert await vetted(vetting) == ["1.1.1.1"]


async def test_many_who_ask_at_once_share_one_lookup_and_one_who_leaves_does_not_end_it() -> None:
    names = Names("1.1.1.1")
    vetting = Vetting(Policy(), names, 5.0)
    first, *others = [asyncio.create_task(vetted(vetting)) for _ in range(20)]
    await asyncio.sleep(0)
    first.cancel()
    assert await asyncio.gather(*others) == [["1.1.1.1"]] * 19
    assert names.asked == 1


async def test_closing_ends_the_lookups_under_way() -> None:
    async def hang(_: str) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    vetting = Vetting(Policy(), hang, 60.0)
    waiting = asyncio.create_task(vetted(vetting))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await vetting.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_the_memory_of_names_is_bounded() -> None:
    names = Names("1.1.1.1")
    vetting = Vetting(Policy(), names, 5.0)
    for number in range(1_100):
        await vetting.vet(f"{number}.test", 443)
    assert len(vetting._answers) == 1_024


async def test_an_odd_name_fails_like_an_unknown_one() -> None:
    resolver = SystemResolver()
    vetting = Vetting(Policy(), resolver, 5.0)
    for name in ("a" * 64 + ".test", "a..test", "-", "."):
        with pytest.raises(EgressError) as caught:
            await vetting.vet(name, 443)
        assert caught.value.reason is Reason.DNSFailed
    resolver.close()


async def test_the_systems_resolver_knows_the_hosts_file() -> None:
    resolver = SystemResolver()
    assert set(await resolver("localhost")) <= {"127.0.0.1", "::1"}
    resolver.close()
