"""Whether an actor may do something, and the words when not: the same for objects that exist and that do not."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from imageyard.domain import access
from imageyard.domain.access import Action, Actor, Because, Grant, Rule
from imageyard.domain.errors import Forbidden, NotFound
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import CLUSTER_ROLE, NAMESPACE, ROLE
from imageyard.domain.kinds.role_binding import RoleRef
from imageyard.domain.text import Text

Grants = Callable[[Actor], tuple[Grant, ...]]
"""Of an actor. Read anew at each question, so that bindings kept as objects take effect at once."""
_REMEMBERED: Final = 4_000
"""Answers that are kept."""
RoleRules = Callable[[RoleRef, str], Iterable[Rule]]
"""Of the role that a binding in a namespace refers to. Raises NotFound."""


def builtin(actor: Actor) -> tuple[Grant, ...]:
    """Grants where no roles and bindings are kept."""
    return access.builtin_grants()


def no_roles(ref: RoleRef, namespace: str) -> Iterable[Rule]:
    raise NotFound((ROLE if ref.kind == "Role" else CLUSTER_ROLE).singular, ref.name)


class Rights:
    def __init__(self, grants: Grants = builtin, role_rules: RoleRules = no_roles) -> None:
        self._grants = grants
        self.role_rules = role_rules
        self._allowed: dict[tuple[str, frozenset[str], Action], tuple[Grant, ...]] = {}
        """What was allowed whatever the name, and by which grants: it holds as long as these are the actor's."""

    def can(self, actor: Actor, action: Action) -> bool:
        grants = self._grants(actor)
        asked = (actor.user, actor.groups, action._replace(name="") if action.name else action)
        if self._allowed.get(asked) is grants:
            return True
        if access.allows_every_name(actor, action, grants):
            if len(self._allowed) >= _REMEMBERED:
                self._allowed.clear()
            self._allowed[asked] = grants
            return True
        return access.allows(actor, action, grants)

    def explain(self, actor: Actor, action: Action) -> tuple[Because, ...]:
        """Every reason for which the actor may, none if he may not."""
        return access.explain(actor, action, self._grants(actor))

    def held(self, actor: Actor) -> tuple[Grant, ...]:
        """All that is granted to the actor, wherever."""
        return self._grants(actor)

    def any_beyond_basics(self, actor: Actor) -> bool:
        """Whether the actor may more than everybody who has signed in."""
        beyond = (grant for grant in self._grants(actor) if grant.subject != f"Group:{access.AUTHENTICATED}")
        return access.holds_any(actor, beyond)

    def rules(self, actor: Actor, namespace: str) -> list[Rule]:
        """All that the actor may in a namespace, or everywhere for ""."""
        return access.rules_of(actor, namespace, self._grants(actor))

    def allows(self, actor: Actor, verb: str, kind: Kind[Any], namespace: str, name: str = "", sub: str = "") -> bool:
        """Whether the actor may; `sub` is a subresource, `namespace` "" the whole cluster."""
        return self.can(actor, _action(verb, kind, namespace, name, sub))

    def demand(self, actor: Actor, verb: str, kind: Kind[Any], namespace: str, name: str = "", sub: str = "") -> None:
        """Raises Forbidden, in Kubernetes' words."""
        action = _action(verb, kind, namespace, name, sub)
        if not self.can(actor, action):
            raise Forbidden(_refusal(actor, action), kind=kind.singular, name=name)

    def demand_one(
        self, actor: Actor, verb: str, kind: Kind[Any], places: Sequence[tuple[str, str]], sub: str = ""
    ) -> None:
        """Raises Forbidden for who may do it with none of these (namespace and name, at least one)."""
        if not any(self.allows(actor, verb, kind, *place, sub) for place in places):
            self.demand(actor, verb, kind, *places[0], sub)

    def demand_path(self, actor: Actor, verb: str, path: str) -> None:
        """The same for a URL that is no resource."""
        if not self.can(actor, Action(verb, "", group="", path=path)):
            raise Forbidden(
                Text(
                    f"用户“{actor.user}”无权对路径“{path}”执行 {verb}",
                    f'User "{actor.user}" cannot {verb} path "{path}"',
                )
            )


def _action(verb: str, kind: Kind[Any], namespace: str, name: str, sub: str) -> Action:
    resource = f"{kind.plural}/{sub}" if sub else kind.plural
    # As Kubernetes has it, one namespace lies in itself: a right given within it reaches it.
    return Action(verb, resource, name if kind is NAMESPACE else namespace, name, kind.group)


def _refusal(actor: Actor, action: Action) -> Text:
    what = Text(
        f"API 组“{action.group}”的资源“{action.resource}”",
        f'resource "{action.resource}" in API group "{action.group}"',
    )
    where = Text("集群范围", "at the cluster scope")
    if action.namespace:
        where = Text(f"命名空间“{action.namespace}”", f'in the namespace "{action.namespace}"')
    return Text(
        f"用户“{actor.user}”无权在{where.zh}内对{what.zh}执行 {action.verb}",
        f'User "{actor.user}" cannot {action.verb} {what.en} {where.en}',
    )
