"""What a world holds, and that one that was kept is used again."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.images import Schedule
from bench.world import Worlds

from bench import images, schedule
from imageyard.domain.kinds import KINDS, REPOSITORY
from imageyard.store import Due, Query
from imageyard.store.sqlite.store import SQLiteStore

FIRST = datetime(2026, 1, 2, tzinfo=UTC)


def counts(directory: Path, *queries: Query) -> list[int]:
    async def asked() -> list[int]:
        async with SQLiteStore.open(directory, KINDS, now=lambda: datetime.now(UTC)) as store:
            return [await store.count(REPOSITORY, query) for query in queries]

    return asyncio.run(asked())


def due(directory: Path) -> Sequence[Due]:
    async def asked() -> Sequence[Due]:
        async with SQLiteStore.open(directory, KINDS, now=lambda: FIRST) as store:
            return await store.due(REPOSITORY, FIRST + timedelta(days=1), 100)

    return asyncio.run(asked())


def test_a_world_holds_what_its_images_say(tmp_path: Path) -> None:
    queries = Query(), Query(status="Failed"), Query(search=images.COMMON[0]), Query(search=images.rare(3))
    with Worlds(None, tmp_path).copy(400) as folder:
        assert counts(folder, *queries) == [400, 50, 67, 1]


def test_a_schedule_has_every_image_due_once_within_its_interval(tmp_path: Path) -> None:
    with Worlds(None, tmp_path).copy(50) as folder:
        schedule.apply(folder, Schedule(FIRST, 100, 50))
        assert [(row.at - FIRST).total_seconds() for row in due(folder)] == [*range(0, 100, 2)]
        assert counts(folder, Query(status="Success")) == [50]


def test_a_kept_world_is_filled_once(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    for _ in range(2):
        worlds = Worlds(tmp_path / "kept", scratch)
        with worlds.copy(10) as folder:
            (folder / "imageyard.db").write_bytes(b"")
    stamp = json.loads((tmp_path / "kept" / "10-images" / "world.json").read_text())
    assert stamp["filled"] == worlds.filled[10]._asdict()


def test_a_kept_world_of_another_make_is_filled_anew(tmp_path: Path) -> None:
    stamp = tmp_path / "10-images" / "world.json"
    stamp.parent.mkdir()
    stamp.write_text('{"made": {}, "filled": {"images": 10, "seconds": 1, "bytes": 1}}')
    with Worlds(tmp_path, tmp_path).copy(10):
        assert json.loads(stamp.read_text())["made"]["images"] == 10
