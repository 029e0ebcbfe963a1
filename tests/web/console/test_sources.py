"""Registry sources at the console: added, tested before they are saved, changed, granted, imported, deleted."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlencode

import pytest
import structlog

from imageyard.domain.access import AUTHENTICATED, Actor
from imageyard.domain.errors import NotFound
from imageyard.domain.kinds import REGISTRY_SECRET
from imageyard.domain.kinds.registry_secret import RegistrySecret
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Text
from imageyard.registry import Probe, Registry, Source, Step, Told, untold
from imageyard.service.objects import Patch
from imageyard.store import Query
from tests.fakes.asgi import Answer, Client
from tests.fakes.trail import MemoryAudit
from tests.web import whole
from tests.web.console import markup, yard
from tests.web.console.hostile import HOSTILE, JOINED
from tests.web.console.yard import ADMIN
from tests.web.whole import PleasedRegistry, Server

FORM: Final = {"content-type": "application/x-www-form-urlencoded"}
SCRIPT: Final = {**FORM, "hx-request": "true", "accept-language": "en"}
ENGLISH: Final = {**FORM, "accept-language": "en"}
CANARY: Final = "Canary-pass-4711"
NEW: Final = "/console/sources/new"
HARBOR: Final = "/console/sources/default/harbor"
GOOD: Final = {
    "name": "fresh",
    "namespace": "default",
    "domain": "fresh.example.com",
    "provider": "other",
    "transport": "https",
    "username": "u",
    "password": CANARY,
}


class Sulky(PleasedRegistry):
    """Refuses every credential, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Source] = []

    async def probe(self, source: Source, told: Told = untold) -> Probe:
        self.asked.append(source)
        steps = (
            Step("address", "ok", Text("正常", "ok"), 3),
            Step("login", "failed", Text("密码错误", "wrong password"), 4),
        )
        for step in steps:
            told(step)
        return Probe(False, Reason.Unauthorized, Text("连接失败", "failed"), steps)


async def send(client: Client, path: str, fields: Mapping[str, Any], *, script: bool = False) -> Answer:
    body = urlencode(fields, doseq=True).encode()
    return await client.post(path, body, headers=SCRIPT if script else ENGLISH)


async def source(server: Server, namespace: str, name: str) -> RegistrySecret:
    stored = await server.doors.objects.get(ADMIN, REGISTRY_SECRET, namespace, name)
    found: RegistrySecret = REGISTRY_SECRET.decode(stored.body)
    return found


def fields(page: str) -> dict[str, str]:
    """The form's fields as a browser would send them, but for text areas and choices."""
    return {
        given["name"]: given.get("value", "")
        for tag, given in markup.elements(page)
        if tag == "input" and "name" in given and given.get("type") not in ("checkbox", "search")
    }


async def editing(client: Client, **typed: str) -> dict[str, str]:
    """The form of the harbor source, with what somebody typed over it."""
    shown = fields((await client.get(f"{HARBOR}/edit")).text)
    chosen = {"provider": "harbor", "transport": "https", "description": "plain words"}
    return {**shown, **chosen, **typed}


def said(answer: Answer, field: str) -> str:
    """What is said next to a field."""
    body = answer.text
    if f'data-wrong="{field}"' in body:
        return markup.text(body.split(f'data-wrong="{field}"')[1].split(">", 1)[1].split("</template>")[0])
    return markup.text(body.split(f'id="w-{field}"')[1].split(">", 1)[1].split("</p>")[0])


def holding(directory: Path, secret: bytes) -> list[Path]:
    """Files that a secret stands in."""
    return [file for file in directory.rglob("*") if file.is_file() and secret in file.read_bytes()]


# --- add -------------------------------------------------------------------------------------------------------------


async def test_a_source_is_added_with_all_that_was_typed(server: Server, admin: Client) -> None:
    typed = {**GOOD, "displayName": "新", "description": "d", "allowedNamespaces": "other, team", "transport": "http"}
    done = await send(admin, NEW, {**typed, "trustedRealmHosts": "a.example.com b.example.com", "do": "save"})
    assert (done.status, done.headers["location"]) == (303, "/console/sources/default/fresh?done=add")
    made = await source(server, "default", "fresh")
    assert (made.spec.domain, made.spec.username, made.spec.insecure) == ("fresh.example.com", "u", True)
    assert made.spec.allowed_namespaces == ["other", "team"]
    assert made.spec.trusted_realm_hosts == ["a.example.com", "b.example.com"]
    assert made.metadata.annotations["theriseunion.io/display-name"] == "新"
    assert made.status.password_set
    told = await admin.get("/console/sources/default/fresh?done=add", headers={"accept-language": "en"})
    assert "Added. Its connection is being tested." in markup.text(told.text)


async def test_a_namespace_that_is_typed_is_made(server: Server, admin: Client) -> None:
    done = await send(admin, NEW, {**GOOD, "newNamespace": "brand-new"}, script=True)
    assert (done.status, done.headers["hx-redirect"]) == (204, "/console/sources/brand-new/fresh?done=add")
    assert (await source(server, "brand-new", "fresh")).spec.domain == "fresh.example.com"


async def test_an_anonymous_source_needs_no_login(server: Server, admin: Client) -> None:
    done = await send(admin, NEW, {**GOOD, "username": "", "password": "", "anonymous": "1"})
    assert done.status == 303
    assert not (await source(server, "default", "fresh")).status.password_set


@pytest.mark.parametrize(
    ("typed", "field", "says"),
    [
        ({"domain": "https://r.example.com/team"}, "domain", "drop the scheme `https://`, the path from `/` on"),
        ({"domain": ""}, "domain", "must not be empty"),
        ({"name": "No Name"}, "name", "lower-case letters"),
        ({"name": ""}, "name", "must"),
        ({"newNamespace": "No_Space"}, "namespace", "lower-case letters"),
        ({"newNamespace": "_all_"}, "namespace", "name one namespace"),
        ({"provider": "quay"}, "provider", "must be one of"),
        ({"username": ""}, "username", "give a user name"),
        ({"username": "a:b"}, "username", "no `:`"),
        ({"password": ""}, "password", "give the password"),
        ({"password": "a\x07b"}, "password", "no control characters"),
        ({"caBundle": "hello"}, "caBundle", "must be PEM"),
        ({"trustedRealmHosts": "https://t.example.com"}, "trustedRealmHosts", "drop the scheme"),
        ({"allowedNamespaces": "A_B"}, "allowedNamespaces", "must be a namespace's name"),
        ({"transport": "http", "caBundle": "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----"},
         "transport", "goes with neither"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("script", [False, True], ids=["page", "script"])
async def test_what_is_wrong_is_said_next_to_its_field(
    server: Server, admin: Client, typed: Mapping[str, str], field: str, says: str, script: bool
) -> None:
    answer = await send(admin, NEW, {**GOOD, **typed, "do": "save"}, script=script)
    assert answer.status == 422
    assert says.lower() in said(answer, field).lower()
    assert CANARY not in answer.text
    with pytest.raises(NotFound):
        await source(server, "default", "fresh")


async def test_everything_wrong_is_said_at_once(admin: Client) -> None:
    answer = await send(admin, NEW, {"domain": "https://x", "name": "X", "namespace": "default", "do": "test"})
    assert all(said(answer, field) for field in ("domain", "name", "username", "password"))


async def test_a_name_that_is_taken_is_said_next_to_it(admin: Client) -> None:
    answer = await send(admin, NEW, {**GOOD, "name": "harbor"})
    assert answer.status == 409
    assert "already exists" in said(answer, "name")


async def test_a_browser_alone_gets_the_form_back_with_all_but_the_password(admin: Client) -> None:
    typed = {**GOOD, "displayName": "kept", "domain": "https://x", "do": "save"}
    answer = await send(admin, NEW, typed)
    assert fields(answer.text) | {"displayName": "kept", "name": "fresh", "username": "u"} == fields(answer.text)
    assert fields(answer.text)["password"] == ""
    assert "Type the password again: pages never show a password" in markup.text(answer.text)


async def test_presets_fill_in_what_they_know_without_scripts(admin: Client) -> None:
    page = (await admin.get(f"{NEW}?preset=ecr", headers={"accept-language": "en"})).text
    assert fields(page)["username"] == "AWS"
    assert "expires after 12 hours" in markup.text(page)
    assert fields((await admin.get(f"{NEW}?preset=ghcr")).text)["domain"] == "ghcr.io"


async def test_a_host_that_an_image_needs_is_filled_in(admin: Client) -> None:
    page = (await admin.get(f"{NEW}?namespace=other&domain=quay.io")).text
    assert fields(page)["domain"] == "quay.io"


# --- test before save ------------------------------------------------------------------------------------------------


async def test_a_test_stores_nothing_and_needs_no_name(server: Server, admin: Client) -> None:
    answer = await send(admin, NEW, {**GOOD, "name": "", "do": "test"})
    assert answer.status == 200
    assert "Connection succeeded" in markup.text(answer.text)
    assert CANARY not in answer.text
    found = await server.doors.objects.list(ADMIN, REGISTRY_SECRET, Query())
    assert [stored.key.name for stored in found.items] == ["harbor", "broken"]


async def test_a_script_is_told_each_step_then_the_verdict(tmp_path: Path) -> None:
    sulky = Sulky()
    async with whole.running(tmp_path, registry=cast(Registry, sulky)) as server:
        admin = await server.client("ada", "system:masters")
        answer = await send(admin, NEW, {**GOOD, "do": "test", "transport": "unchecked"}, script=True)
        pieces = answer.text.split("<!--piece-->")
        assert [markup.text(piece) for piece in pieces[:2]] == [
            "Address OK · 3 ms",
            "Login failed · 4 ms Wrong password",
        ]
        assert "Wrong user name or password Unauthorized What to do next" in markup.text(pieces[2])
        assert "<html" not in answer.text
        assert CANARY not in answer.text
        (asked,) = sulky.asked
        assert (asked.domain, asked.username, asked.skip_verify) == ("fresh.example.com", "u", True)
        assert asked.password.reveal() == CANARY


async def test_too_many_tests_are_refused_with_when_to_come_again(server: Server) -> None:
    ann = await server.client("ann", "image-admin")
    for _ in range(10):
        assert (await send(ann, NEW, {**GOOD, "do": "test"}, script=True)).status == 200
    for script in (True, False):
        answer = await send(ann, NEW, {**GOOD, "do": "test"}, script=script)
        assert answer.status == 429
        assert int(answer.headers["retry-after"]) > 0
        assert "At most 10 verifications" in markup.text(answer.text)


# --- edit ------------------------------------------------------------------------------------------------------------


async def test_what_is_changed_is_changed_and_the_password_stays(server: Server, admin: Client) -> None:
    before = await source(server, "default", "harbor")
    done = await send(admin, f"{HARBOR}/edit", await editing(admin, displayName="new", allowedNamespaces=""))
    assert (done.status, done.headers["location"]) == (303, f"{HARBOR}?done=save")
    after = await source(server, "default", "harbor")
    assert after.metadata.annotations["theriseunion.io/display-name"] == "new"
    assert after.spec.allowed_namespaces == []
    assert (after.status.password_updated_time, after.status.password_set) == (
        before.status.password_updated_time,
        True,
    )


async def test_saving_what_was_shown_writes_nothing(server: Server, admin: Client) -> None:
    before = await source(server, "default", "harbor")
    assert (await send(admin, f"{HARBOR}/edit", await editing(admin))).status == 303
    assert await source(server, "default", "harbor") == before


@pytest.mark.parametrize(
    "typed",
    [{"domain": "evil.example.com"}, {"provider": "other"}, {"transport": "http"}, {"transport": "unchecked"},
     {"trustedRealmHosts": "evil.example.com"}],
    ids=["domain", "provider", "http", "unchecked", "realm"],
)  # fmt: skip
@pytest.mark.parametrize("do", ["save", "test"])
async def test_a_new_address_wants_the_password(admin: Client, typed: dict[str, str], do: str) -> None:
    refused = await send(admin, f"{HARBOR}/edit", {**await editing(admin, **typed), "do": do}, script=True)
    assert refused.status == 422
    assert "a stored password never follows to a new address" in said(refused, "password")
    typed = {**typed, "password": CANARY}
    assert (await send(admin, f"{HARBOR}/edit", {**await editing(admin, **typed), "do": do})).status in (200, 303)


async def test_a_test_of_what_was_not_changed_is_kept_in_the_history(server: Server, admin: Client) -> None:
    async def tests() -> int:
        return len(await server.doors.objects.history(ADMIN, REGISTRY_SECRET, "default", "harbor"))

    before = await tests()
    assert (await send(admin, f"{HARBOR}/edit", {**await editing(admin, displayName="x"), "do": "test"})).status == 200
    assert await tests() == before + 1
    changed = await editing(admin, username="another", password=CANARY, do="test")
    assert (await send(admin, f"{HARBOR}/edit", changed)).status == 200
    assert await tests() == before + 1


async def test_a_status_that_is_written_meanwhile_is_no_conflict(server: Server, admin: Client) -> None:
    form = await editing(admin, displayName="mine")
    await server.doors.verifier.stored("default", "harbor")
    assert (await send(admin, f"{HARBOR}/edit", form)).status == 303


async def test_a_conflict_shows_both_and_keeps_mine_or_takes_theirs(server: Server, admin: Client) -> None:
    form = await editing(admin, displayName="mine")
    theirs = {"metadata": {"annotations": {"theriseunion.io/display-name": "theirs"}}, "spec": {"username": "robot2"}}
    await server.doors.objects.patch(ADMIN, REGISTRY_SECRET, "default", "harbor", Patch("merge", theirs))
    answer = await send(admin, f"{HARBOR}/edit", form)
    assert answer.status == 409
    page = markup.text(answer.text)
    assert "Somebody else changed it in the meantime; nothing was saved." in page
    assert "User name robot2 not changed by you" in page
    assert "Alias theirs mine" in page
    again = fields(answer.text) | {"provider": "harbor", "transport": "https", "description": "plain words"}
    assert (again["displayName"], again["username"]) == ("mine", "robot2")
    assert (await send(admin, f"{HARBOR}/edit", again)).status == 303
    kept = await source(server, "default", "harbor")
    assert kept.metadata.annotations["theriseunion.io/display-name"] == "mine"
    assert kept.spec.username == "robot2"


async def test_a_form_of_another_object_of_that_name_is_refused(admin: Client) -> None:
    assert (await send(admin, f"{HARBOR}/edit", {**await editing(admin), "uid": "other"})).status == 409


async def test_who_becomes_anonymous_loses_the_password_and_needs_one_to_come_back(
    server: Server, admin: Client
) -> None:
    assert (await send(admin, f"{HARBOR}/edit", {**await editing(admin), "anonymous": "1"})).status == 303
    assert not (await source(server, "default", "harbor")).status.password_set
    back = await send(admin, f"{HARBOR}/edit", await editing(admin, username="robot"), script=True)
    assert "Give the password too" in said(back, "password")


# --- rotate, grant ---------------------------------------------------------------------------------------------------


async def test_a_password_is_changed_and_the_same_one_is_no_change(server: Server, admin: Client) -> None:
    path = f"{HARBOR}/password"
    form = fields((await admin.get(path)).text)
    assert "Type the new password" in said(await send(admin, path, form), "password")
    tested = await send(admin, path, {**form, "password": CANARY, "do": "test"}, script=True)
    assert "Connection succeeded" in markup.text(tested.text)
    before = await source(server, "default", "harbor")
    done = await send(admin, path, {**form, "password": CANARY})
    assert done.headers["location"] == f"{HARBOR}?done=rotate"
    assert (await source(server, "default", "harbor")).metadata.generation == before.metadata.generation + 1
    assert (await send(admin, path, {**form, "password": CANARY})).headers["location"] == f"{HARBOR}?done=same"
    assert (await send(admin, path, {**form, "password": "x", "uid": "other"})).status == 409


async def test_who_may_use_it_is_shown_and_changed(server: Server, admin: Client) -> None:
    async def allowed() -> list[str]:
        return (await source(server, "default", "harbor")).spec.allowed_namespaces

    for change, left in (
        ({"revoke": "*"}, []),
        ({"grant": "team-a, team-b"}, ["team-a", "team-b"]),
        ({"revoke": "team-a"}, ["team-b"]),
        ({"everybody": "1"}, ["team-b", "*"]),
    ):
        done = await send(admin, f"{HARBOR}/grants", change)
        assert (done.status, done.headers["location"]) == (303, f"{HARBOR}?done=grant")
        assert await allowed() == left
    page = markup.text((await admin.get(HARBOR, headers={"accept-language": "en"})).text)
    assert "team-b Remove all namespaces Remove" in page
    refused = await send(admin, f"{HARBOR}/grants", {"grant": "No_Space"})
    assert refused.status == 400
    assert "must be a namespace's name" in markup.text(refused.text)


# --- several at once -------------------------------------------------------------------------------------------------


async def test_several_are_tested_each_with_what_came_of_it(admin: Client) -> None:
    ticked = {"item": ["default/harbor", "other/broken", "other/none"], "do": "verify"}
    page = markup.text((await send(admin, "/console/sources/selection", ticked)).text)
    assert "Success default/harbor Success other/broken Failed other/none" in page
    pieces = (await send(admin, "/console/sources/selection", ticked, script=True)).text.split("<!--piece-->")
    assert sorted(markup.text(piece)[:22] for piece in pieces[:3]) == [
        "Failed other/none Regi",
        "Success default/harbor",
        "Success other/broken",
    ]
    assert markup.text(pieces[3]) == "2 of 3 connections work."


async def test_of_more_tests_than_a_minute_has_the_rest_say_so(server: Server) -> None:
    ann = await server.client("ann", "image-admin")
    ticked = {"item": [f"default/harbor{n}" for n in range(3)] + ["default/harbor"], "do": "verify"}
    for _ in range(10):
        await server.doors.verifier.by_request(
            Actor("ann", frozenset({"image-admin", AUTHENTICATED})), "default", "harbor", {}
        )
    answer = await send(ann, "/console/sources/selection", ticked)
    assert "At most 10 verifications" in markup.text(answer.text)


async def test_several_are_deleted_once_their_number_is_typed(server: Server, admin: Client) -> None:
    path = "/console/sources/selection"
    ask = await send(admin, path, {"item": ["default/harbor", "other/broken", "other/none"], "do": "ask"})
    page = markup.text(ask.text)
    assert "Delete 2 registry sources?" in page
    assert "6 images use them and will fail without them." in page
    assert "other/none is gone already" in page
    items = [given["value"] for tag, given in markup.elements(ask.text) if given.get("name") == "item"]
    wrong = await send(admin, path, {"item": items, "confirmed": "3", "do": "delete"})
    assert 'aria-invalid="true"' in wrong.text
    assert (await source(server, "other", "broken")).spec.domain
    stale = items[0].rpartition("/")[0] + "/another"
    done = await send(admin, path, {"item": [stale, items[1]], "confirmed": "2", "do": "delete"})
    assert "Failed default/harbor" in markup.text(done.text)
    assert "Success other/broken" in markup.text(done.text)
    with pytest.raises(NotFound):
        await source(server, "other", "broken")


@pytest.mark.parametrize("items", [[], ["x"], ["a/b/c/d"], [f"a/b{n}" for n in range(201)]])
async def test_what_is_no_selection_is_refused(admin: Client, items: list[str]) -> None:
    for do in ("verify", "ask", "delete"):
        assert (await send(admin, "/console/sources/selection", {"item": items, "do": do})).status == 400


async def test_deleting_tells_of_images_that_the_reader_cannot_see(server: Server) -> None:
    mila = await server.client("mila")
    await yard.bind(server, "mila", "image-admin", "other")
    page = markup.text((await mila.get("/console/sources/other/broken/delete", headers={"accept-language": "en"})).text)
    assert "and 3 more elsewhere, which you cannot see" in page


# --- import ----------------------------------------------------------------------------------------------------------

PASTED: Final = json.dumps(
    {"auths": {
        "https://index.docker.io/v1/": {"username": "ann", "password": CANARY},
        "harbor.example.com": {"username": "bob", "password": CANARY},
        "quay.io": {},
    }}
)  # fmt: skip


async def test_a_docker_config_is_looked_at_before_anything_is_made(server: Server, admin: Client) -> None:
    path = "/console/sources/import"
    for script in (True, False):
        answer = await send(admin, path, {"text": PASTED, "newNamespace": "imported", "do": "check"}, script=script)
        page = markup.text(answer.text)
        assert "docker.io Will be added ann docker.io" in page
        assert "quay.io Not possible" in page
        assert CANARY not in answer.text
        assert "imported" not in await server.doors.objects.namespaces(ADMIN)
    chosen = {"text": PASTED, "newNamespace": "imported", "listed": "1", "domain": ["docker.io"], "do": "import"}
    done = await send(admin, path, chosen)
    assert "docker.io Added ann docker.io" in markup.text(done.text)
    assert CANARY not in done.text
    made = await source(server, "imported", "docker.io")
    assert (made.spec.provider, made.spec.username) == ("dockerhub", "ann")
    with pytest.raises(NotFound):
        await source(server, "imported", "harbor.example.com")
    again = await send(admin, path, {"text": PASTED, "namespace": "imported", "do": "check"})
    assert "already exists" in markup.text(again.text)


async def test_what_cannot_be_imported_is_said(admin: Client) -> None:
    answer = await send(admin, "/console/sources/import", {"text": CANARY, "namespace": "default"})
    assert answer.status == 422
    assert "neither docker's config.json" in markup.text(answer.text)
    assert CANARY not in answer.text


# --- who may, and what must not happen -------------------------------------------------------------------------------


@pytest.mark.parametrize("group", ["image-viewer", "image-operator"])
async def test_who_may_not_is_offered_nothing_and_refused(server: Server, group: str) -> None:
    someone = await server.client("someone", group)
    for path in ("/console/sources", HARBOR):
        page = (await someone.get(path)).text
        assert not [
            link for link in markup.links(page) if link.rpartition("/")[2] in ("new", "edit", "password", "import")
        ]
        assert not markup.actions(page)
        assert 'class="pick"' not in page
    for path in (*yard.FORMS, f"{HARBOR}/grants", "/console/sources/selection"):
        if not path.endswith(("grants", "selection")):
            assert (await someone.get(path)).status == 403
        for do in ("save", "test", "verify", "delete", "ask"):
            ticked = {**GOOD, "item": "default/harbor", "do": do, "grant": "x", "text": PASTED}
            refused = await send(someone, path, ticked)
            assert refused.status == 403
            assert CANARY not in refused.text


async def test_who_may_in_one_namespace_may_there_alone(server: Server) -> None:
    mila = await server.client("mila")
    await yard.bind(server, "mila", "image-admin", "other")
    page = (await mila.get(NEW)).text
    assert "newNamespace" not in page
    assert (await send(mila, NEW, {**GOOD, "namespace": "other"})).status == 303
    for forged in ({"namespace": "default"}, {"newNamespace": "mine"}):
        refused = await send(mila, NEW, {**GOOD, **forged}, script=True)
        assert refused.status == 422
        assert "cannot create" in said(refused, "namespace")
    refused = await send(mila, NEW, {**GOOD, "do": "test"}, script=True)
    assert refused.status in (403, 422)


async def test_a_list_without_sources_begins_with_the_first(empty: Server) -> None:
    admin, viewer = await empty.client("ada", "system:masters"), await empty.client("vera", "image-viewer")
    english = {"accept-language": "en"}
    assert "Add your first registry source" in (await admin.get("/console/sources", headers=english)).text
    assert "Add your first registry source" not in (await viewer.get("/console/sources", headers=english)).text


async def test_hostile_words_in_a_form_stay_words(admin: Client) -> None:
    names = ("name", "newNamespace", "domain", "username", "caBundle", "trustedRealmHosts", "allowedNamespaces")
    texts = ("displayName", "description", "provider", "transport", "preset", "password")
    plain = await send(admin, NEW, dict.fromkeys((*names, *texts), "Plain_words!"))
    for hostile in (JOINED[:5000], *HOSTILE[:6]):
        answer = await send(admin, NEW, dict.fromkeys((*names, *texts), hostile))
        assert answer.status in (400, 422)
        assert {tag for tag, _ in markup.elements(answer.text)} == {tag for tag, _ in markup.elements(plain.text)}
        assert "<script>alert" not in answer.text
        edited = await send(admin, f"{HARBOR}/edit", {**await editing(admin), **dict.fromkeys(names, hostile)})
        assert "<script>alert" not in edited.text


async def test_a_password_is_in_no_answer_log_line_or_record(tmp_path: Path) -> None:
    trail = MemoryAudit()
    async with whole.running(tmp_path, audit=trail, registry=cast(Registry, Sulky())) as server:
        await yard.fill(server)
        admin = await server.client("ada", "system:masters")
        with structlog.testing.capture_logs() as logged:
            answers = [
                await send(admin, path, {**GOOD, **more, "do": do, "uid": "x", "text": PASTED}, script=script)
                for path in (NEW, f"{HARBOR}/edit", f"{HARBOR}/password", "/console/sources/import", f"{HARBOR}/grants")
                for do in ("test", "save", "check", "import")
                for more in ({}, {"domain": "https://x"}, {"anonymous": "1"})
                for script in (True, False)
            ]
        pages = [await admin.get(path) for path in (*yard.PAGES, "/console/sources", "/console/sources/default/fresh")]
        for answer in [*answers, *pages]:
            assert CANARY not in f"{answer.headers} {answer.text}"
        assert CANARY not in repr(logged)
        assert CANARY.encode() not in trail.lines
        assert not holding(tmp_path, CANARY.encode())
