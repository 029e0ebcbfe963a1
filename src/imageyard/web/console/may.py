"""What the reader may do. What is not allowed is absent from the page, so every page asks here first."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from imageyard.domain.access import MASTERS, Action, Actor
from imageyard.domain.errors import Forbidden
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY
from imageyard.domain.text import Text
from imageyard.service.rights import Rights


@dataclass(frozen=True, slots=True)
class May:
    rights: Rights
    actor: Actor

    def __call__(self, verb: str, kind: Kind[Any], namespace: str, name: str = "", sub: str = "") -> bool:
        return self.rights.allows(self.actor, verb, kind, namespace, name, sub)

    @property
    def everything(self) -> bool:
        """Whether the reader is an operator of this server."""
        return MASTERS in self.actor.groups

    def demand_everything(self) -> None:
        """Raises Forbidden for who is no operator of this server."""
        if not self.everything:
            raise Forbidden(Text(f"仅限 {MASTERS} 组的成员", f"only members of the group {MASTERS} may do this"))

    def path(self, verb: str, path: str) -> bool:
        """Whether the reader may use a URL that is no resource."""
        return self.rights.can(self.actor, Action(verb, "", group="", path=path))

    def sync(self, namespace: str, name: str) -> bool:
        return self("create", REPOSITORY, namespace, name, "sync")

    def suspend(self, namespace: str, name: str) -> bool:
        return self("patch", REPOSITORY, namespace, name)

    def verify(self, namespace: str, name: str) -> bool:
        return self("create", REGISTRY_SECRET, namespace, name, "verify")

    def edit(self, namespace: str, name: str) -> bool:
        """Change a registry source."""
        return self("patch", REGISTRY_SECRET, namespace, name)

    def create_in(self, kind: Kind[Any], known: Iterable[str]) -> list[str]:
        """The namespaces of the `known` in which the reader may make such an object."""
        return [name for name in known if self("create", kind, name)]

    def delete(self, kind: Kind[Any], namespace: str, name: str) -> bool:
        return self("delete", kind, namespace, name)

    def scope(self, kind: Kind[Any], namespace: str, known: Iterable[str]) -> frozenset[str] | None:
        """Where to list a kind: the chosen namespace; without one everywhere (None), else wherever of the `known`
        namespaces the reader may."""
        if namespace:
            return frozenset({namespace})
        if self("list", kind, ""):
            return None
        return frozenset(name for name in known if self("list", kind, name))
