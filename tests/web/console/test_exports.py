"""A list as a file: what the filters show, harmless to spreadsheets, and fit to be applied again."""

import csv
import io

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain.kinds import REPOSITORY
from imageyard.web.console import exports
from tests.fakes.asgi import Client
from tests.web.console import yard
from tests.web.console.hostile import HOSTILE
from tests.web.console.yard import ADMIN
from tests.web.whole import Server

REF = {"name": "harbor", "namespace": "default"}
ALIAS = "theriseunion.io/display-name"


async def add(server: Server, name: str, alias: str = "") -> None:
    meta = {"name": name, "annotations": {ALIAS: alias} if alias else {}}
    spec = {"repository": "team/app", "tag": "v1", "registryRef": REF}
    await server.doors.objects.create(ADMIN, REPOSITORY, "files", {"metadata": meta, "spec": spec})


def table(text: str) -> list[list[str]]:
    return [*csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))]


async def test_csv_tells_what_the_list_shows(viewer: Client) -> None:
    answer = await viewer.get("/console/images?format=csv&status=failed", headers={"accept-language": "zh"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="images.csv"'
    assert answer.body.startswith(b"\xef\xbb\xbf")
    titles, *lines = table(answer.text)
    assert titles[:3] == ["名称", "别名", "命名空间"]
    assert [line[0] for line in lines] == ["failed"]
    assert dict(zip(titles, lines[0], strict=True))["摘要"] == yard.NEW


async def test_stale_ones_are_exported_as_they_are_listed(viewer: Client) -> None:
    _, *lines = table((await viewer.get("/console/images?format=csv&status=stale")).text)
    assert [line[0] for line in lines] == ["failed"]


async def test_no_field_of_a_csv_is_a_formula(server: Server, viewer: Client) -> None:
    active = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "=1"]
    for number, alias in enumerate([*active, *(each[:100] for each in HOSTILE if "\x00" not in each)]):
        await add(server, f"x{number}", alias)
    _, *lines = table((await viewer.get("/console/images?format=csv&namespace=files")).text)
    assert [line[1] for line in lines if line[0] in ("x0", "x1", "x2", "x3")] == [f"'{each}" for each in active[:4]]
    assert not [field for line in lines for field in line if field.startswith(("=", "+", "-", "@"))]
    assert {len(line) for line in lines} == {14}


async def test_yaml_can_be_applied_again(server: Server, admin: Client) -> None:
    await add(server, "one", "别名")
    await add(server, "two")
    await admin.post("/console/images/files/two/sync")
    answer = await admin.get("/console/images?format=yaml&namespace=files")
    assert answer.headers["content-type"] == "application/yaml; charset=utf-8"
    one, two = yaml.safe_load_all(answer.text)
    assert one["metadata"] == {"name": "one", "namespace": "files", "annotations": {ALIAS: "别名"}}
    assert two["metadata"] == {"name": "two", "namespace": "files"}
    assert "status" not in one
    await server.doors.objects.delete(ADMIN, REPOSITORY, "files", "one")
    await server.doors.objects.create(ADMIN, REPOSITORY, "files", one)


@pytest.mark.parametrize("form", ["csv", "yaml"])
async def test_a_long_list_comes_in_pieces_in_its_order(
    server: Server, viewer: Client, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(260):
        await add(server, f"x{number:03}")
    for query, names in {
        "namespace=files": [f"x{n:03}" for n in range(260)],
        "namespace=files&desc=1": [f"x{n:03}" for n in reversed(range(260))],
        "namespace=files&q=x1": [f"x{n:03}" for n in range(100, 200)],
    }.items():
        text = (await viewer.get(f"/console/images?format={form}&{query}")).text
        found = (
            [line[0] for line in table(text)[1:]]
            if form == "csv"
            else [each["metadata"]["name"] for each in yaml.safe_load_all(text)]
        )
        assert found == names
    monkeypatch.setattr(exports, "MOST", 7)
    assert len(table((await viewer.get("/console/images?format=csv&namespace=files")).text)) == 8


async def test_who_may_list_nothing_exports_nothing(nobody: Client) -> None:
    assert len(table((await nobody.get("/console/images?format=csv")).text)) == 1
    assert (await nobody.get("/console/images?format=csv&namespace=default")).status == 403


@given(st.text())
def test_a_field_is_inert_and_otherwise_as_it_was(field: str) -> None:
    made = exports.inert(field)
    assert not made.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert made in (field, f"'{field}")
