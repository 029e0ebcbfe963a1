"""The kinds table. A new kind is one file beside this one and one line here."""

from typing import Any, Final

from imageyard.domain.kind import Kind
from imageyard.domain.kinds import access_token, namespace, registry_secret, repository

REPOSITORY: Final = repository.KIND
REGISTRY_SECRET: Final = registry_secret.KIND
NAMESPACE: Final = namespace.KIND
ACCESS_TOKEN: Final = access_token.KIND

KINDS: Final[tuple[Kind[Any], ...]] = (REGISTRY_SECRET, REPOSITORY, NAMESPACE, ACCESS_TOKEN)
BY_PLURAL: Final[dict[str, Kind[Any]]] = {kind.plural: kind for kind in KINDS}
