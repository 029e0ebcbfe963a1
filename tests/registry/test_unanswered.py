"""What people are told when a host gives no answer: which host, why, and what to do."""

import pytest

from imageyard.domain.reasons import Reason
from imageyard.egress import EgressError
from imageyard.registry import errors, origin, peer, unanswered

HOME = origin.Origin("https", "harbor.example.com", 8443)
REGISTRY = peer.registry(HOME)
TOKENS = peer.of("tokens", origin.Origin("https", "auth.example.com", 443), HOME)


@pytest.mark.parametrize(
    ("failure", "zh"),
    [
        pytest.param(
            EgressError(Reason.ConnectionRefused, "address"),
            "镜像仓库 harbor.example.com:8443 拒绝连接。请检查端口是否正确、镜像仓库是否在运行、防火墙是否放行",
            id="refused",
        ),
        pytest.param(
            EgressError(Reason.ConnectionRefused, "registry", "closed"),
            "镜像仓库 harbor.example.com:8443 未完整应答便关闭了连接。"
            "请检查端口是否正确、镜像仓库是否在运行、防火墙是否放行",
            id="closed",
        ),
        pytest.param(
            EgressError(Reason.DNSFailed, "address"),
            "镜像仓库 harbor.example.com 的域名无法解析。请检查 spec.domain 的拼写以及本服务所在主机的 DNS",
            id="name",
        ),
        pytest.param(
            EgressError(Reason.TLSInvalid, "tls", "not_yet_valid"),
            "镜像仓库 harbor.example.com:8443 的 TLS 证书尚未生效。请检查双方的系统时间与证书的起始日期",
            id="not yet valid",
        ),
        pytest.param(
            EgressError(Reason.TLSInvalid, "tls", "plain_http"),
            "镜像仓库 harbor.example.com:8443 使用明文 HTTP，而不是 HTTPS。如确需如此，请设置 spec.insecure: true",
            id="plain http",
        ),
    ],
)
def test_a_failure_names_the_host_and_what_to_do(failure: EgressError, zh: str) -> None:
    assert errors.advised(unanswered.error(failure, REGISTRY)).zh == zh


@pytest.mark.parametrize("who", [REGISTRY, TOKENS, peer.of("redirect", TOKENS.origin, HOME)], ids=lambda who: who.role)
@pytest.mark.parametrize(
    "hint", ["", "closed", "plain_http", "expired", "not_yet_valid", "self_signed", "unknown_issuer", "host_mismatch"]
)
@pytest.mark.parametrize(
    "reason",
    [
        Reason.DNSFailed,
        Reason.EgressDenied,
        Reason.ConnectionRefused,
        Reason.Timeout,
        Reason.TLSInvalid,
        Reason.ResponseTooLarge,
        Reason.NotARegistry,
    ],
)
def test_every_failure_of_the_gate_has_a_short_sentence_about_every_host(
    reason: Reason, hint: str, who: peer.Peer
) -> None:
    error = unanswered.error(EgressError(reason, "registry", hint), who)

    assert (error.reason, error.elsewhere) == (reason, who is not REGISTRY)
    for said in errors.advised(error):
        assert who.origin.host in said
        assert len(said) <= 220


def test_the_registrys_own_port_is_not_elsewhere_though_it_hands_out_the_tokens() -> None:
    assert not peer.of("tokens", HOME, HOME).elsewhere
    assert peer.of("tokens", HOME._replace(port=443), HOME).elsewhere


@pytest.mark.parametrize(
    "failure",
    [EgressError(Reason.NotARegistry, "registry"), EgressError(Reason.ConnectionRefused, "registry", "closed")],
)
def test_a_port_that_speaks_no_plain_http_may_speak_https(failure: EgressError) -> None:
    plain = peer.registry(origin.Origin("http", "r.test", 5000))

    assert "drop spec.insecure" in errors.advised(unanswered.error(failure, plain)).en
