"""Who gets in, for how long, and from where."""

import re
from datetime import timedelta
from urllib.parse import quote

import pytest

from imageyard.web.console.session import COOKIE
from tests.fakes.asgi import Answer, Client
from tests.web.whole import Server

SIGN_IN = "/console/sign-in"
FORM = {"content-type": "application/x-www-form-urlencoded"}


async def signed_in(client: Client, token: str, **headers: str) -> Answer:
    return await client.post(SIGN_IN, f"token={token}&next=%2Fconsole%2Fimages".encode(), headers={**FORM, **headers})


def session(answer: Answer) -> str:
    found = re.match(rf"(?:__Host-)?{COOKIE}=([^;]+);", answer.headers["set-cookie"])
    assert found
    return found[1]


@pytest.fixture
def stranger(empty: Server) -> Client:
    return Client(empty.app)


async def token(server: Server, user: str = "ada", ttl: timedelta | None = None) -> str:
    return (await server.doors.tokens.create(user, user, ["image-viewer"], ttl)).reveal()


async def test_who_is_not_signed_in_is_led_there_and_back(stranger: Client) -> None:
    answer = await stranger.get("/console/images?status=failed")
    assert (answer.status, answer.headers["location"]) == (303, f"{SIGN_IN}?next=/console/images%3Fstatus%3Dfailed")
    assert (await stranger.get("/console")).headers["location"] == "/console/"


async def test_a_token_becomes_a_session_that_scripts_and_other_sites_cannot_use(
    empty: Server, stranger: Client
) -> None:
    shown = await token(empty)
    answer = await signed_in(stranger, shown)
    assert (answer.status, answer.headers["location"]) == (303, "/console/images")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"} <= set(cookie.split("; "))
    assert "Secure" not in cookie, "on loopback, plain HTTP has to do"
    assert shown not in cookie
    page = await stranger.get("/console/", headers={"cookie": f"{COOKIE}={session(answer)}"})
    assert page.status == 200
    assert "ada" in page.text


async def test_elsewhere_the_cookie_is_for_https_and_this_host_alone(empty: Server, stranger: Client) -> None:
    answer = await signed_in(stranger, await token(empty), host="yard.example.com")
    assert answer.headers["set-cookie"].startswith(f"__Host-{COOKIE}=")
    assert "; Secure" in answer.headers["set-cookie"]


async def test_a_session_counts_at_the_console_alone(empty: Server, stranger: Client) -> None:
    value = session(await signed_in(stranger, await token(empty)))
    for path in ("/oapis/image.theriseunion.io/v1alpha1/namespaces", "/apis", "/admin/v1/tokens", "/metrics"):
        assert (await stranger.get(path, headers={"cookie": f"{COOKIE}={value}"})).status == 401, path


async def test_a_session_ends_with_its_token(empty: Server, stranger: Client) -> None:
    value = session(await signed_in(stranger, await token(empty)))
    await empty.doors.tokens.revoke("ada")
    answer = await stranger.get("/console/", headers={"cookie": f"{COOKIE}={value}"})
    assert (answer.status, answer.headers["location"]) == (303, f"{SIGN_IN}?next=/console/")
    assert "Max-Age=0" in answer.headers["set-cookie"]


@pytest.mark.parametrize(("ttl", "lasts"), [(None, 43_200), (timedelta(minutes=7), 420), (timedelta(days=9), 43_200)])
async def test_a_session_lasts_no_longer_than_its_token_nor_than_half_a_day(
    empty: Server, stranger: Client, ttl: timedelta | None, lasts: int
) -> None:
    answer = await signed_in(stranger, await token(empty, ttl=ttl))
    assert f"Max-Age={lasts};" in answer.headers["set-cookie"]
    cookie = {"cookie": f"{COOKIE}={session(answer)}"}
    empty.clock.set(lasts - 1)
    assert (await stranger.get("/console/", headers=cookie)).status == 200
    empty.clock.set(1)
    assert (await stranger.get("/console/", headers=cookie)).status == 303


async def test_signing_out_revokes_the_session(empty: Server, stranger: Client) -> None:
    cookie = {"cookie": f"{COOKIE}={session(await signed_in(stranger, await token(empty)))}"}
    answer = await stranger.post("/console/sign-out", headers=cookie)
    assert (answer.status, answer.headers["location"]) == (303, SIGN_IN)
    assert (await stranger.get("/console/", headers=cookie)).status == 303


async def test_signing_out_revokes_no_token_that_was_made_to_last(empty: Server, stranger: Client) -> None:
    made = await token(empty)
    await stranger.post("/console/sign-out", headers={"cookie": f"{COOKIE}={made}"})
    assert (await stranger.get("/console/", headers={"authorization": f"Bearer {made}"})).status == 200


async def test_a_wrong_token_is_told_nothing_about_itself(empty: Server, stranger: Client) -> None:
    expired = await token(empty, ttl=timedelta(seconds=5))
    empty.clock.set(10)
    pages = {
        re.sub(r"[0-9a-f]{32}", "", (await signed_in(stranger, each)).text)
        for each in ("iy_unknown", expired, "%F0%9F%98%80", "", "with%20space")
    }
    assert len(pages) == 1


async def test_guessing_is_slowed_down_and_a_good_token_still_works(empty: Server, stranger: Client) -> None:
    answers = [await signed_in(stranger, f"iy_guess{n}") for n in range(22)]
    assert [answer.status for answer in answers] == [401] * 20 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) > 0
    assert (await signed_in(stranger, await token(empty))).status == 303


@pytest.mark.parametrize(
    "asked",
    [
        "https://evil.example", "//evil.example", "/\\evil.example", "/console\\..", "/oapis/docs",
        "javascript:alert(1)",
        "/console/x%0d%0aset-cookie:a=b", "", "/consoleevil", "/console/\u00e4",
    ],
)  # fmt: skip
async def test_the_way_back_leads_nowhere_else(empty: Server, stranger: Client, asked: str) -> None:
    body = f"token={await token(empty)}&next={quote(asked)}".encode()
    answer = await stranger.post(SIGN_IN, body, headers=FORM)
    assert answer.headers["location"] in ("/console/", "/console/x%0d%0aset-cookie:a=b")
    assert "evil" not in answer.headers["location"]


@pytest.mark.parametrize("path", [SIGN_IN, "/console/sign-out", "/console/preferences"])
async def test_other_sites_cannot_send_its_forms(stranger: Client, path: str) -> None:
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        assert (await stranger.post(path, b"token=x", headers={**FORM, **headers})).status == 403


async def test_a_link_from_another_site_is_followed_with_the_session(stranger: Client) -> None:
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    answer = await stranger.get("/console/images", headers=headers)
    assert answer.status == 200
    assert 'http-equiv="refresh"' in answer.text


async def test_htmx_is_sent_to_the_sign_in_page(stranger: Client) -> None:
    answer = await stranger.get("/console/images", headers={"hx-request": "true"})
    assert (answer.status, answer.headers["hx-redirect"]) == (401, f"{SIGN_IN}?next=/console/")


async def test_the_sign_in_page_speaks_the_language_that_was_chosen(stranger: Client) -> None:
    kept = await stranger.post("/console/preferences", b"language=en&next=%2Fconsole%2Fsign-in", headers=FORM)
    assert (kept.status, kept.headers["location"]) == (303, SIGN_IN)
    assert kept.headers["set-cookie"].startswith("imageyard_language=en; Path=/console;")
    page = await stranger.get(SIGN_IN, headers={"cookie": "imageyard_language=en", "accept-language": "zh"})
    assert '<html lang="en"' in page.text
    assert '<html lang="zh-CN"' in (await stranger.get(SIGN_IN, headers={"accept-language": "zh"})).text
