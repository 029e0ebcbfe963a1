"""Watches: where they begin, what a selector lets through, how they end."""

import asyncio
from datetime import timedelta

from tests.fakes.asgi import Client
from tests.fakes.watching import watching
from tests.web.kube.samples import IMAGES, MERGE, NAMESPACES, TABLE, failure, image
from tests.web.whole import Server


async def version(client: Client) -> str:
    return str((await client.get(IMAGES)).json()["metadata"]["resourceVersion"])


async def test_a_watch_without_a_version_begins_with_what_there_is(client: Client) -> None:
    await client.post(IMAGES, image("a"))
    async with watching(client, f"{IMAGES}?watch=1") as watch:
        assert await watch.next() == ("ADDED", "a")
        await client.post(IMAGES, image("b"))
        await client.patch(f"{IMAGES}/b", {"spec": {"tag": "v2"}}, headers=MERGE)
        await client.delete(f"{IMAGES}/b")
        assert await watch.some(3) == [("ADDED", "b"), ("MODIFIED", "b"), ("DELETED", "b")]


async def test_a_watch_from_a_version_tells_what_came_after_it(client: Client) -> None:
    await client.post(IMAGES, image("a"))
    since = await version(client)
    await client.post(IMAGES, image("b"))
    async with watching(client, f"{IMAGES}?watch=true&resourceVersion={since}") as watch:
        assert await watch.next() == ("ADDED", "b")


async def test_initial_events_end_with_a_bookmark_that_says_so(client: Client) -> None:
    await client.post(IMAGES, image("a"))
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    async with watching(client, f"{IMAGES}?{query}") as watch:
        first, second = await watch.events.get(), await watch.events.get()
        assert (first["type"], second["type"]) == ("ADDED", "BOOKMARK")
        assert second["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
        assert second["object"]["metadata"]["resourceVersion"] == await version(client)


async def test_bookmarks_come_to_who_asks_for_them(client: Client) -> None:
    since = await version(client)
    async with watching(client, f"{IMAGES}?watch=1&allowWatchBookmarks=true&resourceVersion={since}") as watch:
        assert (await watch.events.get())["type"] == "BOOKMARK"
    async with watching(client, f"{IMAGES}?watch=1&resourceVersion={since}") as watch:
        await client.post(IMAGES, image("a"))
        assert (await watch.events.get())["type"] == "ADDED"


async def test_a_selector_sees_objects_come_into_sight_and_leave_it(client: Client) -> None:
    await client.post(IMAGES, image("a", labels={"app": "web"}))
    await client.post(IMAGES, image("b", labels={"app": "api"}))
    since = await version(client)
    async with watching(client, f"{IMAGES}?watch=1&resourceVersion={since}&labelSelector=app%3Dweb") as watch:
        await client.patch(f"{IMAGES}/b", {"metadata": {"labels": {"app": "web"}}}, headers=MERGE)
        await client.patch(f"{IMAGES}/b", {"spec": {"tag": "v2"}}, headers=MERGE)
        await client.patch(f"{IMAGES}/a", {"metadata": {"labels": {"app": "api"}}}, headers=MERGE)
        await client.patch(f"{IMAGES}/a", {"spec": {"tag": "v2"}}, headers=MERGE)
        await client.delete(f"{IMAGES}/a")
        await client.delete(f"{IMAGES}/b")
        assert await watch.some(4) == [("ADDED", "b"), ("MODIFIED", "b"), ("DELETED", "a"), ("DELETED", "b")]


async def test_a_field_selector_watches_one_object(client: Client) -> None:
    since = await version(client)
    async with watching(client, f"{IMAGES}?watch=1&resourceVersion={since}&fieldSelector=metadata.name%3Db") as watch:
        await client.post(IMAGES, image("a"))
        await client.post(IMAGES, image("b"))
        assert await watch.next() == ("ADDED", "b")


async def test_one_namespace_is_not_told_of_another(client: Client) -> None:
    await client.post(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team-a"}})
    elsewhere = image("x")
    elsewhere["metadata"]["namespace"] = "team-a"
    async with watching(client, f"{IMAGES}?watch=1&resourceVersion={await version(client)}") as watch:
        await client.post(IMAGES.replace("default", "team-a"), elsewhere)
        await client.post(IMAGES, image("here"))
        assert await watch.next() == ("ADDED", "here")


async def test_events_of_a_table_watch_are_tables(client: Client) -> None:
    await client.post(IMAGES, image("a"))
    async with watching(client, f"{IMAGES}?watch=1", **TABLE) as watch:
        event = await watch.events.get()
        assert (event["type"], event["object"]["kind"]) == ("ADDED", "Table")
        assert event["object"]["rows"][0]["cells"][0] == "a"


async def test_a_version_beyond_what_is_kept_is_told_as_expired(client: Client) -> None:
    async with watching(client, f"{IMAGES}?watch=1&resourceVersion=99999") as watch:
        event = await watch.events.get()
        assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")
        await asyncio.wait_for(watch.ended.wait(), 5)


async def test_a_watch_ends_when_the_server_stops(server: Server, client: Client) -> None:
    async with watching(client, f"{IMAGES}?watch=1") as watch:
        await client.post(IMAGES, image("a"))
        await watch.next()
        server.doors.stopping.set()
        await asyncio.wait_for(watch.ended.wait(), 5)


async def test_a_watch_ends_after_its_time(client: Client) -> None:
    async with watching(client, f"{IMAGES}?watch=1&timeoutSeconds=1") as watch:
        await asyncio.wait_for(watch.ended.wait(), 5)


async def test_who_may_not_watch_is_told_before_anything_is_sent(server: Server) -> None:
    nobody = await server.client("viewer")
    failure(await nobody.get(f"{IMAGES}?watch=1"), 403, "Forbidden")


async def test_who_may_watch_and_not_list_is_told_what_there_is(server: Server, client: Client) -> None:
    """As in Kubernetes: a watch asks for the right to watch, whatever it begins with."""
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    rule = {"apiGroups": ["image.theriseunion.io"], "resources": ["repositories"], "verbs": ["watch"]}
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "watcher"}
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "watcher"}
    await client.post(f"{rbac}/clusterroles", {"metadata": {"name": "watcher"}, "rules": [rule]})
    binding = {"metadata": {"name": "watcher"}, "roleRef": ref, "subjects": [subject]}
    await client.post(f"{rbac}/namespaces/default/rolebindings", binding)
    await client.post(IMAGES, image("a"))
    watcher = await server.client("watcher")
    failure(await watcher.get(IMAGES), 403, "Forbidden")
    async with watching(watcher, f"{IMAGES}?watch=1") as watch:
        assert await watch.next() == ("ADDED", "a")


async def test_a_watch_shows_nothing_after_its_token_was_revoked(server: Server, client: Client) -> None:
    ann = await server.client("ann", "image-viewer")
    async with watching(ann, f"{IMAGES}?watch=1") as watch:
        await client.post(IMAGES, image("before"))
        assert await watch.next() == ("ADDED", "before")
        await server.doors.tokens.revoke("ann")
        await server.client("ann", "image-viewer")  # another token of that name changes nothing
        await client.post(IMAGES, image("after"))
        await asyncio.wait_for(watch.ended.wait(), 5)
        assert watch.events.empty()


async def test_a_watch_shows_nothing_after_its_token_has_expired(server: Server, client: Client) -> None:
    token = await server.doors.tokens.create("short", "ann", ["image-viewer"], timedelta(seconds=60))
    async with watching(
        Client(server.app, {"authorization": f"Bearer {token.reveal()}"}), f"{IMAGES}?watch=1"
    ) as watch:
        await client.post(IMAGES, image("before"))
        assert await watch.next() == ("ADDED", "before")
        server.clock.set(61)
        await client.post(IMAGES, image("after"))
        await asyncio.wait_for(watch.ended.wait(), 5)
        assert watch.events.empty()


async def test_a_watch_shows_nothing_after_its_right_was_taken_away(server: Server, client: Client) -> None:
    bindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings"
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "image-viewer"}
    made = {"metadata": {"name": "ann"}, "roleRef": role, "subjects": [{"kind": "User", "name": "ann"}]}
    assert (await client.post(bindings, made)).status == 201
    ann = await server.client("ann")
    async with watching(ann, f"{IMAGES}?watch=1") as watch:
        await client.post(IMAGES, image("before"))
        assert await watch.next() == ("ADDED", "before")
        assert (await client.delete(f"{bindings}/ann")).status == 200
        await client.post(IMAGES, image("after"))
        await asyncio.wait_for(watch.ended.wait(), 5)
        assert watch.events.empty()
