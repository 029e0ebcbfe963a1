"""The kinds table. A new kind is one file beside this one and one line here."""

from typing import Any, Final

from imageyard.domain.kind import Kind
from imageyard.domain.kinds import (
    access_token,
    cluster_role,
    cluster_role_binding,
    event,
    namespace,
    registry_secret,
    repository,
    role,
    role_binding,
)

REPOSITORY: Final = repository.KIND
REGISTRY_SECRET: Final = registry_secret.KIND
NAMESPACE: Final = namespace.KIND
ACCESS_TOKEN: Final = access_token.KIND
ROLE: Final = role.KIND
CLUSTER_ROLE: Final = cluster_role.KIND
ROLE_BINDING: Final = role_binding.KIND
CLUSTER_ROLE_BINDING: Final = cluster_role_binding.KIND
EVENT: Final = event.KIND

KINDS: Final[tuple[Kind[Any], ...]] = (
    REGISTRY_SECRET,
    REPOSITORY,
    NAMESPACE,
    ACCESS_TOKEN,
    ROLE,
    CLUSTER_ROLE,
    ROLE_BINDING,
    CLUSTER_ROLE_BINDING,
    EVENT,
)
VIEWS: Final[tuple[Kind[Any], ...]] = (event.EVENTS_V1,)
"""Rows that show objects of the kinds above in another API group. They are served, not stored."""
BY_PLURAL: Final[dict[str, Kind[Any]]] = {kind.plural: kind for kind in KINDS}
