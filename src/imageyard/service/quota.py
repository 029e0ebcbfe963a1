"""What all users together may store, so that none of them fills the disk. In the words of Kubernetes' ResourceQuota
(https://kubernetes.io/docs/concepts/policy/resource-quotas/), which answers 403 too. Deleting is always allowed."""

from typing import Any, Final, NamedTuple

from imageyard.domain.clock import Clock
from imageyard.domain.errors import Forbidden
from imageyard.domain.kind import Kind
from imageyard.domain.text import Text
from imageyard.store import Query, Store

MIB: Final = 1024 * 1024
_LOOKED: Final = 1.0
"""Seconds for which the size that was looked up counts."""
_ALL: Final = Query()


class Quota(NamedTuple):
    """`objects` of each kind; `mib` of the database in use, everything in it counted."""

    objects: int = 1_000_000
    mib: int = 8 * 1024


DEFAULT: Final = Quota()


class Quotas:
    def __init__(self, store: Store, clock: Clock, quota: Quota) -> None:
        self._store = store
        self._clock = clock
        self._quota = quota
        self._size = 0
        self._looked: float | None = None

    async def admit(self, kind: Kind[Any]) -> None:
        """Let one object more be made. Several at once may go beyond by a few. Raises Forbidden."""
        most = self._quota.objects
        if (used := await self._store.count(kind, _ALL)) >= most:
            raise _exceeded(kind, f"count/{kind.plural}", "1", str(used), str(most))
        await self.admit_change(kind)

    async def admit_change(self, kind: Kind[Any]) -> None:
        """Let an object be written anew, which may make it larger. Raises Forbidden."""
        now = self._clock.monotonic()
        if self._looked is None or now - self._looked >= _LOOKED:
            self._looked, self._size = now, await self._store.size()
        if self._size >= self._quota.mib * MIB:
            raise _exceeded(kind, "storage", "more", f"{self._size // MIB}Mi", f"{self._quota.mib}Mi")


def _exceeded(kind: Kind[Any], resource: str, requested: str, used: str, limited: str) -> Forbidden:
    told = f"requested: {resource}={requested}, used: {resource}={used}, limited: {resource}={limited}"
    text = Text(
        f"超出存储配额（{told}）；请删除不再需要的对象，或由管理员调高 quota_objects、quota_mib",
        f"exceeded quota: imageyard, {told}; delete what is not needed, or have the operator raise quota_objects or "
        "quota_mib",
    )
    return Forbidden(text, kind=kind.singular)
