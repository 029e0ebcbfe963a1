"""Who may get in: tokens are made, shown once, listed and taken away; and it is told why somebody may do something."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest

from imageyard.domain.access import Actor
from imageyard.domain.secret import Secret
from imageyard.web.console.once import MOST, Once
from tests.fakes.asgi import Answer, Client
from tests.fakes.clock import START
from tests.web.console import markup, yard
from tests.web.console.hostile import HOSTILE
from tests.web.whole import Server

FORM = {"content-type": "application/x-www-form-urlencoded"}
ENGLISH = {"accept-language": "en"}
NEW = "/console/access/tokens/new"
ROBOT = {"name": "ci", "user": "ci-bot", "group": "image-viewer", "groups": "team-a, team-b", "ttl": "24"}


async def post(client: Client, path: str, **fields: str) -> Answer:
    return await client.post(path, urlencode(fields).encode(), headers={**FORM, **ENGLISH})


def shown(page: str) -> str:
    """The token on a page, "" for none."""
    found = [given["data-copy"] for tag, given in markup.elements(page) if given.get("data-copy", "").startswith("iy_")]
    return found[0] if found else ""


async def test_a_token_is_shown_on_the_next_page_once_and_in_no_address(server: Server, admin: Client) -> None:
    answer = await post(admin, NEW, **ROBOT)
    where = answer.headers["location"]
    assert (answer.status, where) == (303, "/console/access/tokens/ci/created")
    assert (await admin.request("HEAD", where)).status == 200, "what only looks takes nothing away"
    page = await admin.get(where, headers=ENGLISH)
    token = shown(page.text)
    assert "no-store" in page.headers["cache-control"]
    assert "Shown once, copy it now." in markup.text(page.text)
    assert page.text.count(token) == 2, "to read and to copy"
    again = await admin.get(where, headers=ENGLISH)
    assert token not in again.text
    assert "shown once and is not kept" in markup.text(again.text)
    robot = server.doors.tokens.recognise(token, "")
    assert robot is not None
    assert robot.user == "ci-bot"
    assert {"image-viewer", "team-a", "team-b"} <= robot.groups
    held = server.doors.tokens.named("ci")
    assert held is not None
    assert held.spec.expires == START + timedelta(days=1)


async def test_a_token_is_shown_to_nobody_but_who_made_it(server: Server, admin: Client) -> None:
    answer = await post(admin, NEW, **ROBOT)
    other = await server.client("olga", "system:masters")
    assert not shown((await other.get(answer.headers["location"])).text)
    assert shown((await admin.get(answer.headers["location"])).text)


async def test_a_token_that_nobody_looks_at_is_forgotten(server: Server, admin: Client) -> None:
    answer = await post(admin, NEW, **ROBOT)
    server.clock.set(61)
    assert not shown((await admin.get(answer.headers["location"])).text)


def test_what_is_to_be_shown_once_is_bounded() -> None:
    once, ada = Once(), Actor("ada", frozenset())
    for n in range(MOST + 1):
        once.put(ada, str(n), Secret(str(n)), START)
    assert once.take(ada, "0", START) is None
    assert once.take(ada, str(MOST), START) is not None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "Not A Name"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "robot"}, "name"),
        ({"user": ""}, "user"),
        ({"groups": "a\x07b"}, "groups"),
    ],
    ids=["name", "no-name", "taken", "no-user", "group"],
)
async def test_what_is_wrong_is_told_beside_its_field_and_the_rest_is_kept(
    server: Server, admin: Client, fields: dict[str, str], field: str
) -> None:
    before = len(await server.doors.tokens.list())
    answer = await post(admin, NEW, **{**ROBOT, **fields})
    assert answer.status in (400, 409, 422)
    problems = {given["id"] for tag, given in markup.elements(answer.text) if given.get("role") == "alert"}
    assert problems == {f"{field}-problem"}
    kept = {given.get("name"): given.get("value") for tag, given in markup.elements(answer.text) if tag == "input"}
    if field != "groups":
        assert kept["groups"] == "team-a, team-b"
    assert len(await server.doors.tokens.list()) == before


async def test_a_lifetime_is_one_of_those_offered(server: Server, admin: Client) -> None:
    for name, ttl in {"a": "never", "b": "999999", "c": "-1", "d": ""}.items():
        await post(admin, NEW, **{**ROBOT, "name": name, "ttl": ttl})
    held = {token.metadata.name: token.spec.expires for token in await server.doors.tokens.list()}
    month = START + timedelta(days=30)
    assert [held[name] for name in "abcd"] == [None, month, month, month]


async def test_the_list_tells_whose_it_is_and_when_it_ends(server: Server, admin: Client) -> None:
    await server.doors.tokens.create("short", "sam", ["image-viewer"], timedelta(minutes=5))
    server.clock.set(600)
    page = markup.text((await admin.get("/console/access?q=sam", headers=ENGLISH)).text)
    assert "short" in page
    assert "expired" in page
    assert "robot" not in page
    assert "yours, now" in markup.text((await admin.get("/console/access?q=ada", headers=ENGLISH)).text)


async def test_sessions_are_listed_and_ended_like_the_rest(server: Server, admin: Client) -> None:
    token = (await server.doors.tokens.create("sue", "sue", ["image-viewer"], None)).reveal()
    stranger = server.stranger()
    begun = await stranger.post("/console/sign-in", f"token={token}".encode(), headers=FORM)
    cookie = {"cookie": begun.headers["set-cookie"].partition(";")[0]}
    page = (await admin.get("/console/access?type=session", headers=ENGLISH)).text
    (revoke,) = [link for link in markup.links(page) if link.endswith("/revoke")]
    asked = markup.text((await admin.get("/console/access/tokens/sue/revoke", headers=ENGLISH)).text)
    assert "1 session was begun with it and ends too." in asked
    assert "End this session?" in markup.text((await admin.get(revoke, headers=ENGLISH)).text)
    assert (await stranger.get("/console/", headers=cookie)).status == 200
    assert (await post(admin, revoke)).headers["location"] == "/console/access?done=revoke"
    assert (await stranger.get("/console/", headers=cookie)).status == 303
    assert server.doors.tokens.named("sue") is not None


async def test_a_revoked_token_counts_nowhere(server: Server, admin: Client) -> None:
    await post(admin, NEW, **ROBOT)
    token = shown((await admin.get("/console/access/tokens/ci/created")).text)
    await post(admin, "/console/access/tokens/ci/revoke")
    assert server.doors.tokens.recognise(token, "") is None
    assert (await admin.get("/console/access/tokens/ci/revoke")).status == 404


async def test_who_may_not_give_access_sees_no_such_place(viewer: Client, nobody: Client) -> None:
    for client in (viewer, nobody):
        assert "/console/access" not in (await client.get("/console/")).text
        for path in ("/console/access", "/console/access/roles", "/console/access/check", NEW):
            assert (await client.get(path)).status == 403
        assert (await post(client, NEW, **ROBOT)).status == 403


async def test_roles_are_told_in_words_and_lead_to_what_they_are(admin: Client) -> None:
    page = (await admin.get("/console/access/roles", headers=ENGLISH)).text
    text = markup.text(page)
    assert "Who holds which role" in text
    assert "image-operator" in text
    assert "/console/access/clusterroles/image-operator" in markup.links(page)
    assert "/console/access/rolebindings/other/odd" in markup.links(page)
    yaml = (await admin.get("/console/access/clusterroles/image-operator")).text
    assert "repositories/sync" in yaml


@pytest.mark.parametrize(
    ("asked", "answer", "why"),
    [
        ("user=x&groups=image-viewer&verb=list&what=repositories", "Yes", ["image-viewer", "Group:image-viewer"]),
        ("user=x&groups=image-viewer&verb=delete&what=repositories", "No", ["Roles held:", "image-viewer"]),
        ("user=x&groups=odd&verb=get&what=repositories&in=other&name=x", "Yes", ["bound by odd", "namespace other"]),
        ("user=x&groups=odd&verb=get&what=repositories&in=default&name=x", "No", ["Roles held:"]),
        ("user=x&groups=system:masters&verb=get&what=/metrics", "Yes", ["without a binding"]),
        ("user=x&verb=get&what=/api", "Yes", ["system:discovery", "Group:system:authenticated"]),
        ("user=x&verb=list&what=nonsense", "", ["No resource of this server"]),
    ],
    ids=["role", "not-in-role", "namespace", "other-namespace", "masters", "everybody", "no-resource"],
)
async def test_it_is_told_who_may_do_what_and_why(admin: Client, asked: str, answer: str, why: list[str]) -> None:
    page = markup.text((await admin.get(f"/console/access/check?{asked}", headers=ENGLISH)).text)
    assert {"Yes": "Yes, allowed" in page, "No": "No, not allowed" in page, "": "Yes, allowed" not in page}[answer]
    for word in why:
        assert word in page, word


async def test_hostile_questions_are_answered_as_questions(admin: Client) -> None:
    plain = markup.shape((await admin.get("/console/access/check?user=x&groups=y&verb=get&what=/metrics")).text)
    for said in HOSTILE:
        asked = urlencode({"user": said[:200], "groups": "y", "verb": said[:50], "what": f"/{said[:100]}"})
        answer = await admin.get(f"/console/access/check?{asked}")
        assert answer.status == 200
        assert markup.shape(answer.text) == plain, said
        again = await post(admin, NEW, name=said[:200], user=said[:200], groups=said[:200])
        assert again.status in (303, 400, 422)
        assert "<script>alert" not in again.text
    assert yard.PASSWORD not in answer.text
