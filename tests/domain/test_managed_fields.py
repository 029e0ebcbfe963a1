"""Who set which field: managers after creates, updates and applies, as a Kubernetes API server 1.36 answers them."""

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from imageyard.domain import apply_conflict, managed_fields, structured_merge
from imageyard.domain.apply_conflict import ApplyConflict
from imageyard.domain.errors import BadRequest, Invalid
from imageyard.domain.field_set import InvalidFieldSet
from imageyard.domain.kinds import NAMESPACE, REGISTRY_SECRET, REPOSITORY
from imageyard.domain.managed_fields import Applied, Managers

NOW = datetime(2026, 11, 23, 19, 48, 17, 123456, tzinfo=UTC)
LATER = NOW + timedelta(seconds=6)
API = "image.theriseunion.io/v1alpha1"
SPEC: dict[str, Any] = {
    "repository": "team/app",
    "tag": "v1",
    "registryRef": {"name": "src", "namespace": "default"},
}
DEFAULTS: dict[str, Any] = {"retryCount": 3, "syncInterval": "1h", "syncTimeout": "10m"}
REF: dict[str, Any] = {"f:name": {}, "f:namespace": {}}
MANY = {f"a{n}": "" for n in range(structured_merge.MOST_PARTS + 1)}
CREATED_SPEC: dict[str, Any] = {
    ".": {},
    "f:registryRef": {".": {}, **REF},
    "f:repository": {},
    "f:retryCount": {},
    "f:syncInterval": {},
    "f:syncTimeout": {},
    "f:tag": {},
}


def image(*, labels: dict[str, str] | None = None, status: Any = None, **spec: Any) -> dict[str, Any]:
    """A Repository as it is stored."""
    document: dict[str, Any] = {
        "apiVersion": API,
        "kind": "Repository",
        "metadata": {
            "name": "one",
            "namespace": "default",
            "uid": "1b069efe",
            "resourceVersion": "218",
            "generation": 1,
            "creationTimestamp": "2026-11-23T19:48:17Z",
        },
        "spec": {**SPEC, **DEFAULTS, **spec},
        "status": status or {"syncStatus": ""},
    }
    if labels:
        document["metadata"]["labels"] = labels
    return document


def config(*, labels: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    """A Repository as it is applied."""
    return {
        "apiVersion": API,
        "kind": "Repository",
        "metadata": {"name": "one", **({"labels": labels} if labels else {})},
        "spec": {**SPEC, **spec},
    }


def source(annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    """A RegistrySecret, as it is stored unless a password is given."""
    return {
        "apiVersion": API,
        "kind": "RegistrySecret",
        "metadata": {"name": "src", "namespace": "default", **({"annotations": annotations} if annotations else {})},
        "spec": {"domain": "harbor.example.com", "username": "admin", "provider": "harbor", **spec},
    }


def shown(managers: Managers) -> list[tuple[str, str, Any]]:
    """Manager, operation and fields of each entry as it is written."""
    return [
        (each["manager"], each["operation"], each["fieldsV1"]) for each in json.loads(managed_fields.encode(managers))
    ]


def written(
    managers: Managers, old: dict[str, Any] | None, new: dict[str, Any], manager: str = "unknown", **more: Any
) -> Managers:
    return managed_fields.updated(REPOSITORY, managers, old, new, manager=manager, **{"now": NOW, **more})


def applied(
    managers: Managers,
    live: dict[str, Any] | None,
    given: dict[str, Any],
    manager: str = "gitops",
    *,
    kind: Any = REPOSITORY,
    force: bool = False,
    **more: Any,
) -> Applied:
    return managed_fields.apply(kind, managers, live, given, manager=manager, force=force, **{"now": NOW, **more})


def stored(result: Applied) -> dict[str, Any]:
    """The document as admission stores it: with its defaults and without its password."""
    document = copy.deepcopy(result.object)
    document["spec"].pop("password", None)
    if document["kind"] == "Repository":
        document["spec"] = {**DEFAULTS, **document["spec"]}
    return document


# Updates


def test_the_creator_owns_what_it_sent_and_the_defaults() -> None:
    managers = written((), None, image(labels={"app": "a"}), "kubectl-create")
    assert json.loads(managed_fields.encode(managers)) == [
        {
            "manager": "kubectl-create",
            "operation": "Update",
            "apiVersion": API,
            "time": "2026-11-23T19:48:17Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:metadata": {"f:labels": {".": {}, "f:app": {}}}, "f:spec": CREATED_SPEC},
        }
    ]


def test_an_update_takes_what_it_changes_and_leaves_the_rest_to_its_owner() -> None:
    created = image(labels={"app": "a"})
    put = image(labels={"app": "a"}, tag="v2")
    merged = image(labels={"app": "a"}, tag="v2", syncInterval="2h")
    merged["metadata"]["annotations"] = {"a": "1"}

    managers = written((), None, created, "kubectl-create")
    managers = written(managers, created, put)
    assert shown(managers)[1] == ("unknown", "Update", {"f:spec": {"f:tag": {}}})

    managers = written(managers, put, merged)
    left = {key: value for key, value in CREATED_SPEC.items() if key not in ("f:syncInterval", "f:tag")}
    assert shown(managers) == [
        ("kubectl-create", "Update", {"f:metadata": {"f:labels": {".": {}, "f:app": {}}}, "f:spec": left}),
        (
            "unknown",
            "Update",
            {
                "f:metadata": {"f:annotations": {".": {}, "f:a": {}}},
                "f:spec": {"f:syncInterval": {}, "f:tag": {}},
            },
        ),
    ]


def test_a_finalizer_is_owned_by_its_value_and_is_nobodys_once_removed() -> None:
    before = image()
    dying = image()
    dying["metadata"] |= {"finalizers": ["x.example.com/y"], "deletionTimestamp": "2026-11-23T19:48:23Z"}
    managers = written(written((), None, before, "kubectl-create"), before, dying, now=LATER)
    assert shown(managers)[1][2] == {"f:metadata": {"f:finalizers": {".": {}, 'v:"x.example.com/y"': {}}}}

    assert shown(written(managers, dying, before)) == [("kubectl-create", "Update", {"f:spec": CREATED_SPEC})]


def test_status_is_owned_apart_and_only_by_writes_of_status() -> None:
    before = image()
    after = image(status={"syncStatus": "Success"}, tag="ignored")
    managers = written(written((), None, before), before, after, subresource="status")
    entry = json.loads(managed_fields.encode(managers))[1]
    assert entry["subresource"] == "status"
    assert entry["fieldsV1"] == {"f:status": {"f:syncStatus": {}}}
    assert shown(managers)[0][2] == {"f:spec": CREATED_SPEC}


def test_conditions_are_owned_one_by_one() -> None:
    ready = {"type": "Ready", "status": "True", "reason": "Synced"}
    stalled = {"type": "Stalled", "status": "False", "reason": "Synced"}
    first = image(status={"syncStatus": "Success", "conditions": [ready, stalled]})
    second = image(status={"syncStatus": "Success", "conditions": [{**ready, "reason": "Other"}, stalled]})
    managers = written((), image(), first, "imageyard", subresource="status")
    managers = written(managers, first, second, "other", subresource="status")
    whole: dict[str, Any] = {".": {}, "f:reason": {}, "f:status": {}, "f:type": {}}
    some = {key: value for key, value in whole.items() if key != "f:reason"}
    assert shown(managers) == [
        (
            "imageyard",
            "Update",
            {
                "f:status": {
                    "f:conditions": {".": {}, 'k:{"type":"Ready"}': some, 'k:{"type":"Stalled"}': whole},
                    "f:syncStatus": {},
                }
            },
        ),
        ("other", "Update", {"f:status": {"f:conditions": {'k:{"type":"Ready"}': {"f:reason": {}}}}}),
    ]


def test_a_write_that_changes_nothing_keeps_managers_and_times() -> None:
    managers = written((), None, image())
    moved = image()
    moved["metadata"] |= {"resourceVersion": "219", "generation": 2}
    assert written(managers, image(), moved, now=LATER) is managers


def test_only_the_one_who_changes_gets_a_new_time() -> None:
    managers = written(written((), None, image(), "a"), image(), image(tag="v2"), "b", now=LATER)
    assert [entry.time for entry in managers] == [NOW.replace(microsecond=0), LATER.replace(microsecond=0)]


def test_what_the_server_sets_on_a_source_is_nobodys() -> None:
    new = source({"theriseunion.io/domain": "harbor.example.com"})
    managers = managed_fields.updated(REGISTRY_SECRET, (), None, new, manager="m", now=NOW)
    assert shown(managers) == [
        ("m", "Update", {"f:spec": {".": {}, "f:domain": {}, "f:provider": {}, "f:username": {}}})
    ]

    mixed = source({"theriseunion.io/domain": "harbor.example.com", "theriseunion.io/display-name": "x"})
    managers = managed_fields.updated(REGISTRY_SECRET, managers, new, mixed, manager="n", now=NOW)
    assert shown(managers)[1][2] == {"f:metadata": {"f:annotations": {".": {}, "f:theriseunion.io/display-name": {}}}}


def test_what_the_server_sets_on_a_namespace_is_nobodys() -> None:
    new = {
        "metadata": {"name": "team-a", "labels": {"kubernetes.io/metadata.name": "team-a"}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }
    managers = managed_fields.updated(NAMESPACE, (), None, new, manager="unknown", now=NOW)
    assert shown(managers)[0][2] == {"f:metadata": {"f:labels": {".": {}, "f:kubernetes.io/metadata.name": {}}}}


def test_owner_references_are_told_apart_by_their_uid() -> None:
    new = image()
    new["metadata"]["ownerReferences"] = [{"uid": "u1", "kind": "Deployment", "name": "d"}]
    fields = shown(written((), image(), new))[0][2]
    assert fields == {"f:metadata": {"f:ownerReferences": {".": {}, 'k:{"uid":"u1"}': {}}}}


def test_at_most_ten_updaters_are_kept_and_the_oldest_are_merged() -> None:
    before, managers = image(), written((), None, image(), "creator", now=NOW - timedelta(days=1))
    for n in range(12):
        after = copy.deepcopy(before)
        after["metadata"].setdefault("labels", {})[f"l{n}"] = "x"
        managers = written(managers, before, after, f"m{n:02}", now=NOW + timedelta(seconds=n))
        before = after
    assert [entry.manager for entry in managers] == ["ancient-changes", *(f"m{n:02}" for n in range(3, 12))]
    assert shown(managers)[0][2] == {
        "f:metadata": {"f:labels": {".": {}, "f:l0": {}, "f:l1": {}, "f:l2": {}}},
        "f:spec": CREATED_SPEC,
    }
    assert managers[0].time == (NOW + timedelta(seconds=2)).replace(microsecond=0)


def test_appliers_come_before_updaters_then_by_time_then_by_name() -> None:
    managers = written((), None, image(), "z", now=NOW)
    managers = written(managers, image(), image(tag="v2"), "a", now=LATER)
    managers = applied(managers, image(tag="v2"), {"metadata": {"labels": {"x": "y"}}}, now=LATER).managers
    assert [entry.manager for entry in managers] == ["gitops", "z", "a"]


def test_managers_are_read_back_as_written() -> None:
    managers = applied(written((), None, image()), image(), config(labels={"a": "b"}), now=LATER).managers
    assert managed_fields.decode(managed_fields.encode(managers)) == managers


def test_what_is_no_list_of_managers_is_told() -> None:
    entry = {"manager": "m", "operation": "Update", "apiVersion": API, "fieldsType": "FieldsV1", "fieldsV1": {"x": {}}}
    with pytest.raises(InvalidFieldSet):
        managed_fields.decode(json.dumps([entry]).encode())


# Applies


def test_an_applier_owns_what_it_sent_and_no_defaults() -> None:
    result = applied((), None, config(labels={"app": "a"}))
    assert shown(result.managers) == [
        (
            "gitops",
            "Apply",
            {
                "f:metadata": {"f:labels": {"f:app": {}}},
                "f:spec": {"f:registryRef": REF, "f:repository": {}, "f:tag": {}},
            },
        )
    ]
    assert result.object == config(labels={"app": "a"})


def test_changing_what_another_owns_is_a_conflict_in_kubernetes_words() -> None:
    first = applied((), None, config(labels={"app": "a"}))
    with pytest.raises(ApplyConflict) as refused:
        applied(first.managers, stored(first), config(labels={"app": "a"}, tag="v9"), "other")
    assert refused.value.text.en == 'Apply failed with 1 conflict: conflict with "gitops": .spec.tag'
    assert [(cause.field, cause.reason, cause.text.en) for cause in refused.value.causes] == [
        (".spec.tag", "FieldManagerConflict", 'conflict with "gitops"')
    ]
    [conflict] = refused.value.conflicts
    assert (conflict.manager, conflict.operation, conflict.api_version) == ("gitops", "Apply", API)
    assert conflict.time == NOW.replace(microsecond=0)


def test_several_conflicts_are_listed_by_manager() -> None:
    created = image(labels={"app": "a"})
    managers = written((), None, created, "kubectl-create")
    managers = applied(managers, created, {"spec": {"platform": "linux/arm64"}}).managers
    live = image(labels={"app": "a"}, platform="linux/arm64")
    change = config(labels={"app": "b"}, tag="v9", platform="linux/amd64")
    with pytest.raises(ApplyConflict) as refused:
        applied(managers, live, change, "other")
    assert refused.value.text.en == (
        'Apply failed with 3 conflicts: conflicts with "gitops":\n'
        "- .spec.platform\n"
        f'conflicts with "kubectl-create" using {API}:\n'
        "- .metadata.labels.app\n"
        "- .spec.tag"
    )
    assert len(refused.value.causes) == 3


def test_a_conflict_names_the_subresource_and_the_condition() -> None:
    condition = {"type": "Ready", "status": "True", "reason": "Synced"}
    live = image(status={"syncStatus": "Success", "conditions": [condition]})
    managers = written((), image(), live, "imageyard", subresource="status")
    change = {"status": {"conditions": [{**condition, "reason": "Mine"}]}}
    with pytest.raises(ApplyConflict) as refused:
        applied(managers, live, change, "other", subresource="status")
    assert refused.value.text.en == (
        f'Apply failed with 1 conflict: conflict with "imageyard" with subresource "status" using {API}: '
        '.status.conditions[type="Ready"].reason'
    )


def test_force_moves_ownership_of_what_changes_and_shares_the_rest() -> None:
    first = applied((), None, config(labels={"app": "a"}))
    forced = applied(first.managers, stored(first), config(labels={"app": "a"}, tag="v9"), "other", force=True)
    shared = {"f:registryRef": REF, "f:repository": {}}
    labels: dict[str, Any] = {"f:labels": {"f:app": {}}}
    assert shown(forced.managers) == [
        ("gitops", "Apply", {"f:metadata": labels, "f:spec": shared}),
        ("other", "Apply", {"f:metadata": labels, "f:spec": {**shared, "f:tag": {}}}),
    ]
    assert forced.object["spec"]["tag"] == "v9"


def test_a_field_that_another_owns_too_stays_when_one_drops_it() -> None:
    first = applied((), None, config(labels={"app": "a"}))
    second = applied(first.managers, stored(first), config(labels={"app": "a"}), "other")
    dropped = applied(second.managers, stored(second), config(), now=LATER)
    assert dropped.object == stored(second)
    assert shown(dropped.managers)[0] == (
        "gitops",
        "Apply",
        {"f:spec": {"f:registryRef": REF, "f:repository": {}, "f:tag": {}}},
    )


def test_a_field_that_nobody_else_owns_goes_when_it_is_dropped() -> None:
    first = applied((), None, config(labels={"app": "a", "team": "x"}, retryCount=5))
    second = applied(first.managers, stored(first), config(labels={"team": "x"}))
    assert second.object["metadata"]["labels"] == {"team": "x"}
    assert "retryCount" not in second.object["spec"]
    third = applied(second.managers, stored(second), config())
    assert "labels" not in third.object["metadata"]


def test_what_others_set_is_untouched_by_dropping_ones_own() -> None:
    live = stored(first := applied((), None, config(labels={"app": "a"})))
    changed = copy.deepcopy(live)
    changed["metadata"]["labels"]["by-hand"] = "1"
    managers = written(first.managers, live, changed)
    result = applied(managers, changed, config())
    assert result.object["metadata"]["labels"] == {"by-hand": "1"}


def test_an_unchanged_apply_changes_neither_object_nor_managers() -> None:
    first = applied((), None, config(labels={"app": "a"}))
    again = applied(first.managers, stored(first), config(labels={"app": "a"}), now=LATER)
    assert again.object == stored(first)
    assert again.managers is first.managers


def test_an_apply_of_ones_own_update_conflicts_as_kubernetes_has_it() -> None:
    managers = written((), None, image(), "kubectl")
    with pytest.raises(ApplyConflict, match='conflict with "kubectl" using'):
        applied(managers, image(), config(tag="v2"), "kubectl")


def test_sets_are_merged_and_each_gives_back_its_own_items() -> None:
    first = applied((), None, source(allowedNamespaces=["a", "b"]), "one", kind=REGISTRY_SECRET)
    given = {"spec": {"allowedNamespaces": ["c", "b"]}}
    second = applied(first.managers, stored(first), given, "two", kind=REGISTRY_SECRET)
    assert second.object["spec"]["allowedNamespaces"] == ["a", "c", "b"]
    third = applied(second.managers, stored(second), source(), "one", kind=REGISTRY_SECRET)
    assert third.object["spec"]["allowedNamespaces"] == ["c", "b"]


def test_conditions_are_merged_and_atomic_lists_are_replaced() -> None:
    mine = {"type": "Mine", "status": "True", "reason": "Yes"}
    ready = {"type": "Ready", "status": "True", "reason": "Synced"}
    live = image(
        status={"syncStatus": "", "conditions": [ready], "manifest": {"layers": [{"digest": "x", "size": "1"}]}}
    )
    given = {"status": {"conditions": [mine], "manifest": {"layers": []}}}
    first = applied((), live, given, subresource="status")
    assert first.object["status"]["conditions"] == [ready, mine]
    assert first.object["status"]["manifest"] == {"layers": []}
    second = applied(first.managers, first.object, {"status": {}}, subresource="status")
    assert second.object["status"]["conditions"] == [ready]


def test_leaving_a_field_out_and_writing_its_default_are_the_same() -> None:
    given = source(insecure=False, caBundle="")
    first = applied((), None, given, "one", kind=REGISTRY_SECRET)
    other = applied(first.managers, source(), given, "two", kind=REGISTRY_SECRET)
    assert len(other.managers) == 2
    with pytest.raises(ApplyConflict, match=r"\.spec\.insecure$"):
        applied(first.managers, source(), source(insecure=True), "two", kind=REGISTRY_SECRET)


def test_an_apply_ignores_the_part_it_may_not_write() -> None:
    given = {**config(), "status": {"syncStatus": "Success"}}
    result = applied((), image(), given)
    assert result.object["status"] == {"syncStatus": ""}
    assert "f:status" not in shown(result.managers)[0][2]
    result = applied((), image(), {**config(tag="v9"), "status": {"syncStatus": "Success"}}, subresource="status")
    assert result.object == image(status={"syncStatus": "Success"})


def test_unknown_fields_are_passed_on_for_admission_to_tell_and_owned_by_nobody() -> None:
    result = applied((), image(), {"spec": {"color": "red"}})
    assert result.object["spec"]["color"] == "red"
    assert result.managers == ()


def test_server_owned_annotations_are_passed_on_and_owned_by_nobody() -> None:
    given = source({"theriseunion.io/domain": "evil.example.com"})
    result = applied((), None, given, kind=REGISTRY_SECRET)
    assert "f:metadata" not in shown(result.managers)[0][2]
    assert result.object["metadata"]["annotations"] == {"theriseunion.io/domain": "evil.example.com"}


# Passwords


def test_a_password_is_owned_by_who_applied_it_and_its_value_is_nowhere() -> None:
    result = applied((), None, source(password="Harbor12345"), kind=REGISTRY_SECRET)
    assert shown(result.managers)[0][2]["f:spec"]["f:password"] == {}
    assert b"Harbor12345" not in managed_fields.encode(result.managers)
    assert result.object["spec"]["password"] == "Harbor12345"


def test_another_applier_of_a_password_conflicts_even_with_the_same_value() -> None:
    first = applied((), None, source(password="Harbor12345"), "one", kind=REGISTRY_SECRET)
    with pytest.raises(ApplyConflict) as refused:
        applied(first.managers, stored(first), source(password="Harbor12345"), "two", kind=REGISTRY_SECRET)
    assert refused.value.text.en == 'Apply failed with 1 conflict: conflict with "one": .spec.password'
    assert "Harbor12345" not in refused.value.text.zh + repr(refused.value.conflicts)
    forced = applied(first.managers, stored(first), source(password="x"), "two", kind=REGISTRY_SECRET, force=True)
    assert ["f:password" in fields["f:spec"] for _, _, fields in shown(forced.managers)] == [False, True]


def test_leaving_a_password_out_gives_up_owning_it() -> None:
    first = applied((), None, source(password="Harbor12345"), "one", kind=REGISTRY_SECRET)
    second = applied(first.managers, stored(first), source(), "one", kind=REGISTRY_SECRET)
    assert "f:password" not in shown(second.managers)[0][2]["f:spec"]
    applied(second.managers, stored(second), source(password="y"), "two", kind=REGISTRY_SECRET)


def test_applying_a_password_again_tells_nothing_of_the_stored_one() -> None:
    first = applied((), None, source(password="Harbor12345"), kind=REGISTRY_SECRET)
    same = applied(first.managers, stored(first), source(password="Harbor12345"), kind=REGISTRY_SECRET, now=LATER)
    other = applied(first.managers, stored(first), source(password="other"), kind=REGISTRY_SECRET, now=LATER)
    assert same.managers is other.managers is first.managers


def test_an_update_that_sets_a_password_takes_it_from_its_owner() -> None:
    first = applied((), None, source(password="Harbor12345"), kind=REGISTRY_SECRET)
    live = stored(first)
    managers = managed_fields.updated(
        REGISTRY_SECRET, first.managers, live, live, manager="curl", now=LATER, secrets=("password",)
    )
    assert shown(managers)[1] == ("curl", "Update", {"f:spec": {"f:password": {}}})
    assert "f:password" not in shown(managers)[0][2]["f:spec"]
    kept = managed_fields.updated(REGISTRY_SECRET, managers, live, source(provider="other"), manager="curl", now=LATER)
    assert shown(kept)[1][2]["f:spec"] == {"f:password": {}, "f:provider": {}}


# What is refused


@pytest.mark.parametrize(
    ("given", "subresource", "field", "reason"),
    [
        ({"metadata": {"finalizers": ["a/b", "a/b"]}}, "", "metadata.finalizers[1]", "FieldValueDuplicate"),
        ({"metadata": {"ownerReferences": [{}]}}, "", "metadata.ownerReferences[0].uid", "FieldValueRequired"),
        ({"status": {"conditions": [{"type": "A"}] * 2}}, "status", "status.conditions[1]", "FieldValueDuplicate"),
        ({"metadata": {"labels": {str(n): "" for n in range(1001)}}}, "", "metadata.labels", "FieldValueInvalid"),
        ({"metadata": {"annotations": MANY}}, "", "metadata.annotations", "FieldValueInvalid"),
    ],
)
def test_lists_whose_items_cannot_be_told_apart_and_crowds_are_invalid(
    given: dict[str, Any], subresource: str, field: str, reason: str
) -> None:
    with pytest.raises(Invalid) as refused:
        applied((), image(), given, subresource=subresource)
    assert [(cause.field, cause.reason) for cause in refused.value.causes] == [(field, reason)]


@pytest.mark.parametrize(
    "given",
    [
        {"metadata": {"managedFields": [{}]}},
        {"metadata": {"labels": {"a": "\ud800"}}},
        {"spec": {"retryCount": 10**5000}},
        json.loads('{"spec":' + '{"a":' * 70 + "1" + "}" * 71),
    ],
    ids=["managedFields", "half a surrogate pair", "a number of 5,000 digits", "too deep"],
)
def test_what_no_object_can_hold_is_a_bad_request(given: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        applied((), image(), given)


def test_ever_new_names_of_appliers_come_to_an_end() -> None:
    managers: Managers = ()
    for n in range(managed_fields.MOST_APPLIERS):
        managers = applied(managers, image(), config(), f"m{n}").managers
    with pytest.raises(Invalid):
        applied(managers, image(), config(), "one more")
    assert applied(managers, image(), config(retryCount=3), "m0").managers != managers


def test_appliers_of_one_great_object_come_to_an_end() -> None:
    annotations = dict(list(MANY.items())[:-1])
    live, given = image(), {"metadata": {"annotations": annotations}}
    live["metadata"]["annotations"] = annotations
    managers: Managers = ()
    for n in range(managed_fields.MOST_FIELDS // len(annotations) - 1):
        managers = applied(managers, live, given, f"m{n}").managers
    with pytest.raises(Invalid):
        applied(managers, live, given, "one more")


def test_a_message_of_very_many_conflicts_shows_the_first_and_counts_them_all() -> None:
    labels = {f"l{n}": "x" for n in range(1000)}
    first = applied((), None, config(labels=labels))
    with pytest.raises(ApplyConflict) as refused:
        applied(first.managers, stored(first), config(labels=dict.fromkeys(labels, "y")), "other")
    assert refused.value.text.en.startswith('Apply failed with 1000 conflicts: conflicts with "gitops":\n- .metadata')
    assert refused.value.text.en.endswith("\n- and 900 more")
    assert len(refused.value.causes) == apply_conflict.SHOWN
    assert len(refused.value.conflicts) == 1000
