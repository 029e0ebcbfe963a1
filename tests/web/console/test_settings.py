"""Settings, the gate, keys and the support bundle for operators; what this server is for all; at first three steps."""

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from imageyard.domain.access import Actor
from imageyard.domain.errors import INVALID, Cause, Invalid
from imageyard.domain.text import Text
from imageyard.web.installation import Installation, Opinion, Setting
from tests.fakes.asgi import Client
from tests.fakes.clock import START
from tests.web.console import markup, yard
from tests.web.console.hostile import HOSTILE, JOINED
from tests.web.whole import Server

FORM = {"content-type": "application/x-www-form-urlencoded"}
ENGLISH = {"accept-language": "en"}
EGRESS = "/console/settings/egress"
SETTINGS = (
    Setting("port", "IMAGEYARD_PORT", "8080", "flag", Text("端口。", "The port.")),
    Setting("egress_private", "IMAGEYARD_EGRESS_PRIVATE", "deny", "file", Text("私有网段。", "Private networks.")),
)


async def consider(actor: Actor, host: str) -> Sequence[Opinion]:
    if " " in host:
        raise Invalid([Cause("host", INVALID, Text("不是主机", "no host"))])
    return [
        Opinion("93.184.216.34", True, "public", "", False),
        Opinion("10.0.0.1", False, "private", "egress_private", False),
    ]


INSTALLED = Installation(SETTINGS, "/srv/image yard", "/srv/image yard/kubeconfig", 8443, "3.53.0", START, consider)


@pytest.fixture
def installed(server: Server) -> Server:
    return server.changed(installation=INSTALLED)


@pytest.fixture
async def master(installed: Server) -> Client:
    return await installed.client("mia", "system:masters")


async def test_settings_tell_value_origin_and_purpose(master: Client) -> None:
    page = markup.text((await master.get("/console/settings", headers=ENGLISH)).text)
    assert "port IMAGEYARD_PORT 8080 flag The port." in page
    assert "egress_private IMAGEYARD_EGRESS_PRIVATE deny settings file Private networks." in page
    assert "imageyard backup imageyard.backup --data-dir '/srv/image yard'" in page
    chinese = markup.text((await master.get("/console/settings", headers={"accept-language": "zh"})).text)
    assert "私有网段。" in chinese


async def test_the_gate_tells_what_it_would_do_and_which_setting_decides(master: Client) -> None:
    answer = await master.post(EGRESS, b"host=mixed.example", headers={**FORM, **ENGLISH})
    page = markup.text(answer.text)
    assert answer.status == 200
    assert "Refused mixed.example" in page
    assert "10.0.0.1 a private address · decided by egress_private" in page
    wrong = await master.post(EGRESS, b"host=a+b", headers={**FORM, **ENGLISH})
    assert wrong.status == 400
    assert "No host" in markup.text(wrong.text)


async def test_keys_are_told_by_id_and_rotated_after_a_question(master: Client) -> None:
    page = (await master.get("/console/settings", headers=ENGLISH)).text
    assert "/console/settings/keys/rotate" in markup.links(page)
    assert markup.actions((await master.get("/console/settings/keys/rotate")).text) == {"/console/settings/keys/rotate"}
    answer = await master.post("/console/settings/keys/rotate", headers=FORM)
    assert answer.headers["location"] == "/console/settings?done=rotate"


async def test_operators_alone_see_how_it_is_set_up(installed: Server) -> None:
    vera = await installed.client("vic", "image-admin")
    overview = await vera.get("/console/")
    assert "/console/settings" not in overview.text
    for method, path in (
        ("GET", "/console/settings"), ("POST", EGRESS), ("POST", "/console/settings/keys/rotate"),
        ("POST", "/console/about/support"),
    ):  # fmt: skip
        assert (await vera.request(method, path, headers=FORM)).status == 403
    about = (await vera.get("/console/about", headers=ENGLISH)).text
    assert "0.1.0" in about
    assert "v1.36.0" in about
    assert "storage-read" in about
    assert "/srv" not in about
    assert "imageyard login https://127.0.0.1:8443" in about
    assert not markup.actions(about)
    assert (await vera.get("/console/api")).status == 200


def unpacked(body: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


async def test_a_support_bundle_tells_how_things_stand_and_no_secret(installed: Server, master: Client) -> None:
    token = (await installed.doors.tokens.create("told", "told", [], None)).reveal()
    answer = await master.post("/console/about/support", headers=FORM)
    assert answer.headers["content-type"] == "application/zip"
    assert "attachment" in answer.headers["content-disposition"]
    files = unpacked(answer.body)
    assert {*files} == {
        "README.txt", "version.json", "settings.json", "readiness.json", "counts.json", "keys.json", "hosts.json",
        "metrics.txt",
    }  # fmt: skip
    assert msgspec.json.decode(files["counts.json"])["repositories"] == len(yard.IMAGES)
    assert msgspec.json.decode(files["settings.json"])[0] == {"name": "port", "value": "8080", "origin": "flag"}
    assert msgspec.json.decode(files["version.json"])["sqlite"] == "3.53.0"
    written = b"".join(files.values())
    for secret in (yard.PASSWORD, token, master.headers["authorization"].partition(" ")[2]):
        assert secret.encode() not in written
    assert len(answer.body) < 200_000


async def test_hostile_hosts_are_hosts(master: Client) -> None:
    plain = markup.shape((await master.post(EGRESS, b"host=plain", headers=FORM)).text)
    for said in HOSTILE:
        body = b"host=" + "".join(f"%{byte:02x}" for byte in said[:200].replace(" ", "").encode()).encode()
        assert markup.shape((await master.post(EGRESS, body, headers=FORM)).text) == plain, said


async def test_hostile_settings_are_texts(server: Server) -> None:
    shapes = set()
    for said in ("plain", JOINED):
        told: Any = (Setting("port", said, said, "flag", Text(said, said)),)
        changed = server.changed(installation=Installation(told, said, said, 8443, said, START, consider))
        mia = await changed.client(f"mia-{len(said)}", "system:masters")
        for path in ("/console/settings", "/console/about"):
            shapes.add((path, tuple(markup.shape((await mia.get(path)).text))))
    assert len(shapes) == 2


async def test_a_fresh_server_tells_its_operator_the_first_steps(empty: Server) -> None:
    fresh = empty.changed(installation=INSTALLED)
    admin = await fresh.client("admin", "system:masters")
    page = (await admin.get("/console/", headers=ENGLISH)).text
    text = markup.text(page)
    assert "Three steps to the first image" in text
    assert "export KUBECONFIG='/srv/image yard/kubeconfig'" in text
    assert "/console/access/tokens/new?group=system:masters" in markup.links(page)
    there = (await admin.get("/console/?namespace=default", headers=ENGLISH)).text
    assert "/console/sources/new?namespace=default" in markup.links(there)
    viewer = await fresh.client("vera", "image-viewer")
    assert "Three steps" not in (await viewer.get("/console/", headers=ENGLISH)).text


async def test_the_first_steps_are_gone_when_they_are_done(installed: Server) -> None:
    admin = await installed.client("admin", "system:masters")
    assert "Three steps" not in (await admin.get("/console/", headers=ENGLISH)).text
