"""Who may do what: Kubernetes RBAC rules, pure. The same answer at every door.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/ (semantics of rules, roles, bindings).
"""

from collections.abc import Iterable
from typing import NamedTuple

MASTERS = "system:masters"
AUTHENTICATED = "system:authenticated"
ANONYMOUS = "system:anonymous"


class Actor(NamedTuple):
    """Who asks. `groups` of a token always hold system:authenticated."""

    user: str
    groups: frozenset[str]
    address: str = ""
    """Where the request came from, for audit and limits; never part of a decision about rights."""


class Action(NamedTuple):
    """What is asked. Subresources are `repositories/sync`. `namespace` "" asks for the whole cluster."""

    verb: str
    resource: str
    namespace: str = ""
    name: str = ""
    group: str = "image.theriseunion.io"
    path: str = ""
    """A non-resource URL such as /metrics; then the other fields are empty."""


class Rule(NamedTuple):
    """A PolicyRule. "*" in verbs, groups or resources matches all; empty `names` matches every name."""

    verbs: frozenset[str]
    resources: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()


class Grant(NamedTuple):
    """A rule given to a subject; `namespace` "" = everywhere."""

    subject: str
    """`User:name` or `Group:name`."""
    rules: tuple[Rule, ...]
    namespace: str = ""


def builtin_grants() -> tuple[Grant, ...]:
    """cluster-admin, image-admin, image-operator, image-viewer, each bound to the group of its name everywhere
    (cluster-admin: system:masters)."""
    raise NotImplementedError


def allows(actor: Actor, action: Action, grants: Iterable[Grant]) -> bool:
    """Whether some grant of the actor's covers the action."""
    raise NotImplementedError
