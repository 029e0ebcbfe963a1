"""Roles and bindings as people read them: who may do what, where. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from imageyard.domain.access import BUILTIN, Rule
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING
from imageyard.domain.kinds.role import rules_of
from imageyard.domain.kinds.role_binding import Subject

KINDS: Final = {kind.name: kind for kind in (ROLE, CLUSTER_ROLE, ROLE_BINDING, CLUSTER_ROLE_BINDING)}
_BUILTIN: Final = frozenset(role.name for role in BUILTIN)
_DEEDS: Final = (
    ("everything", frozenset({"*"})),
    ("read", frozenset({"get", "list", "watch"})),
    ("create", frozenset({"create"})),
    ("change", frozenset({"update", "patch"})),
    ("delete", frozenset({"delete"})),
)


@dataclass(frozen=True, slots=True)
class RuleRow:
    deeds: tuple[str, ...]
    """Words for verbs that belong together: everything, read, create, change, delete."""
    verbs: tuple[str, ...]
    """Those that stand for themselves."""
    resources: tuple[str, ...]
    names: tuple[str, ...]
    """The only objects that it is about."""
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RoleRow:
    kind: str
    namespace: str
    name: str
    href: str
    builtin: bool
    rules: tuple[RuleRow, ...]
    gathered: bool
    """Whether its rules are those of other roles, by their labels."""


@dataclass(frozen=True, slots=True)
class BindingRow:
    kind: str
    namespace: str
    name: str
    href: str
    role: str
    role_href: str
    subjects: tuple[Subject, ...]


def role(found: Any) -> RoleRow:
    """Of a Role or a ClusterRole."""
    kind, meta = KINDS[found.kind], found.metadata
    builtin = kind is CLUSTER_ROLE and meta.name in _BUILTIN
    rules = tuple(rule(each) for each in rules_of(found.rules))
    gathered = getattr(found, "aggregation_rule", None) is not None
    return RoleRow(
        kind.name, meta.namespace, meta.name, href(kind, meta.namespace, meta.name), builtin, rules, gathered
    )


def binding(found: Any) -> BindingRow:
    """Of a RoleBinding or a ClusterRoleBinding."""
    kind, meta, ref = KINDS[found.kind], found.metadata, found.role_ref
    there = href(KINDS[ref.kind], meta.namespace if ref.kind == ROLE.name else "", ref.name)
    here = href(kind, meta.namespace, meta.name)
    return BindingRow(kind.name, meta.namespace, meta.name, here, ref.name, there, tuple(found.subjects))


def rule(given: Rule) -> RuleRow:
    deeds, verbs = said(given.verbs)
    return RuleRow(deeds, verbs, tuple(sorted(given.resources)), tuple(sorted(given.names)), tuple(sorted(given.paths)))


def said(verbs: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Verbs as words, and those for which there is none: half of what belongs together is told as it is."""
    left = set(verbs)
    if "*" in left:
        return ("everything",), ()
    words = []
    for word, together in _DEEDS:
        if together <= left:
            words.append(word)
            left -= together
    return tuple(words), tuple(sorted(left))


def href(kind: Kind[Any], namespace: str, name: str) -> str:
    """The page that shows it as YAML."""
    return "/".join(["/console/access", kind.plural, *(quote(part, safe="") for part in (namespace, name) if part)])


def of_title(title: str, namespace: str) -> str:
    """The page of what a grant calls `ClusterRole/name`."""
    kind, _, name = title.partition("/")
    return href(KINDS[kind], namespace if KINDS[kind].namespaced else "", name)
