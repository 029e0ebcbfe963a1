"""The two gauges that alert rules in the field already read: consecutive failures, while above zero.

`image_registry_connection_failures{registry_name,namespace,name}` and `image_sync_failures{image,namespace,name}`,
at most 1,000 series each (the engine bounds them).
"""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from imageyard.sync.engine import Engine


class FailureCollector(Collector):
    """Reads what is failing at the moment of the scrape."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[GaugeMetricFamily]:
        sources = GaugeMetricFamily(
            "image_registry_connection_failures",
            "Failed verifications of a registry source in a row.",
            labels=["registry_name", "namespace", "name"],
        )
        for name, namespace, count in self._engine.failing_sources():
            sources.add_metric([name, namespace, name], count)
        images = GaugeMetricFamily(
            "image_sync_failures", "Failed syncs of an image in a row.", labels=["image", "namespace", "name"]
        )
        for image, namespace, name, count in self._engine.failing_images():
            images.add_metric([image, namespace, name], count)
        yield sources
        yield images
