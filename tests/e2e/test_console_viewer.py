"""Somebody who may only look walks through all there is: no page has anything that changes something, and no link is
dead."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from imageyard.web.console import routes
from tests.e2e import browser as browsers
from tests.e2e.browser import Reader
from tests.e2e.product import Product

pytestmark = pytest.mark.needs("chromium")

OWN: Final = ("/console/preferences", "/console/sign-out")
"""What changes nothing but how and whether the reader looks."""
FOUND: Final = """() => ({
    links: [...document.querySelectorAll("a[href], area[href]")].map(each => each.href),
    posts: [...document.querySelectorAll("form")].filter(each => each.method !== "get")
        .map(each => new URL(each.action).pathname),
    sends: [...document.querySelectorAll("[hx-post], [hx-put], [hx-patch], [hx-delete], [formaction], [form]")]
        .map(each => each.outerHTML),
    loose: [...document.querySelectorAll("button:not([type=button])")].filter(each => !each.form)
        .map(each => each.outerHTML),
})"""


def test_who_may_only_look_meets_nothing_to_change_and_no_dead_link(chromium: Browser, yard: Product) -> None:
    token = yard.posted_token("looker", "image-viewer")
    with browsers.reading(chromium, yard, "zh", "dark") as reader:
        reader.sign_in(token)
        expect(reader.page.locator(".who")).to_have_text("looker")
        walk = Walk(reader, yard.url)
        opened = list(walk)
        assert not walk.changes
        assert not {path: code for path, code in walk.answers.items() if code != 200}
        assert {"/console/", "/console/images", "/console/sources", "/console/activity", "/console/about"} <= set(
            opened
        )
        assert {"layers", "config", "manifest", "history", "events", "yaml", "commands"} <= walk.tabs
        assert not reader.complaints


class Walk:
    """From link to link, until every kind of page has been opened in the browser and every link has been asked for."""

    def __init__(self, reader: Reader, url: str) -> None:
        self._reader = reader
        self._url = url
        self._kinds: set[tuple[str, str]] = set()
        self._waiting = ["/console/"]
        self.answers: dict[str, int] = {}
        self.changes: list[str] = []
        self.tabs: set[str] = set()

    def __iter__(self) -> Iterator[str]:
        while self._waiting:
            path = self._waiting.pop(0)
            self._open(path)
            yield path

    def _open(self, path: str) -> None:
        self._reader.open(path)
        found = self._reader.page.evaluate(FOUND)
        told = [*(post for post in found["posts"] if post not in OWN), *found["sends"], *found["loose"]]
        self.changes += [f"{path}: {each}" for each in told]
        for link in sorted(set(found["links"])):
            self._follow(path, link)

    def _follow(self, origin: str, link: str) -> None:
        to = urlsplit(link)
        if f"{to.scheme}://{to.netloc}" != self._url or link.partition("#")[0] in self.answers:
            return
        answer = self._reader.page.request.get(link)
        self.answers[link.partition("#")[0]] = answer.status
        matched = routes.match(to.path)
        if matched is None:
            return
        if "POST" in matched.route.methods:
            self.changes.append(f"{origin}: leads to {to.path}")
        tab = parse_qs(to.query).get("tab", [""])[0]
        kind = (matched.route.template, tab)
        if kind not in self._kinds and answer.headers["content-type"].startswith("text/html"):
            self._kinds.add(kind)
            self.tabs.add(tab)
            self._waiting.append(link.removeprefix(self._url))
