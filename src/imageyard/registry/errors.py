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
from imageyard.egress import Response
from imageyard.registry import RegistryError, origin, ratelimit, strictjson

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


def advised(error: RegistryError) -> Text:
    """What an error says, and what to do about it."""
    return reasons.advised(error.message, error.next_step or reasons.explain(error.reason).next_step)


DROP_INSECURE: Final = Text(
    "若该端口提供的是 HTTPS，请去掉 spec.insecure", "if that port speaks HTTPS, drop spec.insecure"
)

Asked = Literal["manifest", "config", "token", "api"]


def of_status(response: Response, now: datetime, asked: Asked = "manifest") -> RegistryError:
    """An answer that is not the one wanted. Shapes of error bodies: distribution-spec 1.1, "Error Codes"."""
    reason = _reason(response, asked)
    failure = error(
        reason,
        answered(response),
        retry_after=ratelimit.retry_after(response, now),
        unauthorized=response.status == 401,
    )
    failure.quota = ratelimit.quota(response)
    if wants_https(response):
        failure.next_step = DROP_INSECURE
    return failure


def answered(response: Response) -> Text:
    """Who answered, and how. Of its URL only the origin is shown: queries of redirects are capabilities."""
    authority = origin.parse(response.url).origin.authority
    return Text(f"{authority}，HTTP {response.status}", f"{authority}, HTTP {response.status}")


def _reason(response: Response, asked: Asked) -> Reason:
    status = response.status
    if wants_https(response):
        return Reason.NotARegistry
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


def wants_https(response: Response) -> bool:
    """Whether a TLS server complains that it was spoken to without (Go's, nginx and Apache all answer 400)."""
    plain = response.status == 400 and response.url.startswith("http://")
    return plain and any(word in response.body for word in (b"HTTPS", b"SSL"))


def is_html(response: Response) -> bool:
    return media_type(response) in ("text/html", "application/xhtml+xml") or response.body.lstrip()[:1] == b"<"


def media_type(response: Response) -> str:
    """Content-Type without parameters, in lower case."""
    return response.header("content-type").partition(";")[0].strip().lower()
