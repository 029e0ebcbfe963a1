"""All doors behind one: `build` puts them together; importing this module does nothing."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from imageyard.domain.text import Language
from imageyard.web import auditing, ca, cross_site, errors, exchange, health, middleware, reply
from imageyard.web.actor import Authentication
from imageyard.web.admin.door import AdminDoor
from imageyard.web.ca import CaDoor
from imageyard.web.console import templates
from imageyard.web.console import words as catalogs
from imageyard.web.console.door import ConsoleDoor
from imageyard.web.console.words import Words
from imageyard.web.doors import Doors
from imageyard.web.fair import Fair
from imageyard.web.forwarded import Forwarded
from imageyard.web.health import HealthDoor
from imageyard.web.kube import status
from imageyard.web.kube.door import KubeDoor
from imageyard.web.metrics import MetricsDoor
from imageyard.web.middleware import Authenticated, Guarded, HostChecked, Observed, Render, Translated
from imageyard.web.oapis import door as oapis

__all__ = ["Doors", "build"]

CONSOLE = "console"
OPEN_PATHS = health.PATHS | {ca.PATH, "/"}
"""Served without a token. Everything else needs one, or at the console a session."""


def build(doors: Doors, words: Mapping[Language, Words] | None = None) -> ASGIApp:
    """The ASGI application of a server: HTTP only, without lifespan (the composition root owns that). `words` are the
    console's, where they are to be others than the catalogs'."""
    rest, kube, probes = oapis.RestDoor(doors), KubeDoor(doors), HealthDoor(doors)
    authentication = Authentication(doors.callers, doors.clock)
    console = ConsoleDoor(doors, authentication, words or catalogs.load())
    entrances: Mapping[str, ASGIApp] = {
        "oapis": rest,
        "api": kube,
        "apis": kube,
        "openapi": kube,
        "livez": probes,
        "readyz": probes,
        "healthz": probes,
        "version": probes,
        "metrics": MetricsDoor(doors),
        "admin": AdminDoor(doors.objects.rights, doors.tokens, doors.keys, doors.audit, doors.certificates),
        "ca.crt": CaDoor(doors.ca),
        CONSOLE: console,
        "": _to_console,
    }
    renders: Mapping[str, Render] = {
        "oapis": oapis.render,
        "api": status.render,
        "apis": status.render,
        "openapi": status.render,
        CONSOLE: console.render,
    }
    guards = (
        Forwarded(doors.trusted_proxies),
        HostChecked(doors.allowed_hosts, health.PROBES),
        cross_site.refuse,
        cross_site.refuse_websocket,
        Authenticated(authentication, OPEN_PATHS, {CONSOLE: console.recognise}),
        middleware.limit_body,
    )
    opened = auditing.announced(Entrances(entrances), doors.audit, doors.clock)
    fair = Fair(opened, doors.limits, health.PROBES, doors.metrics)
    app: ASGIApp = Translated(Guarded(fair, guards, fair.refuse), renders)
    return Observed(auditing.recorded(app, doors.audit, doors.clock), doors.metrics, doors.language)


def prepare() -> None:
    """Do beforehand what the first pages would wait for. For a thread of its own, once the doors are open."""
    templates.compile_all(catalogs.load())


class Entrances:
    """From a path's first segment to the door behind it."""

    def __init__(self, doors: Mapping[str, ASGIApp]) -> None:
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        door = self._doors.get(first_segment(scope["path"]))
        if door is None:
            raise errors.UnknownPath
        await door(scope, receive, send)


def first_segment(path: str) -> str:
    return path.split("/", 2)[1] if path.startswith("/") else "?"


async def _to_console(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] != "/":
        raise errors.UnknownPath
    if scope["method"] not in ("GET", "HEAD"):
        raise errors.MethodNotAllowed(scope["method"], ("GET", "HEAD"))
    await reply.send(reply.see_other("/console/"), exchange.of(scope), send)
