"""The images that worlds are filled with: what image number n is called, says and holds. Pure.

Names, aliases and labels follow from the number, so whoever measures knows what is there without asking. Aliases are
Latin and Chinese: some words stand in every sixth, some in one of four hundred, and each fiftieth has two characters
that hardly another has.
"""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from msgspec.structs import replace

from imageyard.domain.kinds import REPOSITORY
from imageyard.domain.kinds.repository import (
    Layer,
    Manifest,
    RegistryRef,
    Repository,
    RepositorySpec,
    RepositoryStatus,
)
from imageyard.domain.objects import ANNOTATION, ObjectMeta
from imageyard.domain.reasons import Reason

NAMESPACES: Final = 20
SOURCE: Final = RegistryRef(name="harbor", namespace="default")
DISPLAY_NAME: Final = f"{ANNOTATION}display-name"
COMMON: Final = ("网关", "订单服务", "边缘节点", "frontend", "ledger", "telemetry")
"""One of them stands in every sixth alias."""
_PAIRS: Final = (
    "库存物流支付用户消息队列日志监控告警调度缓存检索推荐画像风控结算账单发票合同审批权限认证会员积分优惠营销活动商品类目价格评价客服"
    "工单知识培训考勤薪酬招聘报表数据清洗标注模型训练推理语音图像视频直播转码存储备份归档迁移网络域名证书负载限流熔断配置注册发布灰度"
)
WORDS: Final = tuple(_PAIRS[at : at + 2] for at in range(0, len(_PAIRS), 2))
"""One of these stands in every alias too."""
SELECTOR: Final = "tier=gold"
"""What a tenth is labelled with."""
_TIERS: Final = ("gold", *["silver"] * 3, *["bronze"] * 6)
_FAILED_OF: Final = 8
_RARE_OF: Final = 50
_ODD: Final = 0x9E3779B97F4A7C15F39CC0605CEDC835
"""Makes uids that lie apart, as random ones do: the golden ratio in 128 bits."""
_CREATED: Final = datetime(2026, 1, 1, tzinfo=UTC)


class Schedule(NamedTuple):
    """From `first` on, for `interval` seconds, images are due one after another, in no order of their names."""

    first: datetime
    interval: int
    images: int

    def due(self, number: int) -> datetime:
        """In whole seconds, as a status has it."""
        return self.first + timedelta(seconds=number * _SCATTER % self.images * self.interval // self.images)


_SCATTER: Final = 7_919
"""A prime that divides no count of ours: neighbours by name are not due together."""


def name(number: int) -> str:
    return f"image-{number:06}"


def namespace(number: int) -> str:
    return f"team-{number % NAMESPACES:02}"


def is_failed(number: int) -> bool:
    return number % _FAILED_OF == 3


def is_gold(number: int) -> bool:
    return number * 3 % len(_TIERS) == 0


def rare(nth: int) -> str:
    """The two characters that stand in the alias of the nth image which has such."""
    return chr(0x5000 + nth % 997) + chr(0x6000 + nth % 1009)


def alias(number: int) -> str:
    nth, left = divmod(number, _RARE_OF)
    odd = f"{rare(nth)} " if left == 7 else ""
    return f"{COMMON[number % len(COMMON)]} {WORDS[number // len(COMMON) % len(WORDS)]} {odd}{number}"


def digest(number: int) -> str:
    """What the tag answers with."""
    return f"sha256:{number:064x}"


def lying(number: int) -> Repository:
    """As it lies after a sync, about 1.2 kB; suspended, so that the engine leaves it alone."""
    failed = is_failed(number)
    status = _status(number)
    if failed:
        status.sync_status, status.failures, status.reason = "Failed", 3, Reason.Timeout
        status.message = "镜像仓库未在时限内应答，恢复后会自动同步"
    return _image(number, replace(_spec(number), suspend=True), status)


def kept(number: int, schedule: Schedule) -> Repository:
    """The same, kept in sync by a schedule."""
    status = _status(number)
    status.next_sync = schedule.due(number)
    return _image(number, replace(_spec(number), sync_interval=f"{schedule.interval}s"), status)


def _spec(number: int) -> RepositorySpec:
    return RepositorySpec(repository=f"team/app-{number}", tag="v1.0.0", registry_ref=SOURCE)


def _image(number: int, spec: RepositorySpec, status: RepositoryStatus) -> Repository:
    meta = ObjectMeta(
        name=name(number),
        namespace=namespace(number),
        uid=str(UUID(int=(number + 1) * _ODD % 2**128)),
        generation=1,
        creation_timestamp=_CREATED,
        labels={"app": f"app-{number % 50}", "tier": _TIERS[number * 3 % len(_TIERS)]},
        annotations={DISPLAY_NAME: alias(number)},
    )
    return Repository(api_version=REPOSITORY.api_version, kind=REPOSITORY.name, metadata=meta, spec=spec, status=status)


def _status(number: int) -> RepositoryStatus:
    layers = [Layer(digest=digest(number + layer), size="29124171") for layer in range(4)]
    return RepositoryStatus(
        sync_status="Success",
        domain="harbor.example.com",
        last_synced=_CREATED,
        last_attempt=_CREATED,
        observed_generation=1,
        manifest=Manifest(digest=digest(number), size="142MB", size_bytes=142_000_000, layers=layers),
    )
