"""Failures as pages: what happened, what next, the request's id, and a way back. For htmx, a short notice."""

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from imageyard.domain.errors import Failure
from imageyard.web import errors, reply
from imageyard.web.console import session
from imageyard.web.console.pages import signin
from imageyard.web.console.room import Room
from imageyard.web.console.visit import Visit
from imageyard.web.exchange import SAFE_METHODS
from imageyard.web.reply import Reply


@dataclass(frozen=True, slots=True)
class FailurePage:
    code: int
    said: str
    causes: tuple[tuple[str, str], ...]
    request_id: str
    retry_after: int
    retry: str
    """Where trying again leads, "" where it makes no sense."""
    signed_in: bool


def page(room: Room, visit: Visit, failure: Failure) -> Reply:
    code, _ = errors.outcome(failure)
    shown = FailurePage(
        code,
        visit.sentence(failure.text),
        tuple((cause.field, visit.sentence(cause.text)) for cause in failure.causes if cause.field),
        visit.exchange.request_id,
        int(getattr(failure, "retry_after", 0)),
        visit.exchange.path if visit.exchange.method in SAFE_METHODS and code in (429, 500, 503) else "",
        bool(visit.actor.groups),
    )
    headers = errors.headers(failure)
    if visit.enhanced:
        answer = room.templates.block(visit, "failure.html", "notice", shown, code)
        return answer._replace(headers=(*answer.headers, *headers))
    return room.templates.bare(visit, "failure.html", shown, code, headers)


def sign_in_first(room: Room, visit: Visit) -> Reply:
    """To the sign-in page and back. A cookie that does not count is taken away, so that it is not tried again."""
    asked = visit.exchange
    if asked.headers.get(b"sec-fetch-site") == b"cross-site" and asked.method in SAFE_METHODS:
        # A link on another site was followed: the session's cookie stays behind. Asked from here it comes along.
        return room.templates.bare(visit, "again.html", None)
    back = asked.path if asked.method in SAFE_METHODS and not visit.enhanced else signin.HOME
    if asked.query and back == asked.path:
        back += "?" + asked.query.decode("latin-1")
    where = f"{signin.SIGN_IN}?next={quote(back, safe='/')}"
    gone = tuple(session.forgotten(secure=secure) for secure in (True, False)) if session.token_of(asked) else ()
    if gone or b"authorization" in asked.headers or asked.method not in SAFE_METHODS:
        # Who comes for the first time and shows nothing is denied nothing.
        asked.refused = HTTPStatus.UNAUTHORIZED
    if visit.enhanced or asked.header(b"accept").startswith("text/event-stream"):
        headers = ((b"hx-redirect", where.encode("ascii")), (b"www-authenticate", b"Bearer"))
        return Reply(401, (*reply.NO_CONTENT.headers, *headers, *gone), b"")
    answer = reply.see_other(where)
    return answer._replace(headers=(*answer.headers, *gone))
