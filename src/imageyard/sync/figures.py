"""The engine's metrics. Children are looked up once: prometheus_client's `labels` costs more than a decode."""

from collections.abc import Callable
from functools import cache, partial

from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY
from imageyard.domain.reasons import Reason
from imageyard.metrics import Metrics


class Figures:
    """`depth` is asked for the number of a kind's waiting keys when somebody reads the metrics."""

    def __init__(self, metrics: Metrics, depth: Callable[[str], int]) -> None:
        self._metrics = metrics
        kinds = (REPOSITORY.plural, REGISTRY_SECRET.plural)
        self._adds = {kind: metrics.queue_adds.labels(kind) for kind in kinds}
        self._waits = {kind: metrics.queue_seconds.labels(kind) for kind in kinds}
        self._retries = {kind: metrics.queue_retries.labels(kind) for kind in kinds}
        self._syncs = cache(metrics.syncs.labels)
        for kind in kinds:
            metrics.queue_depth.labels(kind).set_function(partial(depth, kind))

    def queued(self, kind: str) -> None:
        self._adds[kind].inc()

    def waited(self, kind: str, seconds: float) -> None:
        self._waits[kind].observe(seconds)

    def retried(self, kind: str) -> None:
        self._retries[kind].inc()

    def finished(self, good: bool, reason: Reason, seconds: float, timestamp: float) -> None:
        """One sync has ended, at that moment of the wall clock."""
        self._syncs("success" if good else "failed", reason).inc()
        self._metrics.sync_seconds.observe(seconds)
        self._metrics.day.count(good, timestamp)
        if good:
            self._metrics.last_success.set(timestamp)

    def hosts(self, opened: int, paused: int) -> None:
        self._metrics.hosts_open.set(opened)
        self._metrics.hosts_paused.set(paused)
