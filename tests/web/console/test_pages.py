"""Each page for each role: what it shows, what it leaves out, how it is put together."""

import pytest

from imageyard.domain.kinds import REPOSITORY
from imageyard.web.console import listing
from tests.fakes.asgi import Client
from tests.web.console import markup, yard
from tests.web.console.yard import ADMIN
from tests.web.whole import Server

FORM = {"content-type": "application/x-www-form-urlencoded"}
LIGHT_ENOUGH = 150_000


async def test_an_operator_reads_every_page_in_both_languages(admin: Client) -> None:
    for path in (*yard.PAGES, *yard.OPERATED, *yard.DELETIONS, *yard.FORMS, "/console/patterns"):
        for language in ("zh", "en"):
            answer = await admin.get(path, headers={"cookie": f"imageyard_language={language}"})
            assert answer.status == 200, answer.text
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            assert "script-src 'self'" in answer.headers["content-security-policy"]
            assert len(answer.body) < LIGHT_ENOUGH
            assert yard.PASSWORD not in answer.text


async def test_a_viewer_reads_the_same_and_is_offered_nothing_to_do(viewer: Client) -> None:
    for path in yard.PAGES:
        answer = await viewer.get(path)
        assert answer.status == 200
        assert not markup.actions(answer.text)
        assert not [link for link in markup.links(answer.text) if link.endswith("/delete")]


async def test_who_may_do_something_is_offered_exactly_that(server: Server, admin: Client) -> None:
    operator = await server.client("otto", "image-operator")
    page = (await operator.get("/console/images/default/synced")).text
    here = "/console/images/default/synced"
    assert markup.actions(page) == {f"{here}/sync", f"{here}/suspend"}
    assert f"{here}/delete" not in markup.links(page)
    assert not markup.actions((await operator.get("/console/sources/default/harbor")).text)
    assert f"{here}/delete" in markup.links((await admin.get(here)).text)


@pytest.mark.parametrize(
    "path", ["/console/images/default/synced/sync", "/console/images/default/synced/suspend",
             "/console/images/default/synced/delete", "/console/sources/default/harbor/verify",
             "/console/sources/default/harbor/delete"],
)  # fmt: skip
async def test_what_is_absent_is_refused_too(viewer: Client, path: str) -> None:
    answer = await viewer.post(path, b"confirmed=synced", headers=FORM)
    assert answer.status == 403
    assert answer.headers["x-request-id"] in answer.text


async def test_who_may_read_nothing_sees_a_console_without_objects(nobody: Client) -> None:
    for path in ("/console/", "/console/images", "/console/sources"):
        answer = await nobody.get(path)
        assert answer.status == 200
        assert "harbor" not in answer.text
    assert (await nobody.get("/console/images/default/synced")).status == 403
    assert (await nobody.get("/console/images?namespace=default")).status == 403
    assert (await nobody.get("/console/patterns")).status == 404


async def test_rights_in_one_namespace_show_that_namespace(server: Server) -> None:
    mila = await server.client("mila")
    await yard.bind(server, "mila", "image-viewer", "other")
    page = (await mila.get("/console/sources")).text
    assert "/console/sources/other/broken" in markup.links(page)
    assert "/console/sources/default/harbor" not in markup.links(page)
    overview = (await mila.get("/console/")).text
    assert "default/" not in overview


async def test_failing_comes_first_with_its_reason_and_what_to_do(viewer: Client) -> None:
    page = markup.text((await viewer.get("/console/", headers={"accept-language": "en"})).text)
    assert "The tag does not exist TagNotFound What to do next Check spec.tag" in page
    assert "The registry's host name cannot be resolved DNSFailed" in page
    assert page.index("Needs attention") < page.index("Recent changes")


async def test_each_count_leads_to_what_it_counts(viewer: Client) -> None:
    links = markup.links((await viewer.get("/console/")).text)
    for state, names in {
        "failed": ["failed"],
        "syncing": ["syncing"],
        "stale": ["failed"],
        "synced": ["synced"],
    }.items():
        (link,) = [each for each in links if each == f"/console/images?status={state}"]
        rows = [
            given["data-key"] for tag, given in markup.elements((await viewer.get(link)).text) if "data-key" in given
        ]
        assert rows == [f"repositories/default/{name}" for name in names]


async def test_hosts_tell_their_state_and_what_is_left_of_their_quota(viewer: Client) -> None:
    page = markup.text((await viewer.get("/console/", headers={"accept-language": "en"})).text)
    assert "7 of 100 pulls left" in page
    assert "Not reachable" in page


async def test_an_image_shows_what_is_inside(viewer: Client) -> None:
    english = {"accept-language": "en"}
    layers = (await viewer.get("/console/images/default/synced?tab=layers", headers=english)).text
    assert "100.0 %" in layers
    assert sum(tag == "rect" and "width" in given for tag, given in markup.elements(layers)) >= 4
    history = markup.text((await viewer.get("/console/images/default/synced?tab=history", headers=english)).text)
    assert f"{yard.OLD[:19]}" in history
    assert "Content changed" in history
    pulls = markup.text((await viewer.get("/console/images/default/synced", headers=english)).text)
    for tool in ("docker", "nerdctl", "podman", "crictl"):
        assert f"{tool} pull harbor.example.com/team/synced:v1" in pulls
    assert "image: harbor.example.com/team/synced:v1" in pulls


async def test_a_source_shows_its_past_and_who_uses_it(viewer: Client) -> None:
    used = (await viewer.get("/console/sources/default/harbor?tab=images")).text
    assert {f"/console/images/default/{name}" for name in yard.IMAGES} <= set(markup.links(used))
    tests = markup.text((await viewer.get("/console/sources/default/harbor?tab=verifications")).text)
    assert "12 ms" in tests


async def test_a_page_shows_the_same_by_rest_and_kubectl(viewer: Client) -> None:
    detail = "?tab=commands"
    for path in ("", "images", "sources", f"images/default/synced{detail}", f"sources/default/harbor{detail}"):
        page = markup.text((await viewer.get(f"/console/{path}")).text)
        assert "curl -H" in page
        assert "kubectl get" in page


async def test_a_fragment_is_the_block_that_the_page_has(viewer: Client) -> None:
    page = (await viewer.get("/console/images")).text
    fragment = (await viewer.get("/console/images", headers={"hx-request": "true", "hx-target": "results"})).text
    assert fragment in page
    assert "<html" not in fragment
    row = (await viewer.get("/console/images/default/synced/row")).text
    assert row.strip() in page


async def test_a_list_goes_on_by_links_and_tells_how_far_it_is(server: Server, viewer: Client) -> None:
    ref = {"name": "harbor", "namespace": "default"}
    for n in range(listing.SIZE):
        spec = {"repository": "team/more", "tag": f"v{n}", "registryRef": ref}
        await server.doors.objects.create(ADMIN, REPOSITORY, "more", {"metadata": {"name": f"m{n:03}"}, "spec": spec})
    english = {"accept-language": "en"}
    first = (await viewer.get("/console/images?q=v", headers=english)).text
    assert "40 of 45" in markup.text(first)
    assert len(first.encode()) < LIGHT_ENOUGH
    (following,) = [given["href"] for tag, given in markup.elements(first) if given.get("rel") == "next"]
    rest = (await viewer.get(following, headers={**english, "hx-request": "true", "hx-target": "rows"})).text
    assert rest.count("data-key=") == 5
    assert "45 of 45" in rest
    assert (await viewer.get("/console/images?page=99")).status == 200


async def test_search_and_filters_live_in_the_url(viewer: Client) -> None:
    async def found(query: str) -> list[str]:
        page = (await viewer.get(f"/console/images?{query}")).text
        return [given["data-key"].rpartition("/")[2] for _, given in markup.elements(page) if "data-key" in given]

    assert await found("q=syncing") == ["syncing"]
    assert await found("status=syncing") == ["syncing"]
    assert await found("sort=name&desc=1") == sorted(yard.IMAGES, reverse=True)
    assert await found("source=default%2Fharbor&status=failed") == ["failed"]
    assert await found("q=%E4%B8%AD%E6%96%87") == []
    assert (await viewer.get("/console/images?label=%2F%2F")).status == 400


async def test_deleting_wants_the_name_typed(server: Server, admin: Client) -> None:
    path = "/console/images/default/synced"
    uid = (await server.doors.objects.get(ADMIN, REPOSITORY, "default", "synced")).uid
    again = await admin.post(f"{path}/delete", f"confirmed=other&uid={uid}".encode(), headers=FORM)
    assert again.status == 200
    assert 'aria-invalid="true"' in again.text
    stale = await admin.post(f"{path}/delete", b"confirmed=synced&uid=another", headers=FORM)
    assert stale.status == 409
    done = await admin.post(f"{path}/delete", f"confirmed=synced&uid={uid}".encode(), headers=FORM)
    assert (done.status, done.headers["location"]) == (303, "/console/images?done=delete")
    assert (await admin.get(path)).status == 404


async def test_deleting_a_source_tells_who_will_fail_without_it(admin: Client) -> None:
    page = (await admin.get("/console/sources/default/harbor/delete", headers={"accept-language": "en"})).text
    assert "5 images use it and will fail without it." in page


async def test_actions_work_with_and_without_htmx(server: Server, admin: Client) -> None:
    path = "/console/images/default/synced"
    answer = await admin.post(f"{path}/suspend")
    assert (answer.status, answer.headers["location"]) == (303, f"{path}?done=suspend")
    assert REPOSITORY.decode((await server.doors.objects.get(ADMIN, REPOSITORY, "default", "synced")).body).spec.suspend
    notice = await admin.post(f"{path}/resume", headers={"hx-request": "true", "accept-language": "en"})
    assert (notice.status, markup.text(notice.text)) == (200, "Scheduled syncs are resumed.")
    asked = await admin.post(f"{path}/sync", headers={"hx-request": "true"})
    assert asked.status == 200
    tested = await admin.post("/console/sources/default/harbor/verify", headers={"hx-request": "true"})
    assert "Verified" in tested.text
    plain = await admin.post("/console/sources/default/harbor/verify")
    assert plain.headers["location"] == "/console/sources/default/harbor?tab=verifications&done=verify"


async def test_a_failure_is_a_page_with_a_way_back_and_for_htmx_a_notice(admin: Client) -> None:
    page = await admin.get("/console/images/default/absent", headers={"accept-language": "en"})
    assert page.status == 404
    assert page.headers["x-request-id"] in page.text
    assert "/console/" in markup.links(page.text)
    notice = await admin.get("/console/images/default/absent", headers={"hx-request": "true"})
    assert notice.status == 404
    assert "<html" not in notice.text
    assert (await admin.get("/console/nowhere")).status == 404
    wrong = await admin.post("/console/images")
    assert (wrong.status, wrong.headers["allow"]) == (405, "GET")


async def test_the_first_steps_are_told_where_there_is_nothing_yet(empty: Server) -> None:
    admin = await empty.client("ada", "system:masters")
    for path, words in {
        "/console/": "Three steps to the first image",
        "/console/images": "No images yet",
        "/console/sources": "No registry sources yet",
    }.items():
        assert words in (await admin.get(path, headers={"accept-language": "en"})).text


async def test_times_are_told_in_the_readers_zone(viewer: Client) -> None:
    utc = (await viewer.get("/console/images/default/synced")).text
    assert "2025-12-31 23:55 UTC" in utc
    there = (
        await viewer.get("/console/images/default/synced", headers={"cookie": "imageyard_zone=Asia/Shanghai"})
    ).text
    assert "2026-01-01 07:55" in there
    for odd in ("../../etc/passwd", "Mars/Base", "x" * 200, "America"):
        answer = await viewer.get("/console/", headers={"cookie": f"imageyard_zone={odd}"})
        assert answer.status == 200


async def test_the_theme_is_on_the_first_byte(viewer: Client) -> None:
    assert 'data-theme="auto"' in (await viewer.get("/console/")).text
    assert 'data-theme="dark"' in (await viewer.get("/console/", headers={"cookie": "imageyard_theme=dark"})).text
    assert 'data-theme="auto"' in (await viewer.get("/console/", headers={"cookie": "imageyard_theme=x"})).text


async def test_assets_are_kept_for_ever_under_a_name_of_their_content(empty: Server, viewer: Client) -> None:
    stranger = Client(empty.app)
    page = (await stranger.get("/console/sign-in")).text
    wanted = [
        given.get("href") or given.get("src", "") for tag, given in markup.elements(page) if tag in ("link", "script")
    ]
    urls = [url for url in wanted if url]
    assert len(urls) == 5
    for url in urls:
        answer = await stranger.get(url)
        assert answer.status == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (await stranger.get("/console/static/0000000000000000/console.css")).status == 404
    assert (await stranger.get("/console/static/../door.py")).status == 404


async def test_pages_have_no_inline_code_or_style_and_every_id_once(admin: Client) -> None:
    for path in (*yard.PAGES, *yard.OPERATED, *yard.DELETIONS, *yard.FORMS, "/console/patterns"):
        page = (await admin.get(path)).text
        found = markup.elements(page)
        assert not [given for _, given in found if any(name == "style" or name.startswith("on") for name in given)]
        assert not [tag for tag, _ in found if tag == "style"]
        assert all("src" in given or given.get("type") == "application/json" for tag, given in found if tag == "script")
        ids = [given["id"] for _, given in found if "id" in given]
        assert len(ids) == len(set(ids))
        known = set(ids)
        assert {given["href"][1:] for tag, given in found if tag == "use"} <= known
        for tag, given in found:
            if tag == "button" and not given.get("aria-label"):
                continue
            assert not given.get("href", "").startswith(("http:", "https:", "//"))
