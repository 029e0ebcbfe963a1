"""Who may do what: Kubernetes RBAC rules, pure. The same answer at every door.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/ (semantics of rules, roles, bindings).
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from imageyard.domain.objects import GROUP

MASTERS = "system:masters"
AUTHENTICATED = "system:authenticated"
MONITORING = "system:monitoring"
"""Kubernetes' own group for who reads metrics."""
ANONYMOUS = "system:anonymous"
RBAC = "rbac.authorization.k8s.io"
"""API group of roles and their bindings."""


class Actor(NamedTuple):
    """Who asks. `groups` of a token always hold system:authenticated."""

    user: str
    groups: frozenset[str]
    address: str = ""
    """Where the request came from, for audit and limits; never part of a decision about rights."""
    credential: str = ""
    """By what the caller was recognised: `token/NAME`, `certificate/NAME`, or `oidc/` and the id of an issuer's token.
    For the audit, never part of a decision about rights."""


class Action(NamedTuple):
    """What is asked. Subresources are `repositories/sync`. `namespace` "" asks for the whole cluster."""

    verb: str
    resource: str
    namespace: str = ""
    name: str = ""
    group: str = GROUP
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
    role: str = ""
    """`ClusterRole/name` or `Role/name`: whose rules they are."""
    binding: str = ""
    """`ClusterRoleBinding/name` or `RoleBinding/name`: what gives them; "" for what holds without."""


class Because(NamedTuple):
    """Why something is allowed: a grant, and the rule of it that covers what is asked."""

    grant: Grant
    rule: Rule


_EVERYTHING: Final = frozenset({"*"})
_READ: Final = frozenset({"get", "list", "watch"})
_GROUPS: Final = frozenset({GROUP})
_SOURCES: Final = frozenset({"registrysecrets", "registrysecrets/status"})
_IMAGES: Final = frozenset({"repositories", "repositories/status"})
_BOTH: Final = _SOURCES | _IMAGES

CLUSTER_ADMIN: Final = (
    Rule(_EVERYTHING, resources=_EVERYTHING, groups=_EVERYTHING),
    Rule(_EVERYTHING, paths=_EVERYTHING),
)
_EVENTS: Final = Rule(_READ, resources=frozenset({"events"}), groups=frozenset({"", "events.k8s.io"}))
"""What happened to the objects that a role shows."""
IMAGE_ADMIN: Final = (
    _EVENTS,
    Rule(_EVERYTHING, resources=_BOTH | {"registrysecrets/verify", "repositories/sync"}, groups=_GROUPS),
)
IMAGE_OPERATOR: Final = (
    _EVENTS,
    Rule(_READ, resources=_BOTH, groups=_GROUPS),
    Rule(frozenset({"create", "update", "patch"}), resources=frozenset({"repositories"}), groups=_GROUPS),
    Rule(frozenset({"create"}), resources=frozenset({"repositories/sync"}), groups=_GROUPS),
)
IMAGE_VIEWER: Final = (_EVENTS, Rule(_READ, resources=_BOTH, groups=_GROUPS))

_AUTHORIZATION: Final = frozenset({"authorization.k8s.io"})
_AUTHENTICATION: Final = frozenset({"authentication.k8s.io"})
_CREATE: Final = frozenset({"create"})
_GET: Final = frozenset({"get"})
_DISCOVERY: Final = frozenset(
    {"/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*", "/healthz", "/livez", "/readyz", "/version"}
)

BASIC_USER: Final = (
    Rule(_CREATE, resources=frozenset({"selfsubjectaccessreviews", "selfsubjectrulesreviews"}), groups=_AUTHORIZATION),
    Rule(_CREATE, resources=frozenset({"selfsubjectreviews"}), groups=_AUTHENTICATION),
)
AUTH_DELEGATOR: Final = (
    Rule(_CREATE, resources=frozenset({"tokenreviews"}), groups=_AUTHENTICATION),
    Rule(_CREATE, resources=frozenset({"subjectaccessreviews"}), groups=_AUTHORIZATION),
)


class Builtin(NamedTuple):
    """A ClusterRole that is always there, and the group it is bound to everywhere, "" for none."""

    name: str
    rules: tuple[Rule, ...]
    group: str = ""


BUILTIN: Final = (
    Builtin("cluster-admin", CLUSTER_ADMIN, MASTERS),
    Builtin("image-admin", IMAGE_ADMIN, "image-admin"),
    Builtin("image-operator", IMAGE_OPERATOR, "image-operator"),
    Builtin("image-viewer", IMAGE_VIEWER, "image-viewer"),
    Builtin("system:auth-delegator", AUTH_DELEGATOR),
    Builtin("system:basic-user", BASIC_USER, AUTHENTICATED),
    Builtin("system:discovery", (Rule(_GET, paths=_DISCOVERY),), AUTHENTICATED),
    Builtin(MONITORING, (Rule(_GET, paths=frozenset({"/metrics"})),), MONITORING),
)
"""As Kubernetes names them, where it has them."""

MASTERS_GRANT: Final = Grant(f"Group:{MASTERS}", CLUSTER_ADMIN, role="ClusterRole/cluster-admin")
"""Holds whatever roles and bindings say: nobody locks the operator out."""
_BUILTIN_GRANTS: Final = tuple(
    Grant(f"Group:{each.group}", each.rules, "", f"ClusterRole/{each.name}", f"ClusterRoleBinding/{each.name}")
    for each in BUILTIN
    if each.group
)


def builtin_grants() -> tuple[Grant, ...]:
    """What the built-in roles and their bindings grant as long as nobody changes them."""
    return _BUILTIN_GRANTS


def allows(actor: Actor, action: Action, grants: Iterable[Grant]) -> bool:
    """Whether some grant of the actor's covers the action."""
    held = subjects(actor.user, actor.groups)
    for grant in grants:
        if grant.subject in held and _reaches(grant, action):
            for rule in grant.rules:
                if _covers(rule, action):
                    return True
    return False


def allows_every_name(actor: Actor, action: Action, grants: Iterable[Grant]) -> bool:
    """Whether some grant of the actor's covers the action whatever its name is."""
    held = subjects(actor.user, actor.groups)
    return any(
        not rule.names and _covers(rule, action)
        for grant in grants
        if grant.subject in held and _reaches(grant, action)
        for rule in grant.rules
    )


def explain(actor: Actor, action: Action, grants: Iterable[Grant]) -> tuple[Because, ...]:
    """Every reason for which the action is allowed, none where it is not. One grant is told once."""
    held = subjects(actor.user, actor.groups)
    found = []
    for grant in grants:
        if grant.subject in held and _reaches(grant, action):
            rule = next((each for each in grant.rules if _covers(each, action)), None)
            if rule is not None:
                found.append(Because(grant, rule))
    return tuple(found)


def rules_of(actor: Actor, namespace: str, grants: Iterable[Grant]) -> list[Rule]:
    """Every rule the actor has in a namespace, or everywhere for ""."""
    held = subjects(actor.user, actor.groups)
    return [
        rule for grant in grants if grant.subject in held and grant.namespace in ("", namespace) for rule in grant.rules
    ]


def holds_any(actor: Actor, grants: Iterable[Grant]) -> bool:
    """Whether anything at all is granted to the actor."""
    held = subjects(actor.user, actor.groups)
    return any(grant.subject in held for grant in grants)


@lru_cache(maxsize=1024)
def subjects(user: str, groups: frozenset[str]) -> frozenset[str]:
    """What a Grant calls somebody."""
    return frozenset({f"User:{user}", *(f"Group:{group}" for group in groups)})


def _reaches(grant: Grant, action: Action) -> bool:
    """A grant in one namespace says nothing about another, about the whole cluster, or about a URL."""
    return not grant.namespace or (not action.path and grant.namespace == action.namespace)


def _covers(rule: Rule, action: Action) -> bool:
    if not _among(action.verb, rule.verbs):
        return False
    if action.path:
        return any(_path_matches(pattern, action.path) for pattern in rule.paths)
    return (
        _among(action.group, rule.groups)
        and _resource_matches(action.resource, rule.resources)
        and (not rule.names or action.name in rule.names)
    )


def _among(value: str, allowed: frozenset[str]) -> bool:
    return "*" in allowed or value in allowed


def _resource_matches(resource: str, allowed: frozenset[str]) -> bool:
    """`repositories` does not cover `repositories/sync`; `*/sync` covers the sync of every resource."""
    _, slash, subresource = resource.partition("/")
    return _among(resource, allowed) or (slash == "/" and f"*/{subresource}" in allowed)


def _path_matches(pattern: str, path: str) -> bool:
    """`*` and `/metrics/*` cover what begins so; anything else is the exact path."""
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern
