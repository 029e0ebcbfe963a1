"""The administrator's door: for system:masters alone, and it never shows a token twice."""

from tests.fakes.asgi import Client


async def test_nobody_else_may_administer(viewer: Client) -> None:
    answer = await viewer.get("/admin/v1/tokens")
    assert (answer.status, answer.json()["reason"]) == (403, "Forbidden")


async def test_rotation_tells_the_new_key_and_how_many_values_were_sealed_anew(admin: Client) -> None:
    answer = await admin.post("/admin/v1/keys/rotate")
    assert (answer.status, answer.json()) == (200, {"key": "0a1b2c3d", "sealed": 0})


async def test_an_unknown_path_below_admin_is_not_found(admin: Client) -> None:
    assert (await admin.get("/admin/v1/else")).status == 404
