"""Events: one object in the shapes of two API groups, what tables and selectors see of it, how long it is kept."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from imageyard.domain import document
from imageyard.domain.event_reasons import TABLE, EventReason
from imageyard.domain.kinds import EVENT, KINDS, event
from imageyard.domain.kinds.event import EVENTS_V1, Event

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
CORE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Event",
    "metadata": {"name": "one.17", "namespace": "default"},
    "involvedObject": {
        "kind": "Repository",
        "namespace": "default",
        "name": "one",
        "apiVersion": "image.theriseunion.io/v1alpha1",
    },
    "reason": "Synced",
    "message": "m",
    "source": {"component": "imageyard"},
    "firstTimestamp": "2026-01-01T11:00:00Z",
    "lastTimestamp": "2026-01-01T11:58:00Z",
    "count": 3,
    "type": "Normal",
    "eventTime": None,
    "reportingComponent": "",
    "reportingInstance": "",
}
NEWER: dict[str, Any] = {
    "apiVersion": "events.k8s.io/v1",
    "kind": "Event",
    "metadata": {"name": "one.17", "namespace": "default"},
    "eventTime": None,
    "reason": "Synced",
    "regarding": CORE["involvedObject"],
    "note": "m",
    "type": "Normal",
    "deprecatedSource": {"component": "imageyard"},
    "deprecatedFirstTimestamp": "2026-01-01T11:00:00Z",
    "deprecatedLastTimestamp": "2026-01-01T11:58:00Z",
    "deprecatedCount": 3,
}
"""Both as a Kubernetes API server answered them."""


def an_event(**more: Any) -> Event:
    read = document.read(EVENT, {**CORE, **more})
    assert isinstance(read.object, Event), read.causes
    return read.object


def test_it_is_written_in_the_words_of_either_group() -> None:
    stored = EVENT.encode(an_event())
    assert json.loads(stored) == CORE
    assert json.loads(EVENTS_V1.shown(stored)) == NEWER


def test_it_is_read_in_the_words_of_either_group() -> None:
    assert document.read(EVENTS_V1, NEWER) == document.read(EVENT, CORE)


def test_a_flaw_is_told_in_the_words_of_the_group_that_was_written() -> None:
    flawed = {**NEWER, "regarding": {"name": 7}, "message": "of the other group", "flaw": 1}
    read = document.read(EVENTS_V1, flawed)
    assert [cause.field for cause in read.causes] == ["regarding.name"]
    assert read.unknown == ["message", "flaw"]
    other = document.read(EVENTS_V1, {**NEWER, "apiVersion": "v1"})
    assert [cause.field for cause in other.causes] == ["apiVersion"]
    elsewhere = document.read(EVENTS_V1, {**NEWER, "regarding": {"namespace": "other"}}).object
    assert [cause.field for cause in EVENTS_V1.validate(elsewhere, None)] == ["regarding.namespace"]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"involvedObject": {"namespace": "other"}}, "involvedObject.namespace"),
        ({"type": "Fatal"}, "type"),
        ({"reason": "x" * 129}, "reason"),
        ({"message": "x" * (16 * 1024 + 1)}, "message"),
        ({"eventTime": "yesterday"}, "eventTime"),
        ({"eventTime": "2026-01-01T11:00:00Z"}, "eventTime"),
        ({"series": {"lastObservedTime": "2026-01-01"}}, "series.lastObservedTime"),
    ],
)
def test_an_event_that_breaks_a_rule_is_refused(more: dict[str, Any], field: str) -> None:
    assert [cause.field for cause in EVENT.validate(an_event(**more), None)] == [field]


@pytest.mark.parametrize("time", ["2026-01-01T11:00:00", "2026-01-01", 7])
def test_a_time_without_its_zone_is_refused(time: object) -> None:
    read = document.read(EVENT, {**CORE, "firstTimestamp": time})
    assert [cause.field for cause in read.causes] == ["firstTimestamp"]


def test_a_time_with_microseconds_stays_as_it_was_written() -> None:
    times = {"eventTime": "2026-01-01T11:00:00.000000Z", "series": {"count": 2, "lastObservedTime": None}}
    assert json.loads(EVENT.encode(an_event(**times)))["eventTime"] == times["eventTime"]
    assert EVENT.validate(an_event(**times), None) == []


def cells(one: Event) -> dict[str, Any]:
    return {column.title: column.cell(one, NOW) for column in EVENT.columns}


def test_a_table_shows_what_kubectl_shows() -> None:
    assert cells(an_event(message=" m\n", source={"component": "imageyard", "host": "a"})) == {
        "Last Seen": "2m",
        "Type": "Normal",
        "Reason": "Synced",
        "Object": "repository/one",
        "Subobject": "",
        "Source": "imageyard, a",
        "Message": "m",
        "First Seen": "60m",
        "Count": 3,
        "Name": "one.17",
    }
    wide = [column.title for column in EVENT.columns if column.wide]
    assert wide == ["Subobject", "Source", "First Seen", "Count", "Name"]


def test_a_table_shows_events_of_the_newer_recorders() -> None:
    none: dict[str, Any] = {"firstTimestamp": None, "lastTimestamp": None, "count": 0, "source": {}}
    once = an_event(**none, eventTime="2026-01-01T11:00:00.000000Z", reportingComponent="c")
    shown = cells(once)
    assert (shown["Last Seen"], shown["First Seen"], shown["Count"], shown["Source"]) == ("60m", "60m", 1, "c")
    series = {"count": 9, "lastObservedTime": "2026-01-01T11:59:00.000000Z"}
    assert cells(an_event(**none, series=series))["Last Seen"] == "60s"
    assert cells(an_event(**none, series=series))["First Seen"] == "<unknown>"
    assert cells(an_event(**none, series=series))["Count"] == 9


def test_selectors_find_it_by_what_it_is_about_in_the_words_of_either_group() -> None:
    fields = EVENT.index(an_event()).fields
    assert fields["involvedObject.name"] == "one"
    assert fields["source"] == "imageyard"
    assert set(EVENT.selectable) == set(fields)
    assert EVENTS_V1.view is not None
    assert EVENTS_V1.view.fields()["regarding.name"] == "involvedObject.name"
    assert EVENTS_V1.view.fields()["reportingController"] == "reportingComponent"


def test_nobody_searches_events() -> None:
    assert EVENT.index(an_event()).search == ()


@pytest.mark.parametrize(
    ("last", "kept_until"),
    [
        (NOW - timedelta(days=9), NOW + timedelta(hours=1)),
        (NOW + timedelta(hours=5), NOW + timedelta(hours=6)),
        (datetime(9999, 12, 31, 23, 59, tzinfo=UTC), NOW + timedelta(hours=25)),
    ],
    ids=["it is new", "it was seen again", "whatever it tells of the future"],
)
def test_it_is_kept_an_hour_after_it_was_last_seen(last: datetime, kept_until: datetime) -> None:
    one = an_event(lastTimestamp=last.isoformat())
    one.metadata.creation_timestamp = NOW
    assert event.expires(one) == kept_until
    assert EVENT.index(one).due == kept_until


def test_a_bad_field_is_told_beside_the_others() -> None:
    read = document.read(EVENT, {**CORE, "firstTimestamp": 7, "count": "many", "involvedObject": []})
    assert {cause.field for cause in read.causes} == {"firstTimestamp", "count", "involvedObject"}
    assert read.mended is not None


def test_every_reason_is_explained_for_kinds_there_are() -> None:
    assert set(TABLE) == set(EventReason)
    names = {kind.name for kind in KINDS}
    for row in TABLE.values():
        assert row.type in event.TYPES
        assert set(row.kinds) <= names
        assert row.text.zh
        assert row.text.en
