"""Whether an actor may do something, and the words when not: the same for objects that exist and that do not."""

from collections.abc import Callable, Iterable
from typing import Any

from imageyard.domain import access
from imageyard.domain.access import Action, Actor, Grant
from imageyard.domain.errors import Forbidden
from imageyard.domain.kind import Kind
from imageyard.domain.text import Text

Grants = Callable[[], Iterable[Grant]]
"""Read anew at each question, so that bindings kept as objects take effect at once."""


class Rights:
    def __init__(self, grants: Grants) -> None:
        self._grants = grants

    def allows(self, actor: Actor, verb: str, kind: Kind[Any], namespace: str, name: str = "", sub: str = "") -> bool:
        """Whether the actor may; `sub` is a subresource, `namespace` "" the whole cluster."""
        return access.allows(actor, _action(verb, kind, namespace, name, sub), self._grants())

    def demand(self, actor: Actor, verb: str, kind: Kind[Any], namespace: str, name: str = "", sub: str = "") -> None:
        """Raises Forbidden, in Kubernetes' words."""
        action = _action(verb, kind, namespace, name, sub)
        if not access.allows(actor, action, self._grants()):
            raise Forbidden(_refusal(actor, action), kind=kind.singular, name=name)


def _action(verb: str, kind: Kind[Any], namespace: str, name: str, sub: str) -> Action:
    resource = f"{kind.plural}/{sub}" if sub else kind.plural
    return Action(verb, resource, namespace, name, kind.group)


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
