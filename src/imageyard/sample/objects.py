"""The sample objects: sources and images as a user would write them, good ones and ones that fail on purpose.

Each failing one shows a different reason, and its name says which. Documents are in REST form, so a password stands
in them as a user would send it: they are for handing to the service, never for logging.
"""

from typing import Any, Final, NamedTuple

from imageyard.domain.kinds import registry_secret, repository
from imageyard.domain.objects import ANNOTATION, API_VERSION
from imageyard.domain.secret import Secret
from imageyard.sample import catalogue, moving

Document = dict[str, Any]
LABEL: Final = ANNOTATION + "sample"
"""Every sample object carries it, so that one selector finds, or removes, them all."""

DEFAULT: Final = "default"
EDGE: Final = "edge"


class Credentials(NamedTuple):
    """The sample registry's one account."""

    user: str
    password: Secret


def documents(registry: str, credentials: Credentials) -> list[tuple[str, str, Document]]:
    """(plural, namespace, document) of every sample object, sources before the images that refer to them.
    `registry` is the sample registry's `host:port`."""
    return [*_sources(registry, credentials), *_images()]


def _sources(registry: str, credentials: Credentials) -> list[tuple[str, str, Document]]:
    user, password = credentials.user, credentials.password.reveal()
    return [
        _source(
            "sample-token",
            "示例仓库（令牌登录）",
            "以用户名和密码换取 Bearer 令牌；允许命名空间 edge 引用",
            {"domain": registry, "username": user, "password": password, "allowedNamespaces": [EDGE]},
        ),
        _source(
            "sample-basic",
            "示例仓库（Basic 登录）",
            "classic/ 下的镜像每次请求都带用户名和密码；不允许其他命名空间引用",
            {"domain": registry, "username": user, "password": password},
        ),
        _source(
            "wrong-password",
            "密码错误的镜像源",
            "故意填错密码，验证会失败并说明原因；改成正确的密码即可恢复",
            {"domain": registry, "username": user, "password": "not-the-password"},  # nosec B105 # nobody has it
        ),
        _source(
            "unknown-host",
            "域名不存在的镜像源",
            "registry.invalid 永远无法解析（RFC 2606），用来演示 DNS 故障",
            {"domain": "registry.invalid", "username": "nobody", "password": "none", "insecure": False},  # nosec B105 # goes nowhere
        ),
        _source(
            "edge-sample",
            "边缘团队自己的镜像源",
            "同一个示例仓库，由命名空间 edge 自己管理",
            {"domain": registry, "username": user, "password": password},
            namespace=EDGE,
        ),
    ]


def _images() -> list[tuple[str, str, Document]]:
    return [
        _image("nginx", "Nginx 网页服务器", "多平台镜像：amd64、arm64、arm/v7 和 Windows", catalogue.NGINX, "1.27"),
        _image(
            "nginx-arm64",
            "Nginx（arm64）",
            "同一个 Tag，指定显示 linux/arm64 平台",
            catalogue.NGINX,
            "1.27",
            platform="linux/arm64",
        ),
        _image(
            "redis",
            "Redis 缓存",
            "单平台的 Docker v2 镜像，使用 Basic 登录",
            catalogue.REDIS,
            "7.2",
            source="sample-basic",
        ),
        _image("web-gateway-chart", "网关 Helm Chart", "不是镜像的制品：Helm Chart", catalogue.CHART, "0.4.2"),
        _image(
            "sensor-gateway-nightly",
            "传感器网关（每日构建）",
            "移动的 Tag：大约每 60 秒有一次新构建，摘要随之变化",
            moving.REPOSITORY,
            moving.TAG,
            syncInterval="15s",
        ),
        _image(
            "nginx-missing-tag",
            "不存在的 Tag",
            "仓库里没有 9.99 这个 Tag，同步会失败（TagNotFound）",
            catalogue.NGINX,
            "9.99",
        ),
        _image(
            "toolbox-wrong-password",
            "凭证错误的镜像",
            "引用了密码错误的镜像源，不会反复尝试以免锁定账号",
            catalogue.TOOLBOX,
            "1.0",
            source="wrong-password",
        ),
        _image(
            "toolbox-unknown-host",
            "连不上的镜像",
            "引用了域名不存在的镜像源，会按退避间隔重试",
            catalogue.TOOLBOX,
            "1.0",
            source="unknown-host",
        ),
        _image(
            "toolbox-suspended",
            "已暂停的镜像",
            "suspend: true，只在手动触发时同步",
            catalogue.TOOLBOX,
            "1.0",
            suspend=True,
        ),
        _image(
            "nginx-shared",
            "跨命名空间引用（已授权）",
            "引用 default/sample-token，该镜像源允许 edge 使用",
            catalogue.NGINX,
            "latest",
            namespace=EDGE,
        ),
        _image(
            "redis-not-shared",
            "跨命名空间引用（未授权）",
            "引用 default/sample-basic，该镜像源没有允许 edge 使用",
            catalogue.REDIS,
            "7.2",
            source="sample-basic",
            namespace=EDGE,
        ),
        _image(
            "toolbox-edge",
            "边缘工具箱",
            "使用 edge 自己的镜像源",
            catalogue.TOOLBOX,
            "1.0",
            source="edge-sample",
            source_namespace=EDGE,
            namespace=EDGE,
        ),
    ]


def _source(
    name: str, title: str, description: str, spec: Document, namespace: str = DEFAULT
) -> tuple[str, str, Document]:
    spec = {"insecure": True, **spec, "provider": "other"}
    kind = registry_secret.KIND
    return kind.plural, namespace, _object(kind.name, namespace, name, title, description, spec)


def _image(
    name: str,
    title: str,
    description: str,
    path: str,
    tag: str,
    *,
    source: str = "sample-token",
    source_namespace: str = DEFAULT,
    namespace: str = DEFAULT,
    **more: object,
) -> tuple[str, str, Document]:
    reference = {"name": source, "namespace": source_namespace}
    spec = {"repository": path, "tag": tag, "registryRef": reference, "syncInterval": "5m", **more}
    kind = repository.KIND
    return kind.plural, namespace, _object(kind.name, namespace, name, title, description, spec)


def _object(kind: str, namespace: str, name: str, title: str, description: str, spec: Document) -> Document:
    annotations = {ANNOTATION + "display-name": title, ANNOTATION + "description": description}
    metadata = {"name": name, "namespace": namespace, "labels": {LABEL: "true"}, "annotations": annotations}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}
