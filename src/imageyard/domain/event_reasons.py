"""What imageyard tells by Events: one closed enumeration, each a situation that a person can filter by.

The docs are generated from this table. Sentences are ours alone: what a caller or a registry wrote is in none.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from imageyard.domain.kinds.event import NORMAL, WARNING
from imageyard.domain.text import Text


class EventReason(StrEnum):
    Created = "Created"
    Updated = "Updated"
    Deleted = "Deleted"
    VerifyRequested = "VerifyRequested"
    Verified = "Verified"
    VerifyFailed = "VerifyFailed"
    CredentialsRotated = "CredentialsRotated"
    HostChanged = "HostChanged"
    GrantAdded = "GrantAdded"
    GrantRemoved = "GrantRemoved"
    SyncRequested = "SyncRequested"
    Synced = "Synced"
    DigestChanged = "DigestChanged"
    SyncFailed = "SyncFailed"
    RateLimited = "RateLimited"
    Stalled = "Stalled"
    ReferenceNotPermitted = "ReferenceNotPermitted"
    Suspended = "Suspended"
    Resumed = "Resumed"


class Explained(NamedTuple):
    """`kinds` that it happens to; `more` tells what the message says after the sentence, empty for nothing."""

    type: str
    kinds: tuple[str, ...]
    text: Text
    more: Text = Text("", "")


_SOURCE: Final = ("RegistrySecret",)
_IMAGE: Final = ("Repository",)
_BOTH: Final = _SOURCE + _IMAGE
_FIELDS: Final = Text("更改的字段", "the fields that changed")
_NAMESPACES: Final = Text("命名空间", "the namespaces")
_WHY: Final = Text("原因", "why")

TABLE: Final[dict[EventReason, Explained]] = {
    EventReason.Created: Explained(NORMAL, _BOTH, Text("已创建", "created")),
    EventReason.Updated: Explained(NORMAL, _BOTH, Text("已更新", "updated"), _FIELDS),
    EventReason.Deleted: Explained(NORMAL, _BOTH, Text("已删除", "deleted")),
    EventReason.VerifyRequested: Explained(NORMAL, _SOURCE, Text("已请求测试连接", "a connection test was asked for")),
    EventReason.Verified: Explained(NORMAL, _SOURCE, Text("测试连接成功", "the connection test succeeded")),
    EventReason.VerifyFailed: Explained(WARNING, _SOURCE, Text("测试连接失败", "the connection test failed"), _WHY),
    EventReason.CredentialsRotated: Explained(
        NORMAL, _SOURCE, Text("凭证已更换，将重新验证", "the credential was replaced and is tested again")
    ),
    EventReason.HostChanged: Explained(
        NORMAL, _SOURCE, Text("镜像仓库域名已更改，将重新验证", "the registry domain was changed and is tested again")
    ),
    EventReason.GrantAdded: Explained(
        NORMAL, _SOURCE, Text("已允许其他命名空间引用", "other namespaces may now reference it"), _NAMESPACES
    ),
    EventReason.GrantRemoved: Explained(
        NORMAL, _SOURCE, Text("不再允许命名空间引用", "namespaces may no longer reference it"), _NAMESPACES
    ),
    EventReason.SyncRequested: Explained(NORMAL, _IMAGE, Text("已请求同步", "a sync was asked for")),
    EventReason.Synced: Explained(
        NORMAL,
        _IMAGE,
        Text("首次同步成功，或在失败后恢复", "synced for the first time, or again after a failure"),
        Text("摘要", "the digest"),
    ),
    EventReason.DigestChanged: Explained(
        NORMAL,
        _IMAGE,
        Text("Tag 指向的内容已更改", "the tag names another digest now"),
        Text("新旧摘要", "both digests"),
    ),
    EventReason.SyncFailed: Explained(WARNING, _IMAGE, Text("同步失败", "the sync failed"), _WHY),
    EventReason.RateLimited: Explained(
        WARNING,
        _IMAGE,
        Text("同步失败：镜像仓库限制了请求频率", "the sync failed: the registry limits the request rate"),
    ),
    EventReason.Stalled: Explained(
        WARNING, _IMAGE, Text("同步失败，重试无法恢复", "the sync failed, and no retry mends it"), _WHY
    ),
    EventReason.ReferenceNotPermitted: Explained(
        WARNING, _IMAGE, Text("不允许引用该镜像源", "it may not reference the registry source"), _WHY
    ),
    EventReason.Suspended: Explained(NORMAL, _IMAGE, Text("已暂停定时同步", "scheduled syncs are suspended")),
    EventReason.Resumed: Explained(NORMAL, _IMAGE, Text("已恢复定时同步", "scheduled syncs are resumed")),
}


def explain(reason: EventReason) -> Explained:
    """The row of `reason`; the table is complete (tested)."""
    return TABLE[reason]
