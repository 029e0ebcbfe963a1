"""What another web site makes a browser send is refused; people, our own pages and programs are served."""

from collections.abc import Mapping
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import ASGIApp

from imageyard.web import cross_site, forwarded
from tests.fakes.asgi import Client
from tests.web.conftest import Yard
from tests.web.samples import IMAGES, image
from tests.web.test_objects import is_status

HOST = "yard.example.com:8443"
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
SAFE = ("GET", "HEAD")
SITES = ("same-origin", "none", "same-site", "cross-site")
MODES = ("navigate", "cors", "no-cors", "same-origin", "websocket")
DESTINATIONS = ("document", "iframe", "frame", "embed", "object", "image", "script", "style", "empty", "worker")


def admitted(method: str, scheme: str = "https", **headers: str) -> bool:
    sent = {name.replace("_", "-").encode(): value.encode() for name, value in {"host": HOST, **headers}.items()}
    return cross_site.admitted(method, sent, scheme)


@pytest.mark.parametrize(
    ("site", "mode", "destination", "safe", "unsafe"),
    [
        pytest.param("same-origin", "cors", "empty", True, True, id="our page's script"),
        pytest.param("same-origin", "navigate", "document", True, True, id="our page's link or form"),
        pytest.param("same-origin", "no-cors", "script", True, True, id="our page's asset"),
        pytest.param("none", "navigate", "document", True, True, id="typed or bookmarked"),
        pytest.param("cross-site", "navigate", "document", True, False, id="another site's link or form"),
        pytest.param("same-site", "navigate", "document", True, False, id="another port's link or form"),
        pytest.param("cross-site", "navigate", "iframe", False, False, id="another site's frame"),
        pytest.param("cross-site", "navigate", "object", False, False, id="another site's object"),
        pytest.param("cross-site", "no-cors", "image", False, False, id="another site's image"),
        pytest.param("cross-site", "no-cors", "script", False, False, id="another site's script element"),
        pytest.param("cross-site", "cors", "empty", False, False, id="another site's fetch"),
        pytest.param("cross-site", "no-cors", "document", False, False, id="another site's prefetch"),
        pytest.param("same-site", "no-cors", "empty", False, False, id="another port's fetch"),
        pytest.param("cross-site", "websocket", "websocket", False, False, id="another site's socket"),
        pytest.param("", "navigate", "iframe", False, False, id="a site that is no word"),
        pytest.param("Same-Origin", "cors", "empty", False, False, id="a word browsers do not use"),
    ],
)
def test_where_the_browser_says_it_was_made_decides(
    site: str, mode: str, destination: str, safe: bool, unsafe: bool
) -> None:
    said = {"sec_fetch_site": site, "sec_fetch_mode": mode, "sec_fetch_dest": destination}
    assert {admitted(method, **said) for method in SAFE} == {safe}
    assert {admitted(method, **said) for method in UNSAFE} == {unsafe}


@pytest.mark.parametrize(
    ("scheme", "host", "origin", "ours"),
    [
        ("https", "yard.example.com:8443", "https://yard.example.com:8443", True),
        ("https", "Yard.Example.com:8443", "https://yard.example.com:8443", True),
        ("https", "yard.example.com", "https://yard.example.com", True),
        ("https", "yard.example.com:443", "https://yard.example.com", True),
        ("http", "yard.example.com:80", "http://yard.example.com", True),
        ("http", "[::1]:8080", "http://[::1]:8080", True),
        ("https", "yard.example.com:8443", "http://yard.example.com:8443", False),
        ("https", "yard.example.com:8443", "https://yard.example.com", False),
        ("https", "yard.example.com", "https://yard.example.com:8443", False),
        ("https", "yard.example.com", "https://yard.example.com.evil.example", False),
        ("https", "yard.example.com", "https://evil.example", False),
        ("http", "yard.example.com:443", "http://yard.example.com", False),
        ("http", "127.0.0.1:8080", "http://127.0.0.1:8081", False),
        ("http", "127.0.0.1:8080", "http://localhost:8080", False),
        ("https", "yard.example.com", "null", False),
        ("https", "yard.example.com", "", False),
        ("https", "", "https://", True),  # no Host gets this far
    ],
)
def test_the_origin_decides_where_the_browser_says_no_more(scheme: str, host: str, origin: str, ours: bool) -> None:
    for method in (*SAFE, *UNSAFE):
        assert admitted(method, scheme, host=host, origin=origin) is ours


def test_programs_send_neither_and_are_served() -> None:
    for method in (*SAFE, *UNSAFE, "OPTIONS"):
        assert admitted(method)
        assert admitted(method, referer="https://evil.example/", user_agent="curl/8")


def test_a_good_origin_does_not_make_up_for_another_site() -> None:
    assert not admitted("POST", sec_fetch_site="cross-site", origin=f"https://{HOST}")


NAMES = st.sampled_from(["sec_fetch_site", "sec_fetch_mode", "sec_fetch_dest", "origin", "referer", "cookie", "x"])
WORDS = st.one_of(st.text(st.characters(codec="latin-1")), st.sampled_from([*SITES, *MODES, *DESTINATIONS]))
HEADERS = st.dictionaries(NAMES, WORDS)


def encoded(headers: Mapping[str, str]) -> dict[bytes, bytes]:
    return {name.replace("_", "-").encode(): value.encode("latin-1") for name, value in headers.items()}


@given(st.sampled_from(UNSAFE), HEADERS, st.sampled_from(["same-site", "cross-site", "", "x"]))
def test_nothing_beside_makes_another_sites_change_pass(method: str, headers: Mapping[str, str], site: str) -> None:
    sent = encoded({**headers, "sec_fetch_site": site, "host": HOST})
    assert not cross_site.admitted(method, sent, "https")


@given(st.sampled_from([*SAFE, *UNSAFE]), HEADERS, st.sampled_from(["https", "http"]))
def test_whatever_is_sent_there_is_an_answer_and_embedding_is_none(
    method: str, headers: Mapping[str, str], scheme: str
) -> None:
    sent = encoded({**headers, "host": HOST})
    passes = cross_site.admitted(method, sent, scheme)
    if passes and sent.get(b"sec-fetch-site") in (b"cross-site", b"same-site"):
        assert method in SAFE
        assert (sent[b"sec-fetch-mode"], sent[b"sec-fetch-dest"]) == (b"navigate", b"document")
    if passes and b"sec-fetch-site" not in sent and b"origin" in sent:
        assert sent[b"origin"].lower() == f"{scheme}://{HOST}".encode()


async def test_another_sites_request_is_403_before_anybody_asks_who_it_is(stranger: Client, admin: Client) -> None:
    elsewhere = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "empty"}
    for client in (stranger, admin):
        answer = await client.post(IMAGES, image(), headers=elsewhere)
        assert "其他网站" in is_status(answer, 403, "Forbidden")["message"]
        is_status(await client.get("/nothing", headers=elsewhere), 403, "Forbidden")
        assert (await client.get("/readyz", headers=elsewhere)).status == 403
    kube = "/apis/image.theriseunion.io/v1alpha1/namespaces/default/repositories"
    refused = (await admin.get(kube, headers=elsewhere)).json()
    assert (refused["apiVersion"], refused["reason"], refused["code"]) == ("v1", "Forbidden", 403)


async def test_a_preflight_is_refused_and_grants_nothing(stranger: Client, admin: Client) -> None:
    asked: dict[str, str | None] = {
        "origin": "https://evil.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
    }
    for more in ({}, {"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}):
        for client in (stranger, admin):
            answer = await client.request("OPTIONS", IMAGES, headers=asked | more)
            assert answer.status == 403
            assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert (await admin.request("OPTIONS", IMAGES)).status == 405


async def test_a_page_of_this_server_may_post(admin: Client) -> None:
    ours = {"origin": "http://127.0.0.1:8080", "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}
    assert (await admin.post(IMAGES, image("by-page"), headers=ours)).status == 201
    assert (await admin.post(IMAGES, image("by-old-page"), headers={"origin": ours["origin"]})).status == 201


async def test_a_websocket_is_refused(admin: Client) -> None:
    upgrade = {"connection": "Upgrade", "upgrade": "WebSocket", "sec-websocket-version": "13"}
    assert "WebSocket" in is_status(await admin.get(IMAGES, headers=upgrade), 400, "Invalid")["message"]
    assert (await admin.get(IMAGES, headers={"connection": "Upgrade", "upgrade": "h2c"})).status == 200


@pytest.fixture
def behind_proxy(yard: Yard) -> ASGIApp:
    return yard.build(trusted_proxies=(ip_network("10.0.0.0/8"),))


@pytest.mark.parametrize(("address", "status"), [("10.0.0.1", 201), ("192.0.2.1", 403)])
async def test_the_scheme_is_the_one_a_trusted_proxy_tells(behind_proxy: ASGIApp, address: str, status: int) -> None:
    said = {"host": "yard.example.com", "origin": "https://yard.example.com", "x-forwarded-proto": "https"}
    client = Client(behind_proxy, {"authorization": "Bearer admin-token", **said}, address)
    assert (await client.post(IMAGES, image())).status == status


@pytest.mark.parametrize("told", ["", "https, http", "HTTPS", "ftp", "javascript:"])
def test_a_scheme_that_is_not_told_plainly_changes_nothing(told: str) -> None:
    assert forwarded.scheme("http", told) == "http"
