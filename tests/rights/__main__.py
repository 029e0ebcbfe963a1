"""Write the golden table anew: `make golden`."""

import asyncio
import tempfile
from pathlib import Path

import structlog

from tests.rights import routes, rows, table, yard


async def _written() -> str:
    with tempfile.TemporaryDirectory() as directory, structlog.testing.capture_logs():
        async with yard.furnished(Path(directory)) as furnished:
            found = rows.all_of(await routes.all_of(furnished))
            return table.write([(row, await table.cells(furnished, row)) for row in found])


if __name__ == "__main__":
    table.FILE.write_text(asyncio.run(_written()), encoding="utf-8")
