"""What is to become of each line of an import, and how that travels through a form.

Nothing is kept on the server between the steps: all lines go along in one hidden field, a line each, its parts between
tabs. Everything in it is the reader's own word and is judged anew each time.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

from imageyard.domain.errors import BadRequest
from imageyard.domain.text import Text
from imageyard.web.console.importing import reading
from imageyard.web.console.importing.reading import Candidate

PAGE: Final = 50
"""Lines that are shown, and can be changed, at once."""
_STATES: Final = ("yes", "no", "made")

State = Literal["yes", "no", "made"]


class Line(NamedTuple):
    """`state` tells whether it is ticked, or was imported before. `source` is `namespace/name`, "" for whichever fits;
    `name` "" for whichever is free."""

    state: State
    place: str
    reference: str
    name: str = ""
    source: str = ""
    alias: str = ""


def begun(candidates: Sequence[Candidate]) -> list[Line]:
    return [Line("yes", each.place, each.reference, each.name, "", each.alias) for each in candidates]


def write(lines: Sequence[Line]) -> str:
    return "\n".join("\t".join(line) for line in lines)


def read(text: str) -> list[Line]:
    """Raises BadRequest for what `write` has not written."""
    rows = [row for row in text.replace("\r", "").split("\n") if row]
    if len(rows) > reading.MOST_IMAGES:
        raise _foreign()
    return [_line(row) for row in rows]


def _line(row: str) -> Line:
    state, *parts = row.split("\t")
    if state not in _STATES or len(parts) != len(Line._fields) - 1:
        raise _foreign()
    kept: State = "made" if state == "made" else "yes" if state == "yes" else "no"
    return Line(kept, *map(reading.plain, parts))


def edited(
    lines: Sequence[Line], first: int, ticked: frozenset[str], names: Mapping[int, str], sources: Mapping[int, str]
) -> list[Line]:
    """The lines after what was changed on the page that begins at `first`: which are ticked (their numbers as text),
    and other names and sources."""
    return [
        _changed(line, str(number) in ticked, names.get(number, line.name), sources.get(number, line.source))
        if first <= number < first + PAGE and line.state != "made"
        else line
        for number, line in enumerate(lines)
    ]


def _changed(line: Line, ticked: bool, name: str, source: str) -> Line:
    return line._replace(state="yes" if ticked else "no", name=reading.plain(name), source=reading.plain(source))


def as_text(lines: Sequence[Line]) -> str:
    """The lines as somebody could have pasted them, without those that are imported."""
    kept = (line for line in lines if line.state != "made")
    return "\n".join(" ".join(filter(None, (line.reference, line.name or "-", line.alias))) for line in kept)


def _foreign() -> BadRequest:
    return BadRequest(Text("导入内容已损坏，请重新粘贴", "the import got damaged on its way; paste it again"))
