"""What people do at the console, in a real browser on a real server."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.e2e import browser as browsers
from tests.e2e.browser import Reader
from tests.e2e.product import IMAGES, JSON, Product

pytestmark = pytest.mark.needs("chromium")


def test_from_the_overview_to_why_something_fails(chromium: Browser, yard: Product) -> None:
    with browsers.reading(chromium, yard, "zh") as reader:
        reader.sign_in(yard.token)
        page = reader.page
        page.get_by_role("link", name="default/nginx-missing-tag").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("nginx-missing-tag")
        expect(page.get_by_role("note")).to_contain_text("镜像 Tag 不存在")
        expect(page.get_by_role("note")).to_contain_text("建议操作")
        page.get_by_role("link", name="API 与 kubectl").click()
        expect(page.get_by_text("kubectl get repository nginx-missing-tag -o yaml -n default")).to_be_visible()
        assert "tab=commands" in page.url
        assert not reader.complaints


def test_a_search_finds_while_one_types_and_stays_in_the_address(chromium: Browser, yard: Product) -> None:
    with browsers.reading(chromium, yard) as reader:
        reader.admit(yard.token)
        page = reader.page
        reader.open("/console/images")
        page.keyboard.press("/")
        page.keyboard.type("缓存")
        expect(page.locator("tbody tr[data-key]")).to_have_count(1)
        expect(page.locator("tbody tr[data-key]")).to_contain_text("redis")
        page.wait_for_url("**/console/images?q=**")
        page.reload()
        expect(page.locator("tbody tr[data-key]")).to_have_count(1)
        assert not reader.complaints


def test_what_changes_shows_without_a_reload(chromium: Browser, yard: Product) -> None:
    with browsers.reading(chromium, yard) as reader:
        reader.admit(yard.token)
        reader.listen("/console/images?namespace=default")
        page = reader.page
        row = page.locator('tr[data-key="repositories/default/toolbox-suspended"]')
        expect(row).to_contain_text("Suspended")
        row.get_by_role("button", name="Sync now").click()
        expect(page.locator("#toasts")).to_contain_text("Sync requested.")
        expect(row).to_contain_text("Synced")
        yard.admin.send(
            "PATCH", f"{IMAGES}/redis", json={"metadata": {"annotations": {"theriseunion.io/display-name": "改名"}}}
        )
        expect(page.locator('tr[data-key="repositories/default/redis"]')).to_contain_text("改名")
        assert not reader.complaints


def test_a_connection_is_tested_and_a_source_deleted_by_its_name(chromium: Browser, yard: Product) -> None:
    with browsers.reading(chromium, yard) as reader:
        reader.admit(yard.token)
        page = reader.page
        reader.open("/console/sources/default/unknown-host")
        page.get_by_role("button", name="Test connection").click()
        expect(page.locator("#toasts")).to_contain_text("Connection failed")
        expect(page.locator("#toasts")).to_contain_text("DNSFailed")
        page.get_by_role("link", name="Delete…").click()
        expect(page.get_by_text("1 image uses it and will fail without it.")).to_be_visible()
        page.keyboard.type("unknown-host")
        page.keyboard.press("Enter")
        page.wait_for_url("**/console/sources?done=delete")
        expect(page.get_by_role("link", name="sample-token")).to_be_visible()
        expect(page.get_by_role("link", name="unknown-host")).to_have_count(0)
        assert not reader.complaints


def test_every_read_page_works_without_scripts(chromium: Browser, yard: Product) -> None:
    with browsers.reading(chromium, yard, scripts=False) as reader:
        reader.admit(yard.token)
        page = reader.page
        reader.open("/console/")
        page.get_by_role("link", name="Images", exact=True).first.click()
        page.select_option("select[name=status]", "failed")
        page.get_by_role("button", name="Search").click()
        expect(page.get_by_role("link", name="nginx-missing-tag")).to_be_visible()
        page.get_by_role("link", name="nginx-missing-tag").click()
        page.get_by_role("link", name="Sync history").click()
        expect(page.get_by_text("TagNotFound").first).to_be_visible()
        assert "UTC" in page.content()


def test_a_long_list_keeps_few_rows_in_the_page(chromium: Browser, yard: Product) -> None:
    with ThreadPoolExecutor(8) as several:
        made = [*several.map(lambda n: yard.admin.make("/namespaces/many/repositories", _image(n)), range(260))]
    assert len(made) == 260
    with browsers.reading(chromium, yard) as reader:
        reader.admit(yard.token)
        reader.open("/console/images?namespace=many")
        rows = reader.page.locator("tbody tr[data-key]")
        assert reader.page.locator("#count").inner_text() == "40 of 260"
        _scroll(reader, rows, 6000, "m259")
        assert reader.page.locator("#count").inner_text() == "260 of 260"
        _scroll(reader, rows, -6000, "m000")
        _scroll(reader, rows, 6000, "m259")
        assert not reader.complaints


def _image(n: int) -> JSON:
    ref = {"name": "sample-token", "namespace": "default"}
    spec = {"repository": "library/nginx", "tag": f"v{n}", "suspend": True, "registryRef": ref}
    return {"metadata": {"name": f"m{n:03}"}, "spec": spec}


def _scroll(reader: Reader, rows: Locator, by: int, until: str) -> None:
    """Turn the wheel until that row is there. At no time there are more rows than a page is to hold, or in disorder."""
    for _ in range(100):
        reader.page.mouse.wheel(0, by)
        reader.page.wait_for_timeout(50)
        names = rows.evaluate_all("rows => rows.map(row => row.dataset.key.split('/')[2])")
        assert len(names) <= 200
        assert names == sorted(names)
        if until in names:
            return
    raise AssertionError(f"{until} never came; there are {names[0]} to {names[-1]}")
