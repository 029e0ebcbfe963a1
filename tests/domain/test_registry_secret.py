"""RegistrySecret: each rule with its error, and that no message shows a password."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from imageyard.domain.errors import Cause
from imageyard.domain.kinds import registry_secret
from imageyard.domain.kinds.registry_secret import RegistrySecret
from imageyard.domain.secret import Secret
from tests.domain.samples import source

DER = b"\x30\x82\x01\x0a" + bytes(range(256))


def pem(label: str = "CERTIFICATE", body: bytes = DER) -> str:
    return f"-----BEGIN {label}-----\n{base64.encodebytes(body).decode()}-----END {label}-----\n"


def stored(**spec: Any) -> RegistrySecret:
    """As a store answers it: without its password."""
    return source(**{"password": UNSET, **spec})


def fields(causes: list[Cause]) -> list[tuple[str, str]]:
    return [(cause.field, cause.reason) for cause in causes]


@pytest.mark.parametrize(
    "new",
    [
        pytest.param(source(), id="the reference's own example"),
        pytest.param(source(username="", password=Secret("")), id="anonymous"),
        pytest.param(source(username="robot$library+ci"), id="harbor robot"),
        pytest.param(source(domain="registry-1.docker.io", provider="dockerhub"), id="docker hub"),
        pytest.param(source(domain="[2001:db8::1]:5000", insecure=True), id="plain http"),
        pytest.param(source(insecure_skip_verify=True), id="unverified tls"),
        pytest.param(source(ca_bundle=pem() + pem()), id="two certificates"),
        pytest.param(source(ca_bundle="Example CA\r\n" + pem().replace("\n", "\r\n")), id="pem with text and crlf"),
        pytest.param(source(allowed_namespaces=["*"]), id="all namespaces"),
        pytest.param(source(allowed_namespaces=["team-a", "team-b"]), id="some namespaces"),
        pytest.param(source(trusted_realm_hosts=["gitlab.example.com", "auth.example.com:8443"]), id="realms"),
        pytest.param(source(password=Secret("密码 ü $ : / @")), id="any printable password"),
    ],
)
def test_a_valid_source_has_no_causes(new: RegistrySecret) -> None:
    assert registry_secret.validate(new, None) == []


@pytest.mark.parametrize(
    ("new", "field", "reason", "fix"),
    [
        pytest.param(source(domain=""), "spec.domain", "FieldValueRequired", "empty", id="no domain"),
        pytest.param(source(domain="https://x.io"), "spec.domain", "FieldValueInvalid", "scheme", id="scheme"),
        pytest.param(source(provider="docker"), "spec.provider", "FieldValueNotSupported", "other", id="provider"),
        pytest.param(source(provider=""), "spec.provider", "FieldValueNotSupported", "harbor", id="no provider"),
        pytest.param(source(password=UNSET), "spec.password", "FieldValueRequired", "create", id="password absent"),
        pytest.param(
            source(username="", password=UNSET), "spec.password", "FieldValueRequired", "empty strings", id="anonymous"
        ),
        pytest.param(source(password=Secret("")), "spec.password", "FieldValueRequired", "keep", id="password empty"),
        pytest.param(source(username=""), "spec.username", "FieldValueRequired", "empty strings", id="user empty"),
        pytest.param(source(username="a:b"), "spec.username", "FieldValueInvalid", "`:`", id="colon in user"),
        pytest.param(source(username="a\n"), "spec.username", "FieldValueInvalid", "control", id="newline in user"),
        pytest.param(source(username="a\x85"), "spec.username", "FieldValueInvalid", "control", id="C1 in user"),
        pytest.param(source(username="a" * 1025), "spec.username", "FieldValueInvalid", "1024", id="long user"),
        pytest.param(
            source(password=Secret("secret\n")), "spec.password", "FieldValueInvalid", "one line", id="newline"
        ),
        pytest.param(
            source(password=Secret("s" * 20_000)), "spec.password", "FieldValueInvalid", "16384", id="long password"
        ),
        pytest.param(
            source(allowed_namespaces=["a", "Team A"]),
            "spec.allowedNamespaces[1]",
            "FieldValueInvalid",
            "`*`",
            id="no namespace",
        ),
        pytest.param(
            source(allowed_namespaces=["_all_"]), "spec.allowedNamespaces[0]", "FieldValueInvalid", "`*`", id="scope"
        ),
        pytest.param(
            source(allowed_namespaces=["a"] * 1001), "spec.allowedNamespaces", "FieldValueInvalid", "1000", id="many"
        ),
        pytest.param(
            source(trusted_realm_hosts=["a.io", "https://b.io"]),
            "spec.trustedRealmHosts[1]",
            "FieldValueInvalid",
            "scheme",
            id="realm is a url",
        ),
        pytest.param(
            source(trusted_realm_hosts=["*.example.com"]),
            "spec.trustedRealmHosts[0]",
            "FieldValueInvalid",
            "labels",
            id="realm with a wildcard",
        ),
        pytest.param(
            source(trusted_realm_hosts=[""]), "spec.trustedRealmHosts[0]", "FieldValueRequired", "empty", id="no realm"
        ),
        pytest.param(
            source(trusted_realm_hosts=["a"] * 1001), "spec.trustedRealmHosts", "FieldValueInvalid", "1000", id="realms"
        ),
        pytest.param(
            source(insecure=True, insecure_skip_verify=True), "spec.insecure", "FieldValueInvalid", "drop", id="both"
        ),
        pytest.param(
            source(insecure=True, ca_bundle=pem()), "spec.insecure", "FieldValueInvalid", "drop", id="http with ca"
        ),
        pytest.param(source(ca_bundle="nonsense"), "spec.caBundle", "FieldValueInvalid", "BEGIN", id="no pem"),
        pytest.param(
            source(ca_bundle=pem("PRIVATE KEY")), "spec.caBundle", "FieldValueInvalid", "private key", id="key"
        ),
        pytest.param(
            source(ca_bundle=pem() + pem("RSA PRIVATE KEY")),
            "spec.caBundle",
            "FieldValueInvalid",
            "private key",
            id="certificate and key",
        ),
        pytest.param(
            source(ca_bundle=pem("CERTIFICATE REQUEST")),
            "spec.caBundle",
            "FieldValueInvalid",
            "must be a CERTIFICATE",
            id="request",
        ),
        pytest.param(
            source(ca_bundle=pem(body=b"hello")), "spec.caBundle", "FieldValueInvalid", "base64", id="no der inside"
        ),
        pytest.param(source(ca_bundle=pem(body=b"")), "spec.caBundle", "FieldValueInvalid", "base64", id="empty block"),
        pytest.param(
            source(ca_bundle=pem().replace("-----END", "=-----END")),
            "spec.caBundle",
            "FieldValueInvalid",
            "base64",
            id="wrong padding",
        ),
        pytest.param(
            source(ca_bundle=pem()[:-10] + pem()), "spec.caBundle", "FieldValueInvalid", "PEM", id="torn block"
        ),
        pytest.param(source(ca_bundle=pem() * 1000), "spec.caBundle", "FieldValueInvalid", "256 KiB", id="too large"),
    ],
)
def test_each_broken_rule_is_one_cause_that_names_the_fix(
    new: RegistrySecret, field: str, reason: str, fix: str
) -> None:
    [cause] = registry_secret.validate(new, None)
    assert (cause.field, cause.reason) == (field, reason)
    assert fix in cause.text.en
    assert cause.text.zh


def test_all_broken_rules_are_told_at_once() -> None:
    new = source(domain="", provider="x", username="a:b", password=Secret("\n"), allowed_namespaces=["!"])
    new.metadata.name = "Bad"
    told = [field for field, _ in fields(registry_secret.validate(new, None))]
    assert told == [
        "metadata.name",
        "spec.domain",
        "spec.provider",
        "spec.username",
        "spec.password",
        "spec.allowedNamespaces[0]",
    ]


def test_an_absent_password_on_update_is_kept() -> None:
    assert registry_secret.validate(stored(allowed_namespaces=["a"]), stored()) == []


def test_a_new_user_name_may_keep_the_password() -> None:
    """Behaviour lists what needs the password again; the user name is not among it, since the address stays."""
    assert registry_secret.validate(stored(username="other"), stored()) == []


def test_an_empty_password_on_update_is_refused_and_told_how_to_keep_it() -> None:
    [cause] = registry_secret.validate(source(password=Secret("")), stored())
    assert (cause.field, cause.reason) == ("spec.password", "FieldValueRequired")
    assert "leave the field out" in cause.text.en


def test_a_source_may_become_anonymous_with_both_empty() -> None:
    assert registry_secret.validate(source(username="", password=Secret("")), stored()) == []


@pytest.mark.parametrize(
    ("new", "old"),
    [
        pytest.param(stored(username=""), stored(), id="to anonymous"),
        pytest.param(stored(), stored(username=""), id="from anonymous"),
    ],
)
def test_becoming_or_leaving_anonymous_needs_the_password(new: RegistrySecret, old: RegistrySecret) -> None:
    assert fields(registry_secret.validate(new, old)) == [("spec.password", "FieldValueRequired")]


ADDRESSES: list[Any] = [
    pytest.param({"domain": "evil.example.com"}, "spec.domain", id="domain"),
    pytest.param({"domain": "harbor.example.com:8443"}, "spec.domain", id="port"),
    pytest.param({"provider": "other"}, "spec.provider", id="provider"),
    pytest.param({"insecure": True}, "spec.insecure", id="insecure"),
    pytest.param({"insecure_skip_verify": True}, "spec.insecureSkipVerify", id="skip verify"),
    pytest.param({"ca_bundle": pem()}, "spec.caBundle", id="ca bundle"),
    pytest.param({"trusted_realm_hosts": ["evil.example.com"]}, "spec.trustedRealmHosts", id="realm"),
]


@pytest.mark.parametrize(("change", "named"), ADDRESSES)
def test_a_stored_password_never_follows_to_a_new_address(change: dict[str, Any], named: str) -> None:
    [cause] = registry_secret.validate(stored(**change), stored())
    assert (cause.field, cause.reason) == ("spec.password", "FieldValueRequired")
    assert named in cause.text.en
    assert named in cause.text.zh
    assert "never follows" in cause.text.en


@pytest.mark.parametrize(("change", "named"), ADDRESSES)
def test_taking_it_back_needs_the_password_too(change: dict[str, Any], named: str) -> None:
    [cause] = registry_secret.validate(stored(), stored(**change))
    assert named in cause.text.en


@pytest.mark.parametrize(("change", "named"), ADDRESSES)
def test_with_the_password_the_address_may_change(change: dict[str, Any], named: str) -> None:
    assert registry_secret.validate(source(**change), stored()) == []


@pytest.mark.parametrize(("change", "named"), ADDRESSES)
def test_an_anonymous_source_may_move_freely(change: dict[str, Any], named: str) -> None:
    """It holds no password that could follow."""
    assert registry_secret.validate(stored(username="", **change), stored(username="")) == []


def test_the_same_address_in_other_words_is_no_change() -> None:
    old = stored(trusted_realm_hosts=["a.io", "b.io"])
    new = stored(domain="Harbor.Example.COM", trusted_realm_hosts=["b.io", "a.io"])
    assert registry_secret.validate(new, old) == []


@given(
    password=st.text(min_size=1, max_size=30).map("hunter2\x00".__add__),
    username=st.text(max_size=10),
    domain=st.text(max_size=10),
    update=st.booleans(),
)
def test_no_message_shows_the_password(password: str, username: str, domain: str, update: bool) -> None:
    new = source(password=Secret(password), username=username, domain=domain)
    causes = registry_secret.validate(new, stored() if update else None)
    assert causes
    assert "hunter2" not in repr(causes)
