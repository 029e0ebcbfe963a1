"""A real browser: Debian's chromium, as somebody who is signed in."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

from tests.fakes import programs

FLAGS: Final = (
    "--no-sandbox",  # tests run as root in containers
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


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=programs.need("chromium"), args=[*FLAGS])
        yield browser
        browser.close()


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
