"""Pages that answer a form rather than a link keep what every page keeps: words in both languages, no inline code, each
id once, hostile words as words, a weight that a slow line carries."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import pytest

from imageyard.web import app
from imageyard.web.console import words
from tests.fakes.asgi import Client
from tests.web import whole
from tests.web.console import markup, yard
from tests.web.console.hostile import JOINED
from tests.web.console.test_words import untranslated
from tests.web.whole import Server

FORM = {"content-type": "application/x-www-form-urlencoded"}
LIGHT_ENOUGH = 150_000
Fields = Mapping[str, str | list[str]]

_TEXT: Final = "\n".join(
    ["harbor.example.com/a:1 one 别名", "harbor.example.com/team/synced:v1", "quay.io/a:1", "b:1", "b:1", "A:1"]
    + [f"harbor.example.com/team/service-{n}:v1.{n}" for n in range(994)]
)
_PLAN: Final = "yes\t1\ta:1\tone\tdefault/harbor\t\nyes\t2\tb:1\tsynced\tdefault/harbor\t"
_WRONG: Final = {"image": "A", "namespace": "default", "source": "x", "retries": "x", "name": "A b", "interval": "x"}
POSTED: Final[Mapping[str, tuple[str, Fields]]] = {
    "verdicts": ("import", {"text": _TEXT, "namespace": "default"}),
    "nothing to import": ("import", {"text": "", "namespace": "default"}),
    "imported": ("import", {"plan": _PLAN, "namespace": "default", "tick": ["0", "1"], "action": "import"}),
    "what is wrong": ("new", _WRONG),
    "test fetch": ("new", {**_WRONG, "image": "a:1", "source": "default/harbor", "retries": "1", "action": "test",
                           "name": "", "interval": ""}),
    "conflict": ("default/synced/edit", {"image": "a:1", "source": "default/harbor", "was-image": "b", "version": "1"}),
    "delete many": ("bulk", {"action": "delete", "item": ["default/synced", "default/failed"], "confirmed": "7"}),
    "change many": ("bulk", {"action": "change", "item": ["default/synced"], "interval": "", "labels": ""}),
    "what failed": ("bulk", {"action": "suspend", "item": ["default/synced", "default/absent"]}),
}  # fmt: skip

each = pytest.mark.parametrize("name", POSTED)


async def post(client: Client, name: str) -> str:
    path, fields = POSTED[name]
    answer = await client.post(f"/console/images/{path}", urlencode(fields, True).encode(), headers=FORM)
    assert answer.status == 200, answer.text
    return answer.text


@each
async def test_nothing_is_inline_and_every_id_is_there_once(admin: Client, name: str) -> None:
    page = await post(admin, name)
    found = markup.elements(page)
    assert not [given for _, given in found if any(key == "style" or key.startswith("on") for key in given)]
    assert all("src" in given or given.get("type") == "application/json" for tag, given in found if tag == "script")
    ids = [given["id"] for _, given in found if "id" in given]
    assert len(ids) == len(set(ids))
    described = {each for _, given in found for each in given.get("aria-describedby", "").split()}
    labelled = {given["for"] for tag, given in found if tag == "label" and "for" in given}
    assert described | labelled <= set(ids)
    assert len(page.encode()) < LIGHT_ENOUGH


@each
async def test_every_word_is_translated(server: Server, name: str) -> None:
    made = await server.doors.tokens.create("ada", "ada", ["system:masters"], None)
    pseudo = Client(app.build(server.doors, words.pseudo()), {"authorization": f"Bearer {made.reveal()}"})
    assert not [*untranslated(await post(pseudo, name))]


async def test_hostile_words_of_others_change_nothing(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    shapes = []
    for directory, said in ((tmp_path, yard.PLAIN), (tmp_path_factory.mktemp("hostile"), JOINED)):
        async with whole.running(directory) as server:
            await yard.fill(server, said)
            admin = await server.client("ada", "system:masters")
            shapes.append([markup.shape(await post(admin, name)) for name in POSTED])
    assert shapes[0] == shapes[1]
