"""Why something is as it is: one closed enumeration, shown to users, logged, tested and documented.

Each reason has its Chinese and English sentence, whether it is retried, and a next step. Docs and console are
generated from this table. Programs read the reason; people read the sentence.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from imageyard.domain.text import Text


class Reason(StrEnum):
    DNSFailed = "DNSFailed"
    ConnectionRefused = "ConnectionRefused"
    Timeout = "Timeout"
    TLSInvalid = "TLSInvalid"
    EgressDenied = "EgressDenied"
    NotARegistry = "NotARegistry"
    Unauthorized = "Unauthorized"
    Forbidden = "Forbidden"
    CredentialRefused = "CredentialRefused"
    RepositoryNotFound = "RepositoryNotFound"
    TagNotFound = "TagNotFound"
    RateLimited = "RateLimited"
    ServerError = "ServerError"
    Unavailable = "Unavailable"
    PolicyBlocked = "PolicyBlocked"
    Unsupported = "Unsupported"
    UnsupportedManifest = "UnsupportedManifest"
    ManifestInvalid = "ManifestInvalid"
    ResponseTooLarge = "ResponseTooLarge"
    RedirectRefused = "RedirectRefused"
    RealmRefused = "RealmRefused"
    RegistryNotFound = "RegistryNotFound"
    ReferenceNotPermitted = "ReferenceNotPermitted"
    InvalidSpec = "InvalidSpec"
    Interrupted = "Interrupted"
    Suspended = "Suspended"
    Pending = "Pending"
    AnonymousOnly = "AnonymousOnly"
    Verified = "Verified"
    Synced = "Synced"


class Explained(NamedTuple):
    """`backoff`: the next sync comes after 30 s × 2^n rather than at syncInterval.
    `again`: worth another try inside one sync (retryCount). `stalled`: no retry mends it; somebody must act."""

    text: Text
    next_step: Text
    backoff: bool = False
    again: bool = False
    stalled: bool = False


TABLE: Final[dict[Reason, Explained]] = {
    Reason.DNSFailed: Explained(
        Text("无法解析镜像仓库域名", "the registry's host name cannot be resolved"),
        Text("请检查 spec.domain 的拼写以及本服务所在主机的 DNS", "check spec.domain and this server's DNS"),
        backoff=True,
        again=True,
    ),
    Reason.ConnectionRefused: Explained(
        Text("镜像仓库拒绝连接", "the registry refused the connection"),
        Text(
            "请检查端口是否正确、镜像仓库是否在运行、防火墙是否放行",
            "check the port, that the registry runs, and the firewall between",
        ),
        backoff=True,
        again=True,
    ),
    Reason.Timeout: Explained(
        Text("镜像仓库未在时限内应答", "the registry did not answer in time"),
        Text(
            "请检查网络与防火墙；阿里云企业版请检查公网访问白名单",
            "check network and firewall; on Aliyun ACR Enterprise check the access list",
        ),
        backoff=True,
        again=True,
    ),
    Reason.TLSInvalid: Explained(
        Text("镜像仓库的 TLS 证书无效或不受信任", "the registry's TLS certificate is invalid or not trusted"),
        Text(
            "请检查证书；私有 CA 请设置 spec.caBundle 或启动参数 --registry-ca；"
            "仅提供 HTTP 时请设置 spec.insecure: true",
            "check the certificate; for a private CA set spec.caBundle or --registry-ca; for plain HTTP set "
            "spec.insecure: true",
        ),
        backoff=True,
    ),
    Reason.EgressDenied: Explained(
        Text("出站策略不允许访问该地址", "the outbound policy does not allow this address"),
        Text("请联系管理员调整出站策略", "ask the operator of this server about its outbound policy"),
        stalled=True,
    ),
    Reason.NotARegistry: Explained(
        Text("该地址不是镜像仓库", "there is no registry at this address"),
        Text(
            "请检查 spec.domain：应为镜像仓库地址，而不是控制台地址",
            "check spec.domain: the registry, not its web page",
        ),
        stalled=True,
    ),
    Reason.Unauthorized: Explained(
        Text("用户名或密码错误", "wrong user name or password"),
        Text(
            "请更新 spec.username 与 spec.password；机器人账号须未过期、未停用；阿里云须使用镜像仓库的独立密码",
            "update spec.username and spec.password; check that a robot account is not expired; "
            "Aliyun wants the registry's own password",
        ),
        stalled=True,
    ),
    Reason.Forbidden: Explained(
        Text("镜像仓库拒绝了该账号的访问", "the registry denies this account access"),
        Text(
            "请为该账号授予拉取权限；GHCR 请检查令牌是否过期",
            "grant the account pull access; on GHCR check the token",
        ),
        stalled=True,
    ),
    Reason.CredentialRefused: Explained(
        Text(
            "镜像源的凭证已被镜像仓库拒绝，暂停同步以免锁定账号",
            "the registry refused the source's credential; not tried again, so that the account is not locked",
        ),
        Text("请更新镜像源的凭证，同步会自动恢复", "update the source's credential; syncing resumes by itself"),
        stalled=True,
    ),
    Reason.RepositoryNotFound: Explained(
        Text("镜像路径不存在，或该账号无权查看", "the repository is missing, or this account may not see it"),
        Text("请检查 spec.repository 以及账号的权限", "check spec.repository and what the account may see"),
    ),
    Reason.TagNotFound: Explained(
        Text("镜像 Tag 不存在", "the tag does not exist"),
        Text("请检查 spec.tag 与 spec.repository，或推送该 Tag", "check spec.tag and spec.repository, or push it"),
    ),
    Reason.RateLimited: Explained(
        Text("镜像仓库限制了请求频率", "the registry limits the request rate"),
        Text(
            "稍后会自动重试；可延长 syncInterval 或使用有更高配额的账号",
            "it is retried later; a longer syncInterval or an account with a higher quota helps",
        ),
        backoff=True,
        again=True,
    ),
    Reason.ServerError: Explained(
        Text("镜像仓库返回了服务器错误", "the registry answered with a server error"),
        Text("请检查镜像仓库的状态与日志", "check the registry's state and logs"),
        backoff=True,
        again=True,
    ),
    Reason.Unavailable: Explained(
        Text("该内容因法律原因不可用", "the content is unavailable for legal reasons"),
        Text("请联系镜像仓库的管理员", "ask the registry's operator"),
    ),
    Reason.PolicyBlocked: Explained(
        Text("镜像仓库的策略阻止了拉取（漏洞或签名策略）", "a policy of the registry blocks the pull"),
        Text(
            "请检查镜像仓库中项目的部署安全策略，例如 Harbor 的漏洞阻止与内容信任",
            "check the project's deployment security, for example Harbor's vulnerability and signature policies",
        ),
    ),
    Reason.Unsupported: Explained(
        Text(
            "镜像仓库不支持该请求或认证方式",
            "the registry does not support the request or this way to sign in",
        ),
        Text("请检查镜像仓库的版本与配置", "check the registry's version and configuration"),
        stalled=True,
    ),
    Reason.UnsupportedManifest: Explained(
        Text("不支持该镜像清单的格式", "the manifest's format is not supported"),
        Text("请使用较新的工具重新推送该镜像（schema 1 已淘汰）", "push the image again with a current tool"),
        stalled=True,
    ),
    Reason.ManifestInvalid: Explained(
        Text("镜像清单的内容无效，或与摘要不符", "the manifest is malformed or does not match its digest"),
        Text(
            "请重新推送该镜像，并检查中间代理是否改写了内容",
            "push the image again; check proxies that rewrite answers",
        ),
        stalled=True,
    ),
    Reason.ResponseTooLarge: Explained(
        Text("镜像仓库的应答超过大小上限", "the registry's answer is larger than the limit"),
        Text("请确认 spec.domain 指向的是镜像仓库", "check that spec.domain is a registry"),
        stalled=True,
    ),
    Reason.RedirectRefused: Explained(
        Text("镜像仓库重定向到了不允许访问的地址", "the registry redirects to where imageyard does not follow"),
        Text("请在 spec.domain 中直接填写重定向后的主机", "name the final host in spec.domain"),
        stalled=True,
    ),
    Reason.RealmRefused: Explained(
        Text(
            "令牌服务的主机不受信任，未发送凭证",
            "the token service's host is not trusted; no credential was sent",
        ),
        Text(
            "请确认无误后将该主机加入 spec.trustedRealmHosts",
            "if it is right, add the host to spec.trustedRealmHosts",
        ),
        stalled=True,
    ),
    Reason.RegistryNotFound: Explained(
        Text("引用的镜像源不存在", "the referenced registry source does not exist"),
        Text("请创建该镜像源，或修改 spec.registryRef", "create the source, or change spec.registryRef"),
        stalled=True,
    ),
    Reason.ReferenceNotPermitted: Explained(
        Text(
            "不允许引用该镜像源：它不存在，或其 spec.allowedNamespaces 未包含本命名空间",
            "the reference is not permitted: the source does not exist, or its spec.allowedNamespaces "
            "does not list this namespace",
        ),
        Text(
            "请镜像源的所有者将本命名空间加入 spec.allowedNamespaces",
            "ask the source's owner to add this namespace to spec.allowedNamespaces",
        ),
        stalled=True,
    ),
    Reason.InvalidSpec: Explained(
        Text("对象的 spec 无效", "the object's spec is invalid"),
        Text("请按提示修改 spec", "change the spec as the message says"),
        stalled=True,
    ),
    Reason.Interrupted: Explained(
        Text("同步被中断（服务停止或超时）", "the sync was interrupted (server stop or timeout)"),
        Text("无需操作，会自动重试", "nothing to do; it is tried again by itself"),
    ),
    Reason.Suspended: Explained(
        Text("已暂停定时同步", "scheduled syncs are suspended"),
        Text("将 spec.suspend 设为 false 以恢复", "set spec.suspend to false to resume"),
    ),
    Reason.Pending: Explained(
        Text("等待首次同步", "waiting for the first sync"),
        Text("无需操作，首次同步即将开始", "nothing to do; the first sync starts soon"),
    ),
    Reason.AnonymousOnly: Explained(
        Text(
            "镜像仓库允许匿名访问，无法验证该凭证是否有效",
            "the registry answers everybody, so the credential could not be tested",
        ),
        Text("若该仓库应当要求登录，请检查其认证配置", "if it should ask for a login, check its configuration"),
    ),
    Reason.Verified: Explained(Text("连接成功", "connection succeeded"), Text("无需操作", "nothing to do")),
    Reason.Synced: Explained(Text("同步成功", "synced"), Text("无需操作", "nothing to do")),
}


def explain(reason: Reason) -> Explained:
    """The row of `reason`; the table is complete (tested)."""
    return TABLE[reason]


def advised(said: Text, next_step: Text) -> Text:
    """What is wrong, and what to do about it, in one message."""
    return Text(f"{said.zh}。{next_step.zh}", f"{said.en}; {next_step.en}")
