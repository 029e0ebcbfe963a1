"""What is special about known registries: token services on other hosts, and how they judge a login.

Rows are chosen by the *host* that is spoken to, never by what a user wrote into `spec.provider`: a credential's
way must not depend on a label. Patterns match whole hosts, label by label.
"""

import re
from typing import Final, NamedTuple

from imageyard.domain.text import Text
from imageyard.registry.origin import HUB, Origin

_REGION = r"(?P<region>[a-z]{2}-[a-z0-9]+(?:-[a-z0-9]+)*)"
_NAME = r"[a-z0-9]+(?:-[a-z0-9]+)*"


class Provider(NamedTuple):
    """One row. `realms` are the exact hosts of its token services (`{region}` is filled from the host).
    `proves` tells that its token service answers 401 or 403 to a wrong password when no scope is asked; then no
    negative control is needed, and none is made where a wrong login may lock an account or an address."""

    name: str
    host: re.Pattern[str]
    realms: tuple[str, ...] = ()
    proves: bool = True
    note: Text | None = None
    """Said after a successful login."""


def _row(name: str, host: str, *realms: str, proves: bool = True, note: Text | None = None) -> Provider:
    return Provider(name, re.compile(host), realms, proves, note)


def _aliyun(suffix: str) -> str:
    """Personal (`registry.<r>`, `crpi-….<r>.personal.cr`) and Enterprise (`<instance>-registry.<r>.cr`) hosts."""
    return rf"(?:(?:{_NAME}-)?registry|crpi-[a-z0-9]+){suffix}\.{_REGION}(?:(?:\.personal)?\.cr)?\.aliyuncs\.com"


_ALIYUN_PUBLIC = ("dockerauth.{region}.aliyuncs.com", "dockerauth-ee.{region}.aliyuncs.com")
_ALIYUN_VPC = ("dockerauth-vpc.{region}.aliyuncs.com", "dockerauth-ee-vpc.{region}.aliyuncs.com")
_ECR = Text("ECR 的登录密码 12 小时后失效", "an ECR login password expires after 12 hours")
_GOOGLE = Text(
    "若使用访问令牌，60 分钟后失效；JSON 密钥不会", "an access token expires after 60 minutes; a JSON key does not"
)
_AZURE = Text(
    "若使用 AAD 刷新令牌，会定期失效；服务主体与仓库令牌不会",
    "an AAD refresh token expires; service principals and repository tokens do not",
)

PROVIDERS: Final = (
    _row("dockerhub", re.escape(HUB), "auth.docker.io"),
    _row("aliyun", _aliyun(""), *_ALIYUN_PUBLIC),
    _row("aliyun", _aliyun("-(?:vpc|internal)"), *_ALIYUN_PUBLIC, *_ALIYUN_VPC),
    _row("gitlab", r"registry\.gitlab\.com", "gitlab.com"),
    _row("ghcr", r"ghcr\.io"),
    _row("quay", r"quay\.io"),
    _row("ecr", rf"[0-9]{{12}}\.dkr\.ecr(?:-fips)?\.{_REGION}\.amazonaws\.com(?:\.cn)?", note=_ECR),
    _row("google", rf"(?:{_NAME}-docker\.pkg\.dev|(?:(?:us|eu|asia)\.)?gcr\.io)", note=_GOOGLE),
    _row("azure", rf"{_NAME}\.azurecr\.(?:io|cn|us)", note=_AZURE),
    _row("tencent", rf"(?:(?:[a-z]+)?ccr\.ccs\.tencentyun\.com|{_NAME}\.tencentcloudcr\.com)"),
)
OTHER: Final = Provider("other", re.compile(""), proves=False)
"""Any other host. Harbor is known by `spec.provider` only, and only where that changes no credential's way."""

# One region's token service has a name of its own (Alibaba's endpoint table).
_ALIYUN_ODD: Final = {"cn-zhangjiakou": ("dockerauth-cn-zhangjiakou.aliyuncs.com",)}


def of(origin: Origin) -> Provider:
    """The row of a host; only HTTPS on its own port is that provider."""
    if origin.scheme != "https" or origin.port != 443:
        return OTHER
    return next((row for row in PROVIDERS if row.host.fullmatch(origin.host)), OTHER)


def realms(origin: Origin) -> frozenset[str]:
    """Exact hosts of token services that may see a credential of this origin, besides its own host."""
    row = of(origin)
    found = row.host.fullmatch(origin.host) if row is not OTHER else None
    if found is None or not row.realms:
        return frozenset()
    region = found.groupdict().get("region", "")
    odd = _ALIYUN_ODD.get(region, ()) if row.name == "aliyun" else ()
    return frozenset((*(realm.format(region=region) for realm in row.realms), *odd))


def asked(origin: Origin, repository: str) -> str:
    """The path as it is asked for: Docker Hub keeps its official images under `library/`, and only there."""
    return f"library/{repository}" if origin.host == HUB and "/" not in repository else repository
