"""What people do with registry sources at the console, in a real browser: add a good one, and five that are bad."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from imageyard.sample import faults
from imageyard.sample.listener import Listener
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
STEPS: Final = {
    "zh": {"address": "地址", "tls": "TLS", "registry": "镜像仓库", "login": "登录", "failed": "失败", "next": "建议操作"},
    "en": {"address": "Address", "tls": "TLS", "registry": "Registry", "login": "Login", "failed": "failed",
           "next": "What to do next"},
}  # fmt: skip


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
    page = faults.Script()
    page.always(faults.html())
    with (
        background.running(Listener(faults.Faulty(_nothing, page))) as web,
        background.running(registries.sample(registries.basic_access(), certificate=stranger.issue())) as untrusted,
    ):
        yield {
            "wrong-password": good.address,
            "unknown-host": "registry.invalid",
            "plain-http": good.address,
            "no-registry": web.address,
            "untrusted": untrusted.address,
        }
