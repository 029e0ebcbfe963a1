"""What a verification of the stored credential leaves behind: annotations, condition, next time, history line. Pure."""

from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from msgspec.structs import replace

from imageyard.domain import conditions, objects, reasons
from imageyard.domain.kinds import registry_secret
from imageyard.domain.kinds.registry_secret import VERIFIED, RegistrySecret
from imageyard.domain.objects import Condition
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Language
from imageyard.registry import Probe
from imageyard.service import sources
from imageyard.store import Note

Trigger = Literal["manual", "schedule"]

NOTES_KEPT: Final = 20
REFUSED_PAUSE: Final = timedelta(hours=1)
"""A refused credential is tried again by itself at most this often: more would lock the account."""


def applied(
    source: RegistrySecret, probe: Probe, language: Language, reverify: timedelta, jitter: float, now: datetime
) -> RegistrySecret:
    """The source with the outcome written into it. `jitter` is from 0 to 1."""
    meta = replace(source.metadata, annotations={**source.metadata.annotations, **_annotations(probe, language, now)})
    if probe.reason is Reason.RateLimited:
        # It says nothing about the credential: what was known stays known.
        meta.annotations[registry_secret.VERIFY_STATUS] = registry_secret.verify_status(source)
    source = replace(source, metadata=meta)
    status = replace(
        source.status,
        conditions=_conditions(source, probe, language, now),
        observed_generation=source.metadata.generation,
        failures=_failures(source.status.failures, probe),
    )
    source = replace(source, status=status)
    due = objects.seconds(now + _pause(source, reverify, jitter))
    return replace(source, status=replace(status, next_verify=due))


def _failures(before: int, probe: Probe) -> int:
    if probe.success:
        return 0
    return before if probe.reason is Reason.RateLimited else before + 1


def note(probe: Probe, trigger: Trigger, language: Language, took: timedelta, now: datetime) -> Note:
    """One line of `GET …/history`."""
    steps = [
        {
            "name": step.name,
            "outcome": step.outcome,
            "message": step.message.speak(language),
            "milliseconds": step.milliseconds,
        }
        for step in probe.steps
    ]
    line: dict[str, Any] = {
        "time": objects.rfc3339(now),
        "trigger": trigger,
        "success": probe.success,
        "reason": probe.reason,
        "message": probe.message.speak(language),
        "durationMs": round(took / timedelta(milliseconds=1)),
        "steps": steps,
    }
    return Note("verify", NOTES_KEPT, msgspec.json.encode(line))


def _annotations(probe: Probe, language: Language, now: datetime) -> dict[str, str]:
    return {
        registry_secret.VERIFY_STATUS: "success" if probe.success else "failed",
        registry_secret.VERIFY_MESSAGE: probe.message.speak(language),
        registry_secret.VERIFY_TIMESTAMP: str(int(now.timestamp() * 1000)),
    }


def _conditions(source: RegistrySecret, probe: Probe, language: Language, now: datetime) -> list[Condition]:
    held, generation = source.status.conditions, source.metadata.generation
    known = conditions.find(held, VERIFIED)
    says_nothing = probe.reason is Reason.RateLimited
    if says_nothing and known is not None and known.status != "Unknown" and known.observed_generation == generation:
        return held
    if sources.is_refused(source) and not probe.success and reasons.explain(probe.reason).backoff:
        # Not reached this time. The refusal stands, and with it the rule that its images are not tried.
        return held
    status: Literal["True", "False", "Unknown"] = "True" if probe.success else "Unknown" if says_nothing else "False"
    words = probe.message.speak(language)
    return conditions.put(held, VERIFIED, status, probe.reason, words, generation, now)


def _pause(source: RegistrySecret, reverify: timedelta, jitter: float) -> timedelta:
    """reverify ± 10 %; at least an hour while the credential is refused."""
    if sources.is_refused(source):
        return max(reverify, REFUSED_PAUSE) * (1 + jitter / 10)
    return reverify * (0.9 + jitter / 5)
