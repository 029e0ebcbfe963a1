"""A password is found nowhere but in the keyring's bytes and at the registry."""

import contextlib
import json
import traceback
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain import exact
from imageyard.domain.errors import Failure
from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY
from imageyard.domain.kinds.registry_secret import RegistrySecretSpec
from imageyard.domain.reasons import Reason
from imageyard.service import last_applied
from imageyard.service.admission import Options
from imageyard.service.objects import Patch
from imageyard.store import Query
from tests.fakes.registry import probe
from tests.service.conftest import ADMIN, CANARY, Json, Service, a_source, shown

APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

OPEN = a_source(username="", password="")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["password", "pasword", "username", "host"]) | st.text(), inner, max_size=4)
    ),
    max_leaves=8,
)


def contents(directory: Path) -> bytes:
    return b"".join(file.read_bytes() for file in directory.rglob("*") if file.is_file())


def applied(document: Json) -> Json:
    """The document as kubectl apply sends it: with itself in an annotation."""
    text = json.dumps(document)
    return {**document, "metadata": {**document["metadata"], "annotations": {APPLIED: text}}}


async def test_no_stored_byte_no_history_and_no_repr_holds_the_password(service: Service, tmp_path: Path) -> None:
    await service.objects.create(ADMIN, REGISTRY_SECRET, "default", applied(a_source()))
    service.registry.accounts = {"robot": CANARY}
    await service.verifier.stored("default", "harbor")
    service.registry.outcome = probe(Reason.Unauthorized)
    await service.verifier.by_request(ADMIN, "default", "harbor", {"password": CANARY})
    bodies = [stored.body for stored in (await service.store.list(REGISTRY_SECRET, Query())).items]
    history = await service.objects.history(ADMIN, REGISTRY_SECRET, "default", "harbor")
    sealed = await service.store.sealed(REGISTRY_SECRET, "default", "harbor")
    assert CANARY.encode() not in b"".join([*bodies, *history, sealed or b""])
    assert b"harbor.example.com" in contents(tmp_path)
    assert CANARY.encode() not in contents(tmp_path)
    assert CANARY not in repr(service.registry.sources)
    assert CANARY not in repr(vars(service.fetcher)) + repr(vars(service.verifier))


@pytest.mark.parametrize(
    "document",
    [
        a_source(username=""),
        a_source(surplus=CANARY),
        a_source(domain=f"https://user:{CANARY}@harbor.example.com"),
        a_source(password=[CANARY]),
        a_source(password=CANARY + "\n"),
        {**a_source(), "spec": CANARY},
    ],
    ids=["no user", "unknown field", "inside the domain", "in a list", "with a line break", "instead of a spec"],
)
async def test_no_error_holds_the_password(service: Service, document: Json) -> None:
    with pytest.raises(Failure) as raised:
        await service.objects.create(ADMIN, REGISTRY_SECRET, "default", document)
    failure = raised.value
    told = [str(failure), *failure.text, *(str(cause) for cause in getattr(failure, "causes", []))]
    assert CANARY not in " ".join(told)
    # The last line of a traceback, and the values that a chained exception would show.
    assert CANARY not in "".join(traceback.format_exception_only(failure))


async def test_no_failed_patch_and_no_failed_verify_holds_the_password(service: Service) -> None:
    await service.add_source()
    attempts: list[Any] = [
        service.merge_source({"spec": {"password": CANARY, "username": ""}}),
        service.objects.patch(
            ADMIN, REGISTRY_SECRET, "default", "harbor", Patch("json", [{"op": CANARY, "path": "/spec"}])
        ),
        service.verifier.by_request(ADMIN, "default", "harbor", {"password": CANARY, CANARY[:3]: 1, "domain": "/"}),
    ]
    for attempt in attempts:
        with pytest.raises(Failure) as raised:
            await attempt
        assert CANARY not in "".join(traceback.format_exception(raised.value, limit=0))


async def test_kubectls_copy_of_the_manifest_loses_the_password_and_keeps_the_rest(service: Service) -> None:
    document = applied(a_source())
    made = shown(await service.objects.create(ADMIN, REGISTRY_SECRET, "default", document))
    kept = json.loads(made["metadata"]["annotations"][APPLIED])
    assert kept == a_source(password=None)
    again = await service.objects.replace(ADMIN, REGISTRY_SECRET, "default", "harbor", document)
    assert shown(again) == made


@pytest.mark.parametrize(
    "text", ["{", "[1]", '"x"', "NaN", "[" * 100_000, '{"spec":{"password":"x"}} '.replace("}} ", "}")]
)
async def test_a_copy_that_cannot_be_read_is_left_out(text: str) -> None:
    assert last_applied.scrub({APPLIED: text, "mine": "x"}, REGISTRY_SECRET) == {"mine": "x"}


@pytest.mark.parametrize(
    "text",
    [
        '{"spec":{"password":"%s","password":"%s"}}',
        '{"spec":{"password":"%s"},"spec":{"password":"%s"}}',
        '{"spec":{"pass\\u0077ord":"%s%s"}}',
        '{"spec":{"password":{"deep":["%s","%s"]}}}',
    ],
)
def test_no_spelling_hides_the_password_in_the_copy(text: str) -> None:
    kept = last_applied.scrub({APPLIED: text % (CANARY, CANARY)}, REGISTRY_SECRET)
    assert CANARY not in kept.get(APPLIED, "")


@pytest.mark.parametrize(
    "text",
    [
        '{"spec":{"pasword":"%s"}}',
        '{"Spec":{"Password":"%s"}}',
        '{"password":"%s"}',
        '{"spec":"%s"}',
        '{"spec":["%s"]}',
        '{"spec":{"username":{"password":"%s"}}}',
        '{"spec":{"insecure":"%s"}}',
        '{"spec":{"allowedNamespaces":[{"password":"%s"}]}}',
        '{"metadata":{"password":"%s"}}',
        '{"metadata":{"labels":{"a":["%s"]}}}',
        '{"metadata":{"ownerReferences":[{"password":"%s"}]}}',
        '{"status":{"password":"%s"}}',
    ],
)
def test_no_other_field_keeps_the_password_in_the_copy(text: str) -> None:
    kept = last_applied.scrub({APPLIED: text % CANARY}, REGISTRY_SECRET)
    assert CANARY not in kept[APPLIED]


@pytest.mark.parametrize("options", [Options(unknown="warn"), Options(unknown="drop")], ids=["warn", "drop"])
@pytest.mark.parametrize(
    "mistaken",
    [
        {"spec": {**OPEN["spec"], "pasword": CANARY}},
        {"Spec": {"Password": CANARY}},
    ],
    ids=["field", "all of it"],
)
async def test_a_mistyped_password_field_is_kept_neither_in_the_object_nor_in_the_copy(
    service: Service, mistaken: Json, options: Options
) -> None:
    document = {**OPEN, **mistaken}
    made = await service.objects.create(ADMIN, REGISTRY_SECRET, "default", applied(document), options)
    assert CANARY not in json.dumps(shown(made))
    assert json.loads(shown(made)["metadata"]["annotations"][APPLIED])["spec"]["domain"] == "harbor.example.com"


async def test_a_copy_sent_by_hand_is_scrubbed_as_well(service: Service) -> None:
    await service.add_source()
    copy = json.dumps({"spec": {"pasword": CANARY}})
    patched = await service.merge_source({"metadata": {"annotations": {APPLIED: copy}}})
    assert shown(patched)["metadata"]["annotations"][APPLIED] == '{"spec":{}}'


@given(JSON)
def test_whatever_is_in_the_copy_what_stays_is_what_the_kind_knows(value: Any) -> None:
    kept = last_applied.scrub({APPLIED: json.dumps({"spec": value, "x": value})}, REGISTRY_SECRET)[APPLIED]
    manifest = json.loads(kept)
    assert manifest.keys() <= {"spec"}
    assert (manifest.get("spec") or {}).keys() <= exact.fields(RegistrySecretSpec).keys() - {"password"}


def test_a_copy_within_the_copy_is_left_out() -> None:
    inner = json.dumps({"metadata": {"annotations": {APPLIED: json.dumps(a_source())}}, "spec": {}})
    assert CANARY not in last_applied.scrub({APPLIED: inner}, REGISTRY_SECRET)[APPLIED]


_JSON = st.recursive(
    st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(st.dictionaries(st.sampled_from(["spec", "metadata", "x"]), _JSON | st.dictionaries(st.just("password"), _JSON)))
def test_whatever_the_copy_holds_its_spec_has_no_password(document: Json) -> None:
    kept = last_applied.scrub({APPLIED: json.dumps(document)}, REGISTRY_SECRET)
    with contextlib.suppress(KeyError):
        spec = json.loads(kept[APPLIED]).get("spec")
        assert not isinstance(spec, dict) or "password" not in spec


def test_other_kinds_keep_their_copy_as_it_is() -> None:
    annotations = {APPLIED: "{ not even JSON"}
    assert last_applied.scrub(annotations, REPOSITORY) == annotations
