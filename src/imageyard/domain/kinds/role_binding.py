"""RoleBinding: gives a Role of its namespace, or a ClusterRole within its namespace, to users, groups and service
accounts. Shapes and rules follow Kubernetes' rbac/v1."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from msgspec import Struct, field

from imageyard.domain import metadata, names
from imageyard.domain.access import RBAC
from imageyard.domain.columns import AGE, NAME, Column
from imageyard.domain.errors import INVALID, NOT_SUPPORTED, REQUIRED, Cause
from imageyard.domain.kind import Kind, Topology
from imageyard.domain.kinds import role
from imageyard.domain.objects import Object
from imageyard.domain.text import Text

MOST_SUBJECTS: Final = 1_000


class Subject(Struct, rename="camel", omit_defaults=True):
    """Who gets the role. The API group follows from the kind when it is left out."""

    kind: Literal["ServiceAccount", "User", "Group"]
    """What the name is of."""
    api_group: str = ""
    """`rbac.authorization.k8s.io` for users and groups, empty for service accounts."""
    name: str = ""
    """The name of the user, group or service account."""
    namespace: str = ""
    """Of a service account."""

    def __post_init__(self) -> None:
        if not self.api_group and self.kind != "ServiceAccount":
            self.api_group = RBAC

    def granted_to(self, namespace: str) -> str:
        """`User:name` or `Group:name`; a service account of no namespace is one of the binding's."""
        if self.kind == "ServiceAccount":
            return f"User:system:serviceaccount:{self.namespace or namespace}:{self.name}"
        return f"{self.kind}:{self.name}"


class RoleRef(Struct, rename="camel", kw_only=True):
    """Which role is given. Once written it stays: who changes it deletes the binding and makes another."""

    api_group: str = ""
    """`rbac.authorization.k8s.io`, also when it is left out."""
    kind: Literal["ClusterRole", "Role"]
    """A Role is one of the binding's namespace."""
    name: str = ""
    """The name of the role."""

    def __post_init__(self) -> None:
        self.api_group = self.api_group or RBAC


class RoleBinding(Object, kw_only=True):
    """Gives a role within one namespace."""

    subjects: list[Subject] = field(default_factory=list)
    """Who gets it."""
    role_ref: RoleRef
    """The role that is given."""


def validate(new: RoleBinding, old: RoleBinding | None) -> list[Cause]:
    """The name, the subjects, and the role that is given."""
    return [
        *metadata.check(new.metadata, namespaced=True, named=names.path_segment),
        *check_role(new.role_ref, old.role_ref if old else None),
        *check_subjects(new.subjects, namespaced=True),
    ]


def check_role(new: RoleRef, old: RoleRef | None) -> list[Cause]:
    if old is not None and new != old:
        return [Cause("roleRef", INVALID, Text("roleRef 不能修改，请删除后重新创建", "cannot change roleRef"))]
    return [*_group("roleRef.apiGroup", new.api_group, RBAC), *names.path_segment("roleRef.name", new.name)]


def check_subjects(subjects: Sequence[Subject], *, namespaced: bool) -> list[Cause]:
    if len(subjects) > MOST_SUBJECTS:
        text = Text(f"最多 {MOST_SUBJECTS:,} 项", f"has at most {MOST_SUBJECTS:,} entries")
        return [Cause("subjects", INVALID, text)]
    return [cause for n, each in enumerate(subjects) for cause in _subject(f"subjects[{n}]", each, namespaced)]


def _subject(path: str, subject: Subject, namespaced: bool) -> Iterator[Cause]:
    if not subject.name:
        yield names.required(f"{path}.name")
    if subject.kind != "ServiceAccount":
        yield from _group(f"{path}.apiGroup", subject.api_group, RBAC)
        return
    if subject.name:
        yield from names.name(f"{path}.name", subject.name)
    yield from _group(f"{path}.apiGroup", subject.api_group, "")
    if not namespaced and not subject.namespace:
        yield Cause(f"{path}.namespace", REQUIRED, Text("必填", "is required"))


def _group(path: str, given: str, expected: str) -> list[Cause]:
    if given == expected:
        return []
    return [Cause(path, NOT_SUPPORTED, Text(f"可选值：“{expected}”", f'supported values: "{expected}"'))]


def _of(kind: str, write: Callable[[Subject], str]) -> Callable[[Any, datetime], str]:
    return lambda binding, now: ", ".join(write(each) for each in binding.subjects if each.kind == kind)


COLUMNS: Final = (
    NAME,
    Column(
        "Role",
        "string",
        lambda binding, now: f"{binding.role_ref.kind}/{binding.role_ref.name}",
        "The role that is given.",
    ),
    AGE,
    Column("Users", "string", _of("User", lambda each: each.name), "Users who get it.", wide=True),
    Column("Groups", "string", _of("Group", lambda each: each.name), "Groups that get it.", wide=True),
    Column(
        "ServiceAccounts",
        "string",
        _of("ServiceAccount", lambda each: f"{each.namespace}/{each.name}"),
        "Service accounts that get it.",
        wide=True,
    ),
)

TOPOLOGY: Final[Mapping[str, Topology]] = {"roleRef": "atomic"}

KIND: Kind[Any] = Kind(
    name="RoleBinding",
    plural="rolebindings",
    singular="rolebinding",
    group=RBAC,
    version="v1",
    type=RoleBinding,
    index=role.index,
    validate=validate,
    categories=(),
    subresources=(),
    topology=TOPOLOGY,
    columns=COLUMNS,
)
