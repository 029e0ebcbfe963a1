"""The first minutes of somebody new: an empty server, a registry of their own, the first image. Nothing is known but
what the server and its pages say."""

import re
import shlex
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from imageyard.sample import images
from tests.e2e import browser as browsers
from tests.e2e.background import Background
from tests.e2e.browser import Reader, Theme
from tests.e2e.conftest import MakeProduct
from tests.e2e.evidence import Evidence
from tests.e2e.product import LOOPBACK, Product, eventually
from tests.fakes import registries
from tests.fakes.registries import DockerRegistry

pytestmark = [pytest.mark.needs(program) for program in ("chromium", "docker-registry", "htpasswd", "skopeo")]

WEB: Final = images.multi_platform("shop/web", [images.Step("COPY shop /srv", 20_000)])
GREETING: Final = re.compile(r"^console: (\S+)  \(sign in with the token in (.+)\)$", re.MULTILINE)
OVERVIEW: Final = "nav.side li:first-child a"


class Words(NamedTuple):
    """What the pages say on the way."""

    steps: str
    nothing: str
    no_images: str
    refused: str
    advice: str
    connected: str
    verified: str
    synced: str
    well: str


ZH: Final = Words(
    "三步添加第一个镜像",
    "目前还没有需要关注的内容。",
    "还没有镜像",
    "用户名或密码错误",
    "请更新 spec.username 与 spec.password",
    "测试连接成功",
    "验证成功",
    "已同步",
    "所有镜像源均可连接，所有镜像均为最新。",
)
EN: Final = Words(
    "Three steps to the first image",
    "There is nothing to watch yet.",
    "No images yet",
    "Wrong user name or password",
    "Update spec.username and spec.password",
    "Connection succeeded",
    "Verified",
    "Synced",
    "All registry sources answer and all images are up to date.",
)


@pytest.mark.parametrize(
    ("language", "theme", "words"), [("zh", "light", ZH), ("en", "dark", EN)], ids=["zh-light", "en-dark"]
)
def test_an_empty_server_leads_to_a_synced_image(
    chromium: Browser,
    make_product: MakeProduct,
    background: Background,
    evidence: Evidence,
    tmp_path: Path,
    language: str,
    theme: Theme,
    words: Words,
) -> None:
    fresh = make_product(f"first-{language}").start(*LOOPBACK)
    with (
        background.running(registries.docker_registry(tmp_path / "registry", "htpasswd")) as registry,
        browsers.reading(chromium, fresh, language, theme) as reader,
    ):
        background.run(registry.push(WEB, "shop/web", "1.0"))
        evidence.keep("first password", registry.password.reveal())
        _sign_in(reader.page, fresh)
        _look_around(reader, words)
        _add_the_source(reader.page, registry, words)
        _add_the_image(reader.page, words)
        _see_it_all_well(reader, words)
        assert not reader.complaints
    fresh.stop()


def _sign_in(page: Page, fresh: Product) -> None:
    """With what the server prints when it has started."""
    url, file = eventually(lambda: GREETING.search(fresh.log.read_text()), seconds=20).groups()
    page.goto(url)
    expect(page.locator("#token")).to_be_focused()
    page.keyboard.insert_text(Path(*shlex.split(file)).read_text().strip())
    page.keyboard.press("Enter")


def _look_around(reader: Reader, words: Words) -> None:
    """An empty overview and empty lists say what to do first."""
    page = reader.page
    first = page.locator("section.first")
    expect(first).to_contain_text(words.steps)
    expect(first.locator("li")).to_have_count(3)
    expect(first.locator("li.done")).to_have_count(0)
    expect(page.locator("main")).to_contain_text(words.nothing)
    assert not reader.faults()
    page.click("nav.side a[href='/console/images']")
    expect(page.locator(".empty")).to_contain_text(words.no_images)
    assert not reader.faults()
    page.click(OVERVIEW)
    page.click("section.first a[href^='/console/sources/new']")


def _add_the_source(page: Page, registry: DockerRegistry, words: Words) -> None:
    """A wrong password is told before anything is stored; the right one is stored and verified."""
    page.fill("#f-name", "own")
    page.fill("#f-domain", registry.address)
    page.select_option("#f-transport", "http")
    page.fill("#f-username", registry.user)
    page.fill("#f-password", "mistyped")
    page.click("button[value=test]")
    verdict = page.locator("#tested .verdict")
    expect(verdict).to_contain_text(words.refused)
    expect(verdict).to_contain_text(words.advice)
    page.fill("#f-password", registry.password.reveal())
    page.click("button[value=test]")
    expect(verdict).to_contain_text(words.connected)
    page.click("button[value=save]")
    page.wait_for_url("**/console/sources/default/own?done=add")
    expect(page.locator(".summary .status")).to_have_text(words.verified)
    page.click(OVERVIEW)
    expect(page.locator("section.first li.done")).to_have_count(1)


def _add_the_image(page: Page, words: Words) -> None:
    """Path and tag are typed; the only source there is is taken, a name proposed."""
    page.click("section.first a[href^='/console/images/new']")
    expect(page.locator("#image")).to_be_focused()
    page.keyboard.type("shop/web:1.0")
    expect(page.locator("#name")).to_have_value("web-1.0")
    expect(page.locator("#source")).to_have_value("default/own")
    page.click("button[value=add]")
    page.wait_for_url("**/console/images/default/web-1.0?done=image-added")
    expect(page.locator(".summary .status")).to_have_text(words.synced)
    expect(page.locator(".summary")).to_contain_text(WEB.digest[:19])


def _see_it_all_well(reader: Reader, words: Words) -> None:
    page = reader.page
    page.click(OVERVIEW)
    expect(page.locator("a[href^='/console/images?status=synced'] > strong")).to_have_text("1")
    expect(page.locator(".all-well")).to_have_text(words.well)
    expect(page.locator("section.first")).to_have_count(0)
    assert not reader.faults()
    page.click("a[href^='/console/images?status=synced']")
    expect(page.locator("tr[data-key='repositories/default/web-1.0']")).to_contain_text(words.synced)
