"""A server with two teams on it, everybody who may knock, and a way back to how it was."""

import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from imageyard.domain.kind import Kind
from imageyard.domain.kinds import ACCESS_TOKEN, KINDS, NAMESPACE, REGISTRY_SECRET, REPOSITORY
from imageyard.domain.kinds.repository import Manifest, Repository
from imageyard.domain.objects import Key
from imageyard.store import Content, Note, Query, Store, Stored
from tests.fakes.asgi import Answer, Client
from tests.rights import documents, people
from tests.rights.people import HELD, OTHER, OWN, Json, Person
from tests.web import whole
from tests.web.whole import Server

KUBE: Final = "/apis/image.theriseunion.io/v1alpha1"
RBAC: Final = "/apis/rbac.authorization.k8s.io/v1"
_INDEX: Final = b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}'
DIGEST: Final = f"sha256:{sha256(_INDEX).hexdigest()}"
"""Of the manifest that every image here shows."""
_SCOPE: Final = "harbor.example.com/team/app"


class Yard:
    """`people` are clients by their column's name. A stranger's failures never add up: each comes from elsewhere."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.store: Store = server.store
        self.people: dict[str, Client] = {}
        self._addresses = itertools.count()
        self._kept: dict[Key, tuple[Stored, bytes | None]] = {}
        self._version = 0

    async def ask(self, who: str, method: str, url: str, body: Any = b"", **headers: str | None) -> Answer:
        client = self.people[who]
        number = next(self._addresses)
        client = Client(client.app, client.headers, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await client.request(method, url, body, headers=named)

    async def furnish(self) -> None:
        """Both teams, everybody's roles, and objects of every kind."""
        root = self.people["root"] = await self.server.client("root", "system:masters")
        self.people["anon"] = Client(self.server.app)
        self.people["wrong"] = Client(self.server.app, {"authorization": "Bearer iy_" + "A" * 43})
        for team in (OWN, OTHER):
            await _made(root, "/api/v1/namespaces", documents.namespace("", team))
            await self._belongings(root, team)
        for where, make in (("clusterroles", documents.role), ("clusterrolebindings", documents.binding)):
            await _made(root, f"{RBAC}/{where}", make("", HELD))
        for name, rules in people.ROLES.items():
            await _made(root, f"{RBAC}/clusterroles", documents.role("", name, rules))
        for person in people.KNOWN:
            await self._settle(root, person)
        await self.server.doors.tokens.create(HELD, "somebody", (), None)
        await self._keep()

    async def _belongings(self, root: Client, team: str) -> None:
        below: dict[str, Callable[[str, str], Json]] = {
            f"{KUBE}/namespaces/{team}/registrysecrets": documents.source,
            f"{KUBE}/namespaces/{team}/repositories": documents.image,
            f"{RBAC}/namespaces/{team}/roles": documents.role,
            f"{RBAC}/namespaces/{team}/rolebindings": documents.binding,
            f"/api/v1/namespaces/{team}/events": documents.event,
        }
        for path, make in below.items():
            made = make(team, HELD)
            made["metadata"]["labels"] = {"canary": canary(team)}
            await _made(root, path, made)
        stored = await self.store.get(REPOSITORY, team, HELD)
        await self._show_manifest(REPOSITORY.decode(stored.body))

    async def _show_manifest(self, image: Repository) -> None:
        """As a sync leaves it."""
        await self.store.put_content(Content(_SCOPE, DIGEST, "application/vnd.oci.image.index.v1+json", _INDEX))
        image.status.manifest = Manifest(digest=DIGEST)
        line = {"time": "2026-01-01T00:00:00Z", "result": "Success", "digestAfter": DIGEST}
        note = Note("sync", 50, json.dumps(line).encode(), (DIGEST,), _SCOPE)
        await self.store.replace(REPOSITORY, image, note=note)

    async def _settle(self, root: Client, person: Person) -> None:
        """Known by a token, and holding the role."""
        user = person.user or person.name
        self.people[person.name] = await self.server.client(user, *person.groups, token=person.name)
        if not person.role or person.groups:
            return
        given = documents.binding(OWN if person.bound else "", person.name, person.role, [people.subject(person)])
        path = f"{RBAC}/namespaces/{OWN}/rolebindings" if person.bound else f"{RBAC}/clusterrolebindings"
        await _made(root, path, given)

    async def _keep(self) -> None:
        """Remember how everything is."""
        for kind in _stored_kinds():
            for stored in (await self.store.list(kind, Query())).items:
                whole_ = await self.store.get(kind, stored.key.namespace, stored.key.name)
                self._kept[stored.key] = (whole_, await self._sealed(kind, stored.key))
        self._version = await self.store.resource_version()

    async def _sealed(self, kind: Kind[Any], key: Key) -> bytes | None:
        return await self.store.sealed(kind, key.namespace, key.name) if kind is REGISTRY_SECRET else None

    async def moved(self) -> bool:
        """Whether anything was written since it was last as remembered."""
        return await self.store.resource_version() != self._version

    async def restore(self) -> None:
        """Make everything as it was remembered."""
        if not await self.moved():
            return
        for kind in _stored_kinds():
            there = {stored.key: stored for stored in (await self.store.list(kind, Query())).items}
            wanted = {key: kept for key, kept in self._kept.items() if key.resource == kind.plural}
            for key in there.keys() - wanted.keys():
                await self.store.delete(kind, key.namespace, key.name)
            for key, (stored, sealed) in wanted.items():
                if key not in there or there[key].resource_version != stored.resource_version:
                    self._kept[key] = (await self._again(kind, stored, sealed, there=key in there), sealed)
        await self._restore_tokens()
        self._version = await self.store.resource_version()

    async def _again(self, kind: Kind[Any], stored: Stored, sealed: bytes | None, *, there: bool) -> Stored:
        namespace, name = stored.key.namespace, stored.key.name
        if there:
            await self.store.delete(kind, namespace, name)
        obj = kind.decode(stored.body)
        made = await self.store.create(kind, obj, sealed=sealed, managed=stored.managed)
        if kind is REPOSITORY:
            meta = replace(obj.metadata, resource_version=str(made.resource_version))
            await self._show_manifest(replace(obj, metadata=meta))
        return await self.store.get(kind, namespace, name)

    async def _restore_tokens(self) -> None:
        tokens = self.server.doors.tokens
        there = {token.metadata.name for token in await tokens.list()}
        wanted = {"root", HELD, *(person.name for person in people.KNOWN)}
        for name in there - wanted:
            await tokens.revoke(name)
        if HELD not in there:
            await tokens.create(HELD, "somebody", (), None)

    def version_of(self, kind: Kind[Any], namespace: str, name: str) -> Stored | None:
        """The remembered object."""
        kept = self._kept.get(Key(kind.plural, namespace if kind.namespaced else "", name))
        return kept[0] if kept else None


def canary(team: str) -> str:
    """What stands in everything that belongs to a team, and in nothing else."""
    return f"canary-of-{team}"


def _stored_kinds() -> list[Kind[Any]]:
    """Namespaces first: the rest lies in them."""
    return [NAMESPACE, *(kind for kind in KINDS if kind not in (NAMESPACE, ACCESS_TOKEN))]


async def _made(client: Client, path: str, body: Json) -> None:
    answer = await client.post(path, body)
    assert answer.status == 201, (path, answer.text)


@asynccontextmanager
async def furnished(directory: Path, around: Callable[[Store], Store] = lambda store: store) -> AsyncIterator[Yard]:
    async with whole.running(directory, around) as server:
        yard = Yard(server)
        await yard.furnish()
        yield yard
