"""What an image needs now, and when it is due next: pure rules, told to users in docs/en/sync.md. Random numbers are
passed in.

`jitter` is always a number in [-1, 1]; the rules scale it to ± 10 %.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from imageyard.domain import duration, objects, reasons
from imageyard.domain.kinds import repository
from imageyard.domain.kinds.repository import SYNC_REQUEST, Repository
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Text

Trigger = Literal["schedule", "manual", "create", "specChange", "sourceChange", "recovery"]
"""Why a sync was started. `recovery`: after an interruption, or because the registry host is back."""

ANNOUNCED: Final[frozenset[Trigger]] = frozenset({"create", "manual", "specChange"})
"""Triggers whose sync is shown as `Syncing` from its start: somebody is likely to be looking."""

JITTER: Final = 0.1
FIRST_BACKOFF: Final = timedelta(seconds=30)
LONGEST_BACKOFF: Final = timedelta(minutes=15)
LONGEST_RETRY: Final = 60.0
"""Seconds between two tries inside one sync; whoever has to wait longer is better rescheduled."""
LONGEST_SPREAD: Final = timedelta(minutes=10)
LEEWAY: Final = timedelta(minutes=1)
"""What was done this much later than now was done before the clock went back."""

INTERVALS: Final = tuple(map(duration.parse, repository.INTERVALS))
TIMEOUTS: Final = tuple(map(duration.parse, repository.TIMEOUTS))


class InvalidSpec(ValueError):
    """A stored spec that breaks the rules; `text` names the field."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


class Timing(NamedTuple):
    """The spec's durations, parsed."""

    interval: timedelta
    timeout: timedelta
    retries: int


class Sync(NamedTuple):
    """Sync now. `request` is the manual request that the outcome answers ("" for none)."""

    trigger: Trigger
    request: str
    timing: Timing


class Park(NamedTuple):
    """There is nothing to fetch, but the status does not say so yet (Suspended, InvalidSpec)."""

    reason: Reason
    message: Text
    request: str


class Wait(NamedTuple):
    """Nothing to do before `until`; None: not before the object changes."""

    until: datetime | None


Decision = Sync | Park | Wait


def decide(image: Repository, now: datetime, *, woken: Trigger | None = None, lost: bool = False) -> Decision:
    """Decide from the present state alone. `woken`: something the image depends on has changed; a failing image
    is then tried before its time, and any other too when it has `lost` its source."""
    status, request = image.status, asked(image)
    settled = status.observed_generation == image.metadata.generation
    try:
        timing = read(image)
    except InvalidSpec as problem:
        told = settled and not request and status.reason == Reason.InvalidSpec
        return Wait(None) if told else Park(Reason.InvalidSpec, problem.text, request)
    if request:
        return Sync("manual", request, timing)
    if image.spec.suspend:
        told = settled and status.next_sync is None and status.sync_status != "Syncing"
        return Wait(None) if told else Park(Reason.Suspended, reasons.explain(Reason.Suspended).text, "")
    if not settled:
        return Sync("create" if status.last_attempt is None else "specChange", "", timing)
    if status.sync_status == "Syncing":
        return Sync("recovery", "", timing)
    if woken is not None and (lost or status.sync_status == "Failed"):
        return Sync(woken, "", timing)
    return _scheduled(image, timing, now)


def _scheduled(image: Repository, timing: Timing, now: datetime) -> Sync | Wait:
    due = image.status.next_sync
    if due is None or due <= now or is_astray(image, timing, now):
        return Sync("recovery" if image.status.reason == Reason.Interrupted else "schedule", "", timing)
    return Wait(due)


def is_astray(image: Repository, timing: Timing, now: datetime) -> bool:
    """Whether the image waits for a date further off than any schedule can put it: it was written before the clock
    went back."""
    due = image.status.next_sync
    return due is not None and due - now > timing.interval * (1 + JITTER) + timedelta(seconds=1)


def asked(image: Repository) -> str:
    """The manual request that was not handled yet, "" for none."""
    request = image.metadata.annotations.get(SYNC_REQUEST, "")
    return request if request != image.status.last_handled_sync_request else ""


def read(image: Repository) -> Timing:
    """Check what was stored: rows written by an older version or by hand may break rules. Raises InvalidSpec.
    A generation that was synced before has been checked in full."""
    if image.status.observed_generation != image.metadata.generation:
        causes = repository.validate(image, None)
        if causes:
            text = causes[0].text
            raise InvalidSpec(Text(f"{causes[0].field}：{text.zh}", f"{causes[0].field}: {text.en}"))
    spec = image.spec
    return _timing(spec.sync_interval, spec.sync_timeout, spec.retry_count)


@lru_cache(maxsize=1024)
def _timing(interval: str, timeout: str, retries: int) -> Timing:
    timing = Timing(_duration("spec.syncInterval", interval), _duration("spec.syncTimeout", timeout), retries)
    sensible = (
        INTERVALS[0] <= timing.interval <= INTERVALS[1]
        and TIMEOUTS[0] <= timing.timeout <= TIMEOUTS[1]
        and 0 <= retries <= repository.MOST_RETRIES
    )
    if not sensible:
        raise InvalidSpec(
            Text(
                "spec.syncInterval、spec.syncTimeout 或 spec.retryCount 超出范围",
                "spec.syncInterval, spec.syncTimeout or spec.retryCount is out of range",
            )
        )
    return timing


def _duration(field: str, text: str) -> timedelta:
    try:
        return duration.parse(text)
    except duration.InvalidDuration:
        raise InvalidSpec(
            Text(f"{field} 不是有效的时长（例如 1h30m）", f"{field} is no duration such as 1h30m")
        ) from None


def next_sync(reason: Reason, failures: int, interval: timedelta, now: datetime, jitter: float) -> datetime:
    """When to try again after an attempt that ended `now`, in whole seconds. `failures` counts this one."""
    if failures > 0 and reasons.explain(reason).backoff:
        delay = min(backoff(failures) * (1 + JITTER * jitter), LONGEST_BACKOFF, interval)
    else:
        delay = interval * (1 + JITTER * jitter)
    return objects.seconds(objects.seconds(now) + delay)


def backoff(failures: int) -> timedelta:
    """30 s × 2^(failures-1), at most 15 min."""
    return min(FIRST_BACKOFF * 2.0 ** min(failures - 1, 10), LONGEST_BACKOFF)


def retry_delay(tries: int, retry_after: float | None, jitter: float) -> float:
    """Seconds before the next try inside one sync, after `tries` tries (from 1): 1 s × 2^n, at most 60 s, or what
    the registry asked for when that is longer."""
    delay = min(2.0 ** (tries - 1) * (1 + JITTER * jitter), LONGEST_RETRY)
    return max(delay, retry_after or 0.0)


def passes(reason: str) -> bool:
    """Whether a stored reason is of the kind that goes away by itself."""
    return reason in Reason.__members__ and reasons.explain(Reason(reason)).backoff


def spread(rank: int, count: int, interval: timedelta) -> timedelta:
    """How long an image that is overdue at a start waits: the longest overdue (rank 0) starts at once."""
    return min(interval, LONGEST_SPREAD) * (rank / max(count, 1))
