"""Every element of the console on one page, for who builds it. Operators only."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from imageyard.domain.kinds.repository import Layer
from imageyard.domain.reasons import Reason
from imageyard.metrics import Day, Slot
from imageyard.web import errors
from imageyard.web.console import charts, contents, differences, stacks
from imageyard.web.console.charts import Health
from imageyard.web.console.commands import Commands
from imageyard.web.console.contents import LayerRow
from imageyard.web.console.histories import Step
from imageyard.web.console.room import Room
from imageyard.web.console.stacks import Picture
from imageyard.web.console.tested import Tested
from imageyard.web.console.visit import Said, Visit
from imageyard.web.reply import Reply

_DIGEST: Final = "sha256:" + "0123456789abcdef" * 4


@dataclass(frozen=True, slots=True)
class PatternsPage:
    states: tuple[str, ...]
    verdicts: tuple[str, ...]
    said: Said
    digest: str
    moments: tuple[timedelta, ...]
    health: Health
    layers: tuple[LayerRow, ...]
    picture: Picture
    commands: tuple[Commands, ...]
    tested: Tested


async def page(room: Room, visit: Visit) -> Reply:
    if not visit.may.everything:
        raise errors.UnknownPath
    start = visit.now.timestamp() - Day.SLOT * Day.SLOTS
    slots = [Slot(start + place * Day.SLOT, place % 7 * 5, place % 11 // 9 * 4) for place in range(Day.SLOTS)]
    layers = [
        Layer(f"sha256:{size:064x}", str(size), instruction=f"RUN step {size}")
        for size in (31_000_000, 4_200_000, 700, 90_000)
    ]
    grown = [*layers[:2], Layer(_DIGEST, "9000000", instruction="RUN another")]
    shown = contents.layers(layers)
    changed = differences.layers(shown, contents.layers(grown))
    context = PatternsPage(
        states=("synced", "failed", "pending", "syncing", "suspended"),
        verdicts=("success", "failed", "untested"),
        said=visit.said(Reason.TagNotFound),
        digest=_DIGEST,
        moments=(timedelta(seconds=-3), timedelta(minutes=-3), timedelta(days=-41), timedelta(hours=2)),
        health=charts.health(slots),
        layers=shown,
        picture=stacks.draw(changed.rows),
        tested=_tested(visit),
        commands=(Commands(visit.words.gettext("Read it"), "curl https://example.com", "kubectl get imgs -A"),),
    )
    return await room.templates.page(visit, "patterns.html", context, place="patterns")


def _tested(visit: Visit) -> Tested:
    outcomes = {"address": "ok", "tls": "skipped", "registry": "unproven", "login": "failed"}
    steps = tuple(Step(name, outcome, _DIGEST[:12], 12) for name, outcome in outcomes.items())
    return Tested(False, visit.said(Reason.Unauthorized), "", steps)
