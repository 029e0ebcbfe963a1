"""A real browser before the real server: our pages keep to their policy, other sites' pages get nothing done."""

import json
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.e2e import browser as browsers
from tests.e2e import elsewhere
from tests.e2e.product import API, IMAGES, Client, Product, eventually, image

pytestmark = pytest.mark.needs("chromium")

SECONDS: Final = 10
ATTACKS: Final = {
    "a form": """url => {
        const form = document.createElement("form");
        Object.assign(form, {method: "POST", action: url, enctype: "text/plain"});
        document.body.append(form);
        form.submit();
    }""",
    "a form in a new tab": """url => {
        const form = Object.assign(document.createElement("form"), {method: "POST", action: url, target: "_blank"});
        document.body.append(form);
        form.submit();
    }""",
    "a fetch": """url => void fetch(url, {
        method: "POST", mode: "no-cors", credentials: "include", body: "{}"}).catch(() => 0)""",
    "a fetch that reads": "url => void fetch(url, {mode: 'no-cors', credentials: 'include'}).catch(() => 0)",
    "a fetch that wants to know": "url => void fetch(url, {credentials: 'include'}).catch(() => 0)",
    "a beacon": "url => void navigator.sendBeacon(url, '{}')",
    "an image": "url => void (document.body.append(Object.assign(new Image(), {src: url})))",
    "a script": "url => document.head.append(Object.assign(document.createElement('script'), {src: url}))",
    "a style sheet": """url => document.head.append(
        Object.assign(document.createElement("link"), {rel: "stylesheet", href: url}))""",
    "a frame": "url => document.body.append(Object.assign(document.createElement('iframe'), {src: url}))",
    "an object": "url => document.body.append(Object.assign(document.createElement('object'), {data: url}))",
}


@pytest.fixture
def page(chromium: Browser, product: Product) -> Iterator[Page]:
    with browsers.signed_in(chromium, product.token) as page:
        yield page


@pytest.fixture(scope="module")
def elsewhere_port() -> Iterator[int]:
    with elsewhere.site() as port:
        yield port


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_docs_page_keeps_to_its_policy(chromium: Browser, product: Product, language: str) -> None:
    complaints: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        complaints.append(message.text)

    with browsers.signed_in(chromium, product.token, language) as page:
        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        answer = page.goto(f"{product.url}/oapis/docs")
        assert answer is not None
        assert answer.status == 200
        assert page.locator("html").get_attribute("lang") == language
        assert page.locator("section").count() > 20
        # The style applies: without it a browser shows a serif font and no columns.
        assert "sans-serif" in page.evaluate("getComputedStyle(document.body).fontFamily")
        assert (browsers.violations(page), complaints) == ([], [])


def test_a_page_here_runs_nothing_that_was_written_into_it(page: Page, product: Product) -> None:
    page.goto(f"{product.url}/oapis/docs")
    page.evaluate("""() => {
        document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.ran = true'><b style='color:red'>");
        document.body.append(Object.assign(document.createElement("script"), {text: "window.ran = true"}));
    }""")
    page.wait_for_function("window.violations.length >= 3", timeout=SECONDS * 1000)
    assert not page.evaluate("window.ran")


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_another_sites_page_gets_403(page: Page, product: Product, elsewhere_port: int, host: str, attack: str) -> None:
    """From another site (by name) and from another port of this one, with credentials on every request. The server's
    log tells what came: the browser hides from a page, and from who drives it, what it may not embed."""
    path = f"{API}/namespaces/{attack.replace(' ', '-')}-{host.replace('.', '-')}/repositories"
    page.goto(f"http://{host}:{elsewhere_port}/")
    page.evaluate(ATTACKS[attack], product.url + path)
    assert {*eventually(lambda: codes(product, path), seconds=SECONDS)} == {403}


def codes(product: Product, path: str) -> list[int]:
    """What the requests for a path that are in the log were answered with."""
    lines = (json.loads(line) for line in product.log.read_text().splitlines() if path in line)
    return [line["code"] for line in lines]


def test_another_sites_page_may_not_ask_with_a_token_of_its_own(
    page: Page, product: Product, elsewhere_port: int
) -> None:
    page.goto(f"http://localhost:{elsewhere_port}/")
    asked = f"fetch('{product.url}{API}{IMAGES}', {{headers: {{'Authorization': 'Bearer stolen'}}}})"
    assert "Failed to fetch" in page.evaluate(f"{asked}.then(answer => answer.status, error => error.message)")


def test_another_sites_page_opens_no_socket(page: Page, product: Product, elsewhere_port: int) -> None:
    page.goto(f"http://localhost:{elsewhere_port}/")
    end = page.evaluate(
        """url => new Promise(done => {
            const socket = new WebSocket(url);
            socket.onopen = () => done("open");
            socket.onclose = event => done(event.code);
        })""",
        product.url.replace("http", "ws") + API + IMAGES,
    )
    assert end == 1006  # closed before it was open


def test_another_sites_page_may_lead_to_ours(page: Page, product: Product, elsewhere_port: int) -> None:
    page.goto(f"http://localhost:{elsewhere_port}/")
    with page.expect_navigation(url=f"{product.url}/oapis/docs", timeout=SECONDS * 1000) as led:
        page.evaluate(f"location.href = '{product.url}/oapis/docs'")
    assert led.value.status == 200


def test_nothing_of_that_needs_a_browser_to_hold_back(admin: Client) -> None:
    """The same change, by a program: only where it came from was wrong."""
    assert admin.post(IMAGES, image("by-program", "none")).status_code == 201
    assert admin.post(IMAGES, image("by-site", "none"), headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert admin.get(f"{IMAGES}/by-site").status_code == 404
    assert admin.delete(f"{IMAGES}/by-program").status_code == 204
