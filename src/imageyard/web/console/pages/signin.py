"""Sign in with a token, sign out. The same words whatever is wrong with a token."""

import re
from dataclasses import dataclass
from typing import Final

from imageyard.domain.errors import Failure, TooManyRequests, Unauthorized
from imageyard.domain.secret import Secret
from imageyard.web import errors, reply
from imageyard.web.console import forms, session
from imageyard.web.console.room import Room
from imageyard.web.console.visit import Visit
from imageyard.web.reply import Headers, Reply

SIGN_IN: Final = "/console/sign-in"
SIGN_OUT: Final = "/console/sign-out"
HOME: Final = "/console/"
_WAY_BACK: Final = re.compile(r"/console/[\w\-.~%!$&'()*+,;=:@?/]{0,2000}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SignInPage:
    next: str
    problem: str
    """Why the last try failed, "" before one."""
    unsafe: bool
    """Whether the browser will refuse the cookie, as the connection is plain HTTP from afar."""
    version: str


async def page(room: Room, visit: Visit) -> Reply:
    return _page(room, visit, way_back(visit.query.text("next")))


def way_back(asked: str) -> str:
    """A path of the console itself; nothing that a browser could take for another place."""
    return asked if _WAY_BACK.fullmatch(asked) else HOME


async def sign_in(room: Room, visit: Visit) -> Reply:
    form = await forms.read(visit.exchange)
    back = way_back(form.text("next"))
    try:
        begun = await room.sessions.begin(Secret(form.secret("token")), visit.exchange)
    except (Unauthorized, TooManyRequests) as failure:
        visit.exchange.reason = errors.outcome(failure).reason
        return _page(room, visit, back, failure)
    to = reply.see_other(back)
    return to._replace(headers=(*to.headers, session.kept(begun, secure=visit.secure)))


async def sign_out(room: Room, visit: Visit) -> Reply:
    await room.sessions.end(visit.exchange)
    to = reply.see_other(SIGN_IN)
    gone: Headers = (session.forgotten(secure=True), session.forgotten(secure=False))
    return to._replace(headers=(*to.headers, *gone, (b"clear-site-data", b'"cache"')))


def _page(room: Room, visit: Visit, back: str, failure: Failure | None = None) -> Reply:
    problem = visit.sentence(failure.text) if failure else ""
    unsafe = visit.secure and visit.origin.startswith("http:")
    shown = SignInPage(back, problem, unsafe, visit.doors.version)
    if failure is None:
        return room.templates.bare(visit, "signin.html", shown)
    return room.templates.bare(visit, "signin.html", shown, errors.outcome(failure).code, errors.headers(failure))
