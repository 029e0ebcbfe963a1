"""Add one image, import many, do one thing to many: in a real browser on a real server."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import browser as browsers
from tests.e2e.product import JSON, Product

pytestmark = pytest.mark.needs("chromium")

COMPOSE = """\
services:
  web: {image: nginx:1.27}
  chart: {image: "charts/web-gateway:0.4.2"}
  cache: {image: "quay.io/shop/cache:1"}
  built: {build: .}
"""


def test_an_image_is_added_and_becomes_synced_without_a_reload(chromium: Browser, yard: Product) -> None:
    with browsers.reading(chromium, yard, "zh") as reader:
        reader.admit(yard.token)
        page = reader.page
        reader.open("/console/images?namespace=default")
        page.get_by_role("link", name="添加镜像").click()
        expect(page.locator("#image")).to_be_focused()
        page.keyboard.type("library/nginx:1.27")
        expect(page.locator("#name")).to_have_value("nginx-1.27")
        page.select_option("#source", "default/sample-token")
        page.fill("#alias", "前端网关")
        page.get_by_role("button", name="试取").click()
        expect(page.locator("#tested")).to_contain_text("镜像存在")
        page.fill("#image", "library/nginx:9.99")
        expect(page.locator("#tested")).to_be_empty()
        expect(page.locator("#name")).to_have_value("nginx-9.99")
        page.fill("#image", "library/nginx:1.27")
        expect(page.locator("#name")).to_have_value("nginx-1.27")
        page.get_by_role("button", name="添加", exact=True).click()
        page.wait_for_url("**/console/images/default/nginx-1.27?done=image-added")
        expect(page.locator("#body .summary")).to_contain_text("已同步")
        expect(page.locator("#body .summary")).to_contain_text("sha256:")
        assert not reader.complaints


def test_a_compose_file_is_imported_after_its_verdicts(chromium: Browser, yard: Product) -> None:
    with browsers.reading(chromium, yard) as reader:
        reader.admit(yard.token)
        page = reader.page
        reader.open("/console/images/import?namespace=default")
        page.fill("#text", COMPOSE)
        page.get_by_role("button", name="Preview").click()
        rows = page.locator("table.import tbody tr")
        expect(rows).to_have_count(3)
        expect(page.get_by_text("No source for this host").first).to_be_visible()
        for row in (0, 1):
            page.fill(f"[name=source-{row}]", "default/sample-token")
        page.fill("[name=name-0]", "imported-web")
        page.get_by_role("button", name="Check again").click()
        expect(rows.nth(0)).to_contain_text("Will be created")
        expect(rows.nth(1)).to_contain_text("Exists already")
        assert not reader.faults()
        page.get_by_role("button", name="Import 1 image").click()
        expect(page.get_by_role("heading", name="1 image imported · 1 was there already")).to_be_visible()
        expect(rows.nth(0)).to_contain_text("Imported")
        expect(rows.nth(2)).to_contain_text("No source for this host")
        page.get_by_role("link", name="See the images").click()
        expect(page.locator('tr[data-key="repositories/default/imported-web"]')).to_be_visible()
        assert not reader.complaints


def test_thirty_are_selected_by_a_range_and_deleted_by_their_number(chromium: Browser, yard: Product) -> None:
    with ThreadPoolExecutor(8) as several:
        list(several.map(lambda n: yard.admin.make("/namespaces/thirty/repositories", _image(n)), range(31)))
    with browsers.reading(chromium, yard) as reader:
        reader.admit(yard.token)
        page = reader.page
        reader.listen("/console/images?namespace=thirty")
        boxes = page.locator("tr[data-key] .pick")
        delete = page.get_by_role("button", name="Delete…")
        expect(delete).to_be_disabled()
        boxes.nth(0).click()
        boxes.nth(29).click(modifiers=["Shift"])
        expect(page.locator("[data-picked]")).to_have_text("30 selected")
        # A row that is shown anew stays selected.
        renamed = {"metadata": {"annotations": {"theriseunion.io/display-name": "anew"}}}
        yard.admin.send("PATCH", "/namespaces/thirty/repositories/m03", json=renamed)
        expect(page.locator("tr[data-key$='/m03']")).to_contain_text("anew")
        expect(page.locator("[data-picked]")).to_have_text("30 selected")
        expect(boxes.nth(3)).to_be_checked()
        assert not reader.faults()
        delete.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Delete these 30 images?")
        page.keyboard.type("30")
        page.keyboard.press("Enter")
        page.wait_for_url("**/console/images?namespace=thirty&done=bulk-delete&count=30")
        expect(page.get_by_text("30 images deleted.")).to_be_visible()
        expect(boxes).to_have_count(1)
        assert not reader.complaints


def test_it_all_works_without_scripts(chromium: Browser, yard: Product) -> None:
    with browsers.reading(chromium, yard, scripts=False) as reader:
        reader.admit(yard.token)
        page = reader.page
        reader.open("/console/images/new?namespace=edge")
        page.fill("#image", "library/nginx:1.27")
        page.select_option("#source", "default/sample-token")
        page.get_by_role("button", name="Test fetch").click()
        expect(page.get_by_role("heading", name="The image exists")).to_be_visible()
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_text("The image was added.")).to_be_visible()
        reader.open("/console/images?namespace=edge&q=nginx-1.27")
        page.locator(".pick").check()
        page.get_by_role("button", name="Suspend").click()
        expect(page.get_by_text("1 image suspended.")).to_be_visible()


def _image(n: int) -> JSON:
    ref = {"name": "sample-token", "namespace": "default"}
    spec = {"repository": "library/nginx", "tag": f"v{n}", "suspend": True, "registryRef": ref}
    return {"metadata": {"name": f"m{n:02}"}, "spec": spec}
