"""A real browser before the console: one chromium for all tests, a fresh context for each, nothing of it overlooked."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.e2e.product import Product
from tests.fakes.programs import need

FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_REPORT: Final = """
window.violations = [];
document.addEventListener("securitypolicyviolation",
    report => window.violations.push(`${report.violatedDirective}: ${report.blockedURI}`));
"""
Theme = Literal["light", "dark"]
LOCALES: Final = {"zh": "zh-CN", "en": "en-US"}
PATIENCE: Final = 20_000
"""Milliseconds that a page may take for anything, on a machine that has much else to do."""
SERIOUS: Final = frozenset({"serious", "critical"})


@contextmanager
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=need("chromium"), args=[*FLAGS])
        yield browser
        browser.close()


class Reader:
    """Somebody before a page. `complaints` are errors and broken rules that the browser told of."""

    def __init__(self, page: Page, url: str, complaints: list[str]) -> None:
        self.page = page
        self.complaints = complaints
        self._url = url

    def sign_in(self, token: str) -> None:
        """As people do, on the page for it."""
        self.open("/console/")
        self.page.fill("#token", token)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector("nav.side")

    def admit(self, token: str) -> None:
        """Begin a session as that page does, without showing a page."""
        answer = self.page.request.post(f"{self._url}/console/sign-in", form={"token": token}, max_redirects=0)
        assert answer.status == 303, answer.status

    def open(self, path: str) -> None:
        self.page.goto(self._url + path)

    def listen(self, path: str) -> None:
        """Open a page, and wait until it hears of changes."""
        with self.page.expect_response("**/console/events?*"):
            self.open(path)

    def tab(self) -> "Reader":
        """Another one beside this, in the same browser."""
        return Reader(_listened(self.page.context, self.complaints), self._url, self.complaints)

    def faults(self) -> list[str]:
        """What axe finds serious or critical on the page that is open."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{each['id']}: {each['nodes'][0]['target']} ({each['help']})"
            for each in found
            if each["impact"] in SERIOUS
        ]


@contextmanager
def reading(
    browser: Browser, product: Product, language: str = "en", theme: Theme = "light", *, scripts: bool = True
) -> Iterator[Reader]:
    complaints: list[str] = []
    context = browser.new_context(
        locale=LOCALES[language],
        color_scheme=theme,
        timezone_id="Asia/Shanghai",
        java_script_enabled=scripts,
        viewport={"width": 1280, "height": 900},
    )
    yield Reader(_listened(context, complaints), product.url, complaints)
    context.close()


def _listened(context: BrowserContext, complaints: list[str]) -> Page:
    """A new page whose errors are kept."""

    def told(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.on("console", told)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page


@contextmanager
def signed_in(browser: Browser, token: str, language: str = "en") -> Iterator[Page]:
    """A page of a browser that sends `token` with every request, whoever makes it: credentials that nothing withholds
    from other sites' requests, as no cookie would be."""
    context = browser.new_context(extra_http_headers={"Authorization": f"Bearer {token}"}, locale=language)
    context.add_init_script(_REPORT)
    yield context.new_page()
    context.close()


def violations(page: Page) -> list[str]:
    """What the page's own policy kept it from."""
    found: list[str] = page.evaluate("window.violations")
    return found
