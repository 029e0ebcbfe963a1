"""Signing in and out, and making a token, in a real browser on a real server."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import browser as browsers
from tests.e2e.product import Product

pytestmark = pytest.mark.needs("chromium")


def test_a_token_is_shown_once_and_the_way_back_does_not_show_it_again(chromium: Browser, yard: Product) -> None:
    with browsers.reading(chromium, yard) as reader:
        reader.sign_in(yard.token)
        page = reader.page
        page.get_by_role("link", name="Access", exact=True).click()
        page.get_by_role("link", name="New token…").click()
        page.get_by_label("Name", exact=True).fill("journey")
        page.get_by_label("User", exact=True).fill("jo")
        page.get_by_label(re.compile("image-viewer")).check()
        page.get_by_label("Valid for").select_option(label="1 hour")
        page.get_by_role("button", name="Create token").click()
        expect(page.get_by_text("Shown once, copy it now.")).to_be_visible()
        shown = page.locator("[data-once] pre code")
        token = shown.inner_text()
        assert token.startswith("iy_")
        assert token not in page.url
        page.get_by_role("link", name="Done").click()
        expect(page.get_by_role("cell", name="jo image-viewer")).to_be_visible()
        page.go_back()
        expect(page.get_by_text("This token was shown once and is not kept.")).to_be_visible()
        assert token not in page.content()
        page.go_forward()
        page.go_back()
        assert token not in page.content()
        assert not reader.complaints
    with browsers.reading(chromium, yard) as other:
        other.sign_in(token)
        expect(other.page.get_by_role("link", name="Access", exact=True)).to_have_count(0)


def test_who_signs_out_is_out_wherever_he_goes(chromium: Browser, yard: Product) -> None:
    with browsers.reading(chromium, yard, "zh") as reader:
        page = reader.page
        reader.open("/console/images")
        page.get_by_label("访问令牌").fill(yard.token)
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("link", name="nginx", exact=True)).to_be_visible()
        page.locator("details.menu > summary").click()
        page.get_by_role("button", name="退出登录").click()
        expect(page.locator("#token")).to_be_visible()
        page.go_back()
        expect(page.locator("#token")).to_be_visible()
        assert "nginx" not in page.content()
        reader.open("/console/sources")
        expect(page.locator("#token")).to_be_visible()
        assert [cookie for cookie in page.context.cookies() if "session" in cookie.get("name", "")] == []
