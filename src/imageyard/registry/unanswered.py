"""What people are told of an exchange that gave no answer: who did not answer, how, and what to do. Pure."""

from typing import Final, NamedTuple

from imageyard.domain import reasons
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Text
from imageyard.egress import EgressError
from imageyard.registry import RegistryError, errors
from imageyard.registry.peer import Peer


class _Told(NamedTuple):
    """The predicate of a sentence whose subject is the peer; what to do, where it is not the reason's own advice."""

    predicate: Text
    next_step: Text | None = None


# Every reason that the gate gives.
_REASONS: Final[dict[Reason, _Told]] = {
    Reason.DNSFailed: _Told(Text("的域名无法解析", "cannot be resolved")),
    Reason.EgressDenied: _Told(Text("不在出站策略允许的范围内", "is not allowed by this server's outbound policy")),
    Reason.ConnectionRefused: _Told(Text("拒绝连接", "refuses connections")),
    Reason.Timeout: _Told(Text("未在时限内应答", "did not answer in time")),
    Reason.TLSInvalid: _Told(Text("的 TLS 证书无效或不受信任", "has an invalid or untrusted TLS certificate")),
    Reason.NotARegistry: _Told(
        Text("的应答不是有效的 HTTP，该地址不是镜像仓库", "does not answer in valid HTTP and is no registry")
    ),
    Reason.ResponseTooLarge: _Told(Text("的应答超过大小上限", "sends an answer that is larger than the limit")),
}

_HINTS: Final[dict[str, _Told]] = {
    "closed": _Told(Text("未完整应答便关闭了连接", "closed the connection before it had answered")),
    "plain_http": _Told(
        Text("使用明文 HTTP，而不是 HTTPS", "speaks plain HTTP, not HTTPS"),
        Text("如确需如此，请设置 spec.insecure: true", "if that is intended, set spec.insecure: true"),
    ),
    "no_tls": _Told(
        Text("的应答不是 TLS", "does not answer in TLS"),
        Text("请检查端口是否正确，以及该端口上提供的是什么服务", "check the port, and which service answers on it"),
    ),
    "expired": _Told(
        Text("的 TLS 证书已过期", "has a TLS certificate that has expired"),
        Text("请更新该主机的证书", "renew the certificate of that host"),
    ),
    "not_yet_valid": _Told(
        Text("的 TLS 证书尚未生效", "has a TLS certificate that is not valid yet"),
        Text(
            "请检查双方的系统时间与证书的起始日期",
            "check the clocks of both sides and the date from which the certificate is valid",
        ),
    ),
    "self_signed": _Told(
        Text("的 TLS 证书是自签名证书", "has a self-signed TLS certificate"),
        Text("若信任该证书，请将其填入 spec.caBundle", "if you trust it, put it into spec.caBundle"),
    ),
    "unknown_issuer": _Told(
        Text("的 TLS 证书的签发者不受信任", "has a TLS certificate whose issuer is not trusted"),
        Text(
            "私有 CA 的证书请填入 spec.caBundle，或在启动服务时用 --registry-ca 指定",
            "put a private CA into spec.caBundle, or start the server with --registry-ca",
        ),
    ),
    "host_mismatch": _Told(
        Text("的 TLS 证书与域名不符", "has a TLS certificate for another host name"),
        Text(
            "请在 spec.domain 中填写证书所含的域名，或重新签发证书",
            "write a name of the certificate into spec.domain, or have the certificate issued anew",
        ),
    ),
}

# It is not the registry that failed, so these are whole sentences.
_PROXY: Final[dict[str, _Told]] = {
    "proxy_unreachable": _Told(
        Text("无法连接出站代理", "the outbound proxy cannot be reached"),
        Text("请联系管理员检查服务端设置 egress_proxy", "ask the operator to check the server's setting egress_proxy"),
    ),
    "proxy_login": _Told(
        Text("出站代理拒绝了登录（HTTP 407）", "the outbound proxy refused the login (HTTP 407)"),
        Text(
            "请联系管理员检查服务端设置 egress_proxy 中的用户名和密码",
            "ask the operator to check user name and password in the server's setting egress_proxy",
        ),
    ),
    "proxy_refused": _Told(
        Text("出站代理不允许访问该地址", "the outbound proxy does not let this address through"),
        Text(
            "请联系管理员检查出站代理（服务端设置 egress_proxy）",
            "ask the operator about the proxy (the server's setting egress_proxy)",
        ),
    ),
    "proxy_gateway": _Told(
        Text("出站代理未能连通该地址", "the outbound proxy made no connection to this address"),
        Text(
            "请检查地址，或联系管理员检查出站代理（服务端设置 egress_proxy）",
            "check the address, or ask the operator about the proxy (the server's setting egress_proxy)",
        ),
    ),
}
_REACHED: Final = "proxy_gateway"
"""The one of them that may be the host's own fault."""

_ELSEWHERE: Final = Text(
    "请检查镜像仓库的配置，以及本服务能否访问该主机",
    "check the registry's configuration, and that this server can reach that host",
)


def error(failure: EgressError, peer: Peer) -> RegistryError:
    """The failure of an exchange with `peer`."""
    reason = failure.reason
    if (proxy := _PROXY.get(failure.hint)) is not None:
        elsewhere = peer.elsewhere or failure.hint != _REACHED
        return RegistryError(reason, proxy.predicate, next_step=proxy.next_step, elsewhere=elsewhere)
    told = _HINTS.get(failure.hint) or _REASONS[reason]
    step = told.next_step
    if step is None and peer.elsewhere and reasons.explain(reason).again:
        step = _ELSEWHERE
    elif peer.origin.scheme == "http" and (reason is Reason.NotARegistry or failure.hint == "closed"):
        step = errors.DROP_INSECURE
    said = _joined(peer.named(port=reason is not Reason.DNSFailed), told.predicate)
    return RegistryError(reason, said, next_step=step, elsewhere=peer.elsewhere)


def host(reason: Reason, name: str) -> Text:
    """That a registry's `host:port` does not answer, for a reason that was found out before."""
    return _joined(Text(f"镜像仓库 {name}", f"the registry {name}"), _REASONS[reason].predicate)


def _joined(subject: Text, predicate: Text) -> Text:
    return Text(f"{subject.zh} {predicate.zh}", f"{subject.en} {predicate.en}")
