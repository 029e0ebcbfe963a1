"""The administrator's door: for system:masters alone, and it never shows a token twice."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from imageyard.app import client_certificates
from imageyard.app.certificates import Certificates
from tests.fakes.asgi import Client
from tests.web import whole
from tests.web.test_objects import is_status


async def test_nobody_else_may_administer(viewer: Client) -> None:
    answer = await viewer.get("/admin/v1/tokens")
    assert (answer.status, answer.json()["reason"]) == (403, "Forbidden")


async def test_rotation_tells_the_new_key_and_how_many_values_were_sealed_anew(admin: Client) -> None:
    answer = await admin.post("/admin/v1/keys/rotate")
    told = {"key": "0a1b2c3d", "sealed": 0, "damaged": ["default/broken"], "source": "file"}
    assert (answer.status, answer.json()) == (200, told)


async def test_keys_are_shown_by_id_and_use(admin: Client) -> None:
    answer = await admin.get("/admin/v1/keys")
    item = {"id": "0a1b2c3d", "current": True, "values": 0, "held": True}
    told = {"source": "file", "current": "0a1b2c3d", "rotating": False, "items": [item], "damaged": 1}
    assert (answer.status, answer.json()) == (200, told)
    assert (await admin.delete("/admin/v1/keys/00c0ffee")).status == 404
    assert (await admin.post("/admin/v1/keys/prune")).json() == {"retired": ["00c0ffee"]}


async def test_nobody_else_may_look_at_keys_or_retire_them(viewer: Client) -> None:
    asked = [viewer.get("/admin/v1/keys"), viewer.delete("/admin/v1/keys/x"), viewer.post("/admin/v1/keys/prune")]
    assert [(await answer).status for answer in asked] == [403] * 3


async def test_an_unknown_path_below_admin_is_not_found(admin: Client) -> None:
    assert (await admin.get("/admin/v1/else")).status == 404


@pytest.fixture
async def root(tmp_path: Path) -> AsyncIterator[Client]:
    """An administrator of a server that signs client certificates."""
    async with whole.running(tmp_path) as server:
        issued = Certificates(tmp_path / "tls")
        issued.ensure(["localhost"], server.clock.now())
        signing = client_certificates.of(server.doors.tokens, issued, server.clock)
        yield await server.changed(certificates=signing, ca=issued.ca.read_bytes()).client("root", "system:masters")


MISSHAPEN = {
    "a text for a list": (
        {"name": "ci", "user": "ci", "groups": "dev"},
        {"groups": ("类型错误，应为列表", "has the wrong type; must be a list")},
    ),
    "a number in a list": (
        {"name": "ci", "user": "ci", "groups": ["dev", 5]},
        {"groups[1]": ("类型错误，应为字符串", "has the wrong type; must be a string")},
    ),
    "no name and no user": (
        {},
        {"name": ("必填", "is required"), "user": ("必填", "is required")},
    ),
    "a text for a number": (
        {"name": "ci", "user": "ci", "ttlSeconds": "1h"},
        {"ttlSeconds": ("类型错误，应为整数", "has the wrong type; must be an integer")},
    ),
    "an unknown field": (
        {"name": "ci", "user": "ci", "ttl": 5},
        {"ttl": ("未知字段", "is an unknown field")},
    ),
}


@pytest.mark.parametrize("path", ["/admin/v1/tokens", "/admin/v1/certificates"])
@pytest.mark.parametrize(("body", "causes"), MISSHAPEN.values(), ids=MISSHAPEN)
async def test_each_field_of_a_request_that_is_wrong_is_named_in_both_languages(
    root: Client, path: str, body: dict[str, object], causes: dict[str, tuple[str, str]]
) -> None:
    given = {**body, "request": "x"} if path.endswith("certificates") else body
    for place, language in enumerate(("zh", "en")):
        answer = await root.post(path, given, headers={"accept-language": language})
        told = is_status(answer, 400, "Invalid")["details"]["causes"]
        assert {cause["field"]: cause["message"] for cause in told} == {at: text[place] for at, text in causes.items()}
