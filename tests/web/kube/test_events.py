"""Events through both API groups: the same objects, each group's words; what kubectl asks for and how it is shown."""

import asyncio
import json

import pytest

from tests.fakes.asgi import Client
from tests.fakes.watching import watching
from tests.web.kube.samples import APPLY, MERGE, STRATEGIC, TABLE, Json, failure, names
from tests.web.whole import Server

CORE = "/api/v1/namespaces/default/events"
NEWER = "/apis/events.k8s.io/v1/namespaces/default/events"
ABOUT = {"apiVersion": "image.theriseunion.io/v1alpha1", "kind": "Repository", "name": "one", "namespace": "default"}


def core(name: str = "one.17", **more: object) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name},
        "involvedObject": ABOUT,
        "reason": "Synced",
        "message": "m",
        "type": "Normal",
        "source": {"component": "imageyard"},
        "firstTimestamp": "2026-01-01T00:00:00Z",
        "lastTimestamp": "2026-01-01T00:00:00Z",
        "count": 1,
        **more,
    }


def newer(name: str = "two.18", **more: object) -> Json:
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": name},
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "reportingController": "example.com/builder",
        "reportingInstance": "builder-1",
        "action": "Build",
        "reason": "Built",
        "regarding": {**ABOUT, "name": "two"},
        "note": "done",
        "type": "Warning",
        **more,
    }


async def test_what_is_made_in_one_group_is_read_in_both(client: Client) -> None:
    made = await client.post(CORE, core())
    assert made.status == 201
    assert made.json() == {**core(), **(await client.get(f"{CORE}/one.17")).json()}
    [read] = (await client.get(NEWER)).json()["items"]
    assert read["apiVersion"] == "events.k8s.io/v1"
    assert (read["regarding"], read["note"], read["deprecatedCount"]) == (ABOUT, "m", 1)
    assert read["deprecatedSource"] == {"component": "imageyard"}
    assert read["eventTime"] is None
    assert read["metadata"] == made.json()["metadata"]
    assert not {"involvedObject", "message", "source", "count", "reportingComponent"} & read.keys()
    other = (await client.post(NEWER, newer())).json()
    assert {name: other[name] for name in newer() if name != "metadata"} == {
        name: value for name, value in newer().items() if name != "metadata"
    }
    stored = (await client.get(f"{CORE}/two.18")).json()
    assert (stored["apiVersion"], stored["message"]) == ("v1", "done")
    assert (stored["reportingComponent"], stored["involvedObject"]["name"]) == ("example.com/builder", "two")
    assert (await client.get(CORE)).json()["apiVersion"] == "v1"
    assert (await client.get(NEWER)).json()["apiVersion"] == "events.k8s.io/v1"


@pytest.mark.parametrize("headers", [MERGE, STRATEGIC], ids=["merge", "strategic"])
async def test_a_recorder_patches_its_series_in_the_words_of_its_group(client: Client, headers: Json) -> None:
    await client.post(NEWER, newer())
    series = {"series": {"count": 2, "lastObservedTime": "2026-01-01T00:05:00.000000Z"}, "note": "again"}
    patched = await client.patch(f"{NEWER}/two.18", json.dumps(series).encode(), headers=headers)
    assert patched.status == 200, patched.text
    assert (patched.json()["series"], patched.json()["note"]) == (series["series"], "again")
    assert (await client.get(f"{CORE}/two.18")).json()["message"] == "again"
    counted = await client.patch(f"{CORE}/two.18", json.dumps({"message": "core"}).encode(), headers=headers)
    assert counted.json()["message"] == "core"


async def test_an_event_is_applied_and_replaced_in_either_group(client: Client) -> None:
    applied = await client.patch(f"{NEWER}/two.18?fieldManager=me", json.dumps(newer()).encode(), headers=APPLY)
    assert (applied.status, applied.json()["note"]) == (201, "done")
    changed = {**applied.json(), "note": "put"}
    assert (await client.put(f"{NEWER}/two.18", changed)).json()["note"] == "put"
    assert (await client.get(f"{CORE}/two.18")).json()["message"] == "put"


async def test_flaws_are_told_in_the_words_of_the_group(client: Client) -> None:
    status = failure(await client.post(NEWER, newer(regarding={"namespace": "other"})), 422, "Invalid")
    assert [cause["field"] for cause in status["details"]["causes"]] == ["regarding.namespace"]
    strict = await client.post(f"{NEWER}?fieldValidation=Strict", newer(message="m"))
    assert 'unknown field "message"' in failure(strict, 400, "BadRequest")["message"]
    failure(await client.post(NEWER, core()), 400, "BadRequest")


@pytest.mark.parametrize(
    ("url", "found"),
    [
        (f"{CORE}?fieldSelector=involvedObject.name%3Done,involvedObject.kind%3DRepository", ["one.17"]),
        (f"{CORE}?fieldSelector=reason!%3DSynced", ["two.18"]),
        (f"{CORE}?fieldSelector=source%3Dexample.com/builder", ["two.18"]),
        (f"{CORE}?fieldSelector=type%3DNormal,involvedObject.namespace%3Ddefault", ["one.17"]),
        (f"{NEWER}?fieldSelector=regarding.name%3Dtwo", ["two.18"]),
        (f"{NEWER}?fieldSelector=reportingController%3Dexample.com/builder", ["two.18"]),
        ("/api/v1/events?fieldSelector=involvedObject.uid%3D", ["one.17", "two.18"]),
    ],
)
async def test_selectors_choose_by_what_an_event_is_about(client: Client, url: str, found: list[str]) -> None:
    await client.post(CORE, core())
    await client.post(NEWER, newer())
    assert names(await client.get(url)) == found


async def test_a_group_knows_only_its_own_words_in_selectors(client: Client) -> None:
    failure(await client.get(f"{NEWER}?fieldSelector=involvedObject.name%3Done"), 400, "BadRequest")
    failure(await client.get(f"{CORE}?fieldSelector=regarding.name%3Done"), 400, "BadRequest")


@pytest.mark.parametrize("url", [CORE, NEWER])
async def test_both_are_shown_in_the_same_table(client: Client, url: str) -> None:
    await client.post(CORE, core())
    answer = (await client.get(f"{url}?includeObject=Object", headers=TABLE)).json()
    shown = [column["name"] for column in answer["columnDefinitions"] if not column["priority"]]
    assert shown == ["Last Seen", "Type", "Reason", "Object", "Message"]
    assert answer["rows"][0]["cells"][1:4] == ["Normal", "Synced", "repository/one"]
    assert answer["rows"][0]["object"]["apiVersion"] == ("v1" if url == CORE else "events.k8s.io/v1")


@pytest.mark.parametrize(("url", "field"), [(CORE, "message"), (NEWER, "note")])
async def test_a_watch_tells_in_the_words_of_its_group(client: Client, url: str, field: str) -> None:
    async with watching(client, f"{url}?watch=1") as watch:
        await client.post(CORE, core())
        told = await asyncio.wait_for(watch.events.get(), 5)
    assert (told["type"], told["object"][field]) == ("ADDED", "m")


async def test_rights_are_those_of_the_group(server: Server) -> None:
    nobody = await server.client("nobody")
    for url in (CORE, NEWER):
        failure(await nobody.get(url), 403, "Forbidden")


async def test_events_are_no_part_of_the_rest_door(client: Client) -> None:
    assert (await client.get("/oapis/image.theriseunion.io/v1alpha1/namespaces/default/events")).status == 404
