"""Whether a database file is ours alone: what is declared in it, against what its own migrations declare.

A trigger or a view of somebody else would run within our statements.
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import apsw

from imageyard.domain.errors import Corrupt
from imageyard.domain.text import Text
from imageyard.store.sqlite import schema

_STATISTICS: Final = frozenset({("table", "sqlite_stat1"), ("table", "sqlite_stat4")})
"""What ANALYZE makes; it holds no code."""
_SHOWN: Final = 64
"""Characters of a name that are shown of it."""


def refuse(file: Path, connection: apsw.Connection) -> None:
    """Raises Corrupt for what is not ours, or is missing of it; schema.Newer."""
    declared = frozenset(_declared(connection))
    if not any(kind == "table" and name == "migrations" for kind, name, _ in declared):
        raise _other(file, Text("没有 migrations 表", "has no table of migrations"))
    applied = schema.refuse_newer(connection)
    with closing(apsw.Connection(":memory:")) as fresh:
        schema.migrate(fresh, datetime.now(UTC), [each for each in schema.MIGRATIONS if each[0] in applied])
        expected = frozenset(_declared(fresh))
        marked = _marks(connection) == _marks(fresh)
    if more := declared - expected:
        kind, name, _ = min(more)
        shown = f"{kind} {name[:_SHOWN]!a}"
        raise _other(file, Text(f"含有不属于它的 {shown}", f"has a {shown} that is none of imageyard's"))
    if less := expected - declared:
        kind, name, _ = min(less)
        raise _other(file, Text(f"缺少 {kind} {name}", f"has no {kind} {name}"))
    if not marked:
        raise _other(file, Text("标有其他程序的标识", "is marked as another program's (application_id, user_version)"))


def _declared(connection: apsw.Connection) -> Iterator[tuple[str, str, str]]:
    """Type, name and table of each."""
    for kind, name, table in connection.execute("SELECT type, name, tbl_name FROM sqlite_schema"):
        if (kind, name) not in _STATISTICS:
            yield str(kind), str(name), str(table)


def _marks(connection: apsw.Connection) -> list[int]:
    return [int(connection.execute(f"PRAGMA {mark}").get) for mark in ("application_id", "user_version")]


def _other(file: Path, why: Text) -> Corrupt:
    return Corrupt(Text(f"{file} 不是 imageyard 的备份：{why.zh}", f"{file} is no backup of imageyard: it {why.en}"))
