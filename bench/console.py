"""Pages of the console among many images: until the first byte, and how much is sent."""

import http.client
import statistics
import time
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from bench.figure import Figure
from bench.product import Product
from bench.profile import Profile
from bench.world import Worlds

MOST_MS = 100.0
MOST_BYTES = 150_000
_PAGES = {
    "overview": "/console/",
    "images, first page": "/console/images",
    "images, last page": "/console/images?page={last}",
    "images of one namespace": "/console/images?namespace=team-07",
    "images by last sync": "/console/images?sort=lastSynced&desc=1",
    "images, two Chinese characters that few have": f"/console/images?q={quote('稀有')}",
    "images, two Chinese characters that a sixth has": f"/console/images?q={quote('网关')}",
    "images, a word that all have": "/console/images?q=image",
    "images that failed": "/console/images?status=failed",
    "one image": "/console/images/team-07/image-000027",
    "sources": "/console/sources",
    "activity": "/console/activity",
}
_SIZE = 40


def measure(profile: Profile, worlds: Worlds) -> Iterator[Figure]:
    """Each page asked for `console_times` times by one reader, among the images of the large world."""
    with worlds.serving(profile.many) as server:
        _rare(server)
        for name, path in _PAGES.items():
            yield from _page(server, name, path, profile)


def _rare(server: Product) -> None:
    """One image that its alias alone tells from the others."""
    spec = {"repository": "team/app", "tag": "v1", "registryRef": {"name": "harbor", "namespace": "team-07"}}
    meta = {"name": "odd", "annotations": {"theriseunion.io/display-name": "稀有镜像"}}
    server.ask("POST", "/team-07/repositories", {"metadata": meta, "spec": {**spec, "suspend": True}})


def _page(server: Product, name: str, template: str, profile: Profile) -> Iterator[Figure]:
    path = template.format(last=profile.many // _SIZE)
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    times, size = [], 0
    for _ in range(profile.console_times + 1):
        begun = time.perf_counter()
        connection.request("GET", path, headers={"Authorization": f"Bearer {server.token}", "Accept-Language": "zh"})
        answer = connection.getresponse()
        times.append((time.perf_counter() - begun) * 1000)
        size = len(answer.read())
        if answer.status != http.client.OK:
            raise RuntimeError(f"{path} answered {answer.status}")
    connection.close()
    first, *others = times
    label = f"console among {profile.many:,}, {name}"
    median = statistics.median(others)
    remark = f"slowest of {len(others)}; median {median:.1f} ms, the very first {first:.0f} ms"
    yield Figure.within(f"{label}: first byte", max(others), MOST_MS, "ms", remark)
    yield Figure.within(f"{label}: page", size, MOST_BYTES, "bytes", "without assets")
