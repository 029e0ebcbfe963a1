"""WWW-Authenticate as RFC 9110 has it, and as servers write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.registry import challenge
from imageyard.registry.challenge import Challenge, MalformedChallenge

HUB = {"realm": "https://auth.docker.io/token", "service": "registry.docker.io"}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param("", [], id="empty"),
        pytest.param(" , ,", [], id="commas only"),
        pytest.param("Basic", [("basic", {})], id="scheme alone"),
        pytest.param(
            'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"', [("bearer", HUB)], id="hub"
        ),
        pytest.param(
            'BEARER  Realm = "https://auth.docker.io/token" , SERVICE="registry.docker.io"',
            [("bearer", HUB)],
            id="case and spaces",
        ),
        pytest.param(
            'Bearer realm="r",scope="repository:a/b:pull,push",error="insufficient_scope"',
            [("bearer", {"realm": "r", "scope": "repository:a/b:pull,push", "error": "insufficient_scope"})],
            id="comma inside quotes",
        ),
        pytest.param('Basic realm="a \\"b\\" \\\\c"', [("basic", {"realm": 'a "b" \\c'})], id="escapes"),
        pytest.param(
            "Bearer realm=https://h/t,service=s", [("bearer", {"realm": "https://h/t", "service": "s"})], id="bare"
        ),
        pytest.param(
            'Negotiate, Basic realm="x", Bearer realm="y"',
            [("negotiate", {}), ("basic", {"realm": "x"}), ("bearer", {"realm": "y"})],
            id="three on one line",
        ),
        pytest.param(
            'Negotiate YIIabc==, Basic realm="x"', [("negotiate", {}), ("basic", {"realm": "x"})], id="token68"
        ),
        pytest.param("Negotiate abc", [("negotiate", {})], id="token68 without padding"),
        pytest.param(
            'Digest qop="auth,auth-int",nonce="=,=", Bearer realm="y",unknown="1"',
            [("digest", {"qop": "auth,auth-int", "nonce": "=,="}), ("bearer", {"realm": "y", "unknown": "1"})],
            id="equals inside quotes and unknown parameters",
        ),
        pytest.param('Basic realm=""', [("basic", {"realm": ""})], id="empty value"),
        pytest.param('Basic ,realm="x"', [("basic", {"realm": "x"})], id="comma before the first parameter"),
        pytest.param(
            'Basic realm="x",,charset="UTF-8",', [("basic", {"realm": "x", "charset": "UTF-8"})], id="empty items"
        ),
    ],
)
def test_challenges_are_read(header: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    assert challenge.parse(header) == [Challenge(scheme, params) for scheme, params in expected]


@pytest.mark.parametrize(
    "header",
    [
        pytest.param('Bearer realm="https://h', id="unclosed quote"),
        pytest.param('Bearer realm="a",realm="b"', id="realm twice"),
        pytest.param('Bearer realm="a",REALM="b"', id="realm twice in other case"),
        pytest.param('Bearer realm="a"service="b"', id="no comma"),
        pytest.param('Bearer realm="a\x00b"', id="control character"),
        pytest.param('"Bearer" realm="a"', id="quoted scheme"),
        pytest.param("Bearer realm=,service=x", id="no value"),
        pytest.param("Bearer/realm", id="no scheme"),
        pytest.param("Basic " * 20, id="too many"),
        pytest.param('Bearer realm="' + "a" * 8192 + '"', id="too long"),
    ],
)
def test_what_is_no_challenge_is_malformed(header: str) -> None:
    with pytest.raises(MalformedChallenge):
        challenge.parse(header)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param([], None, id="none"),
        pytest.param([""], None, id="Harbor, unknown project"),
        pytest.param(["Negotiate", "Digest realm=x"], None, id="only others"),
        pytest.param(['Basic realm="x"', 'Bearer realm="y"'], Challenge("bearer", {"realm": "y"}), id="Bearer first"),
        pytest.param(["Bearer", 'Basic realm="x"'], Challenge("basic", {"realm": "x"}), id="Bearer without realm"),
        pytest.param(
            ['Bearer realm="', 'Basic realm="x"'], Challenge("basic", {"realm": "x"}), id="one line malformed"
        ),
        pytest.param(['Bearer realm=""'], None, id="empty realm"),
    ],
)
def test_the_challenge_to_answer_is_chosen(headers: list[str], expected: Challenge | None) -> None:
    assert challenge.choose(headers) == expected


@given(st.text(max_size=300))
def test_any_text_is_read_or_malformed(header: str) -> None:
    try:
        found = challenge.parse(header)
    except MalformedChallenge:
        return
    assert len(found) <= challenge.MAX_CHALLENGES


@given(st.text(alphabet='Ba =",\\x;\t', max_size=60))
def test_any_text_of_the_grammars_own_signs_is_read_or_malformed(header: str) -> None:
    challenge.choose([header])


_names = st.text(alphabet="abcdefghij-_", min_size=1, max_size=8)
_values = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=30)


@given(st.lists(st.tuples(_names, st.dictionaries(_names, _values, min_size=1, max_size=4)), max_size=4))
def test_written_challenges_are_read_back(challenges: list[tuple[str, dict[str, str]]]) -> None:
    def quote(value: str) -> str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

    header = ", ".join(f"{scheme} " + ", ".join(f"{k}={quote(v)}" for k, v in p.items()) for scheme, p in challenges)

    assert challenge.parse(header) == [Challenge(scheme, params) for scheme, params in challenges]
