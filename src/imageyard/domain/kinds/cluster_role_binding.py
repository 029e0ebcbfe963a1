"""ClusterRoleBinding: gives a ClusterRole everywhere."""

from typing import Any

from msgspec import field

from imageyard.domain import metadata, names
from imageyard.domain.access import RBAC
from imageyard.domain.errors import NOT_SUPPORTED, Cause
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import role, role_binding
from imageyard.domain.kinds.role_binding import RoleRef, Subject
from imageyard.domain.objects import Object
from imageyard.domain.text import Text


class ClusterRoleBinding(Object, kw_only=True):
    """Gives a ClusterRole everywhere."""

    subjects: list[Subject] = field(default_factory=list)
    """Who gets it."""
    role_ref: RoleRef
    """The role that is given."""


def validate(new: ClusterRoleBinding, old: ClusterRoleBinding | None) -> list[Cause]:
    """The name, the subjects, and the role that is given, which belongs to no namespace."""
    causes = role_binding.check_role(new.role_ref, old.role_ref if old else None)
    if new.role_ref.kind != "ClusterRole":
        text = Text("可选值：“ClusterRole”", 'supported values: "ClusterRole"')
        causes.append(Cause("roleRef.kind", NOT_SUPPORTED, text))
    return [
        *metadata.check(new.metadata, namespaced=False, named=names.path_segment),
        *causes,
        *role_binding.check_subjects(new.subjects, namespaced=False),
    ]


KIND: Kind[Any] = Kind(
    name="ClusterRoleBinding",
    plural="clusterrolebindings",
    singular="clusterrolebinding",
    group=RBAC,
    version="v1",
    namespaced=False,
    type=ClusterRoleBinding,
    index=role.index,
    validate=validate,
    categories=(),
    subresources=(),
    topology=role_binding.TOPOLOGY,
    columns=role_binding.COLUMNS,
)
