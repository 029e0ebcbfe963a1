"""A password that came in by the kube door never goes out by it; no rehearsal tells whether it is the stored one."""

import json
from typing import Any, Final

import pytest

from tests.fakes.asgi import Answer, Client
from tests.fakes.watching import watching
from tests.web.kube.samples import APPLY, CANARY, GROUP, JSON_PATCH, MERGE, METADATA, SOURCES, TABLE, failure, source

SRC: Final = f"{SOURCES}/src"
YAML: Final = {"accept": "application/yaml"}
LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
ANOTHER: Final = "canary-9b21-another"
PASSWORD: Final = "/spec/password"


def told(answer: Answer) -> str:
    return f"{answer.headers} {answer.text}"


def applied_before() -> dict[str, Any]:
    """A source as client-side apply sends it: with a copy of itself."""
    document = source()
    document["metadata"]["annotations"] = {LAST_APPLIED: json.dumps(source())}
    return document


async def test_no_write_answers_with_it(client: Client) -> None:
    config = {**source(), "metadata": {"name": "src"}}
    answers = [
        await client.post(f"{SOURCES}?dryRun=All", applied_before()),
        await client.post(SOURCES, applied_before()),
        await client.post(SOURCES, applied_before()),
        await client.put(SRC, {**source(), "metadata": (await client.get(SRC)).json()["metadata"]}),
        await client.patch(SRC, {"spec": {"password": CANARY, "username": "other"}}, headers=MERGE),
        await client.patch(f"{SRC}/status", {"spec": {"password": CANARY}}, headers=MERGE),
        await client.patch(SRC, [{"op": "add", "path": PASSWORD, "value": CANARY}], headers=JSON_PATCH),
        await client.patch(SRC, [{"op": "replace", "path": PASSWORD, "value": CANARY}], headers=JSON_PATCH),
        await client.patch(f"{SRC}?fieldManager=me&force=true", config, headers=APPLY),
        await client.patch(f"{SRC}?fieldManager=me&force=true&dryRun=All", config, headers=APPLY),
        await client.patch(SRC, {"metadata": {"annotations": {LAST_APPLIED: json.dumps(source())}}}, headers=MERGE),
        await client.post(f"{SRC}/verify", {"password": CANARY}),
    ]
    assert [answer.status for answer in answers] == [201, 201, 409, *[200] * 9]
    assert CANARY not in " ".join(map(told, answers))


@pytest.mark.parametrize("form", [{}, YAML, TABLE, METADATA], ids=["json", "yaml", "table", "metadata"])
async def test_no_form_of_an_object_shows_it(client: Client, form: dict[str, str]) -> None:
    await client.post(SOURCES, applied_before())
    for path in (SRC, SOURCES, f"{GROUP}/registrysecrets"):
        answer = await client.get(f"{path}?includeObject=Object", headers=form)
        assert answer.status == 200
        assert "harbor-prod" in answer.text or "src" in answer.text
        assert CANARY not in told(answer)


async def test_no_event_shows_it(client: Client) -> None:
    async with (
        watching(client, f"{SOURCES}?watch=1") as plain,
        watching(client, f"{SOURCES}?watch=1", **TABLE) as table,
    ):
        await client.post(SOURCES, source("before"))
        for watch in (plain, table):
            assert (await watch.events.get())["type"] == "ADDED"  # it has begun
        await client.post(SOURCES, applied_before())
        await client.patch(SRC, {"spec": {"password": ANOTHER}}, headers=MERGE)
        await client.delete(SRC)
        for watch in (plain, table):
            events = [await watch.events.get() for _ in range(3)]
            assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED"]
            assert ANOTHER not in json.dumps(events)
            assert CANARY not in json.dumps(events)


@pytest.mark.parametrize(
    "operations",
    [
        [{"op": "test", "path": PASSWORD, "value": CANARY}],
        [{"op": "test", "path": "/spec", "value": {}}],
        [{"op": "copy", "from": PASSWORD, "path": "/metadata/labels"}],
        [{"op": "copy", "from": "/spec", "path": "/metadata/annotations"}],
        [{"op": "copy", "from": "", "path": "/status"}],
        [{"op": "move", "from": PASSWORD, "path": "/spec/username"}],
        [{"op": "add", "path": PASSWORD, "value": CANARY}, {"op": "copy", "from": PASSWORD, "path": "/spec/username"}],
        [{"op": "add", "path": PASSWORD, "value": CANARY}, {"op": "move", "from": "/spec", "path": "/metadata/labels"}],
        [{"op": "add", "path": PASSWORD, "value": CANARY}, {"op": "test", "path": "", "value": {}}],
    ],
    ids=[
        "test",
        "test parent",
        "copy",
        "copy parent",
        "copy all",
        "move",
        "set and copy",
        "set and move",
        "set and test",
    ],
)
async def test_no_patch_carries_it_elsewhere(client: Client, operations: list[dict[str, Any]]) -> None:
    await client.post(SOURCES, source())
    before = (await client.get(SRC)).text
    answer = await client.patch(SRC, operations, headers=JSON_PATCH)
    failure(answer, 422, "Invalid")
    assert CANARY not in told(answer)
    assert (await client.get(SRC)).text == before


@pytest.mark.parametrize(
    "document",
    [
        source(password=[CANARY]),
        source(password={CANARY: CANARY}),
        source(password=f"{CANARY}\n"),
        source(domain=f"https://robot:{CANARY}@harbor.example.com"),
        source(provider=CANARY),
        source(caBundle=CANARY),
        {**source(), "spec": CANARY},
        {**source(), "status": {"conditions": CANARY}},
    ],
    ids=["list", "object", "newline", "userinfo", "provider", "bundle", "spec", "status"],
)
async def test_no_refusal_repeats_it(client: Client, document: dict[str, Any]) -> None:
    document["metadata"] = {"name": "refused"}
    answers = [
        await client.post(f"{SOURCES}?fieldValidation=Strict", document),
        await client.patch(f"{SOURCES}/refused?fieldManager=me", document, headers=APPLY),
        await client.put(f"{SOURCES}/refused", document),
    ]
    assert CANARY not in " ".join(map(told, answers))


async def test_a_body_that_cannot_be_read_is_not_quoted(client: Client) -> None:
    for body in (
        f'{{"spec": {{"password": "{CANARY}"',
        f'{{"spec": {{"password": "{CANARY}" x}}}}',
        f"spec: [{CANARY}",
    ):
        for media_type in ("application/json", "application/yaml"):
            answer = await client.post(SOURCES, body.encode(), headers={"content-type": media_type})
            assert (answer.status, CANARY in told(answer)) == (400, False)


async def test_no_conflict_shows_it_or_tells_whether_it_is_the_stored_one(client: Client) -> None:
    config = {**source(), "metadata": {"name": "src"}}
    await client.patch(f"{SRC}?fieldManager=first", config, headers=APPLY)
    told_of = []
    for password in (CANARY, ANOTHER):
        config["spec"] = {**source()["spec"], "password": password}
        answer = await client.patch(f"{SRC}?fieldManager=second", config, headers=APPLY)
        failure(answer, 409, "Conflict")
        assert not any(secret in told(answer) for secret in (CANARY, ANOTHER))
        told_of.append(answer.text)
    assert told_of[0] == told_of[1]


@pytest.mark.parametrize("way", ["put", "merge", "json", "apply"])
async def test_no_rehearsal_tells_whether_it_is_the_stored_one(client: Client, way: str) -> None:
    await client.post(SOURCES, source())
    meta = (await client.get(SRC)).json()["metadata"]

    async def rehearse(password: str) -> Answer:
        document = source(password=password)
        match way:
            case "put":
                return await client.put(f"{SRC}?dryRun=All", {**document, "metadata": meta})
            case "merge":
                patch: Any = {"spec": {"password": password}}
                return await client.patch(f"{SRC}?dryRun=All", patch, headers=MERGE)
            case "json":
                patch = [{"op": "add", "path": PASSWORD, "value": password}]
                return await client.patch(f"{SRC}?dryRun=All", patch, headers=JSON_PATCH)
        document["metadata"] = {"name": "src"}
        return await client.patch(f"{SRC}?dryRun=All&fieldManager=me&force=true", document, headers=APPLY)

    right, wrong = await rehearse(CANARY), await rehearse(ANOTHER)
    assert right.status == 200
    assert (right.text, right.headers.get("warning")) == (wrong.text, wrong.headers.get("warning"))
