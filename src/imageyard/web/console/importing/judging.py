"""What would become of each line of an import: one verdict a line, with what is wrong and what mends it.

In two steps, because which name is free only the store knows: `placed` finds the registry source of each line, then
somebody looks up names, then `judged` tells. Given the same text and the same objects, the verdicts are the same: what
was imported before is there already.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

from imageyard.domain import image_reference, names
from imageyard.domain.image_reference import ImageReference
from imageyard.domain.reference import InvalidReference
from imageyard.domain.text import Text
from imageyard.web.console.importing.plan import Line

Word = Literal["create", "exists", "sourceless", "duplicate", "invalid"]


class Offered(NamedTuple):
    """A registry source that images of the chosen namespace may name; `key` is `namespace/name`, `host` as
    `image_reference.host_of` has it. They come in the order in which they are preferred."""

    key: str
    host: str


class Image(NamedTuple):
    """Which image an object keeps in sync."""

    repository: str
    tag: str
    source: str


class Placed(NamedTuple):
    """A line with its source, or with why it has none. `twin` is the place of an earlier line that means the same.
    `fitting` tells that its source is the one that fits, which nobody chose."""

    line: Line
    reference: ImageReference | None = None
    problem: Text | None = None
    sourceless: bool = False
    twin: str = ""
    fitting: bool = False

    @property
    def kept(self) -> Line:
        """The line as it travels on: what would be found again is not carried along."""
        return self.line._replace(source="") if self.fitting else self.line

    @property
    def sound(self) -> bool:
        return self.reference is not None and self.problem is None and not self.sourceless and not self.twin

    @property
    def image(self) -> Image:
        found = self.reference
        return Image(found.repository, found.tag, self.line.source) if found else Image("", "", self.line.source)


class Judged(NamedTuple):
    """`said` is what is wrong, None where the verdict says it all."""

    placed: Placed
    word: Word
    said: Text | None = None

    @property
    def line(self) -> Line:
        return self.placed.line


def placed(lines: Sequence[Line], offered: Sequence[Offered]) -> list[Placed]:
    """Each line taken apart, with the source that was chosen for it, else the first of its host. Of lines that mean
    the same image and leave its name open, the first counts."""
    hosts = {each.key: each.host for each in offered}
    seen: dict[Image, str] = {}
    found = []
    for line in lines:
        each = _place(line, hosts)
        if each.sound and not line.name and line.state == "yes":
            twin = seen.setdefault(each.image, line.place)
            each = each._replace(twin=twin if twin != line.place else "")
        found.append(each)
    return found


def _place(line: Line, hosts: Mapping[str, str]) -> Placed:
    try:
        found = image_reference.parse(line.reference)
    except InvalidReference as wrong:
        return Placed(line, problem=wrong.text)
    if line.source:
        return Placed(line, found, _wrong_source(line.source, found, hosts))
    source = next((key for key, host in hosts.items() if host == found.host), "")
    return Placed(line._replace(source=source), found, sourceless=not source, fitting=True)


def _wrong_source(key: str, found: ImageReference, hosts: Mapping[str, str]) -> Text | None:
    """A source that is not offered may be there all the same, out of the reader's sight."""
    namespace, slash, name = key.partition("/")
    if not slash or names.namespace("", namespace) or names.name("", name):
        return Text("镜像源写作 命名空间/名称", "write the registry source as namespace/name")
    host = hosts.get(key)
    if host is None or found.domain is None or host == found.host:
        return None
    return Text(f"该镜像源属于 {host}，而不是 {found.host}", f"this source is of {host}, not of {found.host}")


def judged(lines: Sequence[Placed], held: Mapping[str, Image]) -> list[Judged]:
    """`held` tells of the images that are there under the lines' names."""
    taken: dict[str, Image] = {}
    return [_judge(each, held, taken) for each in lines]


def _judge(each: Placed, held: Mapping[str, Image], taken: dict[str, Image]) -> Judged:
    line = each.line
    if each.problem is not None:
        return Judged(each, "invalid", each.problem)
    if each.sourceless:
        return Judged(each, "sourceless")
    if each.twin:
        return Judged(each, "duplicate", Text(f"与 {each.twin} 相同", f"the same as {each.twin}"))
    wrong = names.name("metadata.name", line.name)
    if wrong:
        return Judged(each, "invalid", wrong[0].text)
    if line.name in held:
        same = held[line.name] == each.image
        return Judged(each, "exists") if same else Judged(each, "invalid", _TAKEN)
    if line.state != "yes":
        return Judged(each, "create")
    if line.name in taken:
        same = taken[line.name] == each.image
        return Judged(each, "duplicate", _TWICE_SAME) if same else Judged(each, "invalid", _TWICE)
    taken[line.name] = each.image
    return Judged(each, "create")


_TAKEN: Final = Text("此名称已被另一个镜像使用，请换一个名称", "another image has this name; choose a different one")
_TWICE: Final = Text("前面的行已使用此名称，请换一个名称", "a line above uses this name; choose a different one")
_TWICE_SAME: Final = Text("前面的行已是同一个镜像", "a line above is the same image")
