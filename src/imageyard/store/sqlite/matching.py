"""Turns a Query into SQL: which objects match, and in which order. Pure."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from imageyard.domain.selector import FieldSelector, Requirement
from imageyard.store import Query
from imageyard.store.sqlite import objects, search
from imageyard.store.sqlite.continuation import Continuation
from imageyard.store.sqlite.entry import FIELD

Parameter = str | int
_COLUMNS: Final = {"createTime": "created", "lastSynced": "synced", "status": "status"}


class Condition(NamedTuple):
    sql: str
    parameters: tuple[Parameter, ...] = ()


class Selection(NamedTuple):
    """A SELECT and what is bound to it."""

    sql: str
    parameters: tuple[Parameter, ...]


def is_unfiltered(query: Query) -> bool:
    """Whether it asks for namespaces and a text at most."""
    return (
        query.status is None
        and query.reference is None
        and query.failing is None
        and query.labels is None
        and query.fields is None
    )


def count(query: Query, number: int) -> Selection:
    """Counts the matches as far as the query wants, reading no more tables than it needs."""
    tables, keys = _tables(query, sort_by="name", counting=True)
    return _counted(query, tables, [*_conditions(query, number, keys)])


def walked_count(query: Query, number: int) -> Selection:
    """The same of a search, by looking at the text of each object that is left by everything else it asks."""
    return _counted(query, "objects o", [*_walked(query, number)])


def walked_ids(query: Query, number: int, offset: int, limit: int, most: int = -1) -> Selection:
    """The ids of one page of a search, by looking at the texts of objects in their order until enough are found, or
    `most` objects were looked at."""
    order = _order(query, "o")
    rest = _selection(
        "o.id", "objects o", [*_conditions(_unsearched(query), number, "o")], f" ORDER BY {order} LIMIT ?"
    )
    holding = _holding("some", search.fold(query.search))
    selected = _selection("id", f"({rest.sql}) some", [holding], " LIMIT ? OFFSET ?")
    return Selection(selected.sql, (*rest.parameters, most, *selected.parameters, limit, offset))


def gathered_ids(query: Query, number: int, offset: int, limit: int) -> Selection:
    """The ids of one page of a search in the order of names: all that has its tokens is gathered, and then objects are
    passed in their order, of which only the narrow index is read. Of a search that asks for namespaces at most."""
    folded = search.fold(query.search)
    exact = search.is_exact(folded)
    gathered = Condition(f"+o.id IN (SELECT id FROM {_found(exact=True)})", _searched(folded, number).parameters)  # noqa: S608 - constants
    conditions = [gathered, *_conditions(_unsearched(query), number, "o")]
    if not exact:
        conditions.append(_holding("o", folded))
    tail = f" ORDER BY {_order(query, 'o')} LIMIT ? OFFSET ?"
    selected = _selection("o.id", "objects o INDEXED BY objects_name", conditions, tail)
    return Selection(selected.sql, (*selected.parameters, limit, offset))


def _unsearched(query: Query) -> Query:
    return replace(query, search="")


def _counted(query: Query, tables: str, conditions: list[Condition]) -> Selection:
    if query.most_counted is None:
        return _selection("count(*)", tables, conditions, "")
    some = _selection("1", tables, conditions, " LIMIT ?")
    sql = f"SELECT count(*) FROM ({some.sql})"  # noqa: S608 - made of constants, as `_selection` is
    return Selection(sql, (*some.parameters, query.most_counted + 1))


def _walked(query: Query, number: int) -> Iterator[Condition]:
    yield from _conditions(_unsearched(query), number, "o")
    yield _holding("o", search.fold(query.search))


def _holding(keys: str, folded: str) -> Condition:
    """That the text of an object holds the term."""
    return Condition(f"instr((SELECT text FROM texts WHERE texts.id = {keys}.id), ?) > 0", (folded,))  # noqa: S608 - constants


def ids(query: Query, number: int, token: Continuation | None, offset: int, limit: int) -> Selection:
    """The ids of one page in its order; `limit` -1 means all."""
    tables, keys = _tables(query, query.sort_by, counting=False)
    conditions = [*_conditions(query, number, keys)]
    if token is not None and query.sort_by == "name":
        sign = ">" if query.ascending else "<"
        conditions.append(Condition(f"({keys}.namespace, {keys}.name) {sign} (?, ?)", (token.namespace, token.name)))
    selected = _selection(f"{keys}.id AS id", tables, conditions, f" ORDER BY {_order(query, keys)} LIMIT ? OFFSET ?")
    return Selection(selected.sql, (*selected.parameters, limit, offset))


def all_ids(query: Query, number: int) -> Selection:
    """The ids of all matches in the order of names, as one JSON array: SQLite makes it without the interpreter."""
    return _array(ids(replace(query, ascending=True), number, None, 0, -1))


def some_ids(query: Query, number: int, most: int) -> Selection:
    """The ids of so many matches of a search at most, in no order, as one JSON array."""
    tables, keys = _tables(query, sort_by="name", counting=True)
    some = _selection(f"{keys}.id AS id", tables, [*_conditions(query, number, keys)], " LIMIT ?")
    return _array(Selection(some.sql, (*some.parameters, most)))


def in_order(ids: str) -> Selection:
    """A JSON array of ids as one in the order of names."""
    tables = "json_each(?) AS wanted CROSS JOIN texts t ON t.id = wanted.value"
    return _array(Selection(f"SELECT t.id AS id FROM {tables} ORDER BY t.namespace, t.name", (ids,)))  # noqa: S608 - constants


def _array(selection: Selection) -> Selection:
    return Selection(f"SELECT json_group_array(id) FROM ({selection.sql})", selection.parameters)  # noqa: S608 - as in `_selection`


def _order(query: Query, keys: str) -> str:
    direction = "" if query.ascending else " DESC"
    order = [f"{keys}.namespace{direction}", f"{keys}.name{direction}"]
    if query.sort_by != "name":
        order.insert(0, f"o.{_COLUMNS[query.sort_by]}{direction}")
    return ", ".join(order)


def _tables(query: Query, sort_by: str, *, counting: bool) -> tuple[str, str]:
    """The FROM clause, and which of its tables has id, namespace and name.

    A search begins at what was found and reads the narrow `texts`; the wide `objects` only for columns of theirs."""
    if not query.search:
        # Left to itself, SQLite reads a whole kind in the order that is asked for rather than sort a few objects. For
        # pages of many that may be right; who asks for all of them asks for few.
        all_of_few = query.reference and query.limit is None
        return "objects o INDEXED BY objects_reference" if all_of_few else "objects o", "o"
    tables = _found(exact=search.is_exact(search.fold(query.search)))
    texts = not counting or query.namespaces is not None or query.fields is not None
    if texts:
        tables += " CROSS JOIN texts t ON t.id = found.id"
    if sort_by != "name" or query.status is not None or query.reference is not None or query.failing is not None:
        tables += " CROSS JOIN objects o ON o.id = found.id"
    return tables, "t" if texts else "found"


def _found(*, exact: bool) -> str:
    """The ids from ?2 to ?3 whose text holds ?4: tokens (?1) lead to those that are indexed, and decide if `exact`.
    `thinned` is the connection's own (readers.py)."""
    indexed = "SELECT g.rowid AS id FROM grams g WHERE g.grams MATCH thinned(?1, ?2) AND g.rowid BETWEEN ?2 AND ?3"
    if not exact:
        indexed += " AND instr((SELECT text FROM texts WHERE texts.id = g.rowid), ?4) > 0"
    waiting = "SELECT u.id FROM unindexed u CROSS JOIN texts w ON w.id = u.id WHERE u.id BETWEEN ?2 AND ?3"
    return "(" + indexed + " UNION ALL " + waiting + " AND instr(w.text, ?4) > 0) found"


def _conditions(query: Query, number: int, keys: str) -> Iterator[Condition]:
    if query.search:
        yield _searched(search.fold(query.search), number)
    else:
        yield Condition("o.kind = ?", (number,))
    if query.namespaces is not None:
        yield _one_of(f"{keys}.namespace", tuple(sorted(query.namespaces)))
    if query.status is not None:
        yield Condition("o.status = ?", (query.status,))
    if query.reference is not None:
        # The second half lets SQLite use the index, which leaves out the empty ones.
        yield Condition("o.reference = ?" + (" AND o.reference <> ''" if query.reference else ""), (query.reference,))
    if query.failing is not None:
        yield Condition(f"o.failing = {int(query.failing)}")
    for requirement in query.labels.requirements if query.labels else ():
        yield _term(requirement, number, keys)
    if query.fields:
        yield from _fields(query.fields, number, keys)


def _searched(folded: str, number: int) -> Condition:
    """Binds what `_found` left open; the first conditions stand first among the parameters."""
    first, last = objects.first_id(number), objects.first_id(number + 1) - 1
    return Condition("1", (search.expression(folded), first, last, folded))


def _fields(selector: FieldSelector, number: int, keys: str) -> Iterator[Condition]:
    for path, operator, value in selector.terms:
        if path in ("metadata.name", "metadata.namespace"):
            column = path.removeprefix("metadata.")
            yield Condition(f"{keys}.{column} {'=' if operator == '=' else '<>'} ?", (value,))
        elif operator == "=":
            found = Requirement(FIELD + path, "in", (value,)) if value else Requirement(FIELD + path, "absent")
            yield _term(found, number, keys)
        else:
            other = Requirement(FIELD + path, "notin", (value,)) if value else Requirement(FIELD + path, "exists")
            yield _term(other, number, keys)


def _term(requirement: Requirement, number: int, keys: str) -> Condition:
    inside = "SELECT id FROM terms WHERE kind = ? AND key = ?"
    parameters: tuple[Parameter, ...] = (number, requirement.key)
    if requirement.operator in ("in", "notin"):
        values = _one_of("value", requirement.values)
        inside, parameters = f"{inside} AND {values.sql}", (*parameters, *values.parameters)
    negated = "NOT " if requirement.operator in ("notin", "absent") else ""
    return Condition(f"{keys}.id {negated}IN ({inside})", parameters)


def _one_of(column: str, values: tuple[str, ...]) -> Condition:
    if len(values) == 1:
        return Condition(f"{column} = ?", values)
    return Condition(f"{column} IN ({', '.join('?' * len(values))})", values)


def _selection(columns: str, tables: str, conditions: list[Condition], tail: str) -> Selection:
    where = " AND ".join(condition.sql for condition in conditions)
    parameters = tuple(parameter for condition in conditions for parameter in condition.parameters)
    # Every piece of the text is a constant of this file; what comes from a caller is bound.
    return Selection(f"SELECT {columns} FROM {tables} WHERE {where}{tail}", parameters)  # noqa: S608 - see above
