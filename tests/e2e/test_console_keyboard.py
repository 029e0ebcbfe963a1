"""Whoever has no mouse: everything is done by keys, where one is can be seen at each stop, and is never lost."""

from typing import Final, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import browser as browsers
from tests.e2e.product import IMAGES, Product

pytestmark = pytest.mark.needs("chromium")

MOST_STOPS: Final = 120
LOOK: Final = """selector => {
    const at = document.activeElement;
    const look = () => {
        const style = getComputedStyle(at);
        return [style.outlineStyle, style.outlineWidth, style.outlineColor, style.boxShadow].join(" ");
    };
    const box = at.getBoundingClientRect();
    const within = box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
    const focused = look();
    at.blur();
    const plain = look();
    at.focus({ preventScroll: true });
    return { there: at.matches(selector), what: at.outerHTML.slice(0, 200), seen: within && focused !== plain,
             lost: at === document.body };
}"""


class Keys(NamedTuple):
    """Hands on a keyboard."""

    page: Page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def to(self, selector: str, key: str = "Tab") -> None:
        """On and on until that has the focus; each stop on the way can be seen."""
        for _ in range(MOST_STOPS):
            self.press(key)
            at = self.page.evaluate(LOOK, selector)
            assert not at["lost"], f"nothing has the focus on the way to {selector}"
            assert at["seen"], f"nobody sees where the focus is: {at['what']}"
            if at["there"]:
                return
        raise AssertionError(f"{selector} is out of reach")

    def into(self, selector: str) -> None:
        """From the top of a page that has just been opened, past its frame."""
        self.to(".skip")
        self.press("Enter")
        self.to(selector)

    def stays_at(self, selector: str) -> None:
        expect(self.page.locator(selector)).to_be_focused()


def row(name: str) -> str:
    return f"tr[data-key='repositories/default/{name}']"


@pytest.fixture(scope="module")
def typed(yard: Product) -> Product:
    ref = {"name": "sample-token", "namespace": "default"}
    for n in range(3):
        spec = {"repository": "library/toolbox", "tag": "1.0", "registryRef": ref}
        yard.admin.make(IMAGES, {"metadata": {"name": f"typed-{n}"}, "spec": spec})
    return yard


def test_everything_is_done_by_keys_alone(chromium: Browser, typed: Product) -> None:
    with browsers.reading(chromium, typed) as reader:
        page, keys = reader.page, Keys(reader.page)
        reader.open("/console/")
        keys.stays_at("#token")
        page.keyboard.insert_text(typed.token)
        keys.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
        keys.to("nav.side a[href^='/console/images']")
        keys.press("Enter")
        page.wait_for_url("**/console/images")
        _suspends_two(keys)
        _reads_one(keys)
        _switches(keys)
        _deletes_it(keys)
        assert not reader.complaints


def _suspends_two(keys: Keys) -> None:
    page = keys.page
    keys.press("/")
    page.keyboard.insert_text("typed-")
    expect(page.locator("tbody tr[data-key]")).to_have_count(3)
    keys.stays_at("#q")
    for name in ("typed-0", "typed-1"):
        keys.to(f"{row(name)} .pick")
        keys.press("Space")
    expect(page.locator("[data-picked]")).to_have_text("2 selected")
    keys.to("#bulk button[value=suspend]", "Shift+Tab")
    keys.press("Enter")
    expect(page.get_by_text("2 images suspended.")).to_be_visible()


def _reads_one(keys: Keys) -> None:
    """Parts of the page are shown anew all the while: the focus stays where it was."""
    page, sync = keys.page, "#actions form[action$='/sync'] button"
    keys.into(f"{row('typed-0')} a.name")
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("typed-0")
    keys.into(sync)
    keys.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Sync requested.")
    expect(page.locator(".summary .status")).to_have_text("Synced")
    keys.stays_at(sync)
    keys.to("#actions form[action$='/resume'] button")
    keys.press("Enter")
    keys.stays_at("#actions form[action$='/suspend'] button")
    for tab in ("layers", "config"):
        keys.to(f".tabs a[href$='?tab={tab}']")
        keys.press("Enter")
        expect(page.locator(f".tabs a[href$='?tab={tab}']")).to_have_attribute("aria-current", "page")
        keys.stays_at(f".tabs a[href$='?tab={tab}']")


def _switches(keys: Keys) -> None:
    page = keys.page
    keys.to("button[name=language][value=zh]", "Shift+Tab")
    keys.press("Enter")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    keys.to("button[name=theme][value=dark]")
    keys.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def _deletes_it(keys: Keys) -> None:
    page = keys.page
    keys.into("#actions a[href$='/delete']")
    keys.press("Enter")
    keys.stays_at("#confirmed")
    page.keyboard.insert_text("typed-0")
    keys.press("Enter")
    page.wait_for_url("**/console/images?done=delete")
    expect(page.locator("tbody tr[data-key]").first).to_be_visible()
    expect(page.locator(row("typed-0"))).to_have_count(0)


def test_a_row_that_is_shown_anew_keeps_the_focus_and_a_notice_gives_it_back(chromium: Browser, typed: Product) -> None:
    sync, close = f"{row('typed-2')} form[action$='/sync'] button", "#toasts .toast.bad .close"
    with browsers.reading(chromium, typed, "zh", "dark") as reader:
        reader.admit(typed.token)
        reader.open("/console/images?q=typed-2")
        page, keys = reader.page, Keys(reader.page)
        keys.into(sync)
        keys.press("Enter")
        expect(page.locator("#toasts .toast.good")).to_be_visible()
        expect(page.locator(row("typed-2"))).to_contain_text("已同步")
        keys.stays_at(sync)
        page.route("**/sync", lambda route: route.abort())
        keys.press("Enter")
        # The button rests until the request has failed, and has no focus meanwhile.
        expect(page.locator(close)).to_be_visible()
        keys.stays_at(sync)
        keys.to(close)
        keys.press("Enter")
        expect(page.locator(close)).to_have_count(0)
        expect(page.locator("main :focus")).to_have_count(1)
