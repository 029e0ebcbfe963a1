"""How this server is set up, for its operators: settings and where each came from, egress rules, encryption keys."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from imageyard.domain.errors import Invalid, NotFound, TooManyRequests
from imageyard.service.sealkeys import KeyUses
from imageyard.web import errors, reply
from imageyard.web.admin import door as admin
from imageyard.web.console import commands, forms
from imageyard.web.console.commands import Commands
from imageyard.web.console.room import Room
from imageyard.web.console.visit import Visit
from imageyard.web.installation import Opinion, Setting
from imageyard.web.reply import Reply

PATH: Final = "/console/settings"
EGRESS: Final = ("egress_allow", "egress_private", "egress_proxy", "egress_no_proxy", "registry_ca")


@dataclass(frozen=True, slots=True)
class SettingRow:
    name: str
    variable: str
    value: str
    origin: str
    about: str


@dataclass(frozen=True, slots=True)
class Considered:
    """A host that was asked about: what the gate thinks of it, or why it cannot tell."""

    host: str = ""
    opinions: Sequence[Opinion] = ()
    problem: str = ""

    @property
    def allowed(self) -> bool:
        """A name is refused when any of its addresses is."""
        return bool(self.opinions) and all(each.allowed for each in self.opinions)


@dataclass(frozen=True, slots=True)
class SettingsPage:
    rows: tuple[SettingRow, ...]
    egress: tuple[SettingRow, ...]
    keys: KeyUses
    considered: Considered
    backup: str
    """The command that makes a copy of the database, "" where the data directory is not known."""
    done: str
    commands: tuple[Commands, ...]


async def page(room: Room, visit: Visit) -> Reply:
    visit.may.demand_everything()
    return await _page(room, visit, Considered())


async def consider(room: Room, visit: Visit) -> Reply:
    """Would the gate let bytes go to this host? Nothing is dialled."""
    visit.may.demand_everything()
    host = (await forms.read(visit.exchange)).text("host")
    try:
        opinions = await visit.doors.installation.consider(visit.actor, host)
    except (Invalid, NotFound, TooManyRequests) as failure:
        text = failure.causes[0].text if failure.causes else failure.text
        answer = await _page(room, visit, Considered(host, problem=visit.sentence(text)))
        return answer._replace(status=errors.outcome(failure).code, headers=(*answer.headers, *errors.headers(failure)))
    return await _page(room, visit, Considered(host, opinions))


async def ask(room: Room, visit: Visit) -> Reply:
    """Before keys are rotated."""
    visit.may.demand_everything()
    return await room.templates.page(visit, "rotate.html", await visit.doors.keys.uses(), place="settings")


async def rotate(room: Room, visit: Visit) -> Reply:
    visit.may.demand_everything()
    visit.exchange.name = (await visit.doors.keys.rotate()).key
    return reply.see_other(f"{PATH}?done=rotate")


async def _page(room: Room, visit: Visit, considered: Considered) -> Reply:
    held = visit.doors.installation
    rows = tuple(_row(each, visit) for each in held.settings)
    context = SettingsPage(
        tuple(row for row in rows if row.name not in EGRESS),
        tuple(row for row in rows if row.name in EGRESS),
        await visit.doors.keys.uses(),
        considered,
        shlex.join(["imageyard", "backup", "imageyard.backup", "--data-dir", held.data_dir]) if held.data_dir else "",
        visit.query.text("done"),
        _commands(visit),
    )
    return await room.templates.page(visit, "settings.html", context, place="settings")


def _row(setting: Setting, visit: Visit) -> SettingRow:
    about = visit.words.speak(setting.about).replace("`", "")
    return SettingRow(setting.name, setting.variable, setting.value, setting.origin, about)


def _commands(visit: Visit) -> tuple[Commands, ...]:
    gettext, origin = visit.words.gettext, visit.origin
    return (
        Commands(gettext("See the encryption keys"), commands.curl(origin, "GET", admin.KEYS)),
        Commands(gettext("Rotate the encryption keys"), commands.curl(origin, "POST", admin.ROTATE)),
    )
