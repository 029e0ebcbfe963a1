"""From a failure in domain words to the REST door's Status, once. The API reference gives the shape."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from msgspec import Struct

from imageyard.domain import errors
from imageyard.domain.errors import Failure
from imageyard.domain.objects import API_VERSION
from imageyard.domain.text import Language, Text
from imageyard.web import reply
from imageyard.web.reply import Reply


class MethodNotAllowed(Failure):
    """The path is known, the method is not. 405; `allowed` goes to the Allow header."""

    def __init__(self, method: str, allowed: Iterable[str]) -> None:
        self.allowed = ", ".join(allowed)
        super().__init__(
            Text(
                f"此路径不支持 {method} 方法，可用：{self.allowed}",
                f"this path does not take {method}; it takes {self.allowed}",
            )
        )


class UnknownPath(Failure):
    """Nothing is served here. 404."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                "此路径不存在，接口列表见 /oapis/docs",
                "there is nothing at this path; /oapis/docs lists what there is",
            )
        )


class Misdirected(Failure):
    """The Host header names a server we are not (RFC 9110 section 15.5.20). 421."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                "Host 请求头中的主机名不被接受，请由管理员用 --public-host 登记",
                "this server does not answer to the name in the Host header; an operator adds names with --public-host",
            )
        )


class UrlTooLong(Failure):
    """A request's path and query are longer than any this server serves (RFC 9110 section 15.5.15). 414."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__(
            Text(
                f"URL 过长：最多 {most_bytes // 1024} KiB；请缩短选择器，或分几次查询",
                f"the URL is too long: at most {most_bytes // 1024} KiB; use a shorter selector, or ask in parts",
            )
        )


class HeadTooLarge(Failure):
    """The head of a request is larger than anything this server asks for (RFC 6585 section 5). 431."""

    def __init__(self, most_bytes: int, most_lines: int) -> None:
        super().__init__(
            Text(
                f"请求头过大：最多 {most_bytes // 1024} KiB、{most_lines} 行",
                f"the request's head is too large: at most {most_bytes // 1024} KiB and {most_lines} lines",
            )
        )


class Unexpected(Failure):
    """Whatever nobody foresaw. 500; the log has the rest under the request id."""

    def __init__(self, request_id: str) -> None:
        super().__init__(
            Text(
                f"服务器内部错误，请凭请求编号 {request_id} 查看日志",
                f"internal server error; the log has it under request id {request_id}",
            )
        )


class Outcome(NamedTuple):
    code: int
    reason: str


STATUS_OF: Final[dict[type[Failure], Outcome]] = {
    errors.Invalid: Outcome(400, "Invalid"),
    errors.BadRequest: Outcome(400, "Invalid"),
    errors.Unauthorized: Outcome(401, "Unauthorized"),
    errors.Forbidden: Outcome(403, "Forbidden"),
    errors.NotFound: Outcome(404, "NotFound"),
    UnknownPath: Outcome(404, "NotFound"),
    MethodNotAllowed: Outcome(405, "MethodNotAllowed"),
    errors.AlreadyExists: Outcome(409, "AlreadyExists"),
    errors.Conflict: Outcome(409, "Conflict"),
    errors.Gone: Outcome(410, "Expired"),
    errors.TooLarge: Outcome(413, "RequestEntityTooLarge"),
    UrlTooLong: Outcome(414, "RequestURITooLong"),
    errors.UnsupportedMediaType: Outcome(415, "UnsupportedMediaType"),
    Misdirected: Outcome(421, "MisdirectedRequest"),
    HeadTooLarge: Outcome(431, "RequestHeaderFieldsTooLarge"),
    errors.TooManyRequests: Outcome(429, "TooManyRequests"),
    errors.Corrupt: Outcome(500, "InternalError"),
    Unexpected: Outcome(500, "InternalError"),
    errors.Unavailable: Outcome(503, "ServiceUnavailable"),
}
_INTERNAL: Final = Outcome(500, "InternalError")


def outcome(failure: Failure) -> Outcome:
    """The nearest entry of the table; 500 for a failure that has none."""
    return next((STATUS_OF[base] for base in type(failure).__mro__ if base in STATUS_OF), _INTERNAL)


class StatusCause(Struct):
    field: str
    reason: str
    message: str


class StatusDetails(Struct, omit_defaults=True):
    name: str = ""
    kind: str = ""
    causes: list[StatusCause] = []


class Status(Struct, rename="camel", kw_only=True):
    """The reference's error, field by field and in its order."""

    api_version: str = API_VERSION
    kind: str = "Status"
    metadata: dict[str, str] = {}
    status: str = "Failure"
    message: str
    reason: str
    details: StatusDetails
    code: int


def render(failure: Failure, language: Language, kind: str = "", name: str = "") -> Reply:
    """The REST Status of a failure, in the caller's language; of the object `name` where it does not say of which."""
    code, reason = outcome(failure)
    causes = [StatusCause(cause.field, cause.reason, cause.text.speak(language)) for cause in failure.causes]
    details = StatusDetails(failure.name or name, failure.kind or kind, causes)
    status = Status(message=failure.text.speak(language), reason=reason, details=details, code=code)
    return reply.json(status, code, headers(failure))


def headers(failure: Failure) -> reply.Headers:
    """What HTTP wants beside the body, the same at every door."""
    match failure:
        case errors.Unauthorized():
            return ((b"www-authenticate", b"Bearer"),)
        case MethodNotAllowed():
            return ((b"allow", failure.allowed.encode("ascii")),)
        case errors.TooManyRequests() | errors.Unavailable():
            return ((b"retry-after", b"%d" % max(1, failure.retry_after)),)
        case errors.TooLarge():
            # The rest of the body is still on its way; reading it only to drop it would serve nobody.
            return ((b"connection", b"close"),)
    return ()
