"""What each answer of a registry means, and that nothing a stranger wrote is shown."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain.reasons import Reason
from imageyard.domain.text import Text
from imageyard.egress import Response
from imageyard.registry import Quota, errors, ratelimit, strictjson

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HTML = b"<html><h1>swordfish</h1></html>"


def answer(status: int, body: bytes = b"", **headers: str) -> Response:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response("https://r.test/", status, named, body)


def told(*codes: str, message: str = "swordfish") -> bytes:
    entries = ",".join(f'{{"code":"{code}","message":"{message}","detail":{{}}}}' for code in codes)
    return f'{{"errors":[{entries}]}}'.encode()


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, HTML, Reason.NotARegistry),
        (204, b"", Reason.NotARegistry),
        (302, b"", Reason.RedirectRefused),
        (400, told("UNSUPPORTED"), Reason.Unsupported),
        (400, told("NAME_INVALID"), Reason.RepositoryNotFound),
        (400, told("TAG_INVALID"), Reason.TagNotFound),
        (401, told("UNAUTHORIZED"), Reason.Unauthorized),
        (401, HTML, Reason.Unauthorized),
        (403, told("DENIED"), Reason.Forbidden),
        (403, HTML, Reason.Forbidden),
        (404, told("MANIFEST_UNKNOWN"), Reason.TagNotFound),
        (404, told("TAG_EXPIRED"), Reason.TagNotFound),
        (404, told("NAME_UNKNOWN"), Reason.RepositoryNotFound),
        (404, told("NOT_FOUND"), Reason.RepositoryNotFound),
        (404, told("NOT_FOUND", message="artifact library/a:b not found"), Reason.TagNotFound),
        (404, told("NOT_FOUND", message="repository library/a not found"), Reason.RepositoryNotFound),
        (404, b'{"errors":null}', Reason.TagNotFound),
        (404, b"404 page not found", Reason.TagNotFound),
        (404, b"", Reason.TagNotFound),
        (404, HTML, Reason.NotARegistry),
        (405, told("UNSUPPORTED"), Reason.Unsupported),
        (405, told("DENIED"), Reason.Forbidden),
        (406, b"", Reason.Unsupported),
        (408, b"", Reason.Timeout),
        (412, told("PROJECTPOLICYVIOLATION"), Reason.PolicyBlocked),
        (413, b"", Reason.ResponseTooLarge),
        (416, b"", Reason.Unsupported),
        (418, b"", Reason.Unsupported),
        (429, b'{"message":"toomanyrequests: swordfish"}', Reason.RateLimited),
        (451, b"", Reason.Unavailable),
        (499, b"", Reason.ServerError),
        (500, told("UNKNOWN"), Reason.ServerError),
        (502, HTML, Reason.ServerError),
        (522, b"", Reason.ServerError),
    ],
)
def test_an_answer_is_classified(status: int, body: bytes, reason: Reason) -> None:
    error = errors.of_status(answer(status, body), NOW)

    assert error.reason is reason
    assert error.unauthorized is (status == 401)
    assert "swordfish" not in error.message.zh + error.message.en
    assert str(status) in error.message.en


@pytest.mark.parametrize(
    ("status", "reason"), [(400, Reason.Unsupported), (404, Reason.Unsupported), (429, Reason.RateLimited)]
)
def test_a_token_services_answer_is_not_read_as_a_missing_image(status: int, reason: Reason) -> None:
    assert errors.of_status(answer(status, told("NAME_UNKNOWN")), NOW, "token").reason is reason


@given(st.integers(100, 999), st.binary(max_size=200), st.text(max_size=20))
def test_any_answer_has_a_reason_and_shows_nothing_of_its_body(status: int, body: bytes, header: str) -> None:
    response = answer(status, body, content_type=header, retry_after=header, ratelimit_limit=header)

    error = errors.of_status(response, NOW)

    assert error.message == errors.sentence(error.reason, Text(f"r.test，HTTP {status}", f"r.test, HTTP {status}"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30", 30.0),
        (" 30 ", 30.0),
        ("0", 1.0),
        ("86400", 900.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(hours=1), usegmt=True), 1.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("9" * 400, None),
        ("880.092µs", None),
    ],
)
def test_retry_after_is_read_and_kept_within_bounds(text: str, expected: float | None) -> None:
    assert ratelimit.retry_after(answer(429, retry_after=text), NOW) == expected


@pytest.mark.parametrize(
    ("limit", "remaining", "expected"),
    [
        ("100;w=21600", "76;w=21600", Quota(100, 76, 21_600)),
        ("100", "", Quota(100, None)),
        ("100 ; w=1", "0", Quota(100, 0, 1)),
        ("", "", None),
        ("many", "-1", None),
        ("9" * 30, "x", None),
    ],
)
def test_rate_limit_headers_are_read(limit: str, remaining: str, expected: Quota | None) -> None:
    assert ratelimit.quota(answer(200, ratelimit_limit=limit, ratelimit_remaining=remaining)) == expected


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"a":1,"a":2}', id="repeated key"),
        pytest.param(b'{"x":{"a":1,"a":2}}', id="repeated key below"),
        pytest.param(b'{"a":1,"\\u0061":2}', id="repeated key in other spelling"),
        pytest.param(b'{"a":NaN}', id="NaN"),
        pytest.param(b'{"a":-Infinity}', id="Infinity"),
        pytest.param(b'{"a":1e999}', id="infinite number"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b"[" * 60_000 + b"]" * 60_000, id="deep and closed"),
        pytest.param(b"[" * 65 + b"]" * 65, id="65 levels"),
        pytest.param(b'{"a":' * 65 + b"1" + b"}" * 65, id="65 objects"),
        pytest.param(b'{"a":' + b"9" * 10_000 + b"}", id="huge number"),
        pytest.param(b"\xff\xfe{}", id="no UTF-8"),
        pytest.param("{}".encode("utf-16"), id="UTF-16"),
        pytest.param(b"[" + b"[]," * 250_000 + b"[]]", id="very many values"),
        pytest.param(b"", id="empty"),
        pytest.param(HTML, id="a web page"),
    ],
)
def test_json_that_is_not_to_be_trusted_is_refused(body: bytes) -> None:
    with pytest.raises(strictjson.BadJSON):
        strictjson.read(body)


@pytest.mark.parametrize("body", [b"[" * 64 + b"1" + b"]" * 64, b'{"a":' * 64 + b"1" + b"}" * 64])
def test_json_may_be_64_levels_deep(body: bytes) -> None:
    assert strictjson.read(body)
