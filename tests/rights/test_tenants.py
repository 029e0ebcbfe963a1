"""One team tries another's: what exists, what does not, and a namespace that does not exist are all alike.

Alike is the status, every header, every word but those the caller sent himself, and the steps that the server takes.
"""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from imageyard.store import Store
from tests.fakes.asgi import Answer
from tests.fakes.watching import watching
from tests.rights import attempts, documents, table, yard
from tests.rights.counting import Counting
from tests.rights.people import ABSENT, FREE, HELD, OTHER, OWN, Json
from tests.rights.rows import APPLY, MERGE, Call
from tests.rights.yard import DIGEST, KUBE, RBAC, Yard, canary

ATTEMPTS: Final = attempts.all_of()
INTRUDERS: Final = ("nobody", "monit", "a-view", "a-oper", "a-adm", "a-owner", "a-sa", "a-named", "a-verif", "a-watch")
PLACES: Final = ((OTHER, HELD), (OTHER, FREE), (ABSENT, HELD))
"""There, not there, and in a namespace that is not there. The words are of one length, so that bodies are as well."""
REST: Final = f"{attempts.REST}/namespaces"


class Watched:
    """A yard, and what its store is asked while an answer is made."""

    def __init__(self, furnished: Yard, counting: list[Counting]) -> None:
        self.yard = furnished
        self._counting = counting

    async def ask(self, who: str, call: Call) -> tuple[Answer, Counter[str]]:
        asked = self._counting[0].asked
        asked.clear()
        answer = await self.yard.ask(who, call.method, call.url, call.body, **call.headers)
        return answer, Counter(asked)

    async def alike(self, who: str, calls: dict[tuple[str, str], Call]) -> Answer:
        """Every call is answered the same; the last answer."""
        seen = {}
        answer = None
        for (namespace, name), call in calls.items():
            answer, steps = await self.ask(who, call)
            seen[namespace, name] = (
                table.code(answer),
                _headers(answer, namespace),
                _words(answer, namespace, name),
                steps,
            )
            assert canary(OTHER) not in answer.text
            await self.yard.restore()
        first, *others = seen.values()
        for place, other in zip([*seen][1:], others, strict=True):
            assert other == first, f"{place} is told apart, by {who}"
        assert answer is not None
        return answer


@contextmanager
def _about(title: str) -> Iterator[None]:
    """Say which of many it was."""
    try:
        yield
    except AssertionError as wrong:
        raise AssertionError(f"{title}: {wrong}") from None


def _headers(answer: Answer, namespace: str) -> dict[str, str]:
    """A browser is led back to what it asked for."""
    return {
        name: re.sub(rf"{namespace}/({HELD}|{FREE})", "<asked>", value)
        for name, value in answer.headers.items()
        if name != "x-request-id"
    }


_OWN_WORDS: Final = re.compile(r'"(uid|resourceVersion)":"[^"]*"|\b[0-9a-f]{32}\b')
"""The latter is a request's id."""


def _words(answer: Answer, namespace: str, name: str) -> str:
    text = _OWN_WORDS.sub("", answer.text)
    return text.replace(namespace, "<namespace>").replace(namespace.upper(), "<NAMESPACE>").replace(name, "<name>")


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    counting: list[Counting] = []

    def around(store: Store) -> Any:
        counting.append(Counting(store))
        return counting[0]

    async with yard.furnished(tmp_path, around) as furnished:
        yield Watched(furnished, counting)


def test_enough_is_tried() -> None:
    assert len(ATTEMPTS) >= 80


async def test_what_another_team_has_cannot_be_told_from_what_it_has_not(watched: Watched) -> None:
    """Each attempt, by each who has no business there."""
    before = await watched.yard.store.resource_version()
    for title, attempt in ATTEMPTS.items():
        calls = {(namespace, name): attempt(namespace, name) for namespace, name in PLACES}
        for who in INTRUDERS:
            with _about(title):
                answer = await watched.alike(who, calls)
                assert answer.status == 403, f"by {who}: {answer.text}"
    assert await watched.yard.store.resource_version() == before


async def test_strangers_are_told_nothing(watched: Watched) -> None:
    for title, attempt in ATTEMPTS.items():
        for who in ("anon", "wrong"):
            calls = {(namespace, name): attempt(namespace, name) for namespace, name in PLACES}
            assert table.code(await watched.alike(who, calls)) == 401, title


# What the own namespace may say of another.

Own = Callable[[str, str], Call]


def _image_of(namespace: str, name: str) -> Json:
    return documents.image(OWN, "mine", namespace, name)


def _event_about(namespace: str, name: str) -> Json:
    made = documents.event(OWN, "mine")
    made["involvedObject"] |= {"namespace": namespace, "name": name}
    return made


def _binding_to(namespace: str, name: str) -> Json:
    subject = {"kind": "ServiceAccount", "namespace": namespace, "name": name}
    return documents.binding(OWN, "mine", subjects=[subject])


def _review(namespace: str, name: str) -> Json:
    asked = {"group": "image.theriseunion.io", "resource": "repositories", "verb": "get"}
    return {"spec": {"resourceAttributes": {**asked, "namespace": namespace, "name": name}}}


REFERENCES: Final[dict[str, tuple[str, int, Own]]] = {
    "create an image of a source": (
        "a-oper",
        201,
        lambda ns, name: Call("POST", f"{REST}/{OWN}/repositories", _image_of(ns, name)),
    ),
    "create an image of a source, kube": (
        "a-oper",
        201,
        lambda ns, name: Call("POST", f"{KUBE}/namespaces/{OWN}/repositories", _image_of(ns, name)),
    ),
    "rehearse an image of a source": (
        "a-oper",
        201,
        lambda ns, name: Call("POST", f"{KUBE}/namespaces/{OWN}/repositories?dryRun=All", _image_of(ns, name)),
    ),
    "apply an image of a source": (
        "a-oper",
        201,
        lambda ns, name: Call(
            "PATCH", f"{KUBE}/namespaces/{OWN}/repositories/mine?fieldManager=x", _image_of(ns, name), APPLY
        ),
    ),
    "test a fetch from a source": (
        "a-oper",
        200,
        lambda ns, name: Call("POST", f"{REST}/{OWN}/repositories/mine/sync?dryRun=All", _image_of(ns, name)["spec"]),
    ),
    "test a fetch from a source, kube": (
        "a-oper",
        200,
        lambda ns, name: Call(
            "POST", f"{KUBE}/namespaces/{OWN}/repositories/mine/sync?dryRun=All", _image_of(ns, name)["spec"]
        ),
    ),
    "tell an event of an object": (
        "a-owner",
        422,
        lambda ns, name: Call("POST", f"/api/v1/namespaces/{OWN}/events", _event_about(ns, name)),
    ),
    "give a role to a service account": (
        "a-owner",
        201,
        lambda ns, name: Call("POST", f"{RBAC}/namespaces/{OWN}/rolebindings", _binding_to(ns, name)),
    ),
    "ask for one's own rights": (
        "a-adm",
        201,
        lambda ns, name: Call("POST", f"{attempts.REVIEW}/selfsubjectaccessreviews", _review(ns, name)),
    ),
    "ask for one's own rules": (
        "a-adm",
        201,
        lambda ns, name: Call("POST", f"{attempts.REVIEW}/selfsubjectrulesreviews", {"spec": {"namespace": ns}}),
    ),
    "list the own namespace by fields of another": (
        "a-view",
        200,
        lambda ns, name: Call(
            "GET", f"{REST}/{OWN}/repositories?fieldSelector=metadata.namespace%3D{ns},metadata.name%3D{name}"
        ),
    ),
    "list the own namespace by fields of another, kube": (
        "a-view",
        200,
        lambda ns, name: Call("GET", f"{KUBE}/namespaces/{OWN}/repositories?fieldSelector=metadata.namespace%3D{ns}"),
    ),
    "list own images by the source of another": (
        "a-view",
        200,
        lambda ns, name: Call(
            "GET",
            f"{KUBE}/namespaces/{OWN}/repositories?fieldSelector=metadata.namespace%3D{ns},"
            f"spec.registryRef.name%3D{name}",
        ),
    ),
    "list own events about another's object": (
        "a-view",
        200,
        lambda ns, name: Call(
            "GET",
            f"/api/v1/namespaces/{OWN}/events?fieldSelector=involvedObject.namespace%3D{ns},involvedObject.name%3D{name}",
        ),
    ),
    "body of another namespace in the own path": (
        "a-adm",
        400,
        lambda ns, name: Call("POST", f"{REST}/{OWN}/repositories", documents.image(ns, name)),
    ),
    "body of another namespace in the own path, kube": (
        "a-adm",
        400,
        lambda ns, name: Call("POST", f"{KUBE}/namespaces/{OWN}/repositories", documents.image(ns, name)),
    ),
    "ask in another's name at the kube door": (
        "a-adm",
        400,
        lambda ns, name: Call(
            "GET", f"{KUBE}/namespaces/{ns}/repositories/{name}", b"", {"impersonate_group": "system:masters"}
        ),
    ),
    "ask in another's name at the REST door": (
        "a-adm",
        403,
        lambda ns, name: Call("GET", f"{REST}/{ns}/repositories/{name}", b"", {"impersonate_group": "system:masters"}),
    ),
}


async def test_naming_what_another_team_has_tells_nothing_of_it(watched: Watched) -> None:
    for title, (who, code, own) in REFERENCES.items():
        with _about(title):
            answer = await watched.alike(who, {(namespace, name): own(namespace, name) for namespace, name in PLACES})
            assert answer.status == code, answer.text


async def test_moving_an_image_to_anothers_source_tells_nothing_of_it(watched: Watched) -> None:
    path = f"{REST}/{OWN}/repositories"
    await watched.yard.ask("a-oper", "POST", path, documents.image(OWN, "mine"))
    told = set()
    for namespace, name in PLACES:
        moved = {"spec": {"registryRef": {"namespace": namespace, "name": name}, "repository": "team/app"}}
        answer, steps = await watched.ask("a-oper", Call("PATCH", f"{path}/mine", moved, MERGE))
        shown = re.sub(r'"generation":\d+', "", _words(answer, namespace, name))
        told.add((answer.status, shown, str(sorted(steps.items()))))
    assert len(told) == 1, told


async def test_a_sync_does_not_tell_how_the_host_of_anothers_source_fares(watched: Watched) -> None:
    furnished = watched.yard
    paused = {"status": {"host": {"state": "paused"}}}
    answer = await furnished.ask(
        "master", "PATCH", f"{KUBE}/namespaces/{OTHER}/registrysecrets/{HELD}/status", paused, **MERGE
    )
    assert answer.status == 200
    told = set()
    for name in (HELD, FREE):
        made = documents.image(OWN, f"of-{name}", OTHER, name)
        assert (await furnished.ask("a-oper", "POST", f"{REST}/{OWN}/repositories", made)).status == 201
        sync = Call("POST", f"{REST}/{OWN}/repositories/of-{name}/sync")
        answer, steps = await watched.ask("a-oper", sync)
        told.add((answer.status, answer.text, steps["get"]))
    assert len(told) == 1, told


async def test_a_page_of_another_team_is_not_turned(watched: Watched) -> None:
    """A continue token says where a list stopped, and nothing of whose it was: rights are asked for anew."""
    furnished, many = watched.yard, f"{KUBE}/namespaces/{{}}/repositories"
    await furnished.ask("master", "POST", many.format(OTHER), documents.image(OTHER, "more"))
    theirs = await furnished.ask("master", "GET", f"{many.format(OTHER)}?limit=1")
    token = theirs.json()["metadata"]["continue"]
    answer = await furnished.ask("a-view", "GET", f"{many.format(OWN)}?limit=1&continue={token}")
    assert (answer.status, answer.json()["items"]) == (200, [])
    assert "more" not in answer.text
    for path in (many.format(OTHER), f"{KUBE}/repositories"):
        assert (await furnished.ask("a-view", "GET", f"{path}?limit=1&continue={token}")).status == 403


async def test_totals_count_what_may_be_seen(watched: Watched) -> None:
    furnished = watched.yard
    for number in range(3):
        made = documents.image(OTHER, f"more-{number}")
        await furnished.ask("master", "POST", f"{REST}/{OTHER}/repositories", made)
    listed = (await furnished.ask("a-view", "GET", f"{REST}/{OWN}/repositories")).json()
    assert (len(listed["items"]), listed["totalItems"]) == (1, 1)
    chunk = (await furnished.ask("a-view", "GET", f"{KUBE}/namespaces/{OWN}/repositories?limit=1")).json()
    assert chunk["metadata"].get("remainingItemCount", 0) == 0


async def test_namespaces_are_shown_to_those_who_may_list_something_in_them(watched: Watched) -> None:
    async def shown(who: str) -> list[str]:
        answer = (await watched.yard.ask(who, "GET", REST)).json()
        return [item["metadata"]["name"] for item in answer["items"]]

    for who in ("a-view", "a-oper", "a-adm", "a-owner", "a-sa"):
        assert await shown(who) == [OWN], who
    for who in ("nobody", "monit", "a-verif", "a-watch", "a-named"):
        assert await shown(who) == [], who
    for who in ("viewer", "oper", "admin", "clust", "master"):
        assert await shown(who) == ["default", OWN, OTHER], who


async def test_a_digest_of_another_teams_image_is_not_found_through_ones_own(watched: Watched) -> None:
    """Contents are shared by registry and repository; who shows a digest decides who may read it."""
    furnished = watched.yard
    made = documents.image(OWN, "mine")
    await furnished.ask("a-oper", "POST", f"{REST}/{OWN}/repositories", made)
    answers = [
        await watched.ask("a-oper", Call("GET", f"{REST}/{OWN}/repositories/mine/manifests/{digest}"))
        for digest in (DIGEST, "sha256:" + "0" * 64)
    ]
    (held, steps), (unheard, other_steps) = answers
    assert (held.status, unheard.status) == (404, 404)
    assert held.text.replace(DIGEST, "") == unheard.text.replace("sha256:" + "0" * 64, "")
    assert steps == other_steps


async def test_a_watch_of_the_own_namespace_shows_nothing_of_another(watched: Watched) -> None:
    viewer = watched.yard.people["a-view"]
    for collection, make in (("repositories", documents.image), ("registrysecrets", documents.source)):
        async with watching(viewer, f"{KUBE}/namespaces/{OWN}/{collection}?watch=1") as watch:
            assert await watch.next() == ("ADDED", HELD)
            for team, name in ((OTHER, "theirs"), (OWN, "ours")):
                await watched.yard.ask("master", "POST", f"{KUBE}/namespaces/{team}/{collection}", make(team, name))
            assert await watch.next() == ("ADDED", "ours")
    async with watching(viewer, f"/api/v1/namespaces/{OWN}/events?watch=1") as watch:
        shown = json.dumps(await asyncio.wait_for(watch.events.get(), 5))
        assert canary(OWN) in shown
        assert canary(OTHER) not in shown


async def test_tokens_are_examined_for_those_only_who_may(watched: Watched) -> None:
    bearer = watched.yard.people["master"].headers["authorization"].removeprefix("Bearer ")
    path, told = "/apis/authentication.k8s.io/v1/tokenreviews", set()
    for token in (bearer, "iy_" + "A" * 43):
        answer, steps = await watched.ask("a-owner", Call("POST", path, {"spec": {"token": token}}))
        told.add((answer.status, answer.text, str(steps)))
    assert len(told) == 1
    assert next(iter(told))[0] == 403


# Paths that mean to be another.

TRICKS: Final = (
    "{own}/../{other}/repositories/{name}",
    "{own}/%2e%2e/{other}/repositories/{name}",
    "{own}%2f..%2f{other}/repositories/{name}",
    "{own}%2frepositories%2f..%2f..%2f{other}%2frepositories%2f{name}",
    "{own}/repositories/../../{other}/repositories/{name}",
    "{own}/repositories/..%2f..%2f{other}%2frepositories%2f{name}",
    "{own};/../{other}/repositories/{name}",
    "/{other}/repositories/{name}",
    "{own}//{other}/repositories/{name}",
    "./{other}/repositories/{name}",
    "%2e/{other}/repositories/{name}",
    "{other}%00/repositories/{name}",
    "{own}%00{other}/repositories/{name}",
    "{other}%20/repositories/{name}",
    "%20{other}/repositories/{name}",
    "{other}./repositories/{name}",
    "{other}/repositories/{name}.",
    "{other}/repositories/{name}/",
    "{other}/repositories//{name}",
    "{other}/repositories/{name}%00",
    "{other}/repositories/{name}%2f",
    "{other}/repositories/{name}%3f",
    "{other}/repositories/{name}%23",
    "{other}/Repositories/{name}",
    "{upper}/repositories/{name}",
    "te\u0430m-b/repositories/{name}",  # a Cyrillic letter that looks Latin
    "team%EF%BC%8Db/repositories/{name}",  # a full-width hyphen
    "{other}%EF%BC%8Frepositories%EF%BC%8F{name}",  # a full-width slash
    "{other}%5crepositories%5c{name}",
    "..%5c{other}/repositories/{name}",
    "%252e%252e/{other}/repositories/{name}",
    "{other}%ff/repositories/{name}",
    "_all_/repositories/{name}",
    "*/repositories/{name}",
    "%2a/repositories/{name}",
    "{own},{other}/repositories/{name}",
    "{own}&namespace={other}/repositories/{name}",
    "{other}/repositories/" + "{name}" * 1000,
    "{other}" * 1000 + "/repositories/{name}",
)


async def test_no_spelling_of_a_path_leads_into_another_namespace(watched: Watched) -> None:
    for trick in TRICKS:
        for base in (REST, f"{KUBE}/namespaces"):
            calls = {}
            for namespace, name in PLACES:
                path = trick.format(own=OWN, other=namespace, upper=namespace.upper(), name=name)
                calls[namespace, name] = Call("GET", f"{base}/{path}")
            with _about(f"{base}/{trick[:80]}"):
                answer = await watched.alike("a-owner", calls)
                assert answer.status in {400, 403, 404}, answer.text


async def test_a_query_does_not_say_which_namespace_is_meant(watched: Watched) -> None:
    for base in (REST, f"{KUBE}/namespaces"):
        for query in (f"namespace={OTHER}", f"namespaces={OTHER}", f"metadata.namespace={OTHER}"):
            answer = await watched.yard.ask("a-view", "GET", f"{base}/{OWN}/repositories?{query}")
            assert canary(OWN) in answer.text
            assert canary(OTHER) not in answer.text
