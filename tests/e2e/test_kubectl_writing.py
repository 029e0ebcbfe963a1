"""kubectl writes: create, apply in both ways, diff, patches, edit, replace, rehearsals, refusals."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.evidence import Evidence
from tests.e2e.kubectl import Kubectl
from tests.e2e.product import JSON, image, source

REPOSITORY = "repository.image.theriseunion.io"
SECRET = "registrysecret.image.theriseunion.io"


def quiet(name: str, tag: str = "v1", **spec: Any) -> JSON:
    """An image that no sync touches."""
    return image(name, "none", "team/app", tag, suspend=True, **spec)


def tag_of(kubectl: Kubectl, name: str) -> str:
    return kubectl("get", "imgs", name, "-o", "jsonpath={.spec.tag}")


@pytest.fixture
def app(kubectl: Kubectl) -> Iterator[str]:
    """One that is there already, made by `kubectl create`."""
    kubectl("create", "-f", "-", sent=quiet("app"))
    yield "app"
    kubectl("delete", "imgs", "app", "--ignore-not-found")


def test_create_wants_it_new(kubectl: Kubectl) -> None:
    assert kubectl("create", "-f", "-", sent=quiet("made")) == f"{REPOSITORY}/made created\n"
    again = kubectl("create", "-f", "-", sent=quiet("made"), exits=1)
    assert again == (
        'Error from server (AlreadyExists): error when creating "STDIN": repositories.image.theriseunion.io "made" '
        "already exists\n"
    )
    unnamed = quiet("") | {"metadata": {"generateName": "made-"}}
    assert kubectl("create", "-f", "-", "-o", "name", sent=unnamed).startswith(f"{REPOSITORY}/made-")


def test_what_is_wrong_with_an_object_is_told_by_its_fields(kubectl: Kubectl) -> None:
    told = kubectl("create", "-f", "-", sent=quiet("bad", tag="bad tag", retryCount=99), exits=1)
    assert told.startswith('The Repository "bad" is invalid: \n* spec.tag: Invalid value: ')
    assert "\n* spec.retryCount: Invalid value: must be between 0 and 10\n" in told
    misspelt = quiet("bad", tagg="v1")
    strict = kubectl("create", "-f", "-", sent=misspelt, exits=1)
    assert strict.endswith(
        'Repository in version "v1alpha1" cannot be handled as a Repository: strict decoding error: unknown field '
        '"spec.tagg"\n'
    )
    warned = kubectl("create", "--validate=warn", "-f", "-", sent=misspelt)
    assert warned == f'{REPOSITORY}/bad created\nWarning: unknown field "spec.tagg"\n'
    later = quiet("bad") | {"apiVersion": "image.theriseunion.io/v1alpha2"}
    assert "no matches for kind" in kubectl("create", "-f", "-", sent=later, exits=1)


def test_apply_creates_leaves_alone_and_changes(kubectl: Kubectl) -> None:
    applied = [kubectl("apply", "-f", "-", sent=quiet("applied", tag)) for tag in ("v1", "v1", "v2")]
    assert applied == [f"{REPOSITORY}/applied {word}\n" for word in ("created", "unchanged", "configured")]
    with_interval = quiet("applied", "v2", syncInterval="2h")
    kubectl("apply", "-f", "-", sent=with_interval)
    kubectl("apply", "-f", "-", sent=quiet("applied", "v2"))
    # What is no longer applied goes back to its default.
    assert kubectl("get", "imgs", "applied", "-o", "jsonpath={.spec.syncInterval}") == "1h"
    assert '"tag":"v2"' in kubectl("apply", "view-last-applied", "imgs", "applied", "-o", "json").replace(" ", "")


def test_applying_a_credential_again_writes_nothing_and_says_why(kubectl: Kubectl, evidence: Evidence) -> None:
    # A host of its own: what others fail at would be told in its status too.
    document = source("again", "again.invalid", "robot", evidence.secret("applied-again"))
    assert kubectl("apply", "-f", "-", sent=document) == f"{SECRET}/again created\n"
    kubectl("wait", "--for=condition=Verified=False", "regsec/again", "--timeout=20s")
    # The last the server tells of a new source by itself.
    kubectl("wait", "--for=jsonpath={.status.host.state}=ok", "regsec/again", "--timeout=20s")
    before = kubectl.read("regsec", "again")
    assert kubectl("apply", "-f", "-", sent=document) == (
        f"{SECRET}/again configured\nWarning: spec.password is write-only and equals the stored one; it is unchanged\n"
    )
    assert kubectl.read("regsec", "again") == before


def test_server_side_apply_knows_who_set_what(kubectl: Kubectl) -> None:
    def apply(tag: str, manager: str, *more: str, exits: int = 0) -> str:
        how = ("apply", "--server-side", f"--field-manager={manager}", *more, "-f", "-")
        return kubectl(*how, sent=quiet("shared", tag), exits=exits)

    assert apply("v1", "first") == f"{REPOSITORY}/shared serverside-applied\n"
    assert apply("v1", "second") == f"{REPOSITORY}/shared serverside-applied\n"
    refused = apply("v2", "second", exits=1)
    assert refused.startswith('error: Apply failed with 1 conflict: conflict with "first": .spec.tag\n')
    assert tag_of(kubectl, "shared") == "v1"
    apply("v2", "second", "--force-conflicts")
    owners = {
        entry["manager"]: entry["fieldsV1"]["f:spec"].get("f:tag")
        for entry in kubectl.read("imgs", "shared")["metadata"]["managedFields"]
    }
    assert owners == {"first": None, "second": {}}


def test_server_side_apply_asks_before_it_takes_a_password(kubectl: Kubectl, evidence: Evidence) -> None:
    secret = evidence.secret("taken-over")
    document = source("taken", "registry.invalid", "robot", secret)
    apply = ("apply", "--server-side", "-f", "-")
    kubectl(*apply, "--field-manager=first", sent=document)
    told = kubectl(*apply, "--field-manager=second", sent=document, exits=1)
    assert told.startswith('error: Apply failed with 1 conflict: conflict with "first": .spec.password\n')
    forced = kubectl(*apply, "--field-manager=second", "--force-conflicts", sent=document)
    assert forced == (
        f"{SECRET}/taken serverside-applied\n"
        "Warning: spec.password is write-only and equals the stored one; it is unchanged\n"
    )
    assert secret not in told + forced


def test_going_over_from_client_side_to_server_side_apply(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", sent=quiet("moved", syncInterval="2h"))
    kubectl("apply", "--server-side", "-f", "-", sent=quiet("moved", syncInterval="2h"))
    managers = kubectl.read("imgs", "moved")["metadata"]["managedFields"]
    # The second one is kubectl's too: it keeps the annotation up to date for who goes back.
    assert {entry["manager"] for entry in managers} == {"kubectl", "kubectl-last-applied"}
    kubectl("apply", "--server-side", "-f", "-", sent=quiet("moved"))
    assert kubectl("get", "imgs", "moved", "-o", "jsonpath={.spec.syncInterval}") == "1h"


def test_diff_tells_by_its_exit_code(kubectl: Kubectl, app: str) -> None:
    kubectl("apply", "-f", "-", sent=quiet(app))
    assert kubectl("diff", "-f", "-", sent=quiet(app)) == ""
    differs = kubectl("diff", "-f", "-", sent=quiet(app, "v2"), exits=1)
    assert {"-  tag: v1", "+  tag: v2"} <= set(differs.splitlines())
    assert "+  tag: v2" in kubectl(
        "diff", "--server-side", "-f", "-", "--force-conflicts", sent=quiet(app, "v2"), exits=1
    )
    assert "+kind: Repository" in kubectl("diff", "-f", "-", sent=quiet("not-there"), exits=1)
    assert tag_of(kubectl, app) == "v1"


def test_diff_never_shows_a_password_nor_whether_it_is_the_stored_one(kubectl: Kubectl, evidence: Evidence) -> None:
    old, new = evidence.secret("differs-old"), evidence.secret("differs-new")
    kubectl("apply", "-f", "-", sent=source("differs", "registry.invalid", "robot", old))
    for password in (old, new):
        assert kubectl("diff", "-f", "-", sent=source("differs", "registry.invalid", "robot", password)) == ""
    told = kubectl("diff", "-f", "-", sent=source("differs", "registry.invalid", "other", new), exits=1)
    assert "+  username: other" in told
    assert not {old, new} & set(told.split())


@pytest.mark.parametrize(("verb", "past"), [("label", "labeled"), ("annotate", "annotated")])
def test_labels_and_annotations_are_not_overwritten_unasked(kubectl: Kubectl, app: str, verb: str, past: str) -> None:
    assert kubectl(verb, "imgs", app, "team=a") == f"{REPOSITORY}/app {past}\n"
    assert "already has a value (a)" in kubectl(verb, "imgs", app, "team=b", exits=1)
    assert kubectl(verb, "imgs", app, "team=b", "--overwrite") == f"{REPOSITORY}/app {past}\n"
    kubectl(verb, "imgs", app, "team-")
    assert not kubectl.read("imgs", app)["metadata"].get(f"{verb}s".replace("annotates", "annotations"))


def test_annotations_that_the_server_owns_are_left_alone(kubectl: Kubectl) -> None:
    told = kubectl("annotate", "--overwrite", "regsec", "sample-token", "theriseunion.io/verify-status=failed")
    assert told.endswith("Warning: ignored annotations that the server owns: theriseunion.io/verify-status\n")


def test_the_patch_types(kubectl: Kubectl, app: str) -> None:
    def patch(type_: str, value: object, *more: str, exits: int = 0) -> str:
        return kubectl("patch", "imgs", app, f"--type={type_}", "-p", json.dumps(value), *more, exits=exits)

    assert patch("merge", {"spec": {"tag": "v2"}}) == f"{REPOSITORY}/app patched\n"
    assert patch("merge", {"spec": {"tag": "v2"}}) == f"{REPOSITORY}/app patched (no change)\n"
    patch(
        "json",
        [{"op": "test", "path": "/spec/tag", "value": "v2"}, {"op": "replace", "path": "/spec/tag", "value": "v3"}],
    )
    assert tag_of(kubectl, app) == "v3"
    refused = patch("json", [{"op": "test", "path": "/spec/tag", "value": "v2"}], exits=1)
    assert refused.startswith('The Repository "app" is invalid: spec.tag: Invalid value: ')
    assert patch("strategic", {"spec": {"tag": "v4"}}, exits=1) == (
        "error: application/strategic-merge-patch+json is not supported by image.theriseunion.io/v1alpha1, "
        "Kind=Repository: the body of the request was in an unknown format - accepted media types include: "
        "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml\n"
    )
    patch("merge", {"status": {"message": "by hand"}, "spec": {"tag": "v5"}}, "--subresource=status")
    found = kubectl.read("imgs", app)
    assert (found["status"]["message"], found["spec"]["tag"]) == ("by hand", "v3")


def test_edit(kubectl: Kubectl, app: str) -> None:
    edited = kubectl("edit", "imgs", app, editor='sed -i "s/tag: v1/tag: v2/" "$1"')
    assert edited == f"{REPOSITORY}/app edited\n"
    assert kubectl("edit", "imgs", app, editor="true") == "Edit cancelled, no changes made.\n"


def test_editing_a_stale_copy_keeps_what_another_wrote_meanwhile(kubectl: Kubectl, app: str) -> None:
    meanwhile = f"{' '.join(kubectl.command)} label imgs {app} by=another"
    kubectl("edit", "imgs", app, editor=f'{meanwhile} && sed -i "s/tag: v1/tag: v2/" "$1"')
    found = kubectl.read("imgs", app)
    assert (found["spec"]["tag"], found["metadata"]["labels"]) == ("v2", {"by": "another"})


def test_replace_with_a_stale_copy_is_a_conflict(kubectl: Kubectl, app: str) -> None:
    stale = kubectl.read("imgs", app)
    kubectl("label", "imgs", app, "by=another")
    told = kubectl("replace", "-f", "-", sent=stale, exits=1)
    assert told == (
        'Error from server (Conflict): error when replacing "STDIN": Operation cannot be fulfilled on '
        'repositories.image.theriseunion.io "app": the object has been modified; please apply your changes to the '
        "latest version and try again\n"
    )
    assert kubectl("replace", "-f", "-", sent=quiet(app, "v2")) == f"{REPOSITORY}/app replaced\n"


def test_replace_by_force_makes_it_anew(kubectl: Kubectl, app: str, tmp_path: Path) -> None:
    before = kubectl.read("imgs", app)["metadata"]["uid"]
    file = tmp_path / "app.json"
    file.write_text(json.dumps(quiet(app)))
    assert kubectl("replace", "--force", "-f", str(file)).endswith(f"{REPOSITORY}/app replaced\n")
    assert kubectl.read("imgs", app)["metadata"]["uid"] != before


def test_rehearsals_store_nothing(kubectl: Kubectl, app: str) -> None:
    dry = ("--dry-run=server", "-f", "-")
    assert kubectl("create", *dry, sent=quiet("dry")) == f"{REPOSITORY}/dry created (server dry run)\n"
    assert kubectl("apply", *dry, sent=quiet("dry")) == f"{REPOSITORY}/dry created (server dry run)\n"
    applied = kubectl("apply", "--server-side", *dry, sent=quiet("dry"))
    assert applied == f"{REPOSITORY}/dry serverside-applied (server dry run)\n"
    kubectl("get", "imgs", "dry", exits=1)
    before = kubectl.read("imgs", app)
    kubectl("patch", "imgs", app, "--type=merge", "-p", '{"spec":{"tag":"v2"}}', "--dry-run=server")
    kubectl("label", "imgs", app, "dry=yes", "--dry-run=server")
    kubectl("replace", *dry, sent=quiet(app, "v2"))
    kubectl("delete", "imgs", app, "--dry-run=server")
    assert kubectl.read("imgs", app) == before


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (
            ("scale", "imgs/nginx", "--replicas=2"),
            "Error from server (NotFound): the server could not find the requested",
        ),
        (
            ("autoscale", "imgs/nginx", "--max=3"),
            "error: cannot autoscale a Repository: could not find scale subresource",
        ),
        (
            ("patch", "regsec", "sample-token", "--type=merge", "-p", '{"spec":{"domain":"elsewhere.example.com"}}'),
            'The RegistrySecret "sample-token" is invalid: spec.password: Required value: ',
        ),
        (
            ("patch", "regsec", "sample-token", "--type=merge", "-p", '{"spec":{"password":null}}'),
            'The RegistrySecret "sample-token" is invalid: spec.password: Invalid value: must not be null',
        ),
        (
            ("delete", "namespace", "default"),
            'Error from server (Forbidden): namespaces "default" is forbidden: this namespace may not be deleted',
        ),
        (("create", "namespace", "Bad_Name"), 'The Namespace "Bad_Name" is invalid: metadata.name: Invalid value: '),
        (("create", "namespace", "edge"), 'Error from server (AlreadyExists): namespaces "edge" already exists'),
    ],
    ids=["scale", "autoscale", "domain", "null", "default", "name", "taken"],
)
def test_what_is_refused(kubectl: Kubectl, asked: tuple[str, ...], sentence: str) -> None:
    assert kubectl(*asked, exits=1).startswith(sentence)


def test_writing_into_a_namespace_that_does_not_exist(kubectl: Kubectl) -> None:
    document = quiet("lost")
    document["metadata"]["namespace"] = "nowhere"
    told = 'Error from server (NotFound): {}namespaces "nowhere" not found\n'
    creating = 'error when creating "STDIN": '
    assert kubectl("create", "-f", "-", sent=document, exits=1) == told.format(creating)
    assert kubectl("apply", "-f", "-", sent=document, exits=1) == told.format(creating)
    assert kubectl("apply", "--server-side", "-f", "-", sent=document, exits=1) == told.format("")
