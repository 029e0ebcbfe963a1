"""What people do with registry sources at the console, in a real browser: add a good one, and five that are bad."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from imageyard.sample import faults
from tests.e2e import browser as browsers
from tests.e2e.background import Background
from tests.e2e.evidence import Evidence
from tests.e2e.product import Product
from tests.fakes import registries
from tests.fakes.authority import Authority
from tests.fakes.registries import Served

pytestmark = pytest.mark.needs("chromium")

NEW: Final = "/console/sources/new"
TESTED: Final = "#tested"
ZH: Final = {"address": "地址", "tls": "TLS", "registry": "镜像仓库", "login": "登录"}
EN: Final = {"address": "Address", "tls": "TLS", "registry": "Registry", "login": "Login"}
STEPS: Final = {
    "zh": {**ZH, "failed": "失败", "next": "建议操作"},
    "en": {**EN, "failed": "failed", "next": "What to do next"},
}


class Bad(NamedTuple):
    """A registry that cannot be used: how it is typed, the step that fails, the reason, a word of what to do."""

    transport: str
    step: str
    reason: str
    zh: str
    en: str


BAD: Final = {
    "wrong-password": Bad("http", "login", "Unauthorized", "机器人账号", "robot account"),
    "unknown-host": Bad("https", "address", "DNSFailed", "DNS", "DNS"),
    "plain-http": Bad("https", "tls", "TLSInvalid", "insecure", "insecure"),
    "no-registry": Bad("http", "registry", "NotARegistry", "镜像仓库地址", "not its web page"),
    "untrusted": Bad("https", "tls", "TLSInvalid", "caBundle", "caBundle"),
}


@pytest.fixture(scope="module")
def good(background: Background) -> Iterator[Served]:
    with background.running(registries.sample(registries.basic_access())) as served:
        yield served


@pytest.fixture(scope="module")
def bad(background: Background, good: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The address of each."""
    stranger = Authority(tmp_path_factory.mktemp("stranger"), "a CA that nobody knows")
    with (
        background.running(registries.sample()) as web,
        background.running(registries.sample(registries.basic_access(), certificate=stranger.issue())) as untrusted,
    ):
        web.registry.script.add(faults.html(), times=None)
        yield {
            "wrong-password": good.address,
            "unknown-host": "registry.invalid",
            "plain-http": good.address,
            "no-registry": web.address,
            "untrusted": untrusted.address,
        }


def fill(page: Page, **typed: str) -> None:
    for name, value in typed.items():
        page.fill(f"#f-{name}", value)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_bad_registry_shows_the_step_that_failed_and_what_to_do(
    chromium: Browser, product: Product, evidence: Evidence, bad: dict[str, str], language: str
) -> None:
    words, password = STEPS[language], evidence.secret(f"bad-{language}")
    with browsers.reading(chromium, product, language) as reader:
        reader.admit(product.token)
        reader.open(NEW)
        page = reader.page
        fill(page, name="bad", username="tester", password=password)
        for name, expected in BAD.items():
            page.fill("#f-domain", bad[name])
            page.select_option("#f-transport", expected.transport)
            page.click("button[value=test]")
            verdict = page.locator(f"{TESTED} .verdict")
            expect(verdict).to_contain_text(expected.reason)
            expect(verdict).to_contain_text(words["next"])
            expect(page.locator(TESTED)).to_contain_text(expected.zh if language == "zh" else expected.en)
            failed = page.locator(f"{TESTED} li.bad")
            expect(failed).to_have_count(1)
            expect(failed).to_contain_text(words[expected.step])
            expect(failed).to_contain_text(words["failed"])
            expect(page.locator(f"{TESTED} li")).to_have_count(4)
        assert page.input_value("#f-password") == password
        assert password not in page.content()
        assert not reader.faults()
        assert not reader.complaints


def test_a_source_is_added_by_keyboard_alone_and_is_verified_without_a_reload(
    chromium: Browser, product: Product, good: Served, evidence: Evidence
) -> None:
    with browsers.reading(chromium, product) as reader:
        reader.admit(product.token)
        reader.open(NEW)
        page = reader.page
        page.focus("#f-name")
        for typed in ("by-keyboard", None, "journeys", f"https://{good.address}/v2/", None, "p", None, None, good.user):
            if typed:
                page.keyboard.type(typed)
            page.keyboard.press("Tab")
        page.keyboard.type("not the password")
        page.keyboard.press("Enter")
        expect(page.locator("#w-domain")).to_contain_text("drop the scheme")
        expect(page.locator("#f-domain")).to_be_focused()
        page.keyboard.press("Control+a")
        page.keyboard.type(good.address)
        page.focus("#f-password")
        page.keyboard.press("Control+a")
        page.keyboard.type(evidence.keep("good", good.password.reveal()))
        page.focus("button[value=test]")
        page.keyboard.press("Enter")
        expect(page.locator(f"{TESTED} .verdict")).to_contain_text("Connection succeeded")
        page.focus("button[value=save]")
        page.keyboard.press("Enter")
        page.wait_for_url("**/console/sources/journeys/by-keyboard?done=add")
        expect(page.locator(".summary")).to_contain_text("Verified")
        evidence.answered("console", page.content().encode())
        assert not [complaint for complaint in reader.complaints if "422" not in complaint]


def test_without_scripts_a_source_is_tested_added_and_changed(
    chromium: Browser, product: Product, good: Served
) -> None:
    with browsers.reading(chromium, product, scripts=False) as reader:
        reader.admit(product.token)
        page = reader.page
        reader.open(f"{NEW}?preset=other")
        page.select_option("#f-transport", "http")
        fill(page, name="plain", newNamespace="journeys", domain=good.address, username=good.user)
        page.fill("#f-password", good.password.reveal())
        page.click("button[value=test]")
        expect(page.locator(f"{TESTED} .verdict")).to_contain_text("Connection succeeded")
        expect(page.get_by_text("Type the password again")).to_be_visible()
        assert page.input_value("#f-password") == ""
        page.fill("#f-password", good.password.reveal())
        page.click("button[value=save]")
        expect(page.get_by_role("heading", level=1)).to_have_text("plain")
        page.get_by_role("link", name="Edit").click()
        page.fill("#f-domain", "elsewhere.invalid")
        page.click("button[value=save]")
        expect(page.locator("#w-password")).to_contain_text("a stored password never follows to a new address")


def test_who_changes_an_address_is_told_at_once_and_a_conflict_is_settled(
    chromium: Browser, product: Product, good: Served
) -> None:
    path = "/namespaces/journeys/registry-secrets"
    login = {"domain": good.address, "username": good.user, "password": good.password.reveal(), "provider": "other"}
    product.admin.make(path, {"metadata": {"name": "moving"}, "spec": {**login, "insecure": True}})
    with browsers.reading(chromium, product) as reader:
        reader.admit(product.token)
        page = reader.page
        reader.open("/console/sources/journeys/moving/edit")
        told = page.locator("[data-needs-password]")
        expect(told).to_be_hidden()
        page.fill("#f-domain", "elsewhere.invalid")
        expect(told).to_be_visible()
        page.fill("#f-domain", good.address)
        expect(told).to_be_hidden()
        page.fill("#f-description", "mine")
        product.admin.send("PATCH", f"{path}/moving", json={"spec": {"allowedNamespaces": ["theirs"]}})
        page.click("button[value=save]")
        expect(page.get_by_role("alert").first).to_contain_text("Somebody else changed it in the meantime")
        expect(page.locator(".conflict")).to_contain_text("theirs")
        page.get_by_role("button", name="Keep mine").click()
        page.wait_for_url("**/console/sources/journeys/moving?done=save")
        expect(page.locator("#grants")).to_contain_text("theirs")
        expect(page.locator("#body")).to_contain_text("mine")


def test_several_are_ticked_tested_and_deleted(chromium: Browser, product: Product, good: Served) -> None:
    login = {"domain": good.address, "username": "", "password": "", "provider": "other", "insecure": True}
    for n in range(3):
        product.admin.make("/namespaces/ticked/registry-secrets", {"metadata": {"name": f"t{n}"}, "spec": login})
    with browsers.reading(chromium, product) as reader:
        reader.admit(product.token)
        page = reader.page
        reader.open("/console/sources?namespace=ticked")
        page.check("[data-pick-page]")
        expect(page.locator("[data-picked]")).to_have_text("3 selected")
        page.click("button[value=verify]")
        expect(page.locator(f"{TESTED} li")).to_have_count(3)
        expect(page.locator(f"{TESTED} .found")).to_contain_text("of 3 connections work.")
        expect(page.locator("[data-picked]")).to_have_text("3 selected")
        page.get_by_role("button", name="Delete…").click()
        expect(page.locator("#confirmed")).to_be_focused()
        page.keyboard.type("3")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Deleted registry sources")
        expect(page.locator(".outcomes .status.good")).to_have_count(3)
        assert not reader.complaints


def test_a_docker_config_is_imported(chromium: Browser, product: Product, evidence: Evidence) -> None:
    secret = evidence.secret("pasted")
    with browsers.reading(chromium, product, "zh") as reader:
        reader.admit(product.token)
        page = reader.page
        reader.open("/console/sources/import")
        login = f'{{"username": "u", "password": "{secret}"}}'
        page.fill("#f-text", f'{{"auths": {{"one.invalid": {login}, "two.invalid": {login}}}}}')
        page.fill("#f-newNamespace", "imported")
        page.get_by_role("button", name="识别内容").click()
        expect(page.locator("#found tbody tr")).to_have_count(2)
        page.uncheck('[name=domain][value="two.invalid"]')
        page.get_by_role("button", name="添加所选的镜像源").click()
        expect(page.locator("#found tbody tr")).to_have_count(1)
        page.get_by_role("link", name="one.invalid").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("one.invalid")
        evidence.answered("console", page.content().encode())
        assert not reader.complaints
