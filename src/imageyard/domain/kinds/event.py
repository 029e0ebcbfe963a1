"""Event: what happened to an object, told to people. Kept for an hour, never searched, always best effort.

Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ (both API groups).
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct, field

from imageyard.domain import age, metadata
from imageyard.domain.columns import Column
from imageyard.domain.errors import INVALID, NOT_SUPPORTED, Cause
from imageyard.domain.kind import Index, Kind, View
from imageyard.domain.objects import Object, ObjectMeta
from imageyard.domain.text import Text

NORMAL: Final = "Normal"
WARNING: Final = "Warning"
TYPES: Final = (NORMAL, WARNING)
KEPT: Final = timedelta(hours=1)
"""After it was last seen."""
LONGEST_REPEATED: Final = timedelta(days=1)
"""One that is seen again and again makes way for a new one then, whatever times it tells."""
LONGEST_WORD: Final = 128
LONGEST_MESSAGE: Final = 16 * 1024
"""Characters."""
UNKNOWN: Final = "<unknown>"

Moment = Annotated[datetime, Meta(tz=True)]


class ObjectReference(Struct, rename="camel", omit_defaults=True, frozen=True):
    """Which object, as core/v1 writes it."""

    kind: str = ""
    """Kind of the object."""
    namespace: str = ""
    """Its namespace, empty for one that has none."""
    name: str = ""
    """Its name."""
    uid: str = ""
    """Tells it from others of that name before and after it."""
    api_version: str = ""
    """Group and version of its kind."""
    resource_version: str = ""
    """Which version of it."""
    field_path: str = ""
    """Which part of it."""


class EventSource(Struct, omit_defaults=True):
    """Who tells of it, as core/v1 writes it."""

    component: str = ""
    """Name of the program."""
    host: str = ""
    """Where the program runs."""


class EventSeries(Struct, rename="camel", omit_defaults=True):
    """An event that goes on."""

    count: int = 0
    """How often it was seen."""
    last_observed_time: str | None = None
    """When it was last seen, with microseconds, as it was written: clients read no other form."""


class Event(Object, kw_only=True):
    """Something that happened to an object. Best effort: programs must not rely on being told."""

    # In the shape of core/v1. What has a factory is written also when it is empty, as Kubernetes writes it.
    involved_object: ObjectReference = field(default_factory=ObjectReference)
    """What it happened to."""
    reason: str = ""
    """What happened, as programs read it."""
    message: str = ""
    """What happened, as people read it."""
    source: EventSource = field(default_factory=EventSource)
    """Who tells of it."""
    first_timestamp: Moment | None = field(default_factory=lambda: None)
    """When it was first seen."""
    last_timestamp: Moment | None = field(default_factory=lambda: None)
    """When it was last seen."""
    count: int = 0
    """How often it was seen."""
    type: str = ""
    """Normal, or Warning where somebody should look."""
    event_time: str | None = field(default_factory=lambda: None)
    """When it was first seen, with microseconds, as it was written."""
    series: EventSeries | None = None
    """How it goes on."""
    action: str = ""
    """What was done about the object."""
    related: ObjectReference | None = None
    """Another object that has to do with it."""
    reporting_component: str = field(default_factory=str)
    """Name of the program that tells of it."""
    reporting_instance: str = field(default_factory=str)
    """Which of several such programs."""


def first_seen(event: Event) -> datetime | None:
    return event.first_timestamp or _micro(event.event_time)


def last_seen(event: Event) -> datetime | None:
    if event.series is not None:
        return _micro(event.series.last_observed_time)
    return event.last_timestamp or first_seen(event)


def seen(event: Event) -> int:
    """How often."""
    return event.series.count if event.series is not None else event.count or 1


def expires(event: Event) -> datetime | None:
    """When it has been kept long enough."""
    created = event.metadata.creation_timestamp
    if created is None:
        return None
    return min(max(created, last_seen(event) or created), created + LONGEST_REPEATED) + KEPT


def index(event: Event) -> Index:
    about = event.involved_object
    return Index(
        reference=about.uid,
        due=expires(event),
        synced=last_seen(event),
        fields={
            "involvedObject.kind": about.kind,
            "involvedObject.namespace": about.namespace,
            "involvedObject.name": about.name,
            "involvedObject.uid": about.uid,
            "involvedObject.apiVersion": about.api_version,
            "involvedObject.resourceVersion": about.resource_version,
            "involvedObject.fieldPath": about.field_path,
            "reason": event.reason,
            "reportingComponent": event.reporting_component,
            "source": event.source.component or event.reporting_component,
            "type": event.type,
        },
    )


def validate(new: Event, old: Event | None) -> list[Cause]:
    """What it tells of is in its own namespace, or in none; its words are bounded."""
    return [
        *metadata.check(new.metadata, namespaced=True),
        *_place(new),
        *_type(new.type),
        *_times(new),
        *_lengths(new),
    ]


def _place(event: Event) -> Iterator[Cause]:
    about = event.involved_object.namespace
    if about not in ("", event.metadata.namespace):
        text = Text("与 metadata.namespace 不一致", "does not match event.namespace")
        yield Cause("involvedObject.namespace", INVALID, text)


def _type(given: str) -> Iterator[Cause]:
    if given not in ("", *TYPES):
        choices = ", ".join(TYPES)
        yield Cause("type", NOT_SUPPORTED, Text(f"可选值：{choices}", f"must be one of: {choices}"))


def _times(event: Event) -> Iterator[Cause]:
    given = {"eventTime": event.event_time}
    if event.series is not None:
        given["series.lastObservedTime"] = event.series.last_observed_time
    text = Text(
        "应为带微秒的 RFC 3339 时间，例如 2024-01-08T10:30:00.000000Z",
        "must be an RFC 3339 time with microseconds such as 2024-01-08T10:30:00.000000Z",
    )
    yield from (Cause(path, INVALID, text) for path, time in given.items() if time and _micro(time) is None)


def _lengths(event: Event) -> Iterator[Cause]:
    short = {
        "reason": event.reason,
        "action": event.action,
        "source.component": event.source.component,
        "source.host": event.source.host,
        "reportingComponent": event.reporting_component,
        "reportingInstance": event.reporting_instance,
    }
    bounded = [
        *((path, words, LONGEST_WORD) for path, words in short.items()),
        ("message", event.message, LONGEST_MESSAGE),
    ]
    for path, words, longest in bounded:
        if len(words) > longest:
            yield Cause(path, INVALID, Text(f"最长 {longest} 个字符", f"has at most {longest} characters"))


_MICROSECONDS: Final = re.compile(r"[^.]*\.[0-9]{6}(Z|[+-][0-9:]*)", re.ASCII)


def _micro(written: str | None) -> datetime | None:
    """A time with microseconds; None for what is none."""
    try:
        return msgspec.convert(written, Moment) if written and _MICROSECONDS.fullmatch(written) else None
    except msgspec.ValidationError:
        return None


def _age(moment: datetime | None, now: datetime) -> str:
    return age.since(moment, now) or UNKNOWN


def _object(event: Event) -> str:
    about = event.involved_object
    return f"{about.kind.lower()}/{about.name}" if about.name else about.kind.lower()


def _source(event: Event) -> str:
    source = event.source
    return ", ".join(filter(None, (source.component or event.reporting_component, source.host)))


COLUMNS: Final = (
    Column("Last Seen", "string", lambda event, now: _age(last_seen(event), now), "When it was last seen."),
    Column("Type", "string", lambda event, now: event.type, "Normal, or Warning where somebody should look."),
    Column("Reason", "string", lambda event, now: event.reason, "What happened, as programs read it."),
    Column("Object", "string", lambda event, now: _object(event), "What it happened to."),
    Column("Subobject", "string", lambda event, now: event.involved_object.field_path, "Which part of it.", wide=True),
    Column("Source", "string", lambda event, now: _source(event), "Who tells it.", wide=True),
    Column("Message", "string", lambda event, now: event.message.strip(), "What happened, as people read it."),
    Column("First Seen", "string", lambda event, now: _age(first_seen(event), now), "When it was first.", wide=True),
    Column("Count", "string", lambda event, now: seen(event), "How often it was seen.", wide=True),
    Column("Name", "string", lambda event, now: event.metadata.name, "Name of the event.", format="name", wide=True),
)

SELECTABLE: Final = tuple(index(Event(metadata=ObjectMeta())).fields)

KIND: Final[Kind[Any]] = Kind(
    name="Event",
    plural="events",
    singular="event",
    group="",
    version="v1",
    type=Event,
    index=index,
    validate=validate,
    short_names=("ev",),
    categories=(),
    subresources=(),
    selectable=SELECTABLE,
    columns=COLUMNS,
)

_NEWER: Final = View(
    KIND,
    {
        "involvedObject": "regarding",
        "message": "note",
        "source": "deprecatedSource",
        "firstTimestamp": "deprecatedFirstTimestamp",
        "lastTimestamp": "deprecatedLastTimestamp",
        "count": "deprecatedCount",
        "reportingComponent": "reportingController",
    },
)


def _validate_newer(new: Event, old: Event | None) -> list[Cause]:
    return [cause._replace(field=_NEWER.path(cause.field)) for cause in validate(new, old)]


EVENTS_V1: Final[Kind[Any]] = replace(
    KIND,
    group="events.k8s.io",
    short_names=(),
    view=_NEWER,
    selectable=tuple(_NEWER.fields()),
    validate=_validate_newer,
)
