"""What `kubectl get` shows of each kind, and ages as kubectl writes them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from imageyard.domain import age
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import (
    CLUSTER_ROLE,
    EVENT,
    KINDS,
    NAMESPACE,
    REGISTRY_SECRET,
    REPOSITORY,
    ROLE,
    ROLE_BINDING,
)
from imageyard.domain.kinds.namespace import Namespace
from imageyard.domain.kinds.registry_secret import RegistrySecretStatus
from imageyard.domain.kinds.repository import Manifest, Platform, RepositoryStatus
from imageyard.domain.kinds.role import Role
from imageyard.domain.kinds.role_binding import RoleBinding, RoleRef, Subject
from imageyard.domain.objects import Condition, ObjectMeta
from tests.domain.samples import image, source

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PLATFORMS = [Platform("linux", "amd64"), Platform("linux", "arm", "v7"), Platform("linux", "arm64")]


def ago(**elapsed: float) -> datetime:
    return NOW - timedelta(**elapsed)


def shown(kind: Kind[Any], obj: Any, *, wide: bool) -> dict[str, str | int | None]:
    obj.metadata.creation_timestamp = ago(hours=30)
    return {column.title: column.cell(obj, NOW) for column in kind.columns if column.wide == wide}


def test_a_source_shows_its_registry_and_whether_it_was_verified() -> None:
    harbor = source()
    harbor.status = RegistrySecretStatus(conditions=[Condition("Verified", "True", "Verified")])
    assert shown(REGISTRY_SECRET, harbor, wide=False) == {
        "Name": "harbor-prod",
        "Registry": "harbor.example.com",
        "User": "admin",
        "Verified": "True",
        "Reason": "Verified",
        "Age": "30h",
    }


def test_an_anonymous_source_that_was_never_tested_says_so() -> None:
    cells = shown(REGISTRY_SECRET, source(username=""), wide=False)
    assert (cells["User"], cells["Verified"], cells["Reason"]) == ("<anonymous>", "Unknown", None)


def test_an_image_shows_where_it_comes_from_and_when_it_was_synced() -> None:
    nginx = image()
    nginx.status = RepositoryStatus(
        sync_status="Success",
        domain="harbor.example.com",
        last_synced=ago(minutes=5, seconds=3),
        next_sync=ago(minutes=-55),
        reason="Synced",
        conditions=[Condition("Synced", "True", "Synced")],
        manifest=Manifest(digest="sha256:" + "0123456789abcdef" * 4, size="142MB", platforms=PLATFORMS),
    )
    assert shown(REPOSITORY, nginx, wide=False) == {
        "Name": "nginx-latest",
        "Registry": "harbor.example.com",
        "Image": "library/nginx",
        "Tag": "latest",
        "Synced": "True",
        "Last-Sync": "5m3s",
        "Age": "30h",
    }
    assert shown(REPOSITORY, nginx, wide=True) == {
        "Digest": "sha256:0123456789ab",
        "Size": "142MB",
        "Platforms": "linux/amd64,linux/arm/v7,+1",
        "Next-Sync": "55m",
        "Reason": "Synced",
    }


def test_an_image_that_was_never_synced_leaves_cells_empty() -> None:
    cells = shown(REPOSITORY, image(), wide=False) | shown(REPOSITORY, image(), wide=True)
    assert cells.pop("Synced") == "Unknown"
    assert {title for title, cell in cells.items() if cell is None} == {
        "Registry",
        "Last-Sync",
        "Digest",
        "Size",
        "Platforms",
        "Next-Sync",
        "Reason",
    }


def test_a_namespace_shows_its_phase() -> None:
    assert shown(NAMESPACE, Namespace(metadata=ObjectMeta(name="team-a")), wide=False) == {
        "Name": "team-a",
        "Status": "Active",
        "Age": "30h",
    }


def test_a_role_shows_when_it_was_made() -> None:
    assert shown(ROLE, Role(metadata=ObjectMeta(name="reader")), wide=False) == {
        "Name": "reader",
        "Created At": "2026-02-28T06:00:00Z",
    }


def test_a_binding_shows_its_role_and_who_has_it() -> None:
    subjects = [
        Subject("User", name="ann"),
        Subject("User", name="ben"),
        Subject("Group", name="team-a"),
        Subject("ServiceAccount", name="robot", namespace="ci"),
    ]
    binding = RoleBinding(
        metadata=ObjectMeta(name="readers"), subjects=subjects, role_ref=RoleRef(kind="Role", name="reader")
    )
    assert shown(ROLE_BINDING, binding, wide=False) == {"Name": "readers", "Role": "Role/reader", "Age": "30h"}
    assert shown(ROLE_BINDING, binding, wide=True) == {
        "Users": "ann, ben",
        "Groups": "team-a",
        "ServiceAccounts": "ci/robot",
    }


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not EVENT], ids=lambda kind: kind.plural)
def test_every_table_begins_with_the_name_and_ends_with_the_age(kind: Kind[Any]) -> None:
    always = [column.title for column in kind.columns if not column.wide]
    # Roles alone tell the moment, as Kubernetes has them.
    assert (always[0], always[-1]) == ("Name", "Created At" if kind in (ROLE, CLUSTER_ROLE) else "Age")
    assert kind.columns[0].format == "name"
    assert all(column.priority == (1 if column.wide else 0) for column in kind.columns)


def test_no_column_shows_a_password() -> None:
    cells = [column.cell(source(), NOW) for column in REGISTRY_SECRET.columns]
    assert b"Harbor12345" not in msgspec.json.encode(cells)


@pytest.mark.parametrize(
    ("elapsed", "words"),
    [
        (timedelta(seconds=-90), "0s"),
        (timedelta(milliseconds=900), "0s"),
        (timedelta(seconds=119), "119s"),
        (timedelta(minutes=2), "2m"),
        (timedelta(minutes=9, seconds=59), "9m59s"),
        (timedelta(minutes=10, seconds=30), "10m"),
        (timedelta(minutes=179), "179m"),
        (timedelta(hours=3), "3h"),
        (timedelta(hours=7, minutes=59), "7h59m"),
        (timedelta(hours=8, minutes=30), "8h"),
        (timedelta(hours=47), "47h"),
        (timedelta(days=2), "2d"),
        (timedelta(days=7, hours=23), "7d23h"),
        (timedelta(days=8, hours=23), "8d"),
        (timedelta(days=729), "729d"),
        (timedelta(days=730), "2y"),
        (timedelta(days=3 * 365 + 20), "3y20d"),
        (timedelta(days=8 * 365 + 20), "8y"),
    ],
)
def test_an_age_is_written_as_kubernetes_writes_it(elapsed: timedelta, words: str) -> None:
    assert age.human(elapsed) == words


def test_what_never_was_has_no_age_and_what_is_overdue_takes_no_time() -> None:
    assert age.since(None, NOW) is None
    assert age.until(None, NOW) is None
    assert age.until(ago(minutes=1), NOW) == "0s"
