from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog

from tests.rights import yard
from tests.rights.yard import Yard


@pytest.fixture
async def furnished(tmp_path: Path) -> AsyncIterator[Yard]:
    async with yard.furnished(tmp_path) as made:
        yield made


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of requests are answered here; what is logged of them is proved elsewhere."""
    with structlog.testing.capture_logs():
        yield
