"""Durations: what time.ParseDuration of Go takes and writes."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain import duration
from imageyard.domain.duration import InvalidDuration

CENTURIES = timedelta(days=365 * 290)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", timedelta()),
        ("-0", timedelta()),
        ("1h", timedelta(hours=1)),
        ("1h30m", timedelta(minutes=90)),
        ("90s", timedelta(seconds=90)),
        ("1.5h", timedelta(minutes=90)),
        (".5s", timedelta(milliseconds=500)),
        ("1.s", timedelta(seconds=1)),
        ("0.1s", timedelta(milliseconds=100)),
        ("30m1h", timedelta(minutes=90)),
        ("1h1h", timedelta(hours=2)),
        ("100ms", timedelta(milliseconds=100)),
        ("7us", timedelta(microseconds=7)),
        ("7\u00b5s", timedelta(microseconds=7)),
        ("7\u03bcs", timedelta(microseconds=7)),
        ("1999ns", timedelta(microseconds=1)),
        ("-1.5h", timedelta(minutes=-90)),
        ("+5s", timedelta(seconds=5)),
        ("0.3333333333333333333h", timedelta(seconds=1199, microseconds=999999)),
        ("2562047h47m16.854775807s", timedelta(microseconds=(2**63 - 1) // 1000)),
    ],
)
def test_durations_are_read_as_go_reads_them(text: str, expected: timedelta) -> None:
    assert duration.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "h",
        ".",
        ".s",
        "-",
        "1 h",
        " 1h",
        "1h ",
        "1h\n",
        "1d",
        "1w",
        "1H",
        "1e9h",
        "1e99h",
        "1,5h",
        "--1h",
        "1h-30m",
        "٣s",
        "inf",
        "NaN",
        "2562048h",
        "9" * 50 + "h",
        "9" * 5000 + "h",
    ],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InvalidDuration):
        duration.parse(text)


@pytest.mark.parametrize(
    ("elapsed", "text"),
    [
        (timedelta(), "0s"),
        (timedelta(seconds=90), "1m30s"),
        (timedelta(hours=1), "1h0m0s"),
        (timedelta(days=30), "720h0m0s"),
        (timedelta(hours=1, seconds=1, milliseconds=500), "1h0m1.5s"),
        (timedelta(milliseconds=1500), "1.5s"),
        (timedelta(milliseconds=250), "250ms"),
        (timedelta(microseconds=1500), "1.5ms"),
        (timedelta(microseconds=7), "7µs"),
        (timedelta(seconds=-90), "-1m30s"),
        (timedelta(seconds=1, microseconds=1), "1.000001s"),
    ],
)
def test_durations_are_written_as_go_writes_them(elapsed: timedelta, text: str) -> None:
    assert duration.write(elapsed) == text


@given(st.timedeltas(-CENTURIES, CENTURIES))
def test_a_duration_survives_being_written_and_read(elapsed: timedelta) -> None:
    assert duration.parse(duration.write(elapsed)) == elapsed


@given(st.text(alphabet="0123456789.hmsnuµe+- ", max_size=30) | st.text(max_size=30))
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    try:
        elapsed = duration.parse(text)
    except InvalidDuration:
        return
    assert abs(elapsed) <= timedelta(microseconds=2**63 // 1000)
