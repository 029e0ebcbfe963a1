"""How each registry host fares, and what it may be asked: bounded concurrency, a pause on 429, a breaker on repeated
connection failures. Pure; `now` is monotonic seconds.

A breaker has three states. Closed: everything passes. Open: nothing is sent but probes and what a person asked for;
scheduled syncs are refused at once. Half-open, after a probe was answered: one at a time, the first answer closes it.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from imageyard.domain.reasons import Reason
from imageyard.registry import Quota

UNREACHABLE: Final = frozenset({Reason.DNSFailed, Reason.ConnectionRefused, Reason.Timeout})
"""Reasons that speak about the host. TLSInvalid does not: trust is a setting of each source."""

SHORTEST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 900.0
FIRST_PAUSE: Final = 30.0
"""Seconds of the first pause when a 429 does not say how long; it doubles with each further one."""


class Breaker(Enum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Admission(Enum):
    GO = "go"
    REFUSE = "refuse"
    """Do not ask the host: its breaker is open."""
    LATER = "later"
    """No slot, or a pause."""


class Shift(Enum):
    """What a report has changed."""

    NOTHING = "nothing"
    DOUBTED = "doubted"
    """First connection failure since it answered: worth a probe."""
    OPENED = "opened"
    ANSWERS = "answers"
    """The breaker has closed after trouble that was not the host's own."""
    RECOVERED = "recovered"
    """The host was down and answers again: its failing images are to be queued."""
    PAUSED = "paused"


@dataclass(slots=True)
class Host:
    """One host. `slots` is how many may run now; it shrinks to 1 after trouble and doubles with each answer."""

    slots: int
    running: int = 0
    failures: int = 0
    """Connection failures in a row."""
    reason: Reason = Reason.ConnectionRefused
    breaker: Breaker = Breaker.CLOSED
    down: bool = False
    """Whether a probe found it so. What an image met may be the fault of that image: of its path, of its size."""
    paused_until: float = 0.0
    limited: int = 0
    """429 answers in a row."""
    quota: Quota | None = None


class Hosts:
    def __init__(self, per_host: int = 6, open_after: int = 5) -> None:
        self._per_host = per_host
        self._open_after = open_after
        self._hosts: dict[str, Host] = {}

    def __getitem__(self, name: str) -> Host:
        host = self._hosts.get(name)
        if host is None:
            host = self._hosts[name] = Host(slots=self._per_host)
        return host

    def peek(self, name: str) -> Host | None:
        """A host as it is, without beginning to track it."""
        return self._hosts.get(name)

    def admit(self, name: str, now: float, *, forced: bool = False) -> Admission:
        """Whether a sync may start. Whoever gets GO or REFUSE calls `start`, then `release`."""
        host = self[name]
        if host.running >= host.slots:
            return Admission.LATER
        if host.breaker is Breaker.OPEN and not forced:
            return Admission.REFUSE
        return Admission.LATER if now < host.paused_until else Admission.GO

    def start(self, name: str) -> None:
        self[name].running += 1

    def release(self, name: str) -> None:
        """Hosts that nothing is known about are forgotten, so that the table does not grow for ever."""
        host = self[name]
        host.running -= 1
        if host.running == 0 and host == Host(slots=self._per_host):
            del self._hosts[name]

    def is_open(self, name: str) -> bool:
        return name in self._hosts and self._hosts[name].breaker is Breaker.OPEN

    def pause_left(self, name: str, now: float) -> float:
        """Seconds until the pause ends, 0 when there is none."""
        return max(self._hosts[name].paused_until - now, 0.0) if name in self._hosts else 0.0

    def report(
        self,
        name: str,
        reason: Reason,
        now: float,
        retry_after: float | None = None,
        quota: Quota | None = None,
        *,
        elsewhere: bool = False,
    ) -> Shift:
        """One attempt's outcome; every answer, a refusal too, shows that the host is there. That another host gave
        no answer (`elsewhere`) says nothing of this one."""
        if not name:
            return Shift.NOTHING
        host = self[name]
        host.quota = quota or host.quota
        if reason in UNREACHABLE and elsewhere:
            return Shift.NOTHING
        if reason in UNREACHABLE:
            return self._unreachable(host, reason)
        shift = self._answered(host)
        if reason is Reason.RateLimited:
            self._pause(host, retry_after, now)
            return shift if shift is Shift.RECOVERED else Shift.PAUSED
        host.limited = 0
        host.slots = min(host.slots * 2, self._per_host)
        return shift

    def probed(self, name: str, reason: Reason, *, elsewhere: bool = False) -> Shift:
        """A probe's outcome: a failure proves that the host is down, an answer lets one image try. A failure of
        another host comes after an answer of this one."""
        host = self[name]
        if reason in UNREACHABLE and not elsewhere:
            host.down, host.reason = True, reason
            return Shift.NOTHING
        host.failures = 0
        if host.breaker is Breaker.OPEN:
            host.breaker, host.slots = Breaker.HALF_OPEN, 1
        was_down, host.down = host.down, False
        return Shift.RECOVERED if was_down else Shift.NOTHING

    def doubted(self, name: str) -> bool:
        """Whether the host should be probed: it failed, and no answer came since."""
        return name in self._hosts and (self._hosts[name].breaker is Breaker.OPEN or self._hosts[name].down)

    def states(self) -> tuple[int, int]:
        """How many breakers are open, how many hosts have been paused lately."""
        return (
            sum(host.breaker is Breaker.OPEN for host in self._hosts.values()),
            sum(host.limited > 0 for host in self._hosts.values()),
        )

    def _unreachable(self, host: Host, reason: Reason) -> Shift:
        host.failures += 1
        host.reason = reason
        if host.breaker is Breaker.HALF_OPEN or (host.breaker is Breaker.CLOSED and host.failures >= self._open_after):
            host.breaker = Breaker.OPEN
            host.slots = self._per_host
            return Shift.OPENED
        return Shift.DOUBTED if host.failures == 1 else Shift.NOTHING

    def _answered(self, host: Host) -> Shift:
        was_down, was_closed = host.down, host.breaker is Breaker.CLOSED
        host.failures, host.down, host.breaker = 0, False, Breaker.CLOSED
        if was_down:
            return Shift.RECOVERED
        return Shift.NOTHING if was_closed else Shift.ANSWERS

    def _pause(self, host: Host, retry_after: float | None, now: float) -> None:
        if now >= host.paused_until:  # Others of the same moment bring the same news.
            host.limited += 1
        asked = FIRST_PAUSE * 2 ** min(host.limited - 1, 5) if retry_after is None else retry_after
        host.paused_until = max(host.paused_until, now + min(max(asked, SHORTEST_PAUSE), LONGEST_PAUSE))
        host.slots = 1
