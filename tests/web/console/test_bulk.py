"""One action on many images: what is selected and nothing else, each for itself, with the reason where it fails."""

import asyncio
from pathlib import Path
from urllib.parse import urlencode

import pytest

from imageyard.domain.audit import Event
from imageyard.domain.kinds import REPOSITORY, ROLE, ROLE_BINDING
from imageyard.domain.kinds.repository import SYNC_REQUEST, Repository
from imageyard.store import Query
from tests.fakes.asgi import Answer, Client
from tests.fakes.trail import MemoryAudit
from tests.web import whole
from tests.web.console import markup, yard
from tests.web.console.hostile import HOSTILE
from tests.web.console.yard import ADMIN
from tests.web.whole import Server

FORM = {"content-type": "application/x-www-form-urlencoded", "accept-language": "en"}
ENGLISH = {"accept-language": "en"}
BULK = "/console/images/bulk"
LIGHT_ENOUGH = 150_000


async def post(client: Client, action: str, images: list[str], **more: str) -> Answer:
    return await client.post(BULK, urlencode({"action": action, "item": images, **more}, True).encode(), headers=FORM)


async def fill(server: Server, count: int, namespace: str = "many") -> list[str]:
    ref = {"name": "harbor", "namespace": "default"}
    documents = [
        {"metadata": {"name": f"m{n:04}"}, "spec": {"repository": "team/app", "tag": f"v{n}", "registryRef": ref}}
        for n in range(count)
    ]
    create = server.doors.objects.create
    await asyncio.gather(*(create(ADMIN, REPOSITORY, namespace, document) for document in documents))
    return [f"{namespace}/m{n:04}" for n in range(count)]


async def images(server: Server, namespace: str = "many") -> list[Repository]:
    page = await server.doors.objects.list(ADMIN, REPOSITORY, Query(namespaces=frozenset({namespace})))
    return [REPOSITORY.decode(stored.body) for stored in page.items]


def field(page: str, name: str) -> str:
    return page.partition(f'<textarea name="{name}" hidden translate="no">\n')[2].partition("</textarea>")[0]


def buttons(page: str) -> list[str]:
    return [given["value"] for tag, given in markup.elements(page) if tag == "button" and given.get("form") == "bulk"]


async def test_rows_can_be_selected_and_what_is_offered_is_what_one_may(server: Server, admin: Client) -> None:
    page = (await admin.get("/console/images")).text
    boxes = [given["value"] for _, given in markup.elements(page) if given.get("class") == "pick"]
    assert sorted(boxes) == sorted(f"default/{name}" for name in yard.IMAGES)
    assert buttons(page) == ["sync", "suspend", "resume", "change", "delete"]
    operator = await server.client("otto", "image-operator")
    assert buttons((await operator.get("/console/images")).text) == ["sync", "suspend", "resume", "change"]


async def test_a_viewer_selects_nothing_and_does_nothing(server: Server, viewer: Client) -> None:
    page = (await viewer.get("/console/images")).text
    assert not buttons(page)
    assert 'class="pick"' not in page
    assert (await post(viewer, "delete", ["default/synced"])).status == 403
    answer = await post(viewer, "suspend", ["default/synced"])
    assert "cannot patch resource" in markup.text(answer.text)
    assert len(await images(server, "default")) == len(yard.IMAGES)


async def test_a_right_to_one_name_is_a_box_in_one_row(server: Server) -> None:
    viewer = await server.client("rita", "image-viewer")
    rule = {"apiGroups": ["image.theriseunion.io"], "resources": ["repositories"], "verbs": ["delete"]}
    role = {"metadata": {"name": "one"}, "rules": [{**rule, "resourceNames": ["synced"]}]}
    await server.doors.objects.create(ADMIN, ROLE, "default", role)
    binding = {
        "metadata": {"name": "rita"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "one"},
        "subjects": [{"kind": "User", "name": "rita", "apiGroup": "rbac.authorization.k8s.io"}],
    }
    await server.doors.objects.create(ADMIN, ROLE_BINDING, "default", binding)
    page = (await viewer.get("/console/images")).text
    assert [given["value"] for _, given in markup.elements(page) if given.get("class") == "pick"] == ["default/synced"]
    assert buttons(page) == ["delete"]
    both = ["default/synced", "default/failed"]
    asked = await post(viewer, "delete", both)
    done = await post(viewer, "delete", field(asked.text, "item").split(), confirmed="2")
    assert "1 image deleted." in markup.text(done.text)
    assert "cannot delete resource" in markup.text(done.text)
    assert {each.metadata.name for each in await images(server, "default")} == set(yard.IMAGES) - {"synced"}


async def test_many_are_synced_suspended_and_resumed_at_once(server: Server, admin: Client) -> None:
    names = await fill(server, 30)
    answer = await post(admin, "suspend", names, namespace="many", q="team")
    assert answer.headers["location"] == "/console/images?namespace=many&q=team&done=bulk-suspend&count=30"
    assert all(each.spec.suspend for each in await images(server))
    page = await admin.get(answer.headers["location"], headers=ENGLISH)
    assert "30 images suspended." in markup.text(page.text)
    await post(admin, "resume", names[:10])
    assert sum(each.spec.suspend for each in await images(server)) == 20
    await post(admin, "sync", names[:3])
    assert sum(SYNC_REQUEST in each.metadata.annotations for each in await images(server)) == 3


async def test_thirty_are_deleted_by_their_number_and_none_without(server: Server, admin: Client) -> None:
    names = await fill(server, 31)
    asked = (await post(admin, "delete", names[:30], namespace="many")).text
    assert "Delete these 30 images?" in markup.text(asked)
    assert "m0029" in markup.text(asked)
    assert "m0030" not in markup.text(asked)
    items = field(asked, "item").split()
    again = (await post(admin, "delete", items, confirmed="31")).text
    assert "nothing was deleted" in markup.text(again)
    assert len(await images(server)) == 31
    done = await post(admin, "delete", items, confirmed="30", namespace="many")
    assert done.headers["location"] == "/console/images?namespace=many&done=bulk-delete&count=30"
    assert [each.metadata.name for each in await images(server)] == ["m0030"]


async def test_what_was_made_anew_meanwhile_is_not_what_was_shown(server: Server, admin: Client) -> None:
    names = await fill(server, 2)
    items = field((await post(admin, "delete", names)).text, "item").split()
    await server.doors.objects.delete(ADMIN, REPOSITORY, "many", "m0000")
    await fill(server, 1)
    done = (await post(admin, "delete", items, confirmed="2")).text
    assert "1 image deleted." in markup.text(done)
    assert "does not match the UID" in markup.text(done)
    assert [each.metadata.name for each in await images(server)] == ["m0000"]
    assert field(done, "item").split() == ["many/m0000"]


async def test_all_that_match_are_at_most_a_thousand(server: Server, admin: Client) -> None:
    await fill(server, 1000)
    page = (await admin.get("/console/images?namespace=many", headers=ENGLISH)).text
    assert "All 1000 that match" in markup.text(page)
    beyond = await post(admin, "suspend", [], all="1")
    assert beyond.status == 400
    assert "narrow the filters" in markup.text(beyond.text)
    assert "that match" not in markup.text((await admin.get("/console/images", headers=ENGLISH)).text)
    asked = await post(admin, "delete", [], all="1", namespace="many")
    assert len(asked.body) < LIGHT_ENOUGH
    done = await post(admin, "delete", field(asked.text, "item").split(), confirmed="1000")
    assert done.status == 303
    assert not await images(server)


async def test_all_that_match_are_those_of_the_filters(server: Server, admin: Client) -> None:
    await post(admin, "suspend", [], all="1", status="failed")
    assert {each.metadata.name for each in await images(server, "default") if each.spec.suspend} == {
        "failed", "suspended",
    }  # fmt: skip


async def test_interval_and_labels_are_set_on_many(server: Server, admin: Client) -> None:
    names = await fill(server, 3)
    assert "Change 3 images" in markup.text((await post(admin, "change", names)).text)
    await post(admin, "change", names, interval="2h", labels="team=web tier=a")
    assert {each.spec.sync_interval for each in await images(server)} == {"2h"}
    await post(admin, "change", names[:1], interval="", labels="tier-")
    first, second, _ = await images(server)
    assert (first.metadata.labels, second.metadata.labels) == ({"team": "web"}, {"team": "web", "tier": "a"})
    assert first.spec.sync_interval == "2h"
    for wrong, said in {"": "Write an interval or labels", "web": "key=value"}.items():
        assert said in markup.text((await post(admin, "change", names, interval="", labels=wrong)).text)
    refused = (await post(admin, "change", names, interval="1s", labels="")).text
    assert "must be between 10s and 720h" in markup.text(refused)


@pytest.mark.parametrize(
    ("action", "chosen"), [("sync", []), ("burn", ["default/synced"]), ("delete", ["default"]), ("delete", ["//"])]
)
async def test_what_makes_no_sense_is_refused(admin: Client, action: str, chosen: list[str]) -> None:
    assert (await post(admin, action, chosen)).status == 400


async def test_a_row_that_is_shown_anew_keeps_its_box(admin: Client) -> None:
    page = (await admin.get("/console/images")).text
    assert (await admin.get("/console/images/default/synced/row?picks=1")).text.strip() in page
    assert 'class="pick"' not in (await admin.get("/console/images/default/synced/row")).text


async def test_hostile_names_are_words(admin: Client) -> None:
    for said in HOSTILE:
        for action in ("sync", "delete", "change"):
            answer = await post(admin, action, [f"default/{said}", "default/synced"], q=said, back=said)
            assert answer.status in (200, 303, 400), said
            assert "<script>alert" not in answer.text


async def test_each_object_is_on_record_with_what_was_done_to_it(tmp_path: Path) -> None:
    trail = MemoryAudit()
    async with whole.running(tmp_path, audit=trail) as server:
        await yard.fill(server)
        admin = await server.client("ada", "system:masters")
        await post(admin, "suspend", ["default/synced", "default/absent"])
        await admin.post(
            "/console/images/import",
            urlencode({"plan": "yes\t1\ta:1\tnew\tdefault/harbor\t", "namespace": "default", "tick": "0",
                       "name-0": "new", "source-0": "default/harbor", "action": "import"}).encode(),
            headers=FORM,
        )  # fmt: skip
        assert [_told(each) for each in trail.events] == [
            ("patch", "default", "synced", 200),
            ("patch", "default", "absent", 404),
            ("patch", "", "", 200),
            ("create", "default", "new", 200),
            ("create", "default", "", 200),
        ]


def _told(event: Event) -> tuple[str, str, str, int]:
    ref, answered = event.object_ref, event.response_status
    assert ref
    assert answered
    return event.verb, ref.namespace, ref.name, answered.code
