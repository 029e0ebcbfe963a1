"""One process per data directory."""

from pathlib import Path

import pytest

from imageyard.store import lock
from imageyard.store.lock import Locked
from imageyard.store.sqlite.store import SQLiteStore
from tests.store.conftest import Opener


def test_a_second_holder_is_told_which_directory(tmp_path: Path) -> None:
    with lock.held(tmp_path), pytest.raises(Locked, match=str(tmp_path)), lock.held(tmp_path):
        pass


def test_the_lock_ends_with_its_holder(tmp_path: Path) -> None:
    for _ in range(2):
        with lock.held(tmp_path):
            assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600


async def test_a_store_is_opened_once(store: SQLiteStore, opener: Opener) -> None:
    with pytest.raises(Locked):
        async with opener():
            pass
    assert store.readable
