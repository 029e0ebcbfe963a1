"""ClusterRole: what may be done in every namespace, beyond namespaces, and with URLs that are no resources."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from msgspec import Struct

from imageyard.domain import metadata, names
from imageyard.domain.access import RBAC
from imageyard.domain.errors import INVALID, REQUIRED, Cause
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import role
from imageyard.domain.kinds.role import PolicyRule
from imageyard.domain.objects import Object
from imageyard.domain.selector import LabelSelector, Requirement
from imageyard.domain.text import Text

MOST_SELECTORS: Final = 32

_OPERATORS: Final[Mapping[str, Literal["in", "notin", "exists", "absent"]]] = {
    "In": "in",
    "NotIn": "notin",
    "Exists": "exists",
    "DoesNotExist": "absent",
}


class Expression(Struct, omit_defaults=True):
    """A condition on one label."""

    key: str
    """The label's key."""
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    """How the label is compared with the values."""
    values: list[str] = []
    """For In and NotIn."""


class Selector(Struct, rename="camel", omit_defaults=True):
    """metav1.LabelSelector; an empty one matches everything."""

    match_labels: dict[str, str] = {}
    """Labels that an object has to have."""
    match_expressions: list[Expression] = []
    """Conditions that all have to hold."""

    def selector(self) -> LabelSelector:
        return LabelSelector(
            (
                *(Requirement(key, "in", (value,)) for key, value in self.match_labels.items()),
                *(Requirement(e.key, _OPERATORS[e.operator], tuple(e.values)) for e in self.match_expressions),
            )
        )


class AggregationRule(Struct, rename="camel", omit_defaults=True):
    """The role holds the rules of every ClusterRole that one of the selectors matches, and none of its own."""

    cluster_role_selectors: list[Selector] = []
    """A ClusterRole that one of these matches is gathered."""


class ClusterRole(Object, kw_only=True):
    """What may be done everywhere, or within a namespace, by those it is bound to."""

    rules: list[PolicyRule] | None = None
    """What may be done: whatever one of them allows."""
    aggregation_rule: AggregationRule | None = None
    """Gathers the rules of other ClusterRoles instead."""


def validate(new: ClusterRole, old: ClusterRole | None) -> list[Cause]:
    """The name, every rule of rules, and of selectors."""
    return [
        *metadata.check(new.metadata, namespaced=False, named=names.path_segment),
        *role.check_rules(new.rules or [], namespaced=False),
        *(_aggregation(new.aggregation_rule) if new.aggregation_rule is not None else []),
    ]


def _aggregation(rule: AggregationRule) -> list[Cause]:
    path = "aggregationRule.clusterRoleSelectors"
    if not rule.cluster_role_selectors:
        text = Text(
            "设置 aggregationRule 时至少要有一个选择器",
            "at least one clusterRoleSelector required if aggregationRule is non-nil",
        )
        return [Cause(path, REQUIRED, text)]
    sizes = [len(each.match_labels) + len(each.match_expressions) for each in rule.cluster_role_selectors]
    if len(sizes) > MOST_SELECTORS or max(sizes) > MOST_SELECTORS:
        return [Cause(path, INVALID, Text(f"最多 {MOST_SELECTORS} 项", f"has at most {MOST_SELECTORS} entries"))]
    return [
        cause
        for n, selector in enumerate(rule.cluster_role_selectors)
        for m, expression in enumerate(selector.match_expressions)
        for cause in _expression(f"{path}[{n}].matchExpressions[{m}].values", expression)
    ]


def _expression(path: str, expression: Expression) -> list[Cause]:
    wants = expression.operator in ("In", "NotIn")
    if wants and not expression.values:
        text = Text("operator 为 In 或 NotIn 时必填", "must be specified when `operator` is 'In' or 'NotIn'")
        return [Cause(path, REQUIRED, text)]
    if expression.values and not wants:
        text = Text(
            "operator 为 Exists 或 DoesNotExist 时不能填写",
            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        )
        return [Cause(path, INVALID, text)]
    return []


KIND: Kind[Any] = Kind(
    name="ClusterRole",
    plural="clusterroles",
    singular="clusterrole",
    group=RBAC,
    version="v1",
    namespaced=False,
    type=ClusterRole,
    index=role.index,
    validate=validate,
    categories=(),
    subresources=(),
    columns=role.COLUMNS,
)
