"""The reasons table: complete, bilingual, and true to what is promised about retries."""

import re

import pytest

from imageyard.domain import reasons
from imageyard.domain.reasons import TABLE, Reason

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_every_reason_has_its_row() -> None:
    assert set(TABLE) == set(Reason)


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_explained_in_both_languages(reason: Reason) -> None:
    row = reasons.explain(reason)
    for text in (row.text, row.next_step):
        assert CHINESE.search(text.zh)
        assert text.en
        assert not CHINESE.search(text.en)


def test_backoff_is_for_the_reasons_that_pass_by_themselves() -> None:
    """Behaviour, section 3: every other reason waits for syncInterval."""
    expected = {"DNSFailed", "ConnectionRefused", "Timeout", "ServerError", "RateLimited", "TLSInvalid"}
    assert {reason.value for reason, row in TABLE.items() if row.backoff} == expected


def test_only_transient_failures_are_tried_again_inside_one_sync() -> None:
    """Behaviour, section 3: connection, timeout, 429, 5xx; never 401, 403, 404."""
    expected = {"DNSFailed", "ConnectionRefused", "Timeout", "ServerError", "RateLimited"}
    assert {reason.value for reason, row in TABLE.items() if row.again} == expected


def test_nothing_that_backs_off_is_stalled() -> None:
    """Stalled means that no retry mends it."""
    assert not [reason for reason, row in TABLE.items() if row.stalled and (row.backoff or row.again)]


def test_a_verified_source_says_what_the_api_reference_promises() -> None:
    assert TABLE[Reason.Verified].text.zh == "连接成功"
