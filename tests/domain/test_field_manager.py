"""Names of field managers, by Kubernetes' rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain import field_manager


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        ("kubectl/v1.36.0 (linux/amd64) kubernetes/abc", "kubectl"),
        ("Mozilla", "Mozilla"),
        ("", "unknown"),
        ("/v1", "unknown"),
        ("my\x07tool/1", "mytool"),
        ("é" * 100, "é" * 64),
    ],
)
def test_a_request_that_names_no_manager_is_put_down_to_its_user_agent(user_agent: str, expected: str) -> None:
    assert field_manager.default(user_agent) == expected


@given(st.text())
def test_the_manager_of_any_user_agent_is_a_valid_name(user_agent: str) -> None:
    assert field_manager.check(field_manager.default(user_agent), required=True) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gitops", []),
        ("", []),
        ("a b", []),
        ("x" * 128, []),
        ("x" * 129, [("FieldValueTooLong", "may not be more than 128 bytes")]),
        ("é" * 65, [("FieldValueTooLong", "may not be more than 128 bytes")]),
        ("é\x07\x08", [("FieldValueInvalid", "invalid character U+0007 (at position 2)")]),
        ("\ud800", [("FieldValueInvalid", "invalid character U+D800 (at position 0)")]),
    ],
)
def test_a_name_has_at_most_128_bytes_all_printable(name: str, expected: list[tuple[str, str]]) -> None:
    causes = field_manager.check(name)
    assert [(cause.reason, cause.text.en) for cause in causes] == expected
    assert all(cause.field == "fieldManager" for cause in causes)


def test_an_apply_needs_a_name() -> None:
    [cause] = field_manager.check("", required=True)
    assert (cause.reason, cause.text.en) == ("FieldValueRequired", "is required for apply patch")
