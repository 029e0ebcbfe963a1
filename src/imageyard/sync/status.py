"""From an outcome to the words of `status`: syncStatus, conditions, next sync, and the line of history. Pure.

Every function answers a new object; what was read stays as it is, since it may have to be written again.
"""

from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

import msgspec

from imageyard.domain import conditions, objects, reasons
from imageyard.domain.kinds.repository import READY, STALLED, SYNCED, Manifest, Repository, RepositoryStatus
from imageyard.domain.objects import Condition
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Language, Text
from imageyard.service.fetch import Fetched
from imageyard.store import Note
from imageyard.sync import plan
from imageyard.sync.plan import Sync, Trigger

NOTES_KEPT: Final = 50


class Line(NamedTuple):
    """One line of `GET …/history`, in the order that is shown."""

    time: str
    trigger: Trigger
    result: Literal["Success", "Failed"]
    reason: str
    message: str
    duration_ms: int
    digest_before: str
    digest_after: str

    def encode(self) -> bytes:
        names = ("time", "trigger", "result", "reason", "message", "durationMs", "digestBefore", "digestAfter")
        return msgspec.json.encode(dict(zip(names, self, strict=True)))


def syncing(image: Repository, sync: Sync, now: datetime, language: Language) -> Repository:
    """Shown while it runs. `nextSync` is when it is over at the latest, so that a start after a crash finds it."""
    status, held = image.status, image.status.conditions
    fresh = status.observed_generation != image.metadata.generation
    pending = reasons.explain(Reason.Pending).text.speak(language)
    if fresh:
        generation = image.metadata.generation
        held = conditions.put(held, SYNCED, "Unknown", Reason.Pending, pending, generation, now)
        if status.manifest is None:
            held = conditions.put(held, READY, "False", Reason.Pending, pending, generation, now)
    return _with(
        image,
        msgspec.structs.replace(
            status,
            sync_status="Syncing",
            next_sync=objects.seconds(now + sync.timing.timeout),
            conditions=held,
        ),
    )


def handed_back(image: Repository, now: datetime, language: Language) -> Repository:
    """What was `Syncing` when its sync was cut off: as before it, and due at once."""
    status = image.status
    before: Literal["", "Success", "Failed"] = ""
    if status.last_attempt is not None and status.observed_generation == image.metadata.generation:
        before = "Failed" if status.failures else "Success"
    return _with(
        image,
        msgspec.structs.replace(
            status,
            sync_status=before,
            next_sync=objects.seconds(now),
            reason=Reason.Interrupted,
            message=reasons.explain(Reason.Interrupted).text.speak(language),
        ),
    )


def waiting(image: Repository, until: datetime, language: Language) -> Repository:
    """What somebody asked for while the host pauses: it waits and says so."""
    moment = objects.rfc3339(until)
    text = Text(
        f"镜像仓库限制了请求频率，将在 {moment} 之后同步",
        f"the registry limits the request rate; syncs after {moment}",
    )
    status = image.status
    return _with(
        image,
        msgspec.structs.replace(
            status, reason=Reason.RateLimited, message=text.speak(language), next_sync=objects.seconds(until)
        ),
    )


def parked(image: Repository, reason: Reason, message: Text, request: str, now: datetime, lang: Language) -> Repository:
    """Nothing is scheduled: the spec is suspended (the last outcome stays) or breaks the rules (that is a failure)."""
    status, generation, words = image.status, image.metadata.generation, message.speak(lang)
    failed = reason is not Reason.Suspended
    held = status.conditions
    if failed or status.observed_generation != generation or conditions.find(held, SYNCED) is None:
        held = conditions.put(held, SYNCED, "False" if failed else "Unknown", reason, words, generation, now)
        held = _ready(held, status.manifest, reason, words, generation, now)
    held = conditions.put(held, STALLED, "True" if failed else "False", reason, words, generation, now)
    outcome = (
        status.sync_status if status.sync_status != "Syncing" else handed_back(image, now, lang).status.sync_status
    )
    return _with(
        image,
        msgspec.structs.replace(
            status,
            sync_status="Failed" if failed else outcome,
            reason=reason,
            message=words,
            next_sync=None,
            observed_generation=generation,
            failures=max(status.failures, 1) if failed else status.failures,
            last_handled_sync_request=request or status.last_handled_sync_request,
            conditions=held,
        ),
    )


def finished(
    image: Repository, sync: Sync, outcome: Fetched, now: datetime, jitter: float, language: Language
) -> Repository:
    """The outcome of an attempt that ended `now`. A failure keeps the last good manifest of the same image."""
    status, good = image.status, outcome.reason is Reason.Synced
    failures = 0 if good else status.failures + 1
    manifest = outcome.manifest if good and outcome.manifest is not None else status.manifest
    words = _message(outcome, status, manifest, now).speak(language)
    attempt = objects.seconds(now)
    due = plan.next_sync(outcome.reason, failures, sync.timing.interval, now, jitter)
    return _with(
        image,
        msgspec.structs.replace(
            status,
            sync_status="Success" if good else "Failed",
            domain=outcome.domain or status.domain,
            last_attempt=attempt,
            last_synced=attempt if good else status.last_synced,
            next_sync=None if image.spec.suspend else due,
            reason=outcome.reason,
            message=words,
            observed_generation=image.metadata.generation,
            failures=failures,
            last_handled_sync_request=sync.request or status.last_handled_sync_request,
            conditions=_concluded(status.conditions, outcome.reason, manifest, words, image.metadata.generation, now),
            manifest=manifest,
        ),
    )


def spared(
    image: Repository, sync: Sync, outcome: Fetched, now: datetime, jitter: float, language: Language
) -> Repository:
    """What is new was left alone to save the quota: the last outcome stays, and the image is asked for again when a
    share of the quota has come back."""
    status = handed_back(image, now, language).status if image.status.sync_status == "Syncing" else image.status
    share = sync.timing.interval if outcome.retry_after is None else timedelta(seconds=outcome.retry_after)
    delay = min(share, sync.timing.interval) * (1 + plan.JITTER * jitter)
    return _with(
        image,
        msgspec.structs.replace(
            status,
            last_attempt=objects.seconds(now),
            next_sync=None if image.spec.suspend else objects.seconds(objects.seconds(now) + delay),
            reason=outcome.reason,
            message=outcome.message.speak(language),
        ),
    )


def note(
    before: RepositoryStatus, after: RepositoryStatus, sync: Sync, outcome: Fetched, took: timedelta
) -> Note | None:
    """The line of history; None when neither the digest nor the outcome has changed."""
    old = before.manifest.digest if before.manifest else ""
    new = after.manifest.digest if after.manifest else ""
    succeeded = after.failures == 0
    same_outcome = before.last_attempt is not None and succeeded == (before.failures == 0)
    if old == new and same_outcome and (succeeded or before.reason in (after.reason, Reason.Interrupted)):
        return None
    line = Line(
        time=objects.rfc3339(after.last_attempt) if after.last_attempt else "",
        trigger=sync.trigger,
        result="Success" if succeeded else "Failed",
        reason=after.reason,
        message=after.message,
        duration_ms=int(took / timedelta(milliseconds=1)),
        digest_before=old,
        digest_after=new,
    )
    return Note("sync", NOTES_KEPT, line.encode(), outcome.digests or ((new,) if new else ()), outcome.scope)


def _message(outcome: Fetched, status: RepositoryStatus, manifest: Manifest | None, now: datetime) -> Text:
    if outcome.reason is Reason.Synced:
        return reasons.explain(Reason.Synced).text
    since = _failing_since(status.conditions, now)
    if manifest is None or not since:
        return outcome.message
    return Text(
        f"{outcome.message.zh}（自 {since} 起失败，显示的是此前的清单）",
        f"{outcome.message.en} (failing since {since}; the manifest shown is from before)",
    )


def _failing_since(held: list[Condition], now: datetime) -> str:
    synced = conditions.find(held, SYNCED)
    if synced is not None and synced.status == "False" and synced.last_transition_time is not None:
        return objects.rfc3339(synced.last_transition_time)
    return objects.rfc3339(now)


def _concluded(
    held: list[Condition], reason: Reason, manifest: Manifest | None, words: str, generation: int, now: datetime
) -> list[Condition]:
    good, stalled = reason is Reason.Synced, reasons.explain(reason).stalled
    held = conditions.put(held, SYNCED, "True" if good else "False", reason, words, generation, now)
    held = _ready(held, manifest, reason, words, generation, now)
    return conditions.put(held, STALLED, "True" if stalled else "False", reason, words, generation, now)


def _ready(
    held: list[Condition], manifest: Manifest | None, reason: Reason, words: str, generation: int, now: datetime
) -> list[Condition]:
    if manifest is not None:
        return conditions.put(held, READY, "True", Reason.Synced, "", generation, now)
    return conditions.put(held, READY, "False", reason, words, generation, now)


def _with(image: Repository, status: RepositoryStatus) -> Repository:
    return msgspec.structs.replace(image, status=status)
