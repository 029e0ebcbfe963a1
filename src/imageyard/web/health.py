"""Probes and the version, as Kubernetes components answer them: /livez, /readyz, /healthz, /version.

Source: https://kubernetes.io/docs/reference/using-api/health-checks/
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from imageyard.web import errors, exchange, reply
from imageyard.web.doors import Doors
from imageyard.web.reply import Reply

KUBERNETES: Final = "1.36.0"
"""The Kubernetes version whose behaviour is kept."""
PROBES: Final = frozenset({"/livez", "/readyz", "/healthz"})
PATHS: Final = PROBES | {"/version"}


class HealthDoor:
    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchanged = exchange.of(scope)
        if exchanged.path not in PATHS:
            raise errors.UnknownPath
        exchanged.resource = exchanged.path[1:]
        if exchanged.method not in ("GET", "HEAD"):
            raise errors.MethodNotAllowed(exchanged.method, ("GET", "HEAD"))
        exchanged.verb = "get"
        await reply.send(self._answer(exchanged.path, exchanged.query), exchanged, send)

    def _answer(self, path: str, query: bytes) -> Reply:
        if path == "/version":
            return reply.json(version(self._doors.version))
        # A process that answers is alive; a store that is full is no reason to have it killed.
        checks = {"ping": True} if path == "/livez" else self._doors.ready()
        return probe(path[1:], checks, query)


def probe(name: str, checks: Mapping[str, bool], query: bytes) -> Reply:
    """`ok`, or a line per check when asked (`?verbose`) or when one fails. `?exclude=` leaves checks out."""
    asked = parse_qs(query.decode("latin-1"), keep_blank_values=True)
    excluded = {*asked.get("exclude", ())}
    failed = any(not good for check, good in checks.items() if check not in excluded)
    if not failed and "verbose" not in asked:
        return reply.text("ok")
    lines = [_line(check, good, check in excluded) for check, good in checks.items()]
    if unknown := excluded - checks.keys():
        names = ", ".join(f'"{each}"' for each in sorted(unknown))
        lines.append(f"warn: some health checks cannot be excluded: no matches for {names}")
    lines.append(f"{name} check {'failed' if failed else 'passed'}")
    return reply.text("\n".join(lines) + "\n", 500 if failed else 200)


def _line(check: str, good: bool, excluded: bool) -> str:
    if excluded:
        return f"[+]{check} excluded: ok"
    return f"[+]{check} ok" if good else f"[-]{check} failed: reason withheld"


def version(own: str) -> dict[str, str]:
    """Kubernetes' version.Info: what kubectl compares itself with. How it was built is nobody's business; the date
    is one that programs can read."""
    major, minor, _ = KUBERNETES.split(".")
    return {
        "major": major,
        "minor": minor,
        "emulationMajor": major,
        "emulationMinor": minor,
        "minCompatibilityMajor": major,
        "minCompatibilityMinor": str(int(minor) - 1),
        "gitVersion": f"v{KUBERNETES}+imageyard.{own}",
        "gitCommit": "",
        "gitTreeState": "",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "",
        "platform": "",
    }
