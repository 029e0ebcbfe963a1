"""What people learn of an image at the console: what changed when its tag moved, and what is inside."""

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import browser as browsers
from tests.e2e.product import IMAGES, JSON, Product, eventually

pytestmark = pytest.mark.needs("chromium")

NIGHTLY = "sensor-gateway-nightly"
HERE = f"/console/images/default/{NIGHTLY}"
PAGES = (
    f"{HERE}/compare",
    f"{HERE}?tab=history",
    f"{HERE}?tab=layers",
    f"{HERE}?tab=manifest",
    "/console/images/default/web-gateway-chart?tab=manifest",
    "/console/activity",
)
MOVES = 90.0
"""Seconds within which the sample's moving tag names another content and has been synced: a build a minute. Whoever
runs all tests does not wait, for the server is older than that."""


@pytest.fixture(scope="module")
def moved(yard: Product) -> Product:
    def look() -> JSON | None:
        lines = yard.admin.read(f"{IMAGES}/{NIGHTLY}/history")["items"]
        changed = [line for line in lines if line["digestBefore"] not in ("", line["digestAfter"])]
        return {"changed": changed} if changed else None

    eventually(look, seconds=MOVES)
    return yard


def test_two_digests_are_compared_after_a_tag_moved(chromium: Browser, moved: Product) -> None:
    with browsers.reading(chromium, moved) as reader:
        reader.admit(moved.token)
        page = reader.page
        reader.open(f"{HERE}?tab=history&show=changes")
        first = page.locator(".timeline li").first
        expect(first).to_contain_text("1 layer added · 1 removed")
        first.get_by_role("link", name="Compare with the one before").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("What changed")
        rows = page.locator("table.compared tbody tr")
        expect(rows).to_have_count(3)
        expect(rows.nth(0)).to_contain_text("Kept")
        expect(rows.nth(0)).to_contain_text("COPY base /")
        expect(rows.nth(1)).to_contain_text("Removed")
        expect(rows.nth(2)).to_contain_text("Added")
        expect(page.get_by_role("img", name="Layers before and after")).to_be_visible()
        page.select_option("select[name=platform]", "linux/arm64")
        page.get_by_role("button", name="Compare").click()
        expect(page.locator(".side-of").first).to_contain_text("linux/arm64")
        page.get_by_role("link", name="Swap").click()
        expect(page.locator("p.verdict")).to_contain_text("1 layer kept")
        assert not reader.complaints


def test_any_two_are_picked_by_keyboard_and_without_scripts(chromium: Browser, moved: Product) -> None:
    with browsers.reading(chromium, moved, "zh", scripts=False) as reader:
        reader.admit(moved.token)
        page = reader.page
        reader.open(f"{HERE}?tab=history")
        for name, which in (("from", 1), ("to", 0)):
            page.locator(f"input[name={name}]").nth(which).focus()
            page.keyboard.press("Space")
        page.keyboard.press("Enter")
        page.wait_for_url("**/compare?**")
        expect(page.get_by_role("heading", level=1)).to_have_text("变化内容")
        expect(page.locator("table.compared tbody tr.kept")).to_have_count(1)


def test_layers_and_their_picture_point_at_each_other(chromium: Browser, yard: Product) -> None:
    with browsers.reading(chromium, yard) as reader:
        reader.admit(yard.token)
        page = reader.page
        reader.open("/console/images/default/nginx?tab=layers")
        page.locator("svg.stack rect[data-layer='2']").hover()
        expect(page.locator("tr.lit")).to_contain_text("apt-get")
        page.locator("tr[data-layer='1']").focus()
        expect(page.locator("svg.stack rect.lit")).to_have_attribute("data-layer", "1")
        reader.open("/console/images/default/nginx?tab=manifest")
        page.get_by_role("link", name="linux/arm64").click()
        expect(page.locator("#raw-manifest")).to_contain_text('"layers"')
        with page.expect_download() as kept:
            page.get_by_role("link", name="Download").first.click()
        assert kept.value.suggested_filename.startswith("nginx-")
        assert not reader.complaints


def test_activity_comes_by_itself_and_leads_to_its_object(chromium: Browser, yard: Product) -> None:
    with browsers.reading(chromium, yard) as reader:
        reader.admit(yard.token)
        page = reader.page
        reader.open("/console/activity?object=insight-live")
        expect(page.get_by_text("Nothing matches")).to_be_visible()
        ref = {"name": "sample-token", "namespace": "default"}
        spec = {"repository": "library/toolbox", "tag": "1.0", "registryRef": ref}
        yard.admin.make(IMAGES, {"metadata": {"name": "insight-live"}, "spec": spec})
        expect(page.locator(".activity li").first).to_be_visible()
        page.get_by_role("link", name="default/insight-live").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("insight-live")
        yard.admin.delete(f"{IMAGES}/insight-live")
        assert not reader.complaints


@pytest.mark.parametrize("language", ["zh", "en"])
def test_these_pages_keep_nobody_out(chromium: Browser, moved: Product, language: str) -> None:
    with browsers.reading(chromium, moved, language) as reader:
        reader.admit(moved.token)
        for path in PAGES:
            reader.open(path)
            assert not reader.wrong(), path
        assert not reader.complaints
