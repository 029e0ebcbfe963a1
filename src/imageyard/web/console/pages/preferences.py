"""Keep a choice of language or theme, and go back to where it was made."""

from typing import Final

from imageyard.web import reply
from imageyard.web.console import cookies, forms, preferences
from imageyard.web.console.pages import signin
from imageyard.web.console.preferences import LANGUAGE, THEME, THEMES
from imageyard.web.console.room import Room
from imageyard.web.console.visit import Visit
from imageyard.web.console.words import LANGUAGES
from imageyard.web.reply import Reply

PATH: Final = "/console/preferences"
_CHOICES: Final = {"language": (LANGUAGE, LANGUAGES), "theme": (THEME, THEMES)}


async def keep(room: Room, visit: Visit) -> Reply:
    form = await forms.read(visit.exchange)
    to = reply.see_other(signin.way_back(form.text("next")))
    kept = [
        cookies.write(cookie, form.text(field), cookies.YEAR, secure=visit.secure, path=preferences.PATH)
        for field, (cookie, choices) in _CHOICES.items()
        if form.text(field) in choices
    ]
    return to._replace(headers=(*to.headers, *kept))
