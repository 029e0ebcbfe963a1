"""What deserves a record, and what its outcome is called."""

import pytest

from imageyard.domain import audit


@pytest.mark.parametrize(
    ("safe", "question", "known", "code", "recorded"),
    [
        pytest.param(False, False, True, 201, True, id="a change"),
        pytest.param(False, False, True, 400, True, id="a change that failed"),
        pytest.param(False, False, True, 0, True, id="a change that nobody heard the answer of"),
        pytest.param(False, False, False, 401, True, id="a change by nobody known"),
        pytest.param(False, False, True, 429, True, id="a change too many"),
        pytest.param(False, True, True, 201, False, id="a question"),
        pytest.param(False, True, True, 403, True, id="a question that was denied"),
        pytest.param(True, False, True, 200, False, id="a read"),
        pytest.param(True, False, True, 404, False, id="a read of what is not there"),
        pytest.param(True, False, True, 403, True, id="a read that was denied"),
        pytest.param(True, False, True, 429, False, id="a read too many"),
        pytest.param(True, False, False, 401, True, id="a read by nobody known"),
        pytest.param(True, False, False, 429, True, id="a guess too many"),
        pytest.param(True, False, False, 421, True, id="a read under another server's name"),
        pytest.param(True, False, False, 403, True, id="a read from another site"),
        pytest.param(True, False, False, 200, False, id="a probe"),
    ],
)
def test_changes_and_refusals_are_recorded_and_reads_are_not(
    safe: bool, question: bool, known: bool, code: int, recorded: bool
) -> None:
    assert audit.is_recorded(safe=safe, question=question, known=known, code=code) is recorded


@pytest.mark.parametrize(
    ("outcome", "codes"),
    [("success", (200, 204, 303)), ("denied", (401, 403, 421, 429)), ("failure", (0, 400, 404, 409, 500, 503))],
)
def test_an_outcome_is_one_of_three(outcome: str, codes: tuple[int, ...]) -> None:
    assert {audit.outcome(code) for code in codes} == {outcome}
