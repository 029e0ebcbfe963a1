"""Add and change one image: what the form tells, what it refuses and why, and what nobody overwrites unseen."""

from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

import pytest
from msgspec.structs import replace

from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY
from imageyard.domain.kinds.repository import Manifest, Platform, Repository
from imageyard.registry import Head, Inspection, Registry, Source
from imageyard.service.objects import Patch
from tests.fakes.asgi import Answer, Client
from tests.web import whole
from tests.web.console import markup, yard
from tests.web.console.hostile import HOSTILE
from tests.web.console.yard import ADMIN
from tests.web.whole import PleasedRegistry, Server

FORM = {"content-type": "application/x-www-form-urlencoded", "accept-language": "en"}
ENGLISH = {"accept-language": "en"}
NEW = "/console/images/new"
EDIT = "/console/images/default/synced/edit"
GOOD = {"image": "harbor.example.com/team/app:v1", "namespace": "default", "source": "default/harbor", "action": "add"}


class FullRegistry(PleasedRegistry):
    """Has every image."""

    async def head(self, source: Source, repository: str, tag: str) -> Head:
        return Head(yard.NEW, "application/vnd.oci.image.manifest.v1+json", None)

    async def inspect(self, *_: Any, **__: Any) -> Inspection:
        platforms = [Platform("linux", "amd64"), Platform("linux", "arm", "v7")]
        return Inspection(Manifest(digest=yard.NEW, size="31MB", platforms=platforms), (), None)


async def send(client: Client, url: str, fields: dict[str, str], **headers: str) -> Answer:
    return await client.post(url, urlencode(fields).encode(), headers={**FORM, **headers})


async def read(server: Server, name: str, namespace: str = "default") -> Repository:
    found: Repository = REPOSITORY.decode((await server.doors.objects.get(ADMIN, REPOSITORY, namespace, name)).body)
    return found


def value(page: str, name: str) -> str:
    return next(given.get("value", "") for _, given in markup.elements(page) if given.get("name") == name)


def options(page: str) -> list[str]:
    return [given["value"] for tag, given in markup.elements(page) if tag == "option" and "/" in given.get("value", "")]


async def test_a_reference_is_taken_apart_while_it_is_typed(admin: Client) -> None:
    asked = urlencode({"image": "nginx", "namespace": "default"})
    fragment = await admin.get(f"{NEW}?{asked}", headers={**ENGLISH, "hx-request": "true", "hx-target": "reading"})
    said = markup.text(fragment.text)
    assert "<html" not in fragment.text
    assert "docker.io" in said
    assert "asked for as library/nginx" in said
    assert "no tag written" in said
    assert value(fragment.text, "name") == value(fragment.text, "proposed") == "nginx"
    whole_page = await admin.get(f"{NEW}?{asked}", headers=ENGLISH)
    same, _, forgets = fragment.text.partition('<div id="tested"')
    assert same.strip() in whole_page.text
    assert "hx-swap-oob" in forgets


async def test_sources_are_those_of_the_host_that_let_the_namespace_in(server: Server, admin: Client) -> None:
    async def offered(image: str, namespace: str = "default") -> list[str]:
        return options((await admin.get(f"{NEW}?{urlencode({'image': image, 'namespace': namespace})}")).text)

    closed = {"domain": "quay.example.net", "username": "u", "password": "p", "provider": "other"}
    await server.doors.objects.create(ADMIN, REGISTRY_SECRET, "other", {"metadata": {"name": "closed"}, "spec": closed})
    assert await offered("app:v1") == ["default/harbor", "other/broken"]
    assert await offered("harbor.example.com/app:v1") == ["default/harbor"]
    assert await offered("app:v1", "other") == ["other/broken", "other/closed", "default/harbor"]
    page = (await admin.get(f"{NEW}?image=quay.example.net/a:1", headers=ENGLISH)).text
    assert "There is no registry source for quay.example.net" in markup.text(page)
    assert "/console/sources/new?namespace=default&domain=quay.example.net" in markup.links(page)


async def test_a_proposed_name_is_free_and_a_typed_one_stays(server: Server, admin: Client) -> None:
    await send(admin, NEW, {**GOOD, "name": "app-v1"})
    asked = {"image": "team/app:v1", "namespace": "default"}
    assert value((await admin.get(f"{NEW}?{urlencode(asked)}")).text, "name") == "team-app-v1"
    mine = {**asked, "name": "mine", "proposed": "app-v0"}
    assert value((await admin.get(f"{NEW}?{urlencode(mine)}")).text, "name") == "mine"
    old = {**asked, "name": "app-v0", "proposed": "app-v0"}
    assert value((await admin.get(f"{NEW}?{urlencode(old)}")).text, "name") == "team-app-v1"


async def test_an_image_is_added_with_all_that_was_typed(server: Server, admin: Client) -> None:
    more = {"interval": "30m", "timeout": "1m", "retries": "0", "platform": "linux/arm64", "suspend": "1"}
    answer = await send(admin, NEW, {**GOOD, "name": "app", "alias": "官网 前端", **more})
    assert (answer.status, answer.headers["location"]) == (303, "/console/images/default/app?done=image-added")
    spec = (found := await read(server, "app")).spec
    assert found.metadata.annotations["theriseunion.io/display-name"] == "官网 前端"
    assert (spec.repository, spec.tag, spec.registry_ref.name) == ("team/app", "v1", "harbor")
    assert (spec.sync_interval, spec.sync_timeout, spec.retry_count, spec.platform) == ("30m", "1m", 0, "linux/arm64")
    assert spec.suspend
    page = await admin.get(answer.headers["location"], headers=ENGLISH)
    assert "The image was added." in markup.text(page.text)


async def test_without_a_name_it_gets_the_proposed_one(server: Server, admin: Client) -> None:
    answer = await send(admin, NEW, GOOD)
    assert answer.headers["location"].startswith("/console/images/default/app-v1?")
    assert (await read(server, "app-v1")).spec.sync_interval == "1h"


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"image": "Team/App"}, "image", "lower-case"),
        ({"image": ""}, "image", "Must not be empty"),
        ({"source": ""}, "source", "Choose a registry source"),
        ({"source": "other/broken"}, "source", "This source is of registry.example.org:5000"),
        ({"name": "A b"}, "name", "lower-case letters"),
        ({"name": "synced"}, "name", "This name is taken"),
        ({"interval": "1"}, "interval", "Write a duration"),
        ({"interval": "1s"}, "interval", "Must be between"),
        ({"timeout": "2h"}, "timeout", "Must be between"),
        ({"retries": "many"}, "retries", "whole number"),
        ({"retries": "99"}, "retries", "between 0 and 10"),
        ({"platform": "arm"}, "platform", "Write os/arch"),
    ],
)
async def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(
    admin: Client, changes: dict[str, str], field: str, said: str
) -> None:
    answer = await send(admin, NEW, {**GOOD, "alias": "别名", **changes})
    assert answer.status == 200
    (wrong,) = [given for _, given in markup.elements(answer.text) if given.get("aria-invalid") == "true"]
    assert wrong["name"] == field
    assert said in markup.text(answer.text)
    assert value(answer.text, "alias") == "别名"
    assert field == "source" or wrong.get("value") == {**GOOD, **changes}[field]


async def test_a_test_fetch_tells_why_not_and_stores_nothing(server: Server, admin: Client) -> None:
    answer = await send(admin, NEW, {**GOOD, "action": "test"}, **{"hx-request": "true", "hx-target": "tested"})
    assert "TagNotFound" in markup.text(answer.text)
    assert "What to do next" in markup.text(answer.text)
    assert (await admin.get("/console/images/default/app-v1")).status == 404
    plain = await send(admin, NEW, {**GOOD, "action": "test"})
    assert "TagNotFound" in markup.text(plain.text)
    assert value(plain.text, "image") == GOOD["image"]


async def test_a_test_fetch_tells_what_is_there(tmp_path: Path) -> None:
    async with whole.running(tmp_path, registry=cast(Registry, FullRegistry())) as server:
        await yard.fill(server)
        admin = await server.client("ada", "system:masters")
        said = markup.text((await send(admin, NEW, {**GOOD, "action": "test"})).text)
        assert yard.NEW in said
        assert "linux/amd64, linux/arm/v7" in said
        assert "31MB" in said


async def test_who_tests_too_often_is_told_to_wait_and_loses_nothing(server: Server) -> None:
    operator = await server.client("otto", "image-operator")
    for _ in range(11):
        answer = await send(operator, NEW, {**GOOD, "action": "test"})
    assert answer.status == 200
    assert "try again in" in markup.text(answer.text)
    assert value(answer.text, "image") == GOOD["image"]


async def test_who_may_not_add_is_neither_offered_nor_let(server: Server, viewer: Client) -> None:
    assert NEW not in markup.links((await viewer.get("/console/images")).text)
    assert (await viewer.get(NEW)).status == 403
    assert (await viewer.get("/console/images/import")).status == 403
    assert (await send(viewer, NEW, GOOD)).status == 403
    assert (await viewer.get(EDIT)).status == 403
    assert (await send(viewer, EDIT, GOOD)).status == 403


async def test_rights_in_one_namespace_offer_that_namespace(server: Server) -> None:
    mila = await server.client("mila")
    await yard.bind(server, "mila", "image-operator", "other")
    assert f"{NEW}" in markup.links((await mila.get("/console/images")).text)
    page = (await mila.get(NEW)).text
    chosen = [given for tag, given in markup.elements(page) if tag == "select" and given.get("name") == "namespace"]
    assert chosen
    assert options(page) == ["other/broken"]
    made = await send(mila, NEW, {**GOOD, "namespace": "other", "source": "other/broken", "image": "a:1"})
    assert made.status == 303
    assert (await send(mila, NEW, GOOD)).status == 403


async def test_an_edit_changes_what_was_changed_and_tells_of_a_new_sync(server: Server, admin: Client) -> None:
    fields = _sent((await admin.get(EDIT)).text)
    quiet = await send(admin, EDIT, {**fields, "alias": "新名", "interval": "2h"})
    assert quiet.headers["location"] == "/console/images/default/synced?done=image-saved"
    found = await read(server, "synced")
    assert found.status.manifest is not None
    assert (found.spec.sync_interval, found.metadata.annotations["theriseunion.io/display-name"]) == ("2h", "新名")
    fields = _sent((await admin.get(EDIT)).text)
    loud = await send(admin, EDIT, {**fields, "image": "team/synced:v2", "alias": ""})
    assert loud.headers["location"] == "/console/images/default/synced?done=image-resyncs"
    found = await read(server, "synced")
    assert found.status.manifest is None
    assert "theriseunion.io/display-name" not in found.metadata.annotations


async def test_a_sync_meanwhile_is_no_conflict(server: Server, admin: Client) -> None:
    fields = _sent((await admin.get(EDIT)).text)
    found = await read(server, "synced")
    await server.store.replace(REPOSITORY, replace(found, status=replace(found.status, failures=1)))
    assert (await send(admin, EDIT, {**fields, "interval": "3h"})).status == 303


async def test_a_change_meanwhile_is_shown_beside_ones_own(server: Server, admin: Client) -> None:
    fields = _sent((await admin.get(EDIT)).text)
    theirs = {"spec": {"tag": "v9", "syncInterval": "5h"}}
    await server.doors.objects.patch(ADMIN, REPOSITORY, "default", "synced", Patch("merge", theirs))
    shown = await send(admin, EDIT, {**fields, "interval": "3h"})
    assert shown.status == 200
    said = markup.text(shown.text)
    assert "Somebody changed it in the meantime" in said
    assert "team/synced:v9" in said
    assert (await read(server, "synced")).spec.sync_interval == "5h"
    again = _sent(shown.text)
    assert (again["image"], again["interval"]) == ("team/synced:v9", "3h")
    assert (await send(admin, EDIT, again)).status == 303
    spec = (await read(server, "synced")).spec
    assert (spec.tag, spec.sync_interval) == ("v9", "3h")


async def test_hostile_words_in_every_field_are_words(admin: Client) -> None:
    plain = markup.shape((await send(admin, NEW, dict.fromkeys(GOOD, "plain words") | {"namespace": "default"})).text)
    for said in HOSTILE:
        fields = dict.fromkeys((*GOOD, "name", "alias", "interval", "platform"), said[:500]) | {"namespace": "default"}
        answer = await send(admin, NEW, fields)
        assert answer.status == 200, said
        assert "<script>alert" not in answer.text
        assert {tag for tag, _ in markup.shape(answer.text)} <= {tag for tag, _ in plain} | {"select", "option"}


def _sent(page: str) -> dict[str, str]:
    """What a browser sends of the edit form as it stands."""
    found = {
        given["name"]: given.get("value", "")
        for tag, given in markup.elements(page)
        if tag == "input" and "name" in given and given.get("type") != "checkbox"
    }
    found.pop("next", None)
    return {**found, "source": "default/harbor"}
