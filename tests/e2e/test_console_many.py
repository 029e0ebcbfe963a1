"""One among a hundred thousand images: found by two characters, reached by scrolling, kept in the address."""

import re
from typing import Final

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from imageyard.domain.kinds import KINDS
from imageyard.sample.server import WallClock
from imageyard.store.sqlite.store import SQLiteStore
from tests.e2e import browser as browsers
from tests.e2e.background import Background
from tests.e2e.conftest import MakeProduct
from tests.e2e.product import IMAGES, Product, image
from tests.fakes import crowd

pytestmark = pytest.mark.needs("chromium")

COUNT: Final = 100_000
SIZE: Final = 40
"""Rows that come at a time."""
MOST: Final = 200
"""Rows that a page may hold."""
STEPS: Final = 8
SCROLL: Final = """async steps => {
    const seen = [], count = () => document.getElementById("count").textContent;
    while (seen.length < steps) {
        const before = count();
        scrollTo(0, document.body.scrollHeight);
        await new Promise(done => {
            new MutationObserver((_, watch) => {
                if (count() !== before) { watch.disconnect(); done(); }
            }).observe(document.body, { childList: true, subtree: true });
        });
        seen.push([count(), document.querySelectorAll("tbody tr[data-key]").length]);
    }
    return seen;
}"""
"""To the end of the page again and again: each time what the page tells then, and how many rows it holds."""
ALIAS: Final = "青鸟"
"""Two characters that the alias of one image has, and nothing else."""


@pytest.fixture(scope="module")
def crowded(chromium: Browser, make_product: MakeProduct, background: Background) -> Product:
    """A server with so many images, one of which came as any does. They are stored directly: over HTTP it would take
    minutes."""
    product = make_product("crowded")
    product.directory.mkdir(parents=True)
    with background.running(SQLiteStore.open(product.directory, KINDS, now=WallClock().now)) as store:
        for some in crowd.portions(COUNT - 1):
            background.run(crowd.join(store, some))
    product.start()
    odd = image("needle", "harbor", "team/haystack", suspend=True)
    odd["metadata"]["annotations"] = {"theriseunion.io/display-name": f"订单{ALIAS}服务"}
    product.admin.make(IMAGES, odd)
    return product


def rows_of(page: Page) -> Locator:
    return page.locator("tbody tr[data-key]")


@pytest.mark.parametrize(("language", "opens"), [("zh", "click"), ("en", "Enter")])
def test_two_characters_find_the_one_that_has_them(
    chromium: Browser, crowded: Product, language: str, opens: str
) -> None:
    with browsers.reading(chromium, crowded, language) as reader:
        reader.admit(crowded.token)
        reader.open("/console/images")
        page, rows = reader.page, rows_of(reader.page)
        expect(rows).to_have_count(SIZE)
        page.keyboard.press("/")
        page.keyboard.insert_text(ALIAS)
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text(ALIAS)
        expect(page.locator("#count")).to_have_text("已显示 1 条，共 1 条记录" if language == "zh" else "1 of 1")
        page.wait_for_url("**/console/images?q=**")
        link = rows.get_by_role("link", name="needle", exact=True)
        link.click() if opens == "click" else link.press(opens)
        expect(page.get_by_role("heading", level=1)).to_have_text("needle")
        page.go_back()
        expect(page.locator("#q")).to_have_value(ALIAS)
        expect(rows).to_have_count(1)
        assert not reader.complaints


def test_scrolling_far_keeps_few_rows_and_tells_where_one_is(chromium: Browser, crowded: Product) -> None:
    with browsers.reading(chromium, crowded, theme="dark") as reader:
        reader.admit(crowded.token)
        reader.open("/console/images")
        page, rows, count = reader.page, rows_of(reader.page), reader.page.locator("#count")
        first = rows.first.get_attribute("data-key")
        seen = page.evaluate(SCROLL, STEPS)
        assert [told for told, _ in seen] == [f"{(step + 2) * SIZE} of 100,000" for step in range(STEPS)]
        assert max(held for _, held in seen) == MOST
        assert page.locator(f"tr[data-key='{first}']").count() == 0
        page.keyboard.press("Control+Home")
        expect(page.locator(f"tr[data-key='{first}']")).to_be_in_viewport()
        assert rows.count() <= MOST
        reader.open(f"/console/images?page={COUNT // SIZE}")
        expect(count).to_have_text("100,000 of 100,000")
        expect(rows).to_have_count(SIZE)
        assert not reader.complaints


def test_search_filter_and_order_are_in_the_address(chromium: Browser, crowded: Product) -> None:
    with browsers.reading(chromium, crowded) as reader:
        reader.admit(crowded.token)
        reader.open("/console/images")
        page, count = reader.page, reader.page.locator("#count")
        page.get_by_role("link", name="Last synced").click()
        page.wait_for_url("**/console/images?sort=lastSynced")
        page.select_option("select[name=status]", "synced")
        page.wait_for_url(re.compile(r"status=synced"))
        page.fill("#q", crowd.ALIASES[0])
        page.wait_for_url(re.compile(r"[?&]q="))
        expect(count).to_have_text("40 of more than 10,000")
        address = page.url
        assert {"sort=lastSynced", "status=synced"} < set(address.partition("?")[2].split("&"))
        with browsers.reading(chromium, crowded) as other:
            other.admit(crowded.token)
            other.page.goto(address)
            expect(other.page.locator("#q")).to_have_value(crowd.ALIASES[0])
            expect(other.page.locator("select[name=status]")).to_have_value("synced")
            expect(other.page.locator("th[aria-sort]")).to_contain_text("Last synced")
            expect(rows_of(other.page)).to_have_count(SIZE)
        assert not reader.complaints
