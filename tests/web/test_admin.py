"""The administrator's door: for system:masters alone, and it never shows a token twice."""

from tests.fakes.asgi import Client


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
