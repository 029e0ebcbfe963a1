"""Answered requests, counted and timed, as a scrape shows them.

prometheus_client takes three locks and some microseconds for what is done once for each request on one thread; it
writes these out like all others.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector


class Answered(Collector):
    """`apiserver_request_total` and `apiserver_request_duration_seconds`. `bounds` are the buckets' upper ones, in
    seconds. One thread only."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds: Final = bounds
        self._counts: dict[tuple[str, str, int], int] = {}
        self._times: dict[str, _Times] = {}

    def note(self, verb: str, resource: str, code: int, seconds: float) -> None:
        """Labels are of closed sets: each new one is a series."""
        key = (verb, resource, code)
        self._counts[key] = self._counts.get(key, 0) + 1
        times = self._times.get(verb)
        if times is None:
            times = self._times[verb] = _Times(len(self._bounds) + 1)
        times.buckets[bisect_left(self._bounds, seconds)] += 1
        times.sum += seconds

    def collect(self) -> Iterator[Metric]:
        counts = CounterMetricFamily("apiserver_request", "Answered requests.", labels=["verb", "resource", "code"])
        for (verb, resource, code), count in self._counts.items():
            counts.add_metric([verb, resource, str(code)], count)
        yield counts
        times = HistogramMetricFamily("apiserver_request_duration_seconds", "Time to answer.", labels=["verb"])
        for verb, each in self._times.items():
            times.add_metric([verb], [*self._cumulated(each)], each.sum)
        yield times

    def _cumulated(self, times: "_Times") -> Iterator[tuple[str, float]]:
        total = 0
        for bound, count in zip((*(str(float(bound)) for bound in self._bounds), "+Inf"), times.buckets, strict=True):
            total += count
            yield bound, total


class _Times:
    __slots__ = ("buckets", "sum")

    def __init__(self, buckets: int) -> None:
        self.buckets = [0] * buckets
        self.sum = 0.0
