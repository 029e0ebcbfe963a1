"""Whatever is taken for a token or a key set: it is one, or it is refused, and nothing else happens."""

import json

from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain.claims import Refused
from imageyard.service import jws
from tests.fakes.issuer import Issuer, part

ALL = frozenset(jws.ALGORITHMS)
ISSUER = Issuer("https://id.example.com")
KEYS = jws.read_keys(ISSUER.key_set())
TOKEN = ISSUER.token(groups=["dev"])
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=12)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)


def refused(token: str) -> bool:
    try:
        KEYS.check(jws.read(token, ALL))
    except Refused:
        return True
    return False


def test_the_token_is_good_as_it_is() -> None:
    assert not refused(TOKEN)


@given(st.text(max_size=60) | st.lists(st.binary(max_size=30).map(part), max_size=5).map(".".join))
def test_any_text_is_refused(text: str) -> None:
    assert refused(text)


@given(
    header=st.dictionaries(st.sampled_from(["alg", "kid", "crit", "b64", "jwk", "typ"]), JSON)
    | st.fixed_dictionaries({"alg": st.sampled_from(["none", "HS256", *jws.ALGORITHMS]), "kid": st.just("key-1")}),
    claims=JSON,
    signature=st.binary(max_size=100),
)
def test_whatever_nobody_signed_is_refused(header: object, claims: object, signature: bytes) -> None:
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    assert refused(".".join(map(part, parts)))


@given(at=st.integers(0, len(TOKEN) - 1), instead=st.characters(codec="utf-8"))
def test_a_token_with_another_character_is_refused(at: int, instead: str) -> None:
    changed = TOKEN[:at] + instead + TOKEN[at + 1 :]
    assert refused(changed) is (changed != TOKEN)


@given(
    st.binary(max_size=60)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.lists(
        st.dictionaries(
            st.sampled_from(["kty", "crv", "x", "y", "n", "e", "use", "key_ops", "kid", "alg", "d"]),
            JSON | st.sampled_from(["RSA", "EC", "OKP", "oct", "P-256", "Ed25519", "sig", "AQAB", "_" * 342]),
        ),
        max_size=3,
    ).map(lambda keys: json.dumps({"keys": keys}).encode())
)
def test_any_document_is_a_key_set_or_none(document: bytes) -> None:
    try:
        keys = jws.read_keys(document)
    except jws.BadKeys:
        return
    assert all(not key.signed(jws.read(TOKEN, ALL)) for key in keys if key.suits("ES256"))
