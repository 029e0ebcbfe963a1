"""Each route, at each place, asked by each person: the answers are those of the reviewed table, and those that the
words of the promise ask for. Neither alone would do: a table blesses what it was made from, and words leave out what
they forget.
"""

import pytest

from imageyard.web.kube.resources import RESOURCES
from imageyard.web.kube.target import SERVED
from tests.rights import oracle, routes, rows, table
from tests.rights.people import KNOWN, PEOPLE
from tests.rights.routes import METHODS, filled
from tests.rights.table import Cells
from tests.rights.yard import Yard


@pytest.mark.timeout(300)
async def test_everybody_gets_the_answer_that_the_table_and_the_promise_say(furnished: Yard) -> None:
    """Each answer is asked for once and judged twice."""
    asked = rows.all_of(await routes.all_of(furnished))
    seen: list[tuple[rows.Row, Cells]] = [(row, await table.cells(furnished, row)) for row in asked]
    broken = [
        f"{table.title(row)} by {person.name}: {found[person.name]}, promised is {promised}"
        for row, found in seen
        for person in PEOPLE
        if found[person.name] != (promised := oracle.expected(person, row))
    ]
    assert not broken, "\n".join(["", *broken[:40], f"{len(broken)} in all"])
    differing = sorted(table.differences(table.FILE.read_text(encoding="utf-8"), table.write(seen)))
    assert not differing, "\n".join(["", *differing[:40], f"{len(differing)} in all; `make golden` writes them down"])


async def test_every_door_has_a_route(furnished: Yard) -> None:
    """A door whose routes are not found here would be tried by nobody."""
    found = {route.template.split("/")[1] for route in await routes.all_of(furnished)}
    assert found == {*routes.entrances(furnished)}


def test_what_discovery_shows_is_what_is_routed() -> None:
    routed = {(kind.group, kind.version, kind.plural) for kind in SERVED.values()}
    assert routed == {(resource.at.group, resource.at.version, resource.plural) for resource in RESOURCES}


async def test_a_method_that_a_path_does_not_take_is_told_to_those_who_are_known(furnished: Yard) -> None:
    taken: dict[str, set[str]] = {}
    for route in await routes.all_of(furnished):
        taken.setdefault(route.template, set()).add(route.method)
    for template, methods in taken.items():
        for method in {*METHODS} - methods:
            path = filled(template)
            answers = {who: table.code(await furnished.ask(who, method, path)) for who in ("anon", "nobody", "master")}
            # The operator's door asks for the right first, and tells what there is to those who have it.
            allowed = {"anon": {401, 405}, "nobody": {405, 403}, "master": {404, 405}}
            wrong = {who: code for who, code in answers.items() if code not in allowed[who]}
            assert not wrong, f"{method} {path}: {wrong}"
    assert not await furnished.moved()


async def test_a_head_is_answered_as_its_get(furnished: Yard) -> None:
    for route in await routes.all_of(furnished):
        if route.method != "GET":
            continue
        for person in KNOWN:
            path = filled(route.template)
            seen = [await furnished.ask(person.name, method, path) for method in ("GET", "HEAD")]
            assert seen[0].status == seen[1].status, f"{path} by {person.name}"
            assert seen[1].body == b"", path
