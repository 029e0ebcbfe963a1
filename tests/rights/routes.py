"""Every route there is, read out of the routers themselves.

A door whose router is a table is read from that table. Any other (admin, and whatever is added beside it) is found by
the paths that its sources write down: each is tried with each method, by somebody who may everything, and is a route
when it is neither unknown nor refused for its method. So a new page appears here by itself.
"""

import ast
import inspect
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from imageyard.web import app, errors, health
from imageyard.web.app import Entrances
from imageyard.web.kube import discovery, target
from imageyard.web.kube import door as kube
from imageyard.web.kube.openapi import v2, v3
from imageyard.web.metrics import PATH as METRICS
from imageyard.web.oapis import door as rest
from imageyard.web.oapis import routes as rest_routes
from tests.fakes.asgi import Answer
from tests.rights import console
from tests.rights.people import HELD, OWN
from tests.rights.yard import DIGEST, Yard

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Route(NamedTuple):
    """`template` is the whole path, with `{namespace}`, `{name}`, `{digest}` where they stand."""

    method: str
    template: str


def filled(template: str, namespace: str = OWN, name: str = HELD) -> str:
    names = {"{namespace}": namespace, "{name}": name, "{digest}": DIGEST}
    for field, value in names.items():
        template = template.replace(field, value)
    return template


async def all_of(yard: Yard) -> list[Route]:
    """By path, each method in the order of METHODS."""
    found = {route async for route in _found(yard)}
    return sorted(found, key=lambda route: (route.template, METHODS.index(route.method)))


async def _found(yard: Yard) -> AsyncIterator[Route]:
    known = _tables()
    for entrance, door in entrances(yard).items():
        if entrance in known:
            for route in known[entrance]:
                yield route
        else:
            async for route in _probed(yard, entrance, door):
                yield route


def entrances(yard: Yard) -> Mapping[str, Any]:
    """The doors by the first segment of their paths."""
    inner: Any = yard.server.app
    while not isinstance(inner, Entrances):
        inner = inner._app
    return inner._doors


def _tables() -> Mapping[str, list[Route]]:
    """Routes by entrance, of the doors that have tables."""
    probes = {path[1:]: [Route("GET", path)] for path in health.PATHS}
    known = {"oapis": [*_rest()], "openapi": [*_openapi()], "metrics": [Route("GET", METRICS)], **probes}
    known["console"] = [Route(method, template) for method, template, _ in console.all_of()]
    resources = [*_kube(), *(Route("GET", path) for path in discovery.plain())]
    for entrance in ("api", "apis"):
        known[entrance] = [route for route in resources if app.first_segment(route.template) == entrance]
    return known


def _rest() -> Iterator[Route]:
    for route in rest_routes.ROUTES.values():
        for method in route.methods:
            yield Route(method, f"{rest_routes.PREFIX}{route.template}")
    for path in rest.PAGES:
        yield Route("GET", path)


def _openapi() -> Iterator[Route]:
    for path in (v2.PATH, *v3.documents()):
        yield Route("GET", path)


def _kube() -> Iterator[Route]:
    for (group, version, plural), kind in target.SERVED.items():
        base = f"/apis/{group}/{version}" if group else f"/api/{version}"
        places = [f"{base}/{plural}"]
        if kind.namespaced:
            places.append(f"{base}/namespaces/{{namespace}}/{plural}")
        below = ("", "/{name}", *(f"/{{name}}/{sub}" for sub in kind.subresources))
        for template in (place + part for place in places for part in below):
            matched = target.match(filled(template))
            for method in kube.handlers_of(matched) if matched else ():
                yield Route(method, template)


async def _probed(yard: Yard, entrance: str, door: Any) -> AsyncIterator[Route]:
    for path in sorted(_written_down(entrance, door)):
        for template in (path, f"{path.rstrip('/')}/{{name}}"):
            for method in METHODS:
                answer = await yard.ask("root", method, filled(template))
                await yard.restore()
                if answer.status != 405 and not _is_unknown(answer):
                    yield Route(method, template)


def _written_down(entrance: str, door: Any) -> set[str]:
    """The paths that stand in the sources beside a door, as texts of their own."""
    file = Path(inspect.getfile(door if inspect.isfunction(door) else type(door)))
    package = file.parent if file.parent.name != "web" else None
    files = package.rglob("*.py") if package else [file]
    texts = {
        node.value
        for source in files
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {text for text in texts if text == f"/{entrance}" or (entrance and text.startswith(f"/{entrance}/"))}


_UNKNOWN: Final = {errors.UnknownPath().text.zh, errors.UnknownPath().text.en}


def _is_unknown(answer: Answer) -> bool:
    if answer.status != 404:
        return False
    if answer.headers.get("content-type") != "application/json":
        return True
    return answer.json().get("message") in _UNKNOWN
