"""The console's places, as the left side shows them. A new page adds a line here and its route in `routes.py`."""

from collections.abc import Callable
from typing import Final, NamedTuple

from imageyard.web.admin import door as admin
from imageyard.web.console.may import May
from imageyard.web.console.words import marked


class Place(NamedTuple):
    """`key` is what a page calls itself, `icon` a symbol of `_icons.html`, `opens` whether the reader sees it."""

    key: str
    href: str
    icon: str
    title: str
    opens: Callable[[May], bool]


def _everybody(may: May) -> bool:
    return True


def operators(may: May) -> bool:
    return may.everything


def _trail(may: May) -> bool:
    return may.path("get", admin.AUDIT)


def _tokens(may: May) -> bool:
    return may.path("get", admin.TOKENS)


PLACES: Final = (
    Place("overview", "/console/", "home", marked("Overview"), _everybody),
    Place("sources", "/console/sources", "source", marked("Registry sources"), _everybody),
    Place("images", "/console/images", "image", marked("Images"), _everybody),
    Place("activity", "/console/activity", "pulse", marked("Activity"), _everybody),
    Place("access", "/console/access", "key", marked("Access"), _tokens),
    Place("audit", "/console/audit", "scroll", marked("Audit"), _trail),
    Place("settings", "/console/settings", "gear", marked("Settings"), operators),
    Place("about", "/console/about", "info", marked("About"), _everybody),
)
