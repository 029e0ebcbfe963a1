"""Reads and durable writes at 100,000 objects, against a bare ASGI app and raw SQLite."""

import asyncio
import json
import random
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from bench import bare, product, wrk
from bench.figure import Figure
from bench.product import API, Product
from imageyard.domain.kinds import KINDS, REPOSITORY
from imageyard.store.sqlite.store import SQLiteStore

_LIST_TARGET = 0.40
_CREATE_TARGET = 0.25
_STRICT_TARGET = 0.30
_LIMIT = 20
_NAMESPACES = 20
_ALIASES = ("网关", "订单服务", "边缘节点", "frontend", "ledger", "telemetry")
_CREATED = datetime(2026, 1, 1, tzinfo=UTC)


def measure(count: int, seconds: int) -> list[Figure]:
    """Lists of 20 out of `count`, then creates with 16 clients, each `seconds` long."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(fill(Path(folder), count))
        with product.running(Path(folder)) as server:
            figures = [*_lists(server, count, seconds), _creates(server, Path(folder), seconds)]
        with product.running(Path(folder), "--audit-strict") as server:
            return [*figures, _strict_creates(server, figures[-1].value, seconds)]


async def fill(directory: Path, count: int) -> None:
    """Store so many images, as they lie after a sync."""
    async with SQLiteStore.open(directory, KINDS, now=lambda: datetime.now(UTC)) as store:
        for start in range(0, count, 2_000):
            batch = range(start, min(start + 2_000, count))
            await asyncio.gather(*(store.create(REPOSITORY, REPOSITORY.convert(_document(n))) for n in batch))


def _document(number: int) -> dict[str, object]:
    """An image as it lies after a sync: about 1.1 kB, suspended so that the engine leaves it alone."""
    digest = f"sha256:{number:064x}"
    layers = [{"digest": f"sha256:{number + layer:064x}", "size": "29124171"} for layer in range(4)]
    annotations = {"theriseunion.io/display-name": f"{_ALIASES[number % len(_ALIASES)]} {number}"}
    rare = "rare-" if number % 2_000 == 7 else ""
    return {
        "apiVersion": REPOSITORY.api_version,
        "kind": REPOSITORY.name,
        "metadata": {
            "name": f"{rare}image-{number:06}",
            "namespace": f"team-{number % _NAMESPACES:02}",
            "uid": str(UUID(int=random.Random(number).getrandbits(128))),
            "generation": 1,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "annotations": annotations,
        },
        "spec": {
            "repository": f"team/app-{number}",
            "tag": "v1.0.0",
            "registryRef": {"name": "harbor", "namespace": "default"},
            "suspend": True,
        },
        "status": {
            "syncStatus": "Success",
            "domain": "harbor.example.com",
            "lastSynced": "2026-01-01T00:00:00Z",
            "observedGeneration": 1,
            "manifest": {"digest": digest, "size": "142MB", "sizeBytes": 142_000_000, "layers": layers},
        },
    }


def _lists(server: Product, count: int, seconds: int) -> list[Figure]:
    figures = []
    scopes = [("no filter", "/_all_", "", count), ("one namespace", "/team-07", "", count // _NAMESPACES)]
    scopes.append(("name filter", "/_all_", "&name=rare-", count // 2_000))
    for label, scope, query, matches in scopes:
        pages = max(1, matches // _LIMIT)
        path = f"{scope}/repositories?limit={_LIMIT}{query}"
        script = wrk.random_pages(API + path, pages)
        cases = [("first page", "&page=1", ""), ("last page", f"&page={pages}", ""), ("random pages", "", script)]
        for name, page, lua in cases:
            answer = server.raw(path + (page or "&page=1"))
            if len(json.loads(answer)["items"]) != min(_LIMIT, matches):
                raise RuntimeError(f"a page of {path} is not full")
            figures.append(_against_bare(f"list of 20, {label}, {name}", server, path + page, lua, answer, seconds))
    return figures


def _against_bare(name: str, server: Product, path: str, script: str, answer: bytes, seconds: int) -> Figure:
    with bare.asgi(answer) as url:
        # The same script: it costs the load's process something for each request.
        ceiling = wrk.rate(url, seconds=seconds, script=script, warm_up=wrk.WARM_UP)
    value = wrk.rate(server.url + API + path, server.token, seconds=seconds, script=script, warm_up=wrk.WARM_UP)
    return Figure(name, value, ceiling, "requests/s", _LIST_TARGET, "bare ASGI on the same server, same bytes")


def _creates(server: Product, folder: Path, seconds: int) -> Figure:
    value = _created(server, "new-", seconds)
    with tempfile.TemporaryDirectory() as raw:
        asyncio.run(bare.schema(Path(raw)))
        ceiling = bare.sqlite(Path(raw), folder / "imageyard.db", "creates", seconds)
    remark = "16 clients over HTTP; the same rows straight into SQLite in durable groups of 16"
    return Figure("durable creates", value, ceiling, "objects/s", _CREATE_TARGET, remark)


def _strict_creates(server: Product, otherwise: float, seconds: int) -> Figure:
    value = _created(server, "strict-", seconds)
    remark = "two durable audit records a create; the same creates of the same run without --audit-strict"
    return Figure("durable creates under --audit-strict", value, otherwise, "objects/s", _STRICT_TARGET, remark)


def _created(server: Product, prefix: str, seconds: int) -> float:
    """Creates a second by 16 clients."""
    body = json.dumps(
        {
            "metadata": {"name": "NAME", "annotations": {"theriseunion.io/display-name": "网关 NAME"}},
            "spec": {
                "repository": "team/app",
                "tag": "v1",
                "registryRef": {"name": "harbor", "namespace": "default"},
                "suspend": True,
            },
        },
        ensure_ascii=False,
    )
    path = f"{API}/creates/repositories"
    return wrk.rate(
        server.url + path, server.token, seconds=seconds, connections=16, script=wrk.creates(path, prefix, body)
    )
