"""What holds for any objects, configurations and managers: ownership, idempotence, union, removal, force."""

import copy
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from imageyard.domain import managed_fields, shape, structured_merge
from imageyard.domain.apply_conflict import ApplyConflict
from imageyard.domain.errors import Failure
from imageyard.domain.field_set import EMPTY, FieldSet
from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY
from imageyard.domain.managed_fields import Applied, Managers

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = st.sampled_from(["a", "b", "c"])
TEXTS = st.sampled_from(["x", "y", "z"])
MANAGERS = st.sampled_from(["one", "two", "three"])


def without_empty(value: Any) -> Any:
    """A document without objects and lists that say nothing."""
    return _without(value, ({}, []))


def as_stored(value: Any) -> Any:
    """A document without what its absence says as well."""
    return _without(value, ({}, [], "", False))


def _without(value: Any, empty: tuple[Any, ...]) -> Any:
    if isinstance(value, dict):
        return {key: part for key, item in value.items() if (part := _without(item, empty)) not in empty}
    return [_without(item, empty) for item in value] if isinstance(value, list) else value


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


CONDITIONS = st.lists(
    st.fixed_dictionaries({"type": NAMES}, optional={"status": TEXTS, "reason": TEXTS}),
    max_size=3,
    unique_by=lambda condition: condition["type"],
)
CONFIGS = some(
    metadata=some(
        labels=st.dictionaries(NAMES, TEXTS, max_size=3),
        annotations=st.dictionaries(st.just("theriseunion.io/domain") | NAMES, TEXTS, max_size=3),
        finalizers=st.lists(NAMES, max_size=3, unique=True),
    ),
    spec=some(
        domain=TEXTS,
        username=TEXTS,
        insecure=st.booleans(),
        caBundle=st.just("") | TEXTS,
        allowedNamespaces=st.lists(NAMES, max_size=3, unique=True),
    ),
)
TELLING = CONFIGS.map(without_empty)
STATUSES = some(
    status=some(
        syncStatus=TEXTS,
        conditions=CONDITIONS,
        manifest=some(digest=TEXTS, layers=st.lists(some(size=TEXTS), max_size=2)),
    )
).map(without_empty)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["labels", "finalizers", "ownerReferences", "uid", "conditions", "type", "domain", "a", ""])
            | st.sampled_from(["annotations", "allowedNamespaces", "host", "name", "resourceVersion", "managedFields"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(st.sampled_from(["metadata", "spec", "status", "kind", "x"]), JSON, max_size=4)
SUBRESOURCES = st.sampled_from(["", "status"])


def updated(
    managers: Managers, old: Any, new: Any, manager: str = "editor", *, subresource: str = "", seconds: int = 0
) -> Managers:
    return managed_fields.updated(
        REGISTRY_SECRET,
        managers,
        old,
        new,
        manager=manager,
        now=NOW + timedelta(seconds=seconds),
        subresource=subresource,
    )


def applied(
    managers: Managers,
    live: Any,
    config: Any,
    manager: str = "applier",
    *,
    force: bool = False,
    subresource: str = "",
    kind: Any = REGISTRY_SECRET,
) -> Applied:
    return managed_fields.apply(
        kind, managers, live, config, manager=manager, force=force, now=NOW, subresource=subresource
    )


def claimed(config: Any) -> FieldSet:
    return structured_merge.owned(config, shape.of(REGISTRY_SECRET))


def owned_by(managers: Managers, names: Iterable[str]) -> FieldSet:
    fields = EMPTY
    for entry in managers:
        if entry.manager in names:
            fields = fields | entry.fields
    return fields


@given(st.lists(st.tuples(MANAGERS, CONFIGS.map(as_stored)), max_size=6))
def test_each_field_of_an_updated_object_has_one_owner(writes: list[tuple[str, dict[str, Any]]]) -> None:
    managers: Managers = ()
    old: dict[str, Any] = {}
    for n, (manager, new) in enumerate(writes):
        managers = updated(managers, old, new, manager, seconds=n)
        old = new
    everything = structured_merge.compare({}, old, shape.of(REGISTRY_SECRET)).changed
    whole = EMPTY
    for entry in managers:
        assert not whole & entry.fields
        whole = whole | entry.fields
    assert whole == everything


@given(CONFIGS, CONFIGS)
def test_applying_twice_is_applying_once(live: dict[str, Any], config: dict[str, Any]) -> None:
    once = applied(updated((), None, live), live, config, force=True)
    twice = applied(once.managers, once.object, config)
    assert twice.object == once.object
    assert twice.managers is once.managers


@given(CONFIGS, CONFIGS)
def test_what_is_applied_is_in_the_object_and_owned(live: dict[str, Any], config: dict[str, Any]) -> None:
    result = applied(updated((), None, live), live, config, force=True)
    assert owned_by(result.managers, ["applier"]) == claimed(config)
    again = structured_merge.merge(result.object, config, shape.of(REGISTRY_SECRET))
    assert again == result.object


@given(TELLING, TELLING)
def test_two_appliers_of_different_fields_never_conflict_and_both_are_kept(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    disjoint = structured_merge.prune(second, claimed(first), EMPTY, shape.of(REGISTRY_SECRET))
    one = applied((), None, first, "one")
    two = applied(one.managers, one.object, disjoint, "two")
    assert owned_by(two.managers, ["one"]) == claimed(first)
    assert owned_by(two.managers, ["two"]) == claimed(disjoint)
    assert structured_merge.merge(two.object, first, shape.of(REGISTRY_SECRET)).keys() == two.object.keys()
    assert not (claimed(first) | claimed(disjoint)) - claimed(two.object)


@given(TELLING, TELLING, TELLING)
def test_what_is_no_longer_applied_goes_unless_another_owns_it(
    others: dict[str, Any], first: dict[str, Any], second: dict[str, Any]
) -> None:
    base = applied((), None, others, "other")
    before = applied(base.managers, base.object, first, force=True)
    after = applied(before.managers, before.object, second, force=True)
    dropped = claimed(first) - claimed(second)
    others_own = owned_by(after.managers, ["other"])
    assert not dropped & claimed(after.object) - others_own
    assert not others_own - owned_by(before.managers, ["other"])
    assert not others_own - claimed(after.object)


@given(CONFIGS, CONFIGS)
def test_force_takes_exactly_what_a_plain_apply_conflicts_about(first: dict[str, Any], second: dict[str, Any]) -> None:
    one = applied((), None, first, "one")
    forced = applied(one.managers, one.object, second, "two", force=True)
    lost = owned_by(one.managers, ["one"]) - owned_by(forced.managers, ["one"])
    try:
        plain = applied(one.managers, one.object, second, "two")
        conflicts = []
    except ApplyConflict as refused:
        plain, conflicts = forced, [conflict.path for conflict in refused.conflicts]
    assert plain == forced
    assert conflicts == list(lost.paths())


@given(STATUSES, STATUSES, STATUSES)
def test_the_same_holds_for_status(live: dict[str, Any], first: dict[str, Any], second: dict[str, Any]) -> None:
    before = applied((), live, first, force=True, subresource="status", kind=REPOSITORY)
    assert applied(before.managers, before.object, first, subresource="status", kind=REPOSITORY) == before
    after = applied(before.managers, before.object, second, force=True, subresource="status", kind=REPOSITORY)
    root = shape.of(REPOSITORY, "status")
    assert owned_by(after.managers, ["applier"]) == structured_merge.owned(second, root)
    assert structured_merge.merge(after.object, second, root) == after.object


@given(CONFIGS, CONFIGS)
def test_arguments_stay_as_they_are(live: dict[str, Any], config: dict[str, Any]) -> None:
    managers = updated((), None, live)
    before = copy.deepcopy((live, config, managers))
    applied(managers, live, config, force=True)
    updated(managers, live, config)
    assert (live, config, managers) == before


@given(DOCUMENTS, DOCUMENTS, DOCUMENTS, st.booleans(), SUBRESOURCES)
@settings(max_examples=300)
def test_any_json_leads_to_a_result_or_to_an_error_of_our_own(
    live: dict[str, Any], first: dict[str, Any], second: dict[str, Any], force: bool, subresource: str
) -> None:
    managers = updated(updated((), None, live, subresource=subresource), live, first, "other", subresource=subresource)
    try:
        before = applied(managers, first, first, force=force, subresource=subresource)
        after = applied(before.managers, before.object, second, force=force, subresource=subresource)
    except Failure:
        return
    assert managed_fields.decode(managed_fields.encode(after.managers)) == after.managers
    assert json.dumps(after.object)


@given(CONFIGS, CONFIGS)
def test_a_password_is_never_written_anywhere_but_into_the_object(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    first, second = copy.deepcopy(first), copy.deepcopy(second)
    first.setdefault("spec", {})["password"] = "the-first-password"
    second.setdefault("spec", {})["password"] = "the-second-password"
    one = applied((), None, first, "one")
    told = managed_fields.encode(one.managers).decode()
    try:
        applied(one.managers, one.object, second, "two")
    except ApplyConflict as refused:
        told += "".join(refused.text) + repr(refused.conflicts) + repr(refused.causes)
    assert ".spec.password" in told
    assert "-password" not in told
