"""From claims to a bearer: every rule, with what an issuer may write and what somebody might."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain import claims as rules_of
from imageyard.domain.claims import Bearer, Refusal, Refused, Rules

ISSUER = "https://id.example.com"
NOW = 1_800_000_000.0
RULES = Rules(ISSUER, frozenset({"imageyard", "console"}), username_prefix=f"{ISSUER}#", groups_prefix="oidc:")
CLAIMS: dict[str, Any] = {"iss": ISSUER, "aud": "imageyard", "sub": "u1", "exp": NOW + 300, "groups": ["dev"]}


def bearer(rules: Rules = RULES, without: str = "", **claims: object) -> Bearer:
    given_ = {name: value for name, value in {**CLAIMS, **claims}.items() if name != without}
    return rules_of.bearer(given_, rules, NOW)


def refusal(rules: Rules = RULES, without: str = "", **claims: object) -> Refusal:
    with pytest.raises(Refused) as caught:
        bearer(rules, without, **claims)
    return caught.value.refusal


def test_a_bearer_has_user_groups_and_an_end_under_the_issuers_prefixes() -> None:
    assert bearer(jti="42") == (f"{ISSUER}#u1", frozenset({"oidc:dev"}), NOW + 330, "42")


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"iss": "https://id.example.com/"}, Refusal.ISSUER),
        ({"iss": "HTTPS://id.example.com"}, Refusal.ISSUER),
        ({"iss": [ISSUER]}, Refusal.ISSUER),
        ({"aud": "other"}, Refusal.AUDIENCE),
        ({"aud": []}, Refusal.AUDIENCE),
        ({"aud": ["other", "else"]}, Refusal.AUDIENCE),
        ({"aud": {"imageyard": True}}, Refusal.AUDIENCE),
        ({"aud": ["imageyard", 5]}, Refusal.AUDIENCE),
        ({"aud": None}, Refusal.AUDIENCE),
        ({"exp": NOW - 30}, Refusal.EXPIRED),
        ({"exp": str(NOW + 300)}, Refusal.EXPIRED),
        ({"exp": True}, Refusal.EXPIRED),
        ({"exp": math.nan}, Refusal.EXPIRED),
        ({"exp": math.inf}, Refusal.EXPIRED),
        ({"exp": 10**400}, Refusal.EXPIRED),
        ({"exp": None}, Refusal.EXPIRED),
        ({"nbf": NOW + 31}, Refusal.NOT_YET),
        ({"nbf": "now"}, Refusal.NOT_YET),
        ({"nbf": None}, Refusal.NOT_YET),
        ({"iat": NOW + 31}, Refusal.NOT_YET),
        ({"sub": ""}, Refusal.SUBJECT),
        ({"sub": 7}, Refusal.SUBJECT),
        ({"sub": "a\nb"}, Refusal.SUBJECT),
        ({"sub": "\ud800"}, Refusal.SUBJECT),
        ({"sub": "u" * 257}, Refusal.SUBJECT),
        ({"sub": "u" * 250}, Refusal.USERNAME),
        ({"groups": {"dev": True}}, Refusal.GROUPS),
        ({"groups": ["dev", 5]}, Refusal.GROUPS),
        ({"groups": ["dev", ["ops"]]}, Refusal.GROUPS),
        ({"groups": None}, Refusal.GROUPS),
        ({"groups": True}, Refusal.GROUPS),
        ({"groups": ["g"] * 1001}, Refusal.GROUPS),
    ],
    ids=repr,
)
def test_what_breaks_a_rule_is_nobody(claims: dict[str, Any], expected: Refusal) -> None:
    assert refusal(**claims) is expected


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ("iss", Refusal.ISSUER),
        ("aud", Refusal.AUDIENCE),
        ("exp", Refusal.EXPIRED),
        ("sub", Refusal.SUBJECT),
    ],
)
def test_what_is_required_must_be_there(missing: str, expected: Refusal) -> None:
    assert refusal(without=missing) is expected


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["other", "console"]},
        {"exp": NOW - 29},
        {"exp": int(NOW) + 1},
        {"nbf": NOW + 30, "iat": NOW + 30},
        {"nbf": 0},
    ],
    ids=repr,
)
def test_what_is_within_the_rules_and_the_leeway_is_somebody(claims: dict[str, Any]) -> None:
    assert bearer(**claims).user == f"{ISSUER}#u1"


def test_the_leeway_is_no_more_than_a_minute() -> None:
    assert 0 <= rules_of.LEEWAY <= 60


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ("dev", {"oidc:dev"}),
        ([], set()),
        (["dev", "dev", "ops"], {"oidc:dev", "oidc:ops"}),
        (["", "a\x00b", "dev"], {"oidc:dev"}),
        (["系统", "dev team"], {"oidc:系统", "oidc:dev team"}),
    ],
    ids=["a text", "an empty list", "one twice", "what no group is called", "any letters"],
)
def test_groups_are_a_text_or_a_list_of_texts(groups: object, expected: set[str]) -> None:
    assert bearer(groups=groups).groups == expected


def test_no_groups_claim_means_no_groups() -> None:
    assert bearer(without="groups").groups == frozenset()


@pytest.mark.parametrize("prefix", ["", "system:"])
def test_an_issuer_makes_nobody_a_part_of_the_system(prefix: str) -> None:
    rules = Rules(ISSUER, frozenset({"imageyard"}), username_prefix="", groups_prefix=prefix)
    assert refusal(rules, sub="system:serviceaccount:a:b") is Refusal.USERNAME
    groups = ["system:masters", "masters", "dev"]
    assert bearer(rules, groups=groups).groups == (frozenset() if prefix else {"masters", "dev"})


@pytest.mark.parametrize(
    ("verified", "somebody"),
    [(True, True), (False, False), (None, False), ("true", False), (1, False), (..., False)],
    ids=repr,
)
def test_an_email_counts_only_when_the_issuer_has_verified_it(verified: object, somebody: bool) -> None:
    rules = Rules(ISSUER, frozenset({"imageyard"}), username_claim="email")
    claims: dict[str, Any] = {"email": "a@example.com"} | ({} if verified is ... else {"email_verified": verified})
    if somebody:
        assert bearer(rules, **claims).user == "a@example.com"
    else:
        assert refusal(rules, **claims) is Refusal.USERNAME


@pytest.mark.parametrize(
    ("setting", "claim", "expected"),
    [
        ("", "sub", f"{ISSUER}#"),
        ("", "preferred_username", f"{ISSUER}#"),
        ("", "email", ""),
        ("-", "sub", ""),
        ("-", "email", ""),
        ("corp:", "sub", "corp:"),
        ("corp:", "email", "corp:"),
    ],
)
def test_the_prefix_of_users_is_as_kubernetes_has_it(setting: str, claim: str, expected: str) -> None:
    assert rules_of.username_prefix(setting, ISSUER, claim) == expected


@pytest.mark.parametrize(("jti", "shown"), [("a-1", "a-1"), (5, ""), ("a\nb", ""), ("x" * 300, "x" * 256), (None, "")])
def test_the_id_of_a_token_is_shown_where_it_is_fit_to_be(jti: object, shown: str) -> None:
    assert bearer(jti=jti).id == shown


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@given(
    claims=st.dictionaries(st.sampled_from([*CLAIMS, "nbf", "iat", "email", "email_verified", "jti"]), JSON),
    claim=st.sampled_from(["sub", "email", "name"]),
    prefix=st.sampled_from(["", "system:", "oidc:"]),
)
def test_whatever_the_claims_are_the_bearer_is_no_part_of_the_system(
    claims: dict[str, object], claim: str, prefix: str
) -> None:
    rules = Rules(ISSUER, frozenset({"imageyard"}), username_claim=claim, groups_prefix=prefix)
    try:
        found = rules_of.bearer({**CLAIMS, **claims}, rules, NOW)
    except Refused:
        return
    assert found.user
    assert not any(name.startswith("system:") for name in (found.user, *found.groups))
    assert NOW < found.until < math.inf
