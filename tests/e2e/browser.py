"""A real browser before the console: one chromium for all tests, a fresh context for each, nothing of it overlooked."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, Literal

from axe_playwright_python.base import AXE_SCRIPT
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
WIDTHS: Final = (360, 1024, 1280)
REPEATED: Final = (".top", ".side", ".tabs", "tr:nth-child(n + 4)", "li:nth-child(n + 4)", "option")
"""What looks as what stands before it, or as on the page before."""
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

    def __init__(self, page: Page, url: str, complaints: list[str], theme: Theme = "light") -> None:
        self._theme = theme
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
        return Reader(_listened(self.page.context, self.complaints), self._url, self.complaints, self._theme)

    def faults(self) -> list[str]:
        """What axe finds serious or critical on the page that is open."""
        return self._found({})

    def wrong(self) -> list[str]:
        """Faults of the page that is open, text too faint in the other theme, and windows in which it has to be
        scrolled sideways. The other theme stays, for the page that is opened next: it changes colours alone."""
        found = [*self.faults(), *self._wider()]
        self._theme = "dark" if self._theme == "light" else "light"
        self.page.emulate_media(color_scheme=self._theme)
        return [*found, *self._found({"runOnly": ["color-contrast"]}, beside=REPEATED)]

    def _wider(self) -> list[str]:
        found = []
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 900})
            if self.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"wider than {width}")
        return found

    def _found(self, options: Mapping[str, object], beside: Sequence[str] = ()) -> list[str]:
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE_SCRIPT)
        ask = "async ([within, options]) => (await axe.run(within, options)).violations"
        within = {"include": [["html"]], "exclude": [[each] for each in beside]}
        return [
            f"{each['id']}: {each['nodes'][0]['target']} ({each['help']})"
            for each in self.page.evaluate(ask, [within, {"resultTypes": ["violations"], "preload": False, **options}])
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
    yield Reader(_listened(context, complaints), product.url, complaints, theme)
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
