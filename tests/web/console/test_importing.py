"""Import many images: verdicts first, then what is ticked is made; nothing is lost when some of it fails."""

from urllib.parse import urlencode

import pytest

from imageyard.domain.kinds import REPOSITORY
from imageyard.domain.kinds.repository import Repository
from imageyard.store import Query
from tests.fakes.asgi import Answer, Client
from tests.web.console import markup, yard
from tests.web.console.hostile import HOSTILE
from tests.web.console.yard import ADMIN
from tests.web.whole import Server

FORM = {"content-type": "application/x-www-form-urlencoded", "accept-language": "en"}
IMPORT = "/console/images/import"
COMPOSE = """
services:
  web: {image: harbor.example.com/shop/web:1.2}
  db: {image: quay.io/shop/db:16}
  cache: {image: "${CACHE}"}
"""
LIGHT_ENOUGH = 150_000


async def post(client: Client, **fields: str | list[str]) -> Answer:
    return await client.post(IMPORT, urlencode(fields, doseq=True).encode(), headers=FORM)


async def begin(client: Client, text: str, namespace: str = "default") -> Answer:
    return await post(client, text=text, namespace=namespace, action="check")


def as_shown(page: str) -> dict[str, str | list[str]]:
    """What a browser sends of the page as it stands."""
    fields: dict[str, str | list[str]] = {}
    ticked: list[str] = []
    for tag, given in markup.elements(page):
        name = given.get("name", "")
        if name == "tick":
            ticked += [given["value"]] if "checked" in given else []
        elif tag == "input" and name and name != "next":
            fields[name] = given.get("value", "")
    plan = page.partition('<textarea name="plan" hidden translate="no">\n')[2].partition("</textarea>")[0]
    return {**fields, "tick": ticked, "plan": plan}


def verdicts(page: str) -> list[str]:
    said = markup.text(page)
    words = ("Will be created", "Imported", "Exists already", "No source for this host", "Duplicate", "Invalid")
    return [word for word in words if word in said]


async def images(server: Server, namespace: str) -> list[Repository]:
    page = await server.doors.objects.list(ADMIN, REPOSITORY, Query(namespaces=frozenset({namespace})))
    return [REPOSITORY.decode(stored.body) for stored in page.items]


async def test_each_line_has_its_verdict_before_anything_is_made(server: Server, admin: Client) -> None:
    text = "\n".join(
        [
            "harbor.example.com/team/new:v1 web 官网",
            "harbor.example.com/team/synced:v1",
            "quay.io/team/app:v1",
            "harbor.example.com/team/twice:v1",
            "harbor.example.com/team/twice:v1",
            "harbor.example.com/Team:v1",
            "harbor.example.com/team/other:v1 failed",
        ]
    )
    before = len(await images(server, "default"))
    page = (await begin(admin, text)).text
    said = markup.text(page)
    assert verdicts(page) == [
        "Will be created", "Exists already", "No source for this host", "Duplicate", "Invalid",
    ]  # fmt: skip
    assert "lower-case letters" in said
    assert "Another image has this name" in said
    assert "The same as 4" in said
    assert "/console/sources/new?namespace=default&domain=quay.io" in markup.links(page)
    assert "/console/images/default/synced" in markup.links(page)
    assert "Import 2 images" in said
    assert len(await images(server, "default")) == before


async def test_what_is_ticked_is_made_and_the_rest_is_not(server: Server, admin: Client) -> None:
    text = "harbor.example.com/a:1 one 一号\nharbor.example.com/b:1\nharbor.example.com/c:1\n"
    shown = as_shown((await begin(admin, text, "fresh")).text)
    changed = {**shown, "tick": ["0", "1"], "name-1": "second", "source-1": "other/broken", "action": "import"}
    refused = (await post(admin, **changed)).text
    assert "This source is of registry.example.org:5000" in markup.text(refused)
    assert [each.metadata.name for each in await images(server, "fresh")] == ["one"]
    mended = {**as_shown(refused), "source-1": "default/harbor", "action": "import"}
    done = (await post(admin, **mended)).text
    made = {each.metadata.name: each for each in await images(server, "fresh")}
    assert sorted(made) == ["one", "second"]
    assert made["one"].metadata.annotations["theriseunion.io/display-name"] == "一号"
    assert (made["second"].spec.repository, made["second"].spec.registry_ref.name) == ("b", "harbor")
    assert "1 image imported" in markup.text(done)


async def test_importing_again_makes_nothing_twice(server: Server, admin: Client) -> None:
    text = "harbor.example.com/a:1\nharbor.example.com/team/a:1\nharbor.example.com/b:1 b\n"
    for made in (3, 0):
        shown = (await begin(admin, text, "fresh")).text
        assert verdicts(shown) == (["Will be created"] if made else ["Exists already"])
        await post(admin, **as_shown(shown), action="import")
        assert [each.metadata.name for each in await images(server, "fresh")] == ["a-1", "b", "team-a-1"]


async def test_what_fails_is_told_with_its_reason_and_stays_to_be_mended(server: Server) -> None:
    mila = await server.client("mila")
    await yard.bind(server, "mila", "image-operator", "other")
    text = "registry.example.org:5000/a:1\nregistry.example.org:5000/b:1"
    shown = as_shown((await begin(mila, text, "other")).text)
    # The source is deleted and the name taken between the two steps.
    spec = {"repository": "z", "tag": "1", "registryRef": {"name": "broken", "namespace": "other"}}
    await server.doors.objects.create(ADMIN, REPOSITORY, "other", {"metadata": {"name": "b-1"}, "spec": spec})
    done = (await post(mila, **shown, action="import")).text
    assert "1 image imported" in markup.text(done)
    assert "Another image has this name" in markup.text(done)
    again = {**as_shown(done), "name-1": "b-two", "action": "import"}
    await post(mila, **again)
    assert sorted(each.metadata.name for each in await images(server, "other")) == ["a-1", "b-1", "b-two"]


async def test_a_compose_file_is_known_by_its_looks_also_as_an_upload(admin: Client) -> None:
    pasted = (await begin(admin, COMPOSE)).text
    assert verdicts(pasted) == ["Will be created", "No source for this host", "Invalid"]
    sent = (
        f'--x\r\nContent-Disposition: form-data; name="namespace"\r\n\r\ndefault\r\n'
        f'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\n\r\n'
        f'--x\r\nContent-Disposition: form-data; name="file"; filename="c.yaml"\r\n\r\n{COMPOSE}\r\n--x--\r\n'
    ).encode()
    uploaded = await admin.post(
        IMPORT, sent, headers={"content-type": "multipart/form-data; boundary=x", "accept-language": "en"}
    )
    assert verdicts(uploaded.text) == verdicts(pasted)
    assert "Write the value in place of the variable" in markup.text(uploaded.text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "write one a line"),
        ("services: {a: {build: .}}", "has an image"),
        ("a:1\n" * 1001, "more than 1000"),
        ("kind: Pod\nspec: &x {}\nother: *x", "docker compose config"),
    ],
)
async def test_a_text_that_names_nothing_is_kept_and_told(admin: Client, text: str, said: str) -> None:
    answer = await begin(admin, text)
    assert answer.status == 200
    assert said in markup.text(answer.text)
    assert text in answer.text.replace("&amp;", "&")


async def test_a_thousand_lines_are_judged_and_made_page_by_page_of_a_light_form(server: Server, admin: Client) -> None:
    text = "\n".join(f"harbor.example.com/team/service-{n:04}:v1.{n}" for n in range(1000))
    first = (await begin(admin, text, "fresh")).text
    assert "Import 1000 images" in markup.text(first)
    assert len(first.encode()) < LIGHT_ENOUGH
    second = (await post(admin, **{**as_shown(first), "name-3": "third", "action": "100"})).text
    assert 'name="name-100"' in second
    assert 'name="name-3"' not in second
    done = (await post(admin, **{**as_shown(second), "action": "import"})).text
    assert "1000 images imported" in markup.text(done)
    made = await images(server, "fresh")
    assert len(made) == 1000
    assert "third" in {each.metadata.name for each in made}
    again = (await begin(admin, text, "fresh")).text
    assert verdicts(again) == ["Exists already"]


async def test_back_to_the_text_loses_no_change(admin: Client) -> None:
    shown = as_shown((await begin(admin, "harbor.example.com/a:1 - 别名")).text)
    page = (await post(admin, **{**shown, "name-0": "mine", "action": "text"})).text
    assert "harbor.example.com/a:1 mine 别名" in page


async def test_hostile_lines_are_lines(admin: Client) -> None:
    plain = {tag for tag, _ in markup.shape((await begin(admin, "a b c d\nb")).text)}
    for said in HOSTILE:
        for text in (said, f"nginx:1 {said}", f"nginx:1 web {said}"):
            answer = await begin(admin, text)
            assert answer.status == 200, said
            assert "<script>alert" not in answer.text
            tags = {tag for tag, _ in markup.shape(answer.text)}
            assert tags <= plain | {"textarea", "select", "a", "ul", "li", "option", "datalist", "strong", "input"}, (
                said
            )


async def test_a_damaged_plan_is_refused(admin: Client) -> None:
    assert (await post(admin, plan="no\tplan", namespace="default", action="import")).status == 400


async def test_who_may_not_add_imports_nothing(viewer: Client) -> None:
    assert (await begin(viewer, "nginx")).status == 403
    assert (await post(viewer, plan="yes\t1\tnginx\ta\tdefault/harbor\t", namespace="default")).status == 403
