"""How long searches take: substrings with the total, Latin and Chinese, short and long, rare and frequent, each asked
over one connection one after another. No two questions of a kind are the same, so none is answered from what was kept.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple
from urllib.parse import quote

from bench import connection, images
from bench.connection import Connection
from bench.figure import Figure
from bench.product import API, Product
from bench.profile import Profile
from bench.world import Worlds

_MOST_MS: Final = 100.0
_LIMIT: Final = 20
_LETTERS: Final = "aeimnpgtrldfosv0123456789"


class Kind(NamedTuple):
    """`term(n, count)` is the nth term among so many images; where there are fewer terms than questions they come
    again with the next page."""

    label: str
    terms: int
    term: Callable[[int, int], str]


KINDS: Final = (
    Kind("one Latin character", len(_LETTERS), lambda n, count: _LETTERS[n]),
    Kind("two digits", 100, lambda n, count: f"{n:02}"),
    Kind("three digits", 1_000, lambda n, count: f"{n:03}"),
    Kind("a Latin name of one", 10**9, lambda n, count: images.name(n * 7_919 % count)),
    Kind("Latin, in all", 1, lambda n, count: "image-"),
    Kind("one Chinese character", len(images.WORDS), lambda n, count: images.WORDS[n][0]),
    Kind("two Chinese characters, in every sixth", 1, lambda n, count: images.COMMON[0]),
    Kind("two Chinese characters, a word of many", len(images.WORDS), lambda n, count: images.WORDS[n]),
    Kind("two Chinese characters, rare", 10**9, lambda n, count: images.rare(n % max(1, count // 50))),
    Kind("three characters, two of them Chinese", len(images.WORDS), lambda n, count: f"关 {images.WORDS[n][0]}"),
    Kind("many Chinese characters", len(images.WORDS), lambda n, count: f"边缘节点 {images.WORDS[n]}"),
)


def measure(profile: Profile, worlds: Worlds) -> Iterator[Figure]:
    """At the large size."""
    with worlds.serving(profile.many) as server:
        for kind in KINDS:
            yield asyncio.run(_figure(server, kind, profile))


async def _figure(server: Product, kind: Kind, profile: Profile) -> Figure:
    taken, totals = [], []
    async with connection.to(server.url, server.token) as client:
        for number in range(profile.searches):
            answer = await _asked(client, kind, number, profile.many)
            taken.append(answer.milliseconds)
            totals.append(json.loads(answer.body)["totalItems"])
    taken.sort()
    median = sorted(totals)[len(totals) // 2]
    remark = f"{len(taken)} requests, {median:,} found at the median, which took {connection.at(taken, 0.5):.1f} ms"
    name = f"search among {profile.many:,}, {kind.label}: p99"
    return Figure.within(name, connection.at(taken, 0.99), _MOST_MS, "ms", remark)


async def _asked(client: Connection, kind: Kind, number: int, count: int) -> connection.Answer:
    page, nth = divmod(number, kind.terms)
    return await client.get(path(kind.term(nth, count), page + 1))


def path(term: str, page: int = 1) -> str:
    return f"{API}/_all_/repositories?limit={_LIMIT}&page={page}&name={quote(term)}"
