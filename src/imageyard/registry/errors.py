"""From what a registry answered to why it failed: status first, its own code only refines.

Nothing that the remote side wrote becomes part of a sentence: an answer may hold another host's secrets, or text
made to mislead. Sentences name the status and what we ourselves asked for.
"""

import re
from datetime import datetime
from typing import Final, Literal

from imageyard.domain import reasons
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Text
from imageyard.egress import EgressError, Response
from imageyard.registry import RegistryError, ratelimit, strictjson

MAX_CODES: Final = 16
_CODE = re.compile(r"[A-Z][A-Z_]{1,63}")

_TAG_CODES: Final = frozenset({"MANIFEST_UNKNOWN", "TAG_EXPIRED", "TAG_INVALID"})
_REPOSITORY_CODES: Final = frozenset({"NAME_UNKNOWN", "NOT_FOUND", "NAME_INVALID", "REPOSITORY_NOT_FOUND"})

_STATUS: Final[dict[int, Reason]] = {
    401: Reason.Unauthorized,
    403: Reason.Forbidden,
    408: Reason.Timeout,
    412: Reason.PolicyBlocked,
    413: Reason.ResponseTooLarge,
    429: Reason.RateLimited,
    451: Reason.Unavailable,
    # Seen from nginx and Cloudflare for what is really the server's fault.
    499: Reason.ServerError,
}


def error(
    reason: Reason, detail: Text | None = None, *, retry_after: float | None = None, unauthorized: bool = False
) -> RegistryError:
    """An error that says the reason's own sentence, and in brackets what is particular."""
    return RegistryError(reason, sentence(reason, detail), retry_after=retry_after, unauthorized=unauthorized)


def sentence(reason: Reason, detail: Text | None = None) -> Text:
    said = reasons.explain(reason).text
    return said if detail is None else Text(f"{said.zh}（{detail.zh}）", f"{said.en} ({detail.en})")


def of_egress(failure: EgressError) -> RegistryError:
    """An exchange that gave no answer."""
    if (said := _PROXY.get(failure.hint)) is not None:
        return RegistryError(failure.reason, said)
    return error(failure.reason, _HINTS.get(failure.hint))


_PROXY: Final[dict[str, Text]] = {
    "proxy_unreachable": Text(
        "无法连接出站代理；请联系管理员检查服务端设置 egress_proxy",
        "the outbound proxy cannot be reached; ask the operator to check the server's setting egress_proxy",
    ),
    "proxy_login": Text(
        "出站代理拒绝了登录（HTTP 407）；请联系管理员检查服务端设置 egress_proxy 中的用户名和密码",
        "the outbound proxy refused the login (HTTP 407); ask the operator to check user name and password in the "
        "server's setting egress_proxy",
    ),
    "proxy_refused": Text(
        "出站代理不允许访问该地址；请联系管理员检查出站代理（服务端设置 egress_proxy）",
        "the outbound proxy does not let this address through; ask the operator about the proxy (the server's setting "
        "egress_proxy)",
    ),
    "proxy_gateway": Text(
        "出站代理未能连通该地址；请检查地址，或联系管理员检查出站代理（服务端设置 egress_proxy）",
        "the outbound proxy made no connection to this address; check the address, or ask the operator about the proxy "
        "(the server's setting egress_proxy)",
    ),
}
"""What is said instead of the reason's own sentence: it is not the registry that failed."""


_HINTS: Final[dict[str, Text]] = {
    "plain_http": Text(
        "对方使用明文 HTTP；如确需如此，请设置 spec.insecure: true",
        "the server speaks plain HTTP; if that is intended, set spec.insecure: true",
    ),
    "expired": Text("证书已过期", "the certificate has expired"),
    "self_signed": Text("证书为自签名", "the certificate is self-signed"),
    "unknown_issuer": Text("证书的签发者不受信任", "the certificate's issuer is not trusted"),
    "host_mismatch": Text("证书与域名不符", "the certificate is for another host name"),
}

Asked = Literal["manifest", "config", "token", "api"]


def of_status(response: Response, now: datetime, asked: Asked = "manifest") -> RegistryError:
    """An answer that is not the one wanted. Shapes of error bodies: distribution-spec 1.1, "Error Codes"."""
    reason = _reason(response, asked)
    failure = error(
        reason,
        Text(f"HTTP {response.status}", f"HTTP {response.status}"),
        retry_after=ratelimit.retry_after(response, now),
        unauthorized=response.status == 401,
    )
    failure.quota = ratelimit.quota(response)
    return failure


def _reason(response: Response, asked: Asked) -> Reason:
    status = response.status
    if status in _STATUS:
        return _STATUS[status]
    if status >= 500:
        return Reason.ServerError
    if status < 300:
        return Reason.NotARegistry
    if status < 400:
        return Reason.RedirectRefused
    if asked == "token":
        return Reason.Unsupported
    if status == 404:
        return _missing(response)
    told = codes(response)
    if "DENIED" in told:
        # Quay answers 405 DENIED for a namespace that is disabled.
        return Reason.Forbidden
    if told & _TAG_CODES:
        return Reason.TagNotFound
    return Reason.RepositoryNotFound if told & _REPOSITORY_CODES else Reason.Unsupported


def _missing(response: Response) -> Reason:
    told = codes(response)
    if told & _TAG_CODES or _harbor_artifact(response):
        return Reason.TagNotFound
    if told & _REPOSITORY_CODES:
        return Reason.RepositoryNotFound
    return Reason.NotARegistry if is_html(response) else Reason.TagNotFound


def codes(response: Response) -> frozenset[str]:
    """The error codes of a body; empty for anything that is no such body."""
    return frozenset(
        code for entry in _entries(response) if isinstance(code := entry.get("code"), str) and _CODE.fullmatch(code)
    )


def _harbor_artifact(response: Response) -> bool:
    """Harbor says NOT_FOUND for a missing tag as for a missing repository; only the message begins differently."""
    return any(
        entry.get("code") == "NOT_FOUND" and str(entry.get("message", "")).startswith("artifact ")
        for entry in _entries(response)
    )


def _entries(response: Response) -> list[dict[str, object]]:
    try:
        document = strictjson.read(response.body)
    except strictjson.BadJSON:
        return []
    listed = document.get("errors") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        return []
    return [entry for entry in listed[:MAX_CODES] if isinstance(entry, dict)]


def is_html(response: Response) -> bool:
    return media_type(response) in ("text/html", "application/xhtml+xml") or response.body.lstrip()[:1] == b"<"


def media_type(response: Response) -> str:
    """Content-Type without parameters, in lower case."""
    return response.header("content-type").partition(";")[0].strip().lower()
