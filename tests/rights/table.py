"""The golden table as people read it, and its cells as the server gives them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from imageyard.web.console.pages import signin
from tests.fakes.asgi import Answer
from tests.rights import rows
from tests.rights.people import PEOPLE
from tests.rights.rows import Row
from tests.rights.yard import DIGEST, Yard

FILE: Final = Path(__file__).with_name("golden.txt")
_SHORT: Final = {403: "-", 401: "?"}
_WIDTH: Final = 4
_DOORS: Final = (
    "/oapis/image.theriseunion.io/v1alpha1",
    "/oapis",
    "/apis/image.theriseunion.io/v1alpha1",
    "/apis/rbac.authorization.k8s.io/v1",
    "/apis/events.k8s.io/v1",
    "/apis/authorization.k8s.io/v1",
    "/apis/authentication.k8s.io/v1",
    "/api/v1",
    "/console",
)
"""What rows are gathered under; the rest stands by itself."""
_HEAD: Final = """\
# Who gets which answer: a row for each route at each place, a column for each person. Made by `make golden`; whoever
# changes it reads the difference. `-` is 403, `?` is 401, any other cell is the status code.
#
# WATCH is GET with watch=1, ONLY a list of one name by fieldSelector, AGAIN a POST of a name that is taken, APPLY a
# server-side PATCH, BROUGHT a verify with a credential of its own, PREVIEW a sync with dryRun=All.
# `held` is there, `free` is not; neither is the namespace `absent`. Who begins with `a-` holds his role in team-a only.
# Who each person is, tests/rights/people.py tells.
"""

Cells = Mapping[str, int]


async def cell(yard: Yard, who: str, row: Row) -> int:
    """One answer, on a server that is as it was furnished."""
    asked = rows.call(yard, row)
    if row.does in ("BROUGHT", "PREVIEW") or row.sub == "verify":
        await yard.server.clock.advance(60)  # so many tests are not allowed within one minute
    answer = await yard.ask(who, asked.method, asked.url, asked.body, **asked.headers)
    if asked.method != "GET":
        await yard.restore()
    return code(answer)


def code(answer: Answer) -> int:
    """What an answer means: to be led to where one signs in is a 401 for browsers."""
    to_sign_in = answer.headers.get("location", "").startswith(f"{signin.SIGN_IN}?")
    return 401 if answer.status == 303 and to_sign_in else answer.status


async def cells(yard: Yard, row: Row) -> Cells:
    return {person.name: await cell(yard, person.name, row) for person in PEOPLE}


def title(row: Row) -> str:
    return f"{row.does:8}{row.path.replace(DIGEST, '{digest}')}"


def line(row: Row, found: Cells, width: int) -> str:
    door = section(row)
    shown = f"{row.does:8}{title(row)[8:].removeprefix(door) or '/'}"
    codes = "".join(f"{_SHORT.get(found[person.name], found[person.name]):>{_WIDTH}}" for person in PEOPLE)
    return f"{shown:{width}}{codes}"


def section(row: Row) -> str:
    return next((door for door in _DOORS if row.path.startswith(door)), "")


def write(found: Sequence[tuple[Row, Cells]]) -> str:
    """The whole file."""
    by_door = sorted(found, key=lambda pair: (section(pair[0]) or "~",))
    width = max(len(title(row)) - len(section(row)) for row, _ in found) + 2
    parts = [_HEAD]
    for door, gathered in groupby(by_door, key=lambda pair: section(pair[0])):
        parts.append(f"\n{door or 'beside these'}\n{_columns(width)}")
        parts += [line(row, seen, width) + "\n" for row, seen in gathered]
    return "".join(parts)


def _columns(width: int) -> str:
    """The persons' names, from top to bottom."""
    tallest = max(len(person.name) for person in PEOPLE)
    names = [person.name.rjust(tallest) for person in PEOPLE]
    return "".join(
        (" " * width + "".join(f"{name[at]:>{_WIDTH}}" for name in names)).rstrip() + "\n" for at in range(tallest)
    )


def differences(golden: str, seen: str) -> Iterator[str]:
    """Each row that is missing, gone or other than it was, in words."""
    before, after = dict(rows_of(golden)), dict(rows_of(seen))
    for key in after.keys() - before.keys():
        yield f"no row for {key}: run `make golden` and read the difference"
    for key in before.keys() - after.keys():
        yield f"a row without a route: {key}"
    for key in before.keys() & after.keys():
        for person, old, new in zip(PEOPLE, before[key], after[key], strict=True):
            if old != new:
                yield f"{key} by {person.name}: {new}, it was {old}"


def rows_of(written: str) -> Iterator[tuple[str, list[str]]]:
    """`GET /path` of each row in the file, and its cells."""
    door = ""
    for text in written.splitlines():
        parts = text.split()
        if text.startswith("/") or text == "beside these":
            door = "" if text == "beside these" else text
        elif len(parts) == len(PEOPLE) + 2 and parts[0].isupper():
            yield f"{parts[0]} {door}{parts[1]}", parts[2:]
