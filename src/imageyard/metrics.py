"""Prometheus metrics: base units, low-cardinality labels only, never an image, user or URL.

Names follow the Prometheus naming practices; `workqueue_*` and `apiserver_request_total` are those of Kubernetes'
own components, so existing dashboards read them. The two user-facing gauges without our prefix
(`image_registry_connection_failures`, `image_sync_failures`) are filled by a collector in the composition root.
"""

from collections import deque
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import generate_latest

from imageyard.answered import Answered

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_SLOW = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600)


class Slot(NamedTuple):
    """How many syncs ended well and badly within SLOT seconds from `start` (seconds of the wall clock)."""

    start: float
    good: int = 0
    failed: int = 0


class Day:
    """The last day of syncs, half an hour at a time: what a small chart shows, and Prometheus keeps for longer. It is
    in memory and begins with the server."""

    SLOT: Final = 1800.0
    SLOTS: Final = 48

    def __init__(self) -> None:
        self._slots: deque[Slot] = deque(maxlen=self.SLOTS)

    def count(self, good: bool, timestamp: float) -> None:
        start = timestamp - timestamp % self.SLOT
        if not self._slots or self._slots[-1].start < start:
            self._slots.append(Slot(start))
        last = self._slots[-1]
        self._slots[-1] = last._replace(good=last.good + good, failed=last.failed + (not good))

    def slots(self, timestamp: float) -> list[Slot]:
        """One for each half hour of the day until that moment, oldest first; empty where nothing was counted."""
        newest = timestamp - timestamp % self.SLOT
        held = {slot.start: slot for slot in self._slots}
        starts = (newest - self.SLOT * back for back in reversed(range(self.SLOTS)))
        return [held.get(start, Slot(start)) for start in starts]


class Metrics:
    """One registry of metrics for one server; made by the composition root and handed down."""

    def __init__(self) -> None:
        # When a counter began says nothing that its value does not, and doubles what is read at each scrape.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        self.day = Day()
        self.build = Gauge("imageyard_build_info", "Version of the server.", ["version"], registry=registry)
        self.syncs = Counter("imageyard_sync", "Finished syncs.", ["result", "reason"], registry=registry)
        self.sync_seconds = Histogram(
            "imageyard_sync_duration_seconds", "Time of one sync.", buckets=_SLOW, registry=registry
        )
        self.last_success = Gauge(
            "imageyard_sync_last_success_timestamp_seconds", "When any image was last synced.", registry=registry
        )
        self.verifies = Counter("imageyard_verify", "Finished verifications.", ["result", "reason"], registry=registry)
        self.registry_requests = Counter(
            "imageyard_registry_requests", "Requests to registries and token services.", ["code"], registry=registry
        )
        self.hosts_open = Gauge("imageyard_registry_breakers_open", "Registry hosts not reachable.", registry=registry)
        self.hosts_paused = Gauge(
            "imageyard_registry_paused", "Registry hosts in a rate-limit pause.", registry=registry
        )
        self.queue_depth = Gauge("workqueue_depth", "Keys waiting.", ["name"], registry=registry)
        self.queue_adds = Counter("workqueue_adds", "Keys added.", ["name"], registry=registry)
        self.queue_retries = Counter(
            "workqueue_retries", "Keys added again after a failure.", ["name"], registry=registry
        )
        self.queue_seconds = Histogram(
            "workqueue_queue_duration_seconds", "Time a key waits.", ["name"], buckets=_SLOW, registry=registry
        )
        self.answered = Answered(FAST)
        registry.register(self.answered)
        self.requests_refused = Counter(
            "apiserver_flowcontrol_rejected_requests",
            "Requests answered 429 because too many of the same caller waited.",
            registry=registry,
        )
        self.longrunning = Gauge("apiserver_longrunning_requests", "Open watches.", ["verb"], registry=registry)
        self.commit_seconds = Histogram(
            "imageyard_store_commit_duration_seconds", "Time of one durable commit.", buckets=FAST, registry=registry
        )
        self.audit_errors = Counter("imageyard_audit_error", "Audit records that were not written.", registry=registry)

        self.oidc_tokens = Counter(
            "imageyard_oidc_tokens",
            "Tokens of the OIDC issuer that were checked; a remembered one is not checked again.",
            ["result"],
            registry=registry,
        )
        self.oidc_refreshes = Counter(
            "imageyard_oidc_refreshes", "Looks at the keys of the OIDC issuer.", ["result"], registry=registry
        )
        self.oidc_last_success = Gauge(
            "imageyard_oidc_last_success_timestamp_seconds",
            "When the OIDC issuer last showed its keys.",
            registry=registry,
        )

    def render(self) -> bytes:
        """The exposition text of every metric."""
        return generate_latest(self.registry)
