"""Role: what may be done in one namespace. Shapes and rules follow Kubernetes' rbac/v1.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/, pkg/apis/rbac/validation.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from msgspec import Struct, field

from imageyard.domain import metadata, names, objects
from imageyard.domain.access import RBAC, Rule
from imageyard.domain.columns import NAME, Column
from imageyard.domain.errors import INVALID, REQUIRED, Cause
from imageyard.domain.kind import Index, Kind
from imageyard.domain.objects import Object
from imageyard.domain.text import Text

MOST_RULES: Final = 250
MOST_LISTED: Final = 250
"""Entries of one list in a rule. Rights are asked for at every request, and rules compared when a role changes."""


class PolicyRule(Struct, rename="camel", omit_defaults=True):
    """What may be done with which resources, or with which URLs that are no resources."""

    verbs: list[str]
    """Such as `get` and `list`; `*` is every verb."""
    api_groups: list[str] = []
    """Groups of the resources; an empty text is the core group, `*` every group."""
    resources: list[str] = []
    """Plural names such as `repositories`, subresources such as `repositories/sync` or `*/sync`; `*` is all."""
    resource_names: list[str] = []
    """The only objects it is about; none named means all."""
    non_resource_urls: list[str] = field(default_factory=list, name="nonResourceURLs")
    """Paths such as `/metrics`; a `*` at the end stands for what follows. In a ClusterRole only."""

    def rule(self) -> Rule:
        """As rights are decided by."""
        return Rule(
            frozenset(self.verbs),
            frozenset(self.resources),
            frozenset(self.api_groups),
            frozenset(self.resource_names),
            frozenset(self.non_resource_urls),
        )


class Role(Object, kw_only=True):
    """What may be done in one namespace by those it is bound to."""

    rules: list[PolicyRule] | None = None
    """What may be done: whatever one of them allows."""


def policy_rule(rule: Rule) -> PolicyRule:
    """As Kubernetes clients read it."""
    return PolicyRule(
        sorted(rule.verbs), sorted(rule.groups), sorted(rule.resources), sorted(rule.names), sorted(rule.paths)
    )


def rules_of(rules: Iterable[PolicyRule] | None) -> tuple[Rule, ...]:
    return tuple(each.rule() for each in rules or ())


def index(role: Object) -> Index:
    return Index(search=(role.metadata.name,))


def validate(new: Role, old: Role | None) -> list[Cause]:
    """The name, and every rule of rules."""
    return [
        *metadata.check(new.metadata, namespaced=True, named=names.path_segment),
        *check_rules(new.rules or [], namespaced=True),
    ]


def check_rules(rules: list[PolicyRule], *, namespaced: bool) -> list[Cause]:
    if len(rules) > MOST_RULES:
        return [_too_many("rules", MOST_RULES)]
    return [cause for n, rule in enumerate(rules) for cause in _rule(f"rules[{n}]", rule, namespaced=namespaced)]


def _rule(path: str, rule: PolicyRule, *, namespaced: bool) -> Iterator[Cause]:
    lists = {
        "verbs": rule.verbs,
        "apiGroups": rule.api_groups,
        "resources": rule.resources,
        "resourceNames": rule.resource_names,
        "nonResourceURLs": rule.non_resource_urls,
    }
    yield from (_too_many(f"{path}.{name}", MOST_LISTED) for name, held in lists.items() if len(held) > MOST_LISTED)
    if not rule.verbs:
        yield Cause(f"{path}.verbs", REQUIRED, Text("至少要有一个动词", "verbs must contain at least one value"))
    if rule.non_resource_urls:
        yield from _urls(f"{path}.nonResourceURLs", rule, namespaced=namespaced)
        return
    if not rule.api_groups:
        text = Text("资源规则至少要有一个 API 组", "resource rules must supply at least one api group")
        yield Cause(f"{path}.apiGroups", REQUIRED, text)
    if not rule.resources:
        text = Text("资源规则至少要有一个资源", "resource rules must supply at least one resource")
        yield Cause(f"{path}.resources", REQUIRED, text)


def _urls(path: str, rule: PolicyRule, *, namespaced: bool) -> Iterator[Cause]:
    if namespaced:
        text = Text("命名空间内的规则不能用于非资源 URL", "namespaced rules cannot apply to non-resource URLs")
        yield Cause(path, INVALID, text)
    if rule.api_groups or rule.resources or rule.resource_names:
        text = Text(
            "一条规则不能同时用于资源和非资源 URL",
            "rules cannot apply to both regular resources and non-resource URLs",
        )
        yield Cause(path, INVALID, text)


def _too_many(path: str, most: int) -> Cause:
    return Cause(path, INVALID, Text(f"最多 {most:,} 项", f"has at most {most:,} entries"))


def _created(role: Object, now: datetime) -> str | None:
    moment = role.metadata.creation_timestamp
    return None if moment is None else objects.rfc3339(moment)


COLUMNS: Final = (NAME, Column("Created At", "date", _created, "When the object was created."))

KIND: Kind[Any] = Kind(
    name="Role",
    plural="roles",
    singular="role",
    group=RBAC,
    version="v1",
    type=Role,
    index=index,
    validate=validate,
    categories=(),
    subresources=(),
    columns=COLUMNS,
)
