"""Going through images page by page, so that no list of them is ever held whole."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import msgspec
import structlog

from imageyard.domain.kinds import REPOSITORY
from imageyard.domain.kinds.repository import Repository
from imageyard.domain.objects import Key
from imageyard.store import Query, Store

log = structlog.get_logger()

PAGE: Final = 500


async def each(store: Store, query: Query, act: Callable[[Key, Repository], None], most: int | None = None) -> None:
    """Show `act` the images that match, until `most` were seen. One that cannot be read is passed over."""
    token, seen = "", 0
    while True:
        page = await store.list(REPOSITORY, replace(query, limit=PAGE, continuation=token))
        for stored in page.items:
            try:
                image: Repository = REPOSITORY.decode(stored.body)
            except msgspec.ValidationError:
                log.warning("image_not_readable", namespace=stored.key.namespace, name=stored.key.name)
            else:
                act(stored.key, image)
        token, seen = page.continuation, seen + len(page.items)
        if not token or (most is not None and seen >= most):
            return
