"""A registry breaks while somebody looks at its image: the pages that are open say what, since when and what to do, and
say that all is well again once it is. Nobody reloads anything."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from playwright.sync_api import Browser, expect

from imageyard.domain.secret import Secret
from imageyard.sample import images
from tests.e2e import browser as browsers
from tests.e2e.background import Background
from tests.e2e.browser import Reader, Theme
from tests.e2e.evidence import Evidence
from tests.e2e.product import Product, image, source
from tests.fakes import registries
from tests.fakes.registries import TESTER, Login

pytestmark = [pytest.mark.needs(program) for program in ("chromium", "docker-registry", "htpasswd", "skopeo")]

WEB: Final = images.single("shop/web", [images.Step("COPY shop /srv", 5_000)])
CHANGED: Final = Login(TESTER.user, Secret("another password"))
Neighbour = AbstractAsyncContextManager[object]


def healthy(directory: Path, port: int) -> Neighbour:
    return registries.docker_registry(directory, "htpasswd", port=port)


@asynccontextmanager
async def stopped(directory: Path, port: int) -> AsyncIterator[None]:
    """Nobody listens there any more."""
    yield


def refusing(directory: Path, port: int) -> Neighbour:
    """Somebody has changed the password of the account."""
    return registries.docker_registry(directory, "htpasswd", port=port, login=CHANGED)


def emptied(directory: Path, port: int) -> Neighbour:
    """Somebody has cleaned up."""
    return registries.docker_registry(directory.with_name("emptied"), "htpasswd", port=port)


class Words(NamedTuple):
    since: str
    next: str
    synced: str
    failed: str
    verified: str
    refuses: str
    well: str


ZH: Final = Words(
    "失败始于", "建议操作", "已同步", "同步失败", "验证成功", "验证失败", "所有镜像源均可连接，所有镜像均为最新。"
)
EN: Final = Words(
    "failing since",
    "What to do next",
    "Synced",
    "Failed",
    "Verified",
    "Test failed",
    "All registry sources answer and all images are up to date.",
)


class Trouble(NamedTuple):
    """`said` and `advice` are what pages say of the image, `of_source` what they say of its source; "" while that is
    well."""

    way: Callable[[Path, int], Neighbour]
    language: str
    theme: Theme
    words: Words
    said: str
    advice: str
    of_source: str


TROUBLES: Final = {
    "stopped": Trouble(
        stopped,
        "zh",
        "dark",
        ZH,
        "镜像仓库拒绝连接",
        "请检查端口是否正确、镜像仓库是否在运行、防火墙是否放行",
        "镜像仓库拒绝连接",
    ),
    "refusing": Trouble(
        refusing,
        "en",
        "light",
        EN,
        "The registry refused the source's credential; not tried again, so that the account is not locked",
        "Update the source's credential; syncing resumes by itself",
        "Wrong user name or password",
    ),
    "emptied": Trouble(
        emptied,
        "zh",
        "light",
        ZH,
        "镜像 Tag 不存在",
        "请检查 spec.tag 与 spec.repository，或推送该 Tag",
        "",
    ),
}


class Open(NamedTuple):
    """The pages that somebody has open, each in its tab."""

    image: Reader
    source: Reader
    overview: Reader

    def sync(self) -> None:
        self.image.page.locator("form[action$='/sync'] button").click()

    def test(self) -> None:
        self.source.page.locator("form[action$='/verify'] button").click()


@pytest.mark.parametrize("name", TROUBLES)
def test_pages_that_are_open_tell_what_broke_and_that_it_is_well_again(
    chromium: Browser, product: Product, background: Background, evidence: Evidence, tmp_path: Path, name: str
) -> None:
    trouble, directory = TROUBLES[name], tmp_path / "registry"
    evidence.keep("the account's password", TESTER.password.reveal())
    with browsers.reading(chromium, product, trouble.language, trouble.theme) as reader:
        with background.running(registries.docker_registry(directory, "htpasswd")) as registry:
            background.run(registry.push(WEB, "shop/web", "v1"))
            _furnish(product, name, registry.address)
            tabs = _opened(reader, product, name)
            _is_well(tabs, trouble.words)
        port = int(registry.address.rpartition(":")[2])
        with background.running(trouble.way(directory, port)):
            tabs.test()
            _tells_of_the_source(tabs.source, trouble)
            tabs.sync()
            _tells_of_the_image(tabs.image, trouble)
            _tells_both(tabs.overview, trouble, name)
        with background.running(healthy(directory, port)):
            tabs.test()
            expect(tabs.source.page.locator(".summary .status")).to_have_text(trouble.words.verified)
            tabs.sync()
            _is_well(tabs, trouble.words)
        assert all(tab.page.evaluate("window.opened") for tab in tabs), "no page was loaded anew"
        assert not reader.complaints


def _furnish(product: Product, name: str, address: str) -> None:
    """One source and one image in a namespace of their own, synced."""
    there = f"/namespaces/{name}"
    login = source("own", address, TESTER.user, TESTER.password.reveal(), insecure=True)
    wanted = image("web", "own", "shop/web", retryCount=0)
    wanted["spec"]["registryRef"]["namespace"] = name
    for plural, each in (("registry-secrets", login), ("repositories", wanted)):
        each["metadata"]["namespace"] = name
        product.admin.make(f"{there}/{plural}", each)
    product.admin.until(f"{there}/repositories/web", 20, syncStatus="Success")


def _opened(reader: Reader, product: Product, name: str) -> Open:
    reader.admit(product.token)
    tabs = Open(reader, reader.tab(), reader.tab())
    for tab, path in zip(tabs, (f"images/{name}/web", f"sources/{name}/own", f"?namespace={name}"), strict=True):
        tab.listen(f"/console/{path}")
        tab.page.evaluate("window.opened = true")
    return tabs


def _is_well(tabs: Open, words: Words) -> None:
    expect(tabs.image.page.locator(".summary .status")).to_have_text(words.synced)
    expect(tabs.image.page.get_by_role("note")).to_have_count(0)
    expect(tabs.source.page.locator(".summary .status")).to_have_text(words.verified)
    expect(tabs.source.page.get_by_role("note")).to_have_count(0)
    expect(tabs.overview.page.locator(".all-well")).to_have_text(words.well)


def _tells_of_the_image(tab: Reader, trouble: Trouble) -> None:
    note, words = tab.page.locator("#body").get_by_role("note"), trouble.words
    expect(note.locator(".what strong")).to_have_text(trouble.said)
    expect(note.locator(".began")).to_contain_text(words.since)
    expect(note.locator(".began time")).to_be_visible()
    expect(note.locator(".next")).to_have_text(f"{words.next} {trouble.advice}")
    expect(tab.page.locator(".summary .status")).to_have_text(words.failed)
    assert not tab.faults()


def _tells_of_the_source(tab: Reader, trouble: Trouble) -> None:
    words, status = trouble.words, tab.page.locator(".summary .status")
    if trouble.of_source:
        note = tab.page.locator("#body").get_by_role("note")
        expect(status).to_have_text(words.refuses)
        expect(note.locator(".what strong")).to_have_text(trouble.of_source)
        expect(note.locator(".began")).to_contain_text(words.since)
        expect(note).to_contain_text(words.next)
    else:
        expect(tab.page.locator("#toasts .toast.good")).to_be_visible()
        expect(status).to_have_text(words.verified)


def _tells_both(tab: Reader, trouble: Trouble, name: str) -> None:
    """The overview tells the cause once: what a source's own failure explains is told there."""
    article = tab.page.locator(".trouble")
    expect(article.get_by_role("note").locator(".what strong")).to_have_text(trouble.of_source or trouble.said)
    expect(article.locator(".began")).to_contain_text(trouble.words.since)
    expect(article.locator(".next")).to_contain_text(trouble.words.next)
    expect(article).to_have_count(1)
    expect(tab.page.locator("section.first")).to_have_count(0)
    about = f"/console/sources/{name}/own" if trouble.of_source else f"/console/images/{name}/web"
    expect(article.locator(f"a[href='{about}']").first).to_be_visible()
    assert not tab.faults()
