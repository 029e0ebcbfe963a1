"""What is inside an image, what changed, and what happened: as pages tell it."""

import json
from collections.abc import Sequence
from urllib.parse import quote

import pytest
from msgspec.structs import replace

from imageyard.domain.kinds import EVENT, REPOSITORY
from imageyard.domain.kinds.repository import Manifest, Repository, RepositoryStatus
from imageyard.store import Note
from imageyard.web.console import listing
from tests.fakes.asgi import Client
from tests.web.console import markup, yard
from tests.web.console.hostile import HOSTILE
from tests.web.console.yard import ADMIN
from tests.web.whole import Server

ENGLISH = {"accept-language": "en"}
IMAGE = "/console/images/default/synced"


async def _text(client: Client, path: str) -> str:
    answer = await client.get(path, headers=ENGLISH)
    assert answer.status == 200, answer.text
    return markup.text(answer.text)


async def _synced(server: Server, name: str, digest: str, layers: Sequence[tuple[str, int]]) -> None:
    """An image whose tag has named one content."""
    await yard.put_image(server, digest, layers, {"Env": ["PATH"]}, ["RUN " + "x" * 900] * len(layers))
    spec = {"repository": f"team/{name}", "tag": "v1", "registryRef": {"name": "harbor", "namespace": "default"}}
    made = await server.doors.objects.create(ADMIN, REPOSITORY, "default", {"metadata": {"name": name}, "spec": spec})
    found: Repository = REPOSITORY.decode(made.stored.body)
    manifest = Manifest(digest, yard.MANIFEST, "amd64", "linux", "", "1kB", 1_000, None, [], [])
    status = RepositoryStatus(sync_status="Success", manifest=manifest)
    line = json.dumps({"time": "2026-01-01T00:00:00Z", "result": "Success", "digestAfter": digest}).encode()
    await server.store.replace(
        REPOSITORY, replace(found, status=status), note=Note("sync", 50, line, (digest,), yard.SCOPE)
    )


async def test_the_content_of_now_is_compared_with_the_one_before_it(viewer: Client) -> None:
    page = await _text(viewer, f"{IMAGE}/compare")
    assert "2.8kB smaller" in page
    assert "1 layer added · 1 removed · 1 layer kept" in page
    assert "a host that has the previous version pulls 1.2kB" in page
    assert f"{yard.OLD[:19]}" in page
    for told in ("Kept", "Removed", "Added", "OLD_NAME", "80/tcp", "nobody", "linux/amd64"):
        assert told in page


async def test_any_two_are_compared_and_swapped(viewer: Client) -> None:
    other_way = await _text(viewer, f"{IMAGE}/compare?from={yard.NEW}&to={yard.OLD}")
    assert "2.8kB larger" in other_way
    same = await _text(viewer, f"{IMAGE}/compare?from={yard.OLD}&to={yard.OLD}")
    assert "Both are the same content." in same


async def test_the_picture_of_both_stacks_says_in_words_what_it_shows(viewer: Client) -> None:
    page = (await viewer.get(f"{IMAGE}/compare", headers=ENGLISH)).text
    (picture,) = [given for tag, given in markup.elements(page) if tag == "svg" and given.get("class") == "stacks"]
    ids = {given["id"] for _, given in markup.elements(page) if "id" in given}
    assert picture["role"] == "img"
    assert set(picture["aria-labelledby"].split()) <= ids
    assert sum(tag == "polygon" for tag, _ in markup.elements(page)) == 1


async def test_what_is_no_longer_held_is_said_plainly(viewer: Client) -> None:
    unknown = "sha256:" + "00" * 32
    answer = await viewer.get(f"{IMAGE}/compare?from={unknown}", headers=ENGLISH)
    assert answer.status == 200
    assert "notice warn" in answer.text
    assert "layer added" not in answer.text


async def test_an_image_with_one_content_has_nothing_to_compare(server: Server, viewer: Client) -> None:
    await _synced(server, "single", "sha256:" + "66" * 32, [("sha256:" + "00" * 32, 7)])
    page = await _text(viewer, "/console/images/default/single/compare")
    assert "Nothing to compare yet" in page


async def test_who_may_not_read_an_image_compares_nothing(nobody: Client) -> None:
    for path in (
        f"{IMAGE}/compare",
        f"{IMAGE}/manifest.json?digest={yard.NEW}",
        f"{IMAGE}/config.json?digest={yard.OLD}",
    ):
        assert (await nobody.get(path)).status == 403
    assert "You may not read events" in await _text(nobody, "/console/activity")


async def test_hostile_questions_are_answered_as_questions(viewer: Client) -> None:
    plain = markup.shape((await viewer.get(f"{IMAGE}/compare?from=x&to=x&platform=x")).text)
    quiet = markup.shape((await viewer.get("/console/activity?object=x&namespace=default")).text)
    for asked in HOSTILE:
        said = quote(asked[:200])
        answer = await viewer.get(f"{IMAGE}/compare?from={said}&to={said}&platform={said}")
        assert markup.shape(answer.text) == plain, asked
        answer = await viewer.get(f"/console/activity?object={said}&namespace=default")
        assert markup.shape(answer.text) == quiet, asked
        assert (await viewer.get(f"{IMAGE}?tab=manifest&digest={said}&entry={said}")).status == 200
        assert (await viewer.get(f"{IMAGE}?tab=history&show={said}")).status == 200
        assert (await viewer.get(f"{IMAGE}/manifest.json?digest={said}&within={said}")).status in (400, 404)


async def test_the_manifest_is_downloaded_byte_for_byte(server: Server, viewer: Client) -> None:
    held = await server.store.get_content(yard.SCOPE, yard.NEW)
    assert held is not None
    assert (await viewer.get(f"{IMAGE}/manifest.json?digest={yard.NEW}")).body == held.body


async def test_a_download_is_a_file_with_a_safe_name_and_nothing_a_browser_runs(viewer: Client) -> None:
    answer = await viewer.get(f"{IMAGE}/manifest.json?digest={yard.NEW}")
    assert (answer.status, answer.json()["schemaVersion"]) == (200, 2)
    assert answer.headers["content-disposition"] == 'attachment; filename="synced-cdcdcdcdcdcd-manifest.json"'
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    config = await viewer.get(f"{IMAGE}/config.json?digest={yard.INNER}&within={yard.NEW}")
    assert config.json()["config"]["Env"] == ["PATH", yard.PLAIN]
    assert (await viewer.get(f"{IMAGE}/config.json?digest={yard.NEW}")).status == 404


async def test_an_entry_is_read_within_an_index_that_names_it_and_nowhere_else(viewer: Client) -> None:
    for query in (
        f"digest={yard.GONE}",
        f"digest={yard.OLD}&within={yard.NEW}",
        f"digest={yard.GONE}&within={yard.OLD}",
    ):
        assert (await viewer.get(f"{IMAGE}/manifest.json?{query}")).status == 404
    assert (await viewer.get(f"{IMAGE}/manifest.json?digest={yard.GONE}&within={yard.NEW}")).status == 200


async def test_an_index_is_a_tree_and_what_is_no_image_is_called_what_it_is(viewer: Client) -> None:
    tree = await _text(viewer, f"{IMAGE}?tab=manifest")
    for told in ("Index of platforms", "linux/amd64", "Attestation", "schemaVersion"):
        assert told in tree
    chart = await _text(viewer, f"{IMAGE}?tab=manifest&entry={yard.GONE}")
    assert "What it is Helm chart" in chart
    assert yard.PLAIN in chart
    assert "Not synced yet" in await _text(viewer, "/console/images/default/pending?tab=manifest")


async def test_an_image_of_very_many_layers_still_makes_light_pages(server: Server, viewer: Client) -> None:
    digest = "sha256:" + "77" * 32
    await _synced(server, "large", digest, [(f"sha256:{n:064x}", n) for n in range(127)])
    for path in ("?tab=layers", "?tab=manifest", f"/compare?from={digest}&to={digest}"):
        assert len((await viewer.get(f"/console/images/default/large{path}")).body) < 150_000
    manifest = await _text(viewer, "/console/images/default/large?tab=manifest")
    assert "It is too long to be shown here." in manifest
    assert "Download" in manifest


async def test_steps_that_made_no_layer_are_marked(viewer: Client) -> None:
    layers = await _text(viewer, f"{IMAGE}?tab=layers")
    assert layers.count("No layer") == 1


async def test_the_timeline_tells_what_each_change_did_and_leads_to_the_comparison(viewer: Client) -> None:
    page = (await viewer.get(f"{IMAGE}?tab=history", headers=ENGLISH)).text
    assert "2.8kB smaller" in markup.text(page)
    assert f"{IMAGE}/compare?from={yard.OLD}&to={yard.NEW}" in markup.links(page)
    none = await _text(viewer, f"{IMAGE}?tab=history&show=failures")
    assert "No sync in the stored history matches." in none
    failed = await _text(viewer, "/console/images/default/failed?tab=history&show=failures")
    assert "TagNotFound" in failed


async def test_events_lead_to_their_objects_and_to_what_changed(viewer: Client) -> None:
    page = (await viewer.get("/console/activity", headers=ENGLISH)).text
    assert {IMAGE, f"{IMAGE}/compare"} <= set(markup.links(page))
    assert 'data-live="events"' in page
    assert f"{IMAGE}/compare" in markup.links((await viewer.get("/console/", headers=ENGLISH)).text)


async def test_events_of_what_is_gone_lead_nowhere(server: Server, viewer: Client) -> None:
    await server.doors.objects.delete(ADMIN, REPOSITORY, "default", "synced")
    for path in ("/console/activity?reason=DigestChanged", "/console/"):
        page = (await viewer.get(path, headers=ENGLISH)).text
        assert "default/synced" in markup.text(page)
        assert not {IMAGE, f"{IMAGE}/compare"} & set(markup.links(page))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("kind=Repository", 1), ("kind=RegistrySecret", 0), ("reason=DigestChanged", 1), ("reason=Synced", 0),
        ("object=synced", 1), ("object=sync", 0), ("warnings=1", 1), ("namespace=other", 0), ("page=9", 0),
    ],
)  # fmt: skip
async def test_activity_is_filtered(viewer: Client, query: str, found: int) -> None:
    page = (await viewer.get(f"/console/activity?{query}", headers=ENGLISH)).text
    assert page.count('<p class="about">') == found


async def test_activity_goes_on_by_links_newest_first(server: Server, viewer: Client) -> None:
    for n in range(listing.SIZE + 5):
        seen = f"2026-01-01T00:{n:02}:00Z"
        about = {"kind": "Repository", "namespace": "default", "name": f"image-{n:02}"}
        event = {"metadata": {"name": f"e{n}"}, "involvedObject": about, "reason": "Odd", "type": "Normal"}
        event |= {"firstTimestamp": seen, "lastTimestamp": seen}
        await server.doors.objects.create(ADMIN, EVENT, "default", event)
    first = (await viewer.get("/console/activity?reason=Odd", headers=ENGLISH)).text
    assert "image-44" in first
    assert "image-04" not in first
    assert first.index("image-44") < first.index("image-43") < first.index("image-05")
    (older,) = [given["href"] for _, given in markup.elements(first) if given.get("rel") == "next"]
    assert "image-04" in (await viewer.get(older, headers=ENGLISH)).text


async def test_activity_shows_the_namespaces_that_one_may_look_into(server: Server) -> None:
    mila = await server.client("mila")
    await yard.bind(server, "mila", "image-viewer", "other")
    assert "default/synced" not in await _text(mila, "/console/activity")
    assert (await mila.get("/console/activity?namespace=default")).status == 403


def test_a_total_that_was_not_counted_to_its_end_says_so() -> None:
    asked = listing.Asked("/x", {"q": "a"})
    most = listing.MOST_COUNTED
    many = listing.shown(asked, 1, listing.SIZE, most + 1, counted=True)
    assert (many.total, many.more, many.next) == (most, True, "/x?q=a&page=2")
    beyond = listing.shown(asked, most // listing.SIZE + 3, listing.SIZE, most + 1, counted=True)
    assert beyond.next
    assert not listing.shown(asked, most // listing.SIZE + 3, 3, most + 1, counted=True).next
    assert listing.shown(asked, 1, listing.SIZE, most + 1).total == most + 1
