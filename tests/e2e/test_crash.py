"""kill -9 under a write load: what was acknowledged is there, the file is whole, the next start is quick.

`IMAGEYARD_CRASHES` sets the rounds: a few in the suite, 20 in the long run.
"""

import asyncio
import os
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import apsw
import requests

from imageyard.domain.kinds import KINDS, REPOSITORY
from imageyard.domain.kinds.repository import Repository
from imageyard.store.sqlite.store import SQLiteStore
from tests.e2e.conftest import MakeProduct
from tests.e2e.product import API, Product, image

ROUNDS = int(os.environ.get("IMAGEYARD_CRASHES", "4"))
WRITERS = 4
OBJECTS = 10_000
IMAGES = "/namespaces/default/repositories"


class Load:
    """Creates and relabels images until the server is gone; remembers what was acknowledged."""

    def __init__(self, product: Product, round_: int) -> None:
        self.acknowledged: dict[str, str] = {}
        """Name -> the last label whose write was answered."""
        self.uncertain: dict[str, str] = {}
        """Name -> the label of the write that got no answer."""
        self._url = product.url + API + IMAGES
        self._headers = {"Authorization": f"Bearer {product.token}"}
        self._threads = [
            threading.Thread(target=self._write, args=(f"crash-{round_}-{writer}",)) for writer in range(WRITERS)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(30)

    def _write(self, prefix: str) -> None:
        with requests.Session() as session:
            session.headers.update(self._headers)
            for number in range(100_000):
                name = f"{prefix}-{number}"
                body = image(name, "nowhere", suspend=True)
                if not self._answered(name, "none", partial(session.post, self._url, json=body)):
                    return
                patch = {"metadata": {"labels": {"step": str(number)}}}
                if not self._answered(name, str(number), partial(session.patch, f"{self._url}/{name}", json=patch)):
                    return

    def _answered(self, name: str, label: str, ask: Callable[[], requests.Response]) -> bool:
        self.uncertain[name] = label
        try:
            answer = ask()
        except requests.RequestException:
            return False
        assert answer.status_code in (200, 201), answer.text
        self.acknowledged[name] = self.uncertain.pop(name)
        return True


def test_every_acknowledged_write_survives_kill_9_and_the_file_stays_whole(make_product: MakeProduct) -> None:
    product = make_product("crash")
    chance = random.Random(20261123)
    acknowledged: dict[str, str] = {}
    allowed: dict[str, set[str]] = {}
    for round_ in range(ROUNDS):
        product.start()
        load = Load(product, round_)
        load.start()
        time.sleep(chance.uniform(0.3, 1.2))  # the moment of the crash is what is random here
        product.kill()
        load.join()
        acknowledged |= load.acknowledged
        allowed |= {name: {label, acknowledged.get(name, "")} for name, label in load.uncertain.items()}
    assert len(acknowledged) > ROUNDS * WRITERS, "the load wrote next to nothing"
    connection = apsw.Connection(str(product.database))
    assert connection.pragma("integrity_check") == "ok"
    connection.close()
    product.start()
    held = {name: label for name, label in _labels(product) if name.startswith("crash-")}
    lost = {
        name: (label, held.get(name))
        for name, label in acknowledged.items()
        if held.get(name) not in allowed.get(name, {label})
    }
    assert lost == {}
    product.stop()


def test_after_kill_9_a_server_with_ten_thousand_objects_is_ready_within_two_seconds(
    make_product: MakeProduct,
) -> None:
    product = make_product("restart")
    product.directory.mkdir()
    asyncio.run(_fill(product.directory, OBJECTS))
    product.start().admin.make(IMAGES, image("one-more", "nowhere"))
    product.kill()
    begun = time.monotonic()
    product.start()
    seconds = time.monotonic() - begun
    assert product.admin.read(f"{IMAGES}?limit=1")["totalItems"] == OBJECTS + 1
    product.stop()
    assert seconds < 10, f"{seconds:.1f} s"  # the figure itself belongs to the benchmark: machines are noisy


def _labels(product: Product) -> list[tuple[str, str]]:
    found, page = [], 1
    while True:
        items = product.admin.read(f"{IMAGES}?limit=1000&page={page}")["items"]
        found += [(item["metadata"]["name"], item["metadata"].get("labels", {}).get("step", "none")) for item in items]
        if len(items) < 1000:
            return found
        page += 1


async def _fill(directory: Path, count: int) -> None:
    """Straight into the file, as a server would have left it."""
    async with SQLiteStore.open(directory, KINDS, now=lambda: datetime.now(UTC)) as store:
        for start in range(0, count, 1_000):
            images = (_stored(number) for number in range(start, start + 1_000))
            await asyncio.gather(*(store.create(REPOSITORY, each) for each in images))


def _stored(number: int) -> Repository:
    document = image(f"image-{number}", "nowhere", suspend=True)
    document["metadata"] |= {"uid": f"uid-{number}", "creationTimestamp": "2026-01-01T00:00:00Z", "generation": 1}
    found: Repository = REPOSITORY.convert(document)
    return found
