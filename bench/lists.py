"""Pages of lists at two sizes of the world, over plain HTTP: against a bare ASGI app on the same bytes, and what the
large world costs against the small one.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple
from urllib.parse import quote

from bench import bare, images, wrk
from bench.figure import Figure
from bench.product import API, Product
from bench.profile import Position, Profile
from bench.world import Worlds

_TARGET: Final = 0.50
_NO_SLOWER: Final = 0.667
"""Of the small world's rate: 1.5 times slower at most."""


class Filter(NamedTuple):
    label: str
    scope: str
    query: str


FILTERS: Final = (
    Filter("no filter", "_all_", ""),
    Filter("one namespace", images.namespace(7), ""),
    Filter("by status", "_all_", "&status=Failed"),
    Filter("by label", "_all_", f"&labelSelector={quote(images.SELECTOR)}"),
)


class Case(NamedTuple):
    filter: Filter
    limit: int
    position: Position

    @property
    def path(self) -> str:
        return f"/{self.filter.scope}/repositories?limit={self.limit}{self.filter.query}"

    def name(self, count: int) -> str:
        page = {"first": "first page", "last": "last page", "random": "random pages"}[self.position]
        return f"list of {self.limit} of {count:,}, {self.filter.label}, {page}"


class Rates(NamedTuple):
    value: float
    ceiling: float


def measure(profile: Profile, worlds: Worlds) -> Iterator[Figure]:
    """Every case at both sizes; the ceiling is measured at the large one."""
    with worlds.serving(profile.few) as server:
        _settle(server, profile)
        small = {case: _asked(server, case, profile) for case in _cases(profile)}
    with worlds.serving(profile.many) as server:
        _settle(server, profile)
        large = _beside_ceilings(server, profile)
    for case, (value, ceiling) in large.items():
        name = case.name(profile.many)
        yield Figure(name, value, ceiling, "requests/s", _TARGET, "bare ASGI on the same server, same bytes")
        remark = f"ceiling: the same with {profile.few:,}"
        yield Figure(f"{name}, against {profile.few:,}", value, small[case], "requests/s", _NO_SLOWER, remark)


def _settle(server: Product, profile: Profile) -> None:
    """What a server does once, soon after its start, such as compiling the console's templates, slows nobody down."""
    _asked(server, next(_cases(profile)), profile)


def _cases(profile: Profile) -> Iterator[Case]:
    for limit in profile.limits:
        for filter_ in FILTERS:
            yield from (Case(filter_, limit, position) for position in profile.positions)


def _beside_ceilings(server: Product, profile: Profile) -> Mapping[Case, Rates]:
    cases = list(_cases(profile))
    with bare.asgi([_page(server, case) for case in cases]) as url:
        return {
            case: Rates(_asked(server, case, profile), _rate(url, "", f"/{number}?", 1_000, case, profile, warm_up=0))
            for number, case in enumerate(cases)
        }


def _page(server: Product, case: Case) -> bytes:
    """Raises RuntimeError when it is not full: a short page would be no such list."""
    answer = server.raw(f"{case.path}&page={_pages(server, case) if case.position == 'last' else 1}")
    if len(json.loads(answer)["items"]) < case.limit:
        raise RuntimeError(f"a page of {case.path} is not full")
    return answer


def _pages(server: Product, case: Case) -> int:
    """How many full pages there are."""
    return max(1, server.total(case.path) // case.limit)


def _asked(server: Product, case: Case, profile: Profile) -> float:
    # Random pages are each asked for the first time at first, which is what no longer counts after the warm-up.
    warm_up = profile.warm_up if case.position == "random" else 0
    return _rate(server.url, server.token, API + case.path, _pages(server, case), case, profile, warm_up=warm_up)


def _rate(url: str, token: str, path: str, pages: int, case: Case, profile: Profile, *, warm_up: float) -> float:
    if case.position == "random":
        # The same script for the ceiling: it costs the load's process something for each request.
        return wrk.rate(url, token, seconds=profile.seconds, warm_up=warm_up, script=wrk.random_pages(path, pages))
    page = f"{path}&page={pages if case.position == 'last' else 1}"
    return wrk.rate(url + page, token, seconds=profile.seconds, warm_up=warm_up)
