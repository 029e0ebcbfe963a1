"""Pictures, times and links, worked out without a page."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain.errors import BadRequest
from imageyard.domain.kinds.repository import Layer
from imageyard.metrics import Day
from imageyard.web.console import charts, contents, cookies, forms, happened, listing, moments, routes, templates, words
from imageyard.web.console.happened import EventRow

NOW = datetime(2026, 11, 23, 9, 52, tzinfo=UTC)


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=200))
def test_a_stacked_bar_is_as_wide_as_it_is_whatever_its_parts(sizes: list[int]) -> None:
    parts = charts.stacked(sizes)
    if not sum(sizes):
        assert parts == ()
        return
    assert sum(part.width for part in parts) == pytest.approx(100, abs=0.2)
    assert all(part.width > 0 for part, size in zip(parts, sizes, strict=True) if size)


@given(st.lists(st.integers(0, 10**9), max_size=60))
def test_layers_add_up_to_the_whole(sizes: list[int]) -> None:
    rows = contents.layers([Layer("sha256:x", str(size)) for size in sizes])
    assert [row.bytes for row in rows] == sizes
    if sum(sizes):
        assert rows[-1].cumulative == 100


def test_a_layer_whose_size_is_no_number_is_drawn_as_nothing() -> None:
    assert contents.layers([Layer("sha256:x", "many")])[0].bytes == 0


def test_the_day_counts_by_half_hours_and_forgets_what_is_older() -> None:
    day, start = Day(), 1_000 * Day.SLOT
    for hours, good in ((0, True), (0.1, False), (1, True), (23.9, True)):
        day.count(good, start + hours * 3600)
    chart = charts.health(day.slots(start + 23.9 * 3600))
    assert (len(chart.columns), chart.good, chart.failed) == (48, 3, 1)
    assert chart.since == datetime.fromtimestamp(start, UTC)
    assert charts.health(day.slots(start + 47 * 3600)).good == 1
    assert charts.health(Day().slots(start)).since is None


@pytest.mark.parametrize(
    ("away", "english", "chinese"),
    [
        (timedelta(seconds=-3), "just now", "刚刚"),
        (timedelta(seconds=-42), "42 seconds ago", "42 秒前"),
        (timedelta(minutes=-3), "3 minutes ago", "3 分钟前"),
        (timedelta(hours=-1), "1 hour ago", "1 小时前"),
        (timedelta(days=-400), "400 days ago", "400 天前"),
        (timedelta(minutes=5, seconds=30), "in 5 minutes", "5 分钟后"),
    ],
)
def test_a_distance_is_told_as_people_tell_it(away: timedelta, english: str, chinese: str) -> None:
    said = words.load()
    assert moments.distance(away, said["en"]) == english
    assert moments.distance(away, said["zh"]) == chinese


def test_a_moment_is_told_in_a_zone() -> None:
    told = moments.tell(NOW, NOW, ZoneInfo("Asia/Shanghai"), words.load()["zh"])
    assert told == ("2026-11-23T09:52:00Z", "2026-11-23 17:52", "刚刚")


def test_console_js_speaks_the_same_words() -> None:
    told = moments.phrases(words.load()["zh"])
    assert told["past"]["minute"] == ["%(num)d 分钟前"] * 2
    assert told["now"] == "刚刚"


@pytest.mark.parametrize("stamp", ["", "x", "-1", "9" * 30, "١٢"])
def test_a_stamp_that_is_no_time_is_none(stamp: str) -> None:
    assert moments.from_milliseconds(stamp) is None


def test_another_filter_begins_at_the_first_page() -> None:
    asked = listing.Asked("/console/images", {"q": "a b", "status": "", "page": "7"})
    assert asked.href(status="failed") == "/console/images?q=a+b&status=failed"
    assert asked.href(q="") == "/console/images"
    assert asked.sorted("name") == "/console/images?q=a+b&sort=name"


@given(st.text())
def test_cookies_are_read_whatever_was_sent(header: str) -> None:
    assert all(isinstance(value, str) for value in cookies.read(header).values())


def test_a_cookie_is_read_by_its_name() -> None:
    assert cookies.read('a=1; b="two"; a=3; bad name=x; c') == {"a": "1", "b": "two"}


@given(st.binary())
def test_a_query_is_read_or_refused(raw: bytes) -> None:
    try:
        forms.parse(raw)
    except BadRequest:
        return


@given(st.text())
def test_a_path_is_found_or_not(path: str) -> None:
    assert routes.match(f"/console/{path}") is None or path in (
        "",
        "images",
        "sources",
        "events",
        "activity",
        "patterns",
    )


def test_news_that_repeats_is_told_once_with_its_number() -> None:
    def row(name: str, count: int, reason: str = "DigestChanged") -> EventRow:
        return EventRow(reason, "", "", False, count, NOW, "Repository", "default", name, "")

    told = happened.folded([row("a", 1), row("b", 2), row("a", 4), row("a", 1, "Synced")])
    assert [(each.name, each.reason, each.count) for each in told] == [
        ("a", "DigestChanged", 5),
        ("b", "DigestChanged", 2),
        ("a", "Synced", 1),
    ]


def test_templates_are_compiled_before_they_are_asked_for() -> None:
    templates.compile_all(words.load())
    for said in words.load().values():
        made = templates.environment(said)
        assert made.cache is not None
        assert len(made.cache) >= len(made.list_templates(extensions=["html"]))
