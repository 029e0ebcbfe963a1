"""The docs page: readable without script, without another host, in both languages."""

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

from imageyard.web.oapis import docs, openapi
from tests.fakes.asgi import Client

VOID = {"meta", "link", "br"}


class Outline(HTMLParser):
    """Checks that elements nest, and collects what can point somewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.elements: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def outline(text: str) -> Outline:
    parser = Outline()
    parser.feed(text)
    parser.close()
    assert parser.open == []
    return parser


async def test_the_page_needs_neither_script_nor_another_host(admin: Client) -> None:
    answer = await admin.get("/oapis/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    [style] = re.findall("<style>(.*?)</style>", answer.text, flags=re.DOTALL)
    assert f"style-src 'sha256-{b64encode(sha256(style.encode()).digest()).decode()}';" in policy
    assert "url(" not in style
    assert "@import" not in style
    assert answer.headers["x-content-type-options"] == "nosniff"
    page = outline(answer.text)
    assert not {"script", "link", "iframe", "img"} & page.elements
    assert not {name for name in page.attributes if name == "style" or name.startswith("on")}
    assert all(link.startswith("#") for link in page.links)
    assert {link[1:] for link in page.links if link.startswith("#")} <= {*page.ids}
    assert len(page.ids) == len({*page.ids})


async def test_every_operation_is_on_the_page(admin: Client) -> None:
    text = (await admin.get("/oapis/docs")).text
    for path, methods in openapi.document("zh", "1.2.3")["paths"].items():
        assert f"<code>{path}</code>" in text
        for operation in methods.values():
            assert f'<section id="{operation["operationId"]}"' in text


async def test_it_speaks_both_languages(admin: Client) -> None:
    chinese = (await admin.get("/oapis/docs")).text
    english = (await admin.get("/oapis/docs", headers={"accept-language": "en"})).text
    assert '<html lang="zh-CN">' in chinese
    assert "手动触发同步" in chinese
    assert '<html lang="en">' in english
    words = re.sub(r"<pre.*?</pre>", "", english, flags=re.DOTALL)
    assert re.findall(r"[一-鿿]+", words) == []


async def test_parameters_tell_their_range_and_default(admin: Client) -> None:
    text = (await admin.get("/oapis/docs")).text
    assert "每页数量 · 1 – 1000 · = 10" in text
    assert "页码 · ≥ 1 · = 1" in text


async def test_the_root_leads_to_the_console(stranger: Client) -> None:
    answer = await stranger.get("/")
    assert (answer.status, answer.headers["location"]) == (303, "/console/")


def test_texts_of_the_document_are_escaped() -> None:
    document = openapi.document("en", "1.2.3") | {"info": {"title": "<script>alert(1)</script>", "version": "&"}}
    assert "<script" not in docs.render(document, "en")
