"""What the registry was asked, so that tests can count requests and see where credentials went."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from imageyard.domain.secret import Secret

MOST: Final = 10_000
"""Requests remembered; older ones are forgotten, so that a long-running sample does not grow."""


@dataclass(frozen=True, slots=True)
class Logged:
    """One request. `scheme` is the Authorization header's scheme in lower case, "" without the header."""

    method: str
    path: str
    query: str
    host: str
    accept: str
    user_agent: str
    scheme: str
    authorization: Secret | None
    """The whole header, kept only by a log that was told to."""

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"


class RequestLog:
    """The last requests, in order of arrival. `keep_credentials` is for tests that look for stolen ones."""

    def __init__(self, *, keep_credentials: bool = False) -> None:
        self.requests: deque[Logged] = deque(maxlen=MOST)
        self._keep_credentials = keep_credentials

    def count(self, method: str = "", part: str = "") -> int:
        """How many requests had that method (any when "") and that text in their path."""
        return sum(1 for each in self.requests if method in ("", each.method) and part in each.path)

    def lines(self) -> list[str]:
        """`METHOD /path` of each request."""
        return [each.line for each in self.requests]

    def clear(self) -> None:
        self.requests.clear()

    def around(self, app: ASGIApp) -> ASGIApp:
        async def logging(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                self.requests.append(self._read(scope))
            await app(scope, receive, send)

        return logging

    def _read(self, scope: Scope) -> Logged:
        headers = Headers(scope=scope)
        authorization = headers.get("authorization", "")
        return Logged(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            host=headers.get("host", ""),
            accept=", ".join(headers.getlist("accept")),
            user_agent=headers.get("user-agent", ""),
            scheme=authorization.partition(" ")[0].lower(),
            authorization=Secret(authorization) if self._keep_credentials and authorization else None,
        )
