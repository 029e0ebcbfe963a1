"""Whatever a caller sends, admission answers an object or says what is wrong; pure, so it can be thrown much."""

import contextlib
import functools
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain import patch
from imageyard.domain.errors import BadRequest, Failure, Invalid
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import NAMESPACE, REGISTRY_SECRET, REPOSITORY
from imageyard.domain.kinds.registry_secret import SERVER_ANNOTATIONS
from imageyard.domain.objects import Object
from imageyard.service import admission, candidate
from tests.service.conftest import CANARY, Json, a_source, an_image

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 1, 2, tzinfo=UTC)
KEYS = st.sampled_from(
    [
        "metadata",
        "spec",
        "status",
        "name",
        "namespace",
        "annotations",
        "labels",
        "uid",
        "password",
        "domain",
        "tag",
        "x",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
BODIES = st.dictionaries(KEYS, VALUES, max_size=5)


def made(kind: Kind[Any], document: Json) -> Any:
    """The object as it is stored."""
    parsed = admission.parse(kind, "default", "", document, None, admission.REST)
    new = admission.create(kind, parsed.obj, name=document["metadata"]["name"], uid="u", has_password=True, now=NOW).obj
    new.metadata.resource_version = "1"
    return new


def updated(kind: Kind[Any], old: Any, document: Json) -> Any:
    parsed = admission.parse(kind, "default", old.metadata.name, document, old, admission.REST)
    return admission.update(kind, parsed.obj, old, password=None, now=LATER).obj


def as_json(kind: Kind[Any], obj: Object) -> Json:
    shown: Json = msgspec.json.decode(kind.encode(obj))
    return shown


SOURCE = made(REGISTRY_SECRET, a_source())
IMAGE = made(REPOSITORY, an_image())
OBJECTS = [pytest.param(REGISTRY_SECRET, SOURCE, id="source"), pytest.param(REPOSITORY, IMAGE, id="image")]


@pytest.mark.parametrize("kind", [REPOSITORY, REGISTRY_SECRET, NAMESPACE], ids=lambda kind: str(kind.name))
@given(body=BODIES)
def test_any_body_is_admitted_or_refused_in_domain_words(kind: Kind[Any], body: Json) -> None:
    with contextlib.suppress(Failure):
        admission.parse(kind, "default", "", body, None, admission.REST)


BAD: dict[str, dict[str, Json]] = {
    "image": {
        "metadata.name": {"metadata": {"name": "Bad_"}},
        "metadata.labels[team]": {"metadata": {"labels": {"team": 1}}},
        "metadata.annotations": {"metadata": {"annotations": {"not a key": "x"}}},
        "spec.repository": {"spec": {"repository": "a:b"}},
        "spec.tag": {"spec": {"tag": ""}},
        "spec.registryRef.name": {"spec": {"registryRef": {"name": ""}}},
        "spec.registryRef.namespace": {"spec": {"registryRef": {"namespace": None}}},
        "spec.syncInterval": {"spec": {"syncInterval": "1s"}},
        "spec.syncTimeout": {"spec": {"syncTimeout": 10}},
        "spec.retryCount": {"spec": {"retryCount": "3"}},
        "spec.suspend": {"spec": {"suspend": "no"}},
        "spec.platform": {"spec": {"platform": "zz"}},
        "spec.colour": {"spec": {"colour": "red"}},
    },
    "source": {
        "metadata.name": {"metadata": {"name": 5}},
        "metadata.labels": {"metadata": {"labels": {f"k{n}": "v" for n in range(1001)}}},
        "spec.domain": {"spec": {"domain": "https://harbor.example.com/x"}},
        "spec.username": {"spec": {"username": None}},
        "spec.password": {"spec": {"password": "two\nlines"}},
        "spec.provider": {"spec": {"provider": ["harbor"]}},
        "spec.insecure": {"spec": {"insecure": "yes"}},
        "spec.caBundle": {"spec": {"caBundle": "no PEM"}},
        "spec.allowedNamespaces[0]": {"spec": {"allowedNamespaces": [1]}},
        "spec.trustedRealmHosts[1]": {"spec": {"trustedRealmHosts": ["a.example.com", "a/b"]}},
        "spec.colour": {"spec": {"colour": "red"}},
    },
}
"""Bodies that break one rule each, by the field that is to be named; null removes."""


def told(kind: Kind[Any], body: Json, old: Object | None = None) -> set[str]:
    name = old.metadata.name if old else ""
    with pytest.raises((Invalid, BadRequest)) as refused:
        admission.parse(kind, "default", name, body, old, admission.REST)
    return {cause.field for cause in refused.value.causes}


@pytest.mark.parametrize("which", ["image", "source"])
@given(data=st.data())
def test_every_bad_field_is_told_whatever_else_is_bad(which: str, data: st.DataObject) -> None:
    kind, whole = (REPOSITORY, an_image()) if which == "image" else (REGISTRY_SECRET, a_source())
    chosen = data.draw(st.sets(st.sampled_from(sorted(BAD[which])), min_size=1))
    body = functools.reduce(patch.merge, (BAD[which][field] for field in chosen), whole)
    assert told(kind, body) == chosen


@pytest.mark.parametrize("which", ["image", "source"])
@given(data=st.data())
def test_every_bad_field_of_an_update_is_told(which: str, data: st.DataObject) -> None:
    """A field that cannot be read counts as unchanged: nobody is asked for a password because of it."""
    kind, old = (REPOSITORY, IMAGE) if which == "image" else (REGISTRY_SECRET, SOURCE)
    moving = {"spec.domain", "spec.caBundle", "spec.trustedRealmHosts[1]"}
    known = sorted({*BAD[which]} - ({"metadata.name", "spec.password"} | moving if which == "source" else set()))
    chosen = data.draw(st.sets(st.sampled_from(known), min_size=1))
    body = functools.reduce(patch.merge, (BAD[which][field] for field in chosen), as_json(kind, old))
    assert told(kind, body, old) == chosen


def test_a_body_of_the_wrong_place_is_told_all_its_bad_fields() -> None:
    body = patch.merge(an_image("other"), {"metadata": {"namespace": "elsewhere"}, "spec": {"tag": "", "suspend": 1}})
    assert told(REPOSITORY, body, IMAGE) == {"metadata.namespace", "metadata.name", "spec.tag", "spec.suspend"}


def test_the_same_holds_for_a_source_that_is_tested_before_it_is_saved() -> None:
    with pytest.raises(Invalid) as refused:
        candidate.alone("default", "new", {"domain": "a/b", "username": 5, "password": "a\nb", "colour": "red"})
    assert {cause.field for cause in refused.value.causes} == {"domain", "username", "password", "colour"}


@pytest.mark.parametrize(("kind", "old"), OBJECTS)
@given(body=BODIES)
def test_any_merge_patch_keeps_what_the_server_owns(kind: Kind[Any], old: Any, body: Json) -> None:
    try:
        new = updated(kind, old, patch.merge(as_json(kind, old), body))
    except Failure:
        return
    for field in ("name", "namespace", "uid", "creation_timestamp"):
        assert getattr(new.metadata, field) == getattr(old.metadata, field)
    assert new.metadata.generation == old.metadata.generation + (new.spec != old.spec)
    assert kind.validate(new, old) == []
    assert kind.encode(new)


@pytest.mark.parametrize(("kind", "old"), OBJECTS)
def test_what_was_read_and_is_sent_back_is_the_same_object(kind: Kind[Any], old: Any) -> None:
    assert updated(kind, old, as_json(kind, old)) == old


@given(annotations=st.dictionaries(st.sampled_from(sorted(SERVER_ANNOTATIONS)), st.text(max_size=5)))
def test_no_caller_writes_what_the_server_owns(annotations: dict[str, str]) -> None:
    document = as_json(REGISTRY_SECRET, SOURCE)
    document["metadata"]["annotations"] = annotations
    assert updated(REGISTRY_SECRET, SOURCE, document) == SOURCE


@given(body=st.dictionaries(st.sampled_from([*sorted(candidate.FIELDS), "x"]), VALUES))
def test_no_body_of_a_verify_request_sends_the_stored_password_elsewhere(body: Json) -> None:
    try:
        found = candidate.over(SOURCE, body)
    except Failure:
        return
    if "password" not in body:
        spec, stored = found.secret.spec, SOURCE.spec
        assert spec.domain.lower() == stored.domain.lower()
        assert (spec.insecure, spec.insecure_skip_verify, spec.ca_bundle) == (False, False, "")
        assert spec.trusted_realm_hosts == []
    assert found.stored == ("password" not in body and found.secret.spec.username == SOURCE.spec.username)
    assert CANARY not in repr(found)
