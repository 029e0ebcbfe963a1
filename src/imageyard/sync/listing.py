"""Going through images page by page, so that no list of them is ever held whole."""

from collections.abc import Callable

import msgspec
import structlog

from imageyard.domain.kinds import REPOSITORY
from imageyard.domain.kinds.repository import Repository
from imageyard.domain.objects import Key
from imageyard.store import Query, Store, readable

log = structlog.get_logger()


async def each(store: Store, query: Query, act: Callable[[Key, Repository], None], most: int | None = None) -> None:
    """Show `act` the images that match, until `most` were seen. One that cannot be read is passed over."""
    seen = 0
    async for stored in readable.each(store, REPOSITORY, query):
        try:
            image: Repository = REPOSITORY.decode(stored.body)
        except msgspec.ValidationError:
            log.warning("image_not_readable", namespace=stored.key.namespace, name=stored.key.name)
        else:
            act(stored.key, image)
        seen += 1
        if most is not None and seen >= most:
            return
