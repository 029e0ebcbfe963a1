"""Fills a new data directory with images, by the statements of the product's own store, in large groups and without
waiting for the disk: a crash meanwhile leaves a file of no use, which nobody takes for a world.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import apsw

from bench import bare, images
from imageyard.domain.kinds import KINDS, REPOSITORY
from imageyard.store.sqlite import connection, entry, moment, objects, schema, texts
from imageyard.store.sqlite.objects import Create
from imageyard.store.sqlite.transaction import Transaction

_GROUP: Final = 5_000
_FAST: Final = (
    "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-524288"
)
_AS_THE_PRODUCT: Final = "PRAGMA locking_mode=NORMAL; PRAGMA journal_mode=WAL"


@contextmanager
def opened(directory: Path) -> Iterator[apsw.Connection]:
    """The database of a directory on which no server runs, for work that may be lost."""
    database = apsw.Connection(os.fspath(directory / connection.FILE))
    database.execute(_FAST)
    try:
        yield database
        database.execute(_AS_THE_PRODUCT)
    finally:
        database.close()


async def fill(directory: Path, count: int) -> None:
    """All of them can be searched at the end, and no watch may ask for how they came to be."""
    await bare.schema(directory)
    with opened(directory) as database:
        numbers = schema.number(database, [kind.plural for kind in KINDS])
        for start in range(0, count, _GROUP):
            with database:
                transaction = Transaction(database, numbers, moment.stored(datetime.now(UTC)))
                objects.create(transaction, [_new(number) for number in range(start, min(start + _GROUP, count))])
                transaction.finish()
                database.execute("DELETE FROM changes; UPDATE meta SET trimmed = version")
            while texts.index(database):
                pass


def _new(number: int) -> Create:
    return Create(entry.prepare(REPOSITORY, images.lying(number)), None)
