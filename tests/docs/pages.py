"""The documentation as tests see it: pages, their headings, code blocks and links."""

import re
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]
EN: Final = ROOT / "docs" / "en"
ZH: Final = ROOT / "docs" / "zh"
NAMES: Final = sorted(page.name for page in EN.glob("*.md"))
EVERYWHERE: Final = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_FENCE: Final = re.compile(r"^```([a-z]*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING: Final = re.compile(r"^(#{1,6}) (.+)$", re.MULTILINE)
_LINK: Final = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_INLINE: Final = re.compile(r"`[^`\n]*`")


class Block(NamedTuple):
    """A fenced code block: its info string and what it holds."""

    info: str
    text: str


def blocks(page: Path) -> list[Block]:
    return [Block(*found) for found in _FENCE.findall(page.read_text(encoding="utf-8"))]


def prose(page: Path) -> str:
    """The page without its code blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def headings(page: Path) -> list[tuple[int, str]]:
    """(level, text) of each heading."""
    return [(len(marks), text) for marks, text in _HEADING.findall(prose(page))]


def anchors(page: Path) -> set[str]:
    """What `#…` may name: headings as common Markdown hosts spell them (lower case, hyphens, no punctuation)."""
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for _, text in headings(page)}


def links(page: Path) -> list[str]:
    """Targets of links outside code."""
    return _LINK.findall(_INLINE.sub("", prose(page)))
