"""What this server is, and how it fares; for operators also a bundle of facts to send to somebody who helps."""

import shlex
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from imageyard.web import hygiene, support
from imageyard.web.console import commands
from imageyard.web.console.commands import Commands
from imageyard.web.console.room import Room
from imageyard.web.console.visit import Visit
from imageyard.web.health import KUBERNETES
from imageyard.web.oapis import docs
from imageyard.web.reply import Headers, Reply

_FILE: Final[Headers] = (
    (b"content-type", b"application/zip"),
    (b"content-disposition", b'attachment; filename="imageyard-support.zip"'),
    *hygiene.DATA,
)


@dataclass(frozen=True, slots=True)
class AboutPage:
    version: str
    kubernetes: str
    sqlite: str
    started: datetime | None
    checks: tuple[tuple[str, bool], ...]
    data_dir: str
    """"" for who is no operator."""
    export: str
    """The line that makes kubectl use this server's own kubeconfig."""
    login: str
    """The command that signs kubectl in from another machine."""
    may_bundle: bool
    commands: tuple[Commands, ...]


async def page(room: Room, visit: Visit) -> Reply:
    held, everything = visit.doors.installation, visit.may.everything
    context = AboutPage(
        visit.doors.version,
        f"v{KUBERNETES}",
        held.sqlite,
        held.started,
        tuple(visit.doors.ready().items()),
        held.data_dir if everything else "",
        commands.exported(held.kubeconfig) if everything else "",
        shlex.join(["imageyard", "login", _secure(visit)]),
        everything,
        _commands(visit),
    )
    return await room.templates.page(visit, "about.html", context, place="about")


async def api(room: Room, visit: Visit) -> Reply:
    """What stands at /oapis/docs, for whom a browser's session knows."""
    return docs.answer(visit.preferences.language, visit.doors.version)


async def bundle(room: Room, visit: Visit) -> Reply:
    visit.may.demand_everything()
    return Reply(200, _FILE, await support.bundle(visit.doors, visit.actor))


def _secure(visit: Visit) -> str:
    """This server by HTTPS, under the name by which the browser knows it: kubectl sends no token otherwise."""
    name, port = urlsplit(visit.origin).hostname or "", visit.doors.installation.https_port
    if visit.origin.startswith("https:") or not port:
        return visit.origin
    return f"https://[{name}]:{port}" if ":" in name else f"https://{name}:{port}"


def _commands(visit: Visit) -> tuple[Commands, ...]:
    gettext, origin = visit.words.gettext, visit.origin
    return (
        Commands(
            gettext("See whether it is ready"),
            commands.curl(origin, "GET", "/readyz", query={"verbose": "1"}),
            commands.kubectl("get", "--raw", "/readyz?verbose"),
        ),
        Commands(gettext("See its version"), commands.curl(origin, "GET", "/version"), commands.kubectl("version")),
        Commands(
            gettext("See what there is"),
            commands.curl(origin, "GET", "/apis"),
            commands.kubectl("api-resources"),
        ),
    )
