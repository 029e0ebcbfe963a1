"""Somebody at the console with one request: who it is, what it asks, how it likes to be answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from imageyard.domain.access import Actor
from imageyard.domain.reasons import Reason, explain
from imageyard.domain.text import Text
from imageyard.web.console import moments
from imageyard.web.console.forms import Form
from imageyard.web.console.may import May
from imageyard.web.console.moments import Told
from imageyard.web.console.preferences import Preferences
from imageyard.web.console.words import Words
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange


class Said:
    """What a reason means and what to do about it, in the reader's language. `text` falls back to what was stored."""

    __slots__ = ("next_step", "reason", "text")

    def __init__(self, reason: str, message: str, words: Words) -> None:
        known = next((each for each in Reason if each == reason), None)
        self.reason = reason
        self.text = _begun(words.speak(explain(known).text)) if known else message
        self.next_step = _begun(words.speak(explain(known).next_step)) if known else ""


@dataclass(frozen=True, slots=True)
class Visit:
    doors: Doors
    exchange: Exchange
    words: Words
    preferences: Preferences
    query: Form
    origin: str
    """Scheme and host as the browser knows them, for commands to copy."""
    secure: bool
    """Whether cookies are for HTTPS only."""

    @property
    def actor(self) -> Actor:
        return self.exchange.actor

    @property
    def may(self) -> May:
        return May(self.doors.objects.rights, self.actor)

    @property
    def now(self) -> datetime:
        return self.doors.clock.now()

    @property
    def target(self) -> str:
        """The id of the element that htmx will put the answer into, "" for a browser that loads a page. It is the name
        of the block that is asked for."""
        headers = self.exchange.headers
        if headers.get(b"hx-request") != b"true" or headers.get(b"hx-history-restore-request") == b"true":
            return ""
        return self.exchange.header(b"hx-target")

    @property
    def enhanced(self) -> bool:
        """Whether htmx asks."""
        return self.exchange.headers.get(b"hx-request") == b"true"

    def when(self, moment: datetime) -> Told:
        return moments.tell(moment, self.now, self.preferences.zone, self.words)

    def said(self, reason: str, message: str = "") -> Said:
        return Said(reason, message, self.words)

    def sentence(self, text: Text) -> str:
        """What the product says, as it begins a line."""
        return _begun(self.words.speak(text))

    async def namespaces(self) -> Sequence[str]:
        """Those in which the reader may list something."""
        return await self.doors.objects.namespaces(self.actor)


def _begun(sentence: str) -> str:
    """A sentence as it begins a line."""
    return sentence[:1].upper() + sentence[1:]


def is_secure(scheme: str, host: str) -> bool:
    """Whether cookies are for HTTPS only. They are not on plain HTTP within this machine, where a browser would not
    send them; everywhere else something that speaks HTTPS has to stand in front."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    return scheme == "https" or not (name in ("localhost", "[::1]") or name.startswith("127."))
