"""Create, get, list, replace, patch, delete, watch: one use case each, the same for every door."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, NamedTuple

from imageyard.domain.access import Actor
from imageyard.domain.kind import Kind
from imageyard.domain.text import Text
from imageyard.store import Change, Page, Query, Stored

Document = Mapping[str, Any]
"""A JSON object as it came in: checked for syntax, duplicate keys and depth, nothing else."""


class Result(NamedTuple):
    """What a write answered, and what the caller should be warned of (`Warning` header)."""

    stored: Stored
    warnings: tuple[Text, ...] = ()


class Removed(NamedTuple):
    """One name of a delete by names: REST `{name, success, reason, message}`."""

    name: str
    success: bool
    reason: str
    text: Text


class Patch(NamedTuple):
    """A patch as it came in; `body` is a mapping for merge, a list of operations for json."""

    type: Literal["merge", "json"]
    body: Any


class Objects:
    """Every method raises Forbidden, and the failures its Store call and admission raise."""

    async def create(self, actor: Actor, kind: Kind[Any], namespace: str, document: Document) -> Result:
        raise NotImplementedError

    async def get(self, actor: Actor, kind: Kind[Any], namespace: str, name: str) -> Stored:
        raise NotImplementedError

    async def list(self, actor: Actor, kind: Kind[Any], query: Query) -> Page:
        """`query.namespaces` None needs the right to list in all namespaces."""
        raise NotImplementedError

    async def replace(self, actor: Actor, kind: Kind[Any], namespace: str, name: str, document: Document) -> Result:
        raise NotImplementedError

    async def patch(self, actor: Actor, kind: Kind[Any], namespace: str, name: str, patch: Patch) -> Result:
        raise NotImplementedError

    async def delete(self, actor: Actor, kind: Kind[Any], namespace: str, name: str) -> Stored:
        raise NotImplementedError

    async def delete_names(
        self, actor: Actor, kind: Kind[Any], namespace: str, names: Sequence[str]
    ) -> Sequence[Removed]:
        raise NotImplementedError

    def watch(
        self, actor: Actor, kind: Kind[Any], *, namespace: str | None, since: int | None, bookmarks: bool
    ) -> AbstractAsyncContextManager[AsyncIterator[Change]]:
        raise NotImplementedError

    async def namespaces(self, actor: Actor) -> Sequence[str]:
        """Namespaces in which the actor may list either kind, sorted."""
        raise NotImplementedError

    async def history(self, actor: Actor, kind: Kind[Any], namespace: str, name: str) -> Sequence[bytes]:
        """JSON lines of an object's history, newest first (sync history or verifications)."""
        raise NotImplementedError

    async def manifest(self, actor: Actor, namespace: str, name: str, digest: str) -> Mapping[str, Any]:
        """`{"digest", "mediaType", "manifest", "config", "layers"}` of a digest in a Repository's status or history.
        Raises NotFound for any other digest."""
        raise NotImplementedError
