"""Scripted faults: what a registry that is down, overloaded, broken or hostile does instead of answering well.

    registry.script.add(faults.status(503), path="*/manifests/*", times=2)
    registry.script.add(faults.wrong_digest(), method="HEAD")

Rules are tried in the order they were added; each serves `times` requests and is then spent. What cannot be said in
ASGI (dropping a connection, bytes that are no HTTP) uses the transport the sample's server puts into the scope.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

TRANSPORT: Final = "imageyard.transport"
"""Name of the ASGI extension that holds the connection's asyncio transport."""

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer, before or after a fault changed it."""

    status: int
    headers: Pairs = ()
    body: bytes = b""

    def without(self, name: str) -> "Reply":
        return replace(self, headers=tuple(pair for pair in self.headers if pair[0] != name))

    def having(self, name: str, value: str) -> "Reply":
        return replace(self.without(name), headers=(*self.without(name).headers, (name, value)))


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request in the hands of a fault; `answer` asks the registry itself."""

    scope: Scope
    receive: Receive
    send: Send
    app: ASGIApp

    async def answer(self) -> Reply:
        return await _capture(self.app, self.scope, self.receive)

    async def reply(self, reply: Reply, *, cut: int = 0) -> None:
        """Send a reply; with `cut` the last so many bytes are promised and never sent."""
        length = ("content-length", str(len(reply.body)))
        bare = reply.without("content-length") if reply.status not in (204, 304) else reply
        headers = bare.headers if reply.status in (204, 304) else (*bare.headers, length)
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await self.send({"type": "http.response.start", "status": reply.status, "headers": raw})
        body = reply.body[: len(reply.body) - cut]
        await self.send({"type": "http.response.body", "body": body, "more_body": bool(cut)})

    @property
    def transport(self) -> asyncio.Transport:
        found: asyncio.Transport = self.scope["extensions"][TRANSPORT]
        return found

    async def gone(self) -> None:
        """Wait until the client has hung up."""
        while (await self.receive())["type"] != "http.disconnect":
            pass


Fault = Callable[[Exchange], Awaitable[None]]


@dataclass(eq=False)
class _Rule:
    fault: Fault
    path: str
    method: str
    signed_in: bool
    left: int | None

    def takes(self, scope: Scope) -> bool:
        return (
            self.left != 0
            and self.method in ("", scope["method"])
            and fnmatchcase(scope["path"], self.path)
            and (not self.signed_in or any(name == b"authorization" for name, _ in scope["headers"]))
        )


@dataclass(eq=False)
class Script:
    """What will go wrong, and where."""

    _rules: list[_Rule] = field(default_factory=list)

    def add(
        self, fault: Fault, *, path: str = "*", method: str = "", times: int | None = 1, signed_in: bool = False
    ) -> None:
        """Let the next `times` requests (None: all) whose path matches the shell pattern meet the fault.
        `signed_in` spares requests without an Authorization header, so the challenge comes first."""
        self._rules.append(_Rule(fault, path, method, signed_in, times))

    def clear(self) -> None:
        self._rules.clear()

    @property
    def spent(self) -> bool:
        """Whether every fault with a count has been served."""
        return all(not rule.left for rule in self._rules)

    def take(self, scope: Scope) -> Fault | None:
        rule = next((rule for rule in self._rules if rule.takes(scope)), None)
        if rule is None:
            return None
        if rule.left is not None:
            rule.left -= 1
        return rule.fault


class Faulty:
    """An application under a script."""

    def __init__(self, app: ASGIApp, script: Script) -> None:
        self._app = app
        self._script = script

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._script.take(scope) if scope["type"] == "http" else None
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await fault(Exchange(scope, receive, send, self._app))


def answer(status: int, body: bytes | str = b"", headers: Mapping[str, str] | Pairs = ()) -> Fault:
    """Answer this instead."""
    pairs = tuple(headers.items()) if isinstance(headers, Mapping) else headers
    lower = tuple((name.lower(), value) for name, value in pairs)
    reply = Reply(status, lower, body.encode() if isinstance(body, str) else body)

    async def fault(exchange: Exchange) -> None:
        await exchange.reply(reply)

    return fault


def change(function: Callable[[Reply], Reply]) -> Fault:
    """Change the registry's own answer."""

    async def fault(exchange: Exchange) -> None:
        await exchange.reply(function(await exchange.answer()))

    return fault


def status(code: int, headers: Mapping[str, str] | Pairs = ()) -> Fault:
    """An answer of that status with no body."""
    return answer(code, headers=headers)


def too_many(retry_after: str = "", headers: Mapping[str, str] | None = None) -> Fault:
    """429 with the error body of the specification; `retry_after` in seconds or as an HTTP date."""
    more = {"retry-after": retry_after} if retry_after else {}
    body = '{"errors":[{"code":"TOOMANYREQUESTS","message":"too many requests"}]}'
    return answer(429, body, {"content-type": "application/json", **more, **(headers or {})})


def quota(limit: int, remaining: int) -> Fault:
    """The true answer with Docker Hub's rate-limit headers."""
    limits = (("ratelimit-limit", f"{limit};w=21600"), ("ratelimit-remaining", f"{remaining};w=21600"))
    return change(lambda reply: replace(reply, headers=reply.headers + limits))


def html(code: int = 200) -> Fault:
    """A web page where a registry should be: a sign-in portal or a proxy's error page."""
    page = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in</body></html>"
    return answer(code, page, {"content-type": "text/html; charset=utf-8"})


def wrong_digest() -> Fault:
    """The true body under a digest that is not its own."""
    return change(lambda reply: reply.having("docker-content-digest", "sha256:" + "0" * 64))


def no_digest() -> Fault:
    """The true answer without `Docker-Content-Digest` and `ETag`."""
    return change(lambda reply: reply.without("docker-content-digest").without("etag"))


def tampered() -> Fault:
    """The true headers over a body with one byte more."""
    return change(lambda reply: replace(reply, body=reply.body + b"\n"))


def oversized(size: int) -> Fault:
    """The true headers over a body of that many spaces."""
    return change(lambda reply: replace(reply, body=b" " * size))


def garbage() -> Fault:
    """The true headers over a body that is no JSON."""
    return change(lambda reply: replace(reply, body=b"\x00\xff{not json"))


def redirect(to: str, code: int = 307) -> Fault:
    """Send the client to `to` + the path it asked for."""

    async def fault(exchange: Exchange) -> None:
        await exchange.reply(Reply(code, (("location", to + exchange.scope["path"]),)))

    return fault


def truncated(missing: int = 1) -> Fault:
    """The true answer, hung up before its last bytes."""

    async def fault(exchange: Exchange) -> None:
        await exchange.reply(await exchange.answer(), cut=missing)
        exchange.transport.close()
        await exchange.gone()

    return fault


def dropped() -> Fault:
    """The connection reset without a byte."""

    async def fault(exchange: Exchange) -> None:
        exchange.transport.abort()
        await exchange.gone()

    return fault


def raw(data: bytes = b"SSH-2.0-OpenSSH_9.2\r\n") -> Fault:
    """Bytes that are no HTTP, then hung up."""

    async def fault(exchange: Exchange) -> None:
        exchange.transport.write(data)
        exchange.transport.close()
        await exchange.gone()

    return fault


def silence() -> Fault:
    """Never an answer."""

    async def fault(exchange: Exchange) -> None:
        await exchange.gone()

    return fault


def held(until: asyncio.Event) -> Fault:
    """The true answer to a request without a body, once the event is set."""

    async def fault(exchange: Exchange) -> None:
        waits = [asyncio.ensure_future(until.wait()), asyncio.ensure_future(exchange.gone())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if until.is_set():
            await exchange.app(exchange.scope, exchange.receive, exchange.send)

    return fault


async def _capture(app: ASGIApp, scope: Scope, receive: Receive) -> Reply:
    messages: list[Message] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, keep)
    start, *rest = messages
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"])
    return Reply(start["status"], headers, b"".join(message.get("body", b"") for message in rest))
