"""Pages of the console among many images: until the first byte, and how much is sent."""

import asyncio
import http.client
import statistics
import tempfile
import time
from pathlib import Path
from urllib.parse import quote, urlsplit

from bench import objects, product
from bench.figure import Figure
from bench.product import Product

MOST_MS = 100.0
MOST_BYTES = 150_000
_TIMES = 20
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


def measure(count: int) -> list[Figure]:
    """Each page asked for `_TIMES` times by one reader, among `count` images."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(objects.fill(Path(folder), count))
        with product.running(Path(folder)) as server:
            _rare(server)
            return [figure for name, path in _PAGES.items() for figure in _page(server, name, path, count)]


def _rare(server: Product) -> None:
    """One image that its alias alone tells from the others."""
    spec = {"repository": "team/app", "tag": "v1", "registryRef": {"name": "harbor", "namespace": "team-07"}}
    meta = {"name": "odd", "annotations": {"theriseunion.io/display-name": "稀有镜像"}}
    server.ask("POST", "/team-07/repositories", {"metadata": meta, "spec": {**spec, "suspend": True}})


def _page(server: Product, name: str, template: str, count: int) -> list[Figure]:
    path = template.format(last=count // _SIZE)
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    times, size = [], 0
    for _ in range(_TIMES + 1):
        begun = time.perf_counter()
        connection.request("GET", path, headers={"Authorization": f"Bearer {server.token}", "Accept-Language": "zh"})
        answer = connection.getresponse()
        times.append((time.perf_counter() - begun) * 1000)
        size = len(answer.read())
        if answer.status != http.client.OK:
            raise RuntimeError(f"{path} answered {answer.status}")
    connection.close()
    first, *others = times
    remark = f"slowest of {_TIMES}; median {statistics.median(others):.1f} ms, the very first {first:.0f} ms"
    return [
        Figure(f"console, {name}: first byte", max(others), MOST_MS, "ms", 1.0, remark, at_most=True),
        Figure(f"console, {name}: page", size, MOST_BYTES, "bytes", 1.0, "without assets", at_most=True),
    ]
