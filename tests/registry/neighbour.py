"""Registries and token services as neighbours in memory: they take requests and give bytes, as over the wire.

`World` is the gate: it knows origins, records every request, and answers DNSFailed for hosts that are not there.
A neighbour reads URLs with the standard library's parser, not with the client's.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from imageyard.domain.reasons import Reason
from imageyard.domain.secret import Secret
from imageyard.egress import EgressError, Request, Response
from imageyard.registry import Document, Source

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"

PASSWORD = "hunter2-Pa55"
USER = "robot$ci"


class Incoming(NamedTuple):
    """A request as a server sees it."""

    method: str
    origin: str
    path: str
    query: dict[str, list[str]]
    headers: tuple[tuple[str, str], ...]
    url: str
    form: dict[str, list[str]]

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def login(self) -> tuple[str, str] | None:
        """User and password of a Basic header."""
        scheme, _, value = self.header("authorization").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, _, password = base64.b64decode(value).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return user, password

    @property
    def bearer(self) -> str:
        scheme, _, value = self.header("authorization").partition(" ")
        return value if scheme.lower() == "bearer" else ""


class Reply(NamedTuple):
    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


Handler = Callable[[Incoming], Reply]


def reply_json(document: object, status: int = 200, *headers: tuple[str, str]) -> Reply:
    return Reply(status, json.dumps(document).encode(), (("content-type", "application/json"), *headers))


def refusal(status: int, code: str, message: str = "no", *headers: tuple[str, str]) -> Reply:
    return reply_json({"errors": [{"code": code, "message": message}]}, status, *headers)


class World:
    """The gate. `pause` lets a test hold every answer back until it says so."""

    def __init__(self, **hosts: Handler) -> None:
        self.hosts: dict[str, Handler] = {}
        self.seen: list[Incoming] = []
        self.requests: list[Request] = []
        self.failures: dict[str, EgressError] = {}
        self.pause: Callable[[], Awaitable[object]] | None = None
        self.slow: Callable[[float], Awaitable[bool]] | None = None
        """Lets the time of an answer pass, though no more than it is given; False when the answer takes longer."""

    def at(self, origin: str, handler: Handler) -> "World":
        self.hosts[origin] = handler
        return self

    async def send(self, request: Request) -> Response:
        incoming = incoming_of(request)
        self.seen.append(incoming)
        self.requests.append(request)
        if self.pause is not None:
            await self.pause()
        if self.slow is not None and not await self.slow(request.timeout):
            raise EgressError(Reason.Timeout, "registry")
        if incoming.origin in self.failures:
            raise self.failures[incoming.origin]
        handler = self.hosts.get(incoming.origin)
        if handler is None:
            raise EgressError(Reason.DNSFailed, "address")
        answer = handler(incoming)
        body = b"" if request.method == "HEAD" else answer.body
        if request.cut or not 200 <= answer.status < 300:
            body = body[: request.limit]
        if len(body) > request.limit:
            raise EgressError(Reason.ResponseTooLarge, "registry")
        headers = tuple((name.lower(), value) for name, value in answer.headers)
        return Response(request.url, answer.status, headers, body)

    def lines(self) -> list[str]:
        """`HEAD https://host/path` of every request, without queries."""
        return [f"{seen.method} {seen.origin}{seen.path}" for seen in self.seen]


def incoming_of(request: Request) -> Incoming:
    parts = urlsplit(request.url)
    port = parts.port or {"https": 443, "http": 80}[parts.scheme]
    suffix = "" if port == {"https": 443, "http": 80}[parts.scheme] else f":{port}"
    headers = request.headers if isinstance(request.headers, tuple) else tuple(request.headers.items())
    origin = f"{parts.scheme}://{parts.hostname}{suffix}"
    return Incoming(
        request.method,
        origin,
        parts.path,
        parse_qs(parts.query),
        headers,
        request.url,
        parse_qs((request.body or b"").decode()),
    )


def digest(body: bytes) -> str:
    return "sha256:" + hashlib.sha256(body).hexdigest()


@dataclass
class Content:
    """What a registry holds: manifests and blobs by digest, tags by path."""

    tags: dict[tuple[str, str], str] = field(default_factory=dict)
    manifests: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    blobs: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def blob(self, path: str, body: bytes, media_type: str) -> dict[str, Any]:
        self.blobs[path, digest(body)] = body
        return {"mediaType": media_type, "digest": digest(body), "size": len(body)}

    def manifest(self, path: str, document: object, media_type: str, *tags: str) -> dict[str, Any]:
        return self.raw(path, json.dumps(document).encode(), media_type, *tags)

    def raw(self, path: str, body: bytes, media_type: str, *tags: str) -> dict[str, Any]:
        self.manifests[path, digest(body)] = (media_type, body)
        for tag in tags:
            self.tags[path, tag] = digest(body)
        return {"mediaType": media_type, "digest": digest(body), "size": len(body)}

    def image(
        self,
        path: str,
        *tags: str,
        os: str = "linux",
        architecture: str = "amd64",
        variant: str = "",
        created: str | None = "2024-01-08T10:30:00.123456789Z",
        layers: Sequence[int] = (1000, 2000),
        config: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Push an image of so many layers; answers its descriptor with a platform."""
        document: dict[str, Any] = {
            "os": os,
            "architecture": architecture,
            "created": created,
            "config": {"Env": ["PATH=/bin", "SECRET=swordfish"], "Cmd": ["run"]},
            "history": [
                *({"created_by": f"COPY layer{n} / # buildkit"} for n in range(len(layers))),
                {"created_by": "ENV SECRET=swordfish", "empty_layer": True},
            ],
            "rootfs": {"type": "layers", "diff_ids": []},
        } | ({"variant": variant} if variant else {})
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": self.blob(path, json.dumps(document | (config or {})).encode(), OCI_CONFIG),
            "layers": [
                {"mediaType": LAYER, "digest": digest(f"{path}{architecture}{n}".encode()), "size": size}
                for n, size in enumerate(layers)
            ],
        }
        platform = {"os": os, "architecture": architecture} | ({"variant": variant} if variant else {})
        return self.manifest(path, manifest, OCI_MANIFEST, *tags) | {"platform": platform}

    def index(self, path: str, tag: str, *children: dict[str, Any], **fields: Any) -> dict[str, Any]:
        document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(children)} | fields
        return self.manifest(path, document, OCI_INDEX, tag)


@dataclass
class Registry(Content):
    """A registry. `auth` is none, basic or bearer; a bearer one names `realm` and knows its service's tokens."""

    auth: str = "none"
    users: dict[str, str] = field(default_factory=lambda: {USER: PASSWORD})
    realm: str = ""
    service: str = "registry.test"
    tokens: dict[str, str] = field(default_factory=dict)
    """Token -> the one scope it is good for ("" is `/v2/` only)."""
    quirks: frozenset[str] = frozenset()
    headers: tuple[tuple[str, str], ...] = ()

    def __call__(self, asked: Incoming) -> Reply:
        reply = self._answer(asked)
        return reply._replace(
            headers=(*reply.headers, ("Docker-Distribution-Api-Version", "registry/2.0"), *self.headers)
        )

    def _answer(self, asked: Incoming) -> Reply:
        if asked.path == "/v2/":
            return self._challenge("", asked) or reply_json({})
        path, _, what = asked.path.removeprefix("/v2/").rpartition("/")
        path, _, kind = path.rpartition("/")
        refused = self._challenge(path, asked)
        if refused is not None:
            return refused
        if kind == "blobs":
            body = self.blobs.get((path, what))
            return Reply(200, body) if body is not None else refusal(404, "BLOB_UNKNOWN")
        if asked.method == "HEAD" and "head-405" in self.quirks:
            return Reply(405)
        return self._manifest(path, what)

    def _manifest(self, path: str, what: str) -> Reply:
        if path not in {known for known, _ in self.manifests}:
            return refusal(404, "NAME_UNKNOWN")
        found = self.manifests.get((path, self.tags.get((path, what), what)))
        if found is None:
            return refusal(404, "MANIFEST_UNKNOWN")
        told = () if "no-digest" in self.quirks else (("Docker-Content-Digest", digest(found[1])),)
        return Reply(200, found[1], (("Content-Type", found[0]), *told))

    def _challenge(self, path: str, asked: Incoming) -> Reply | None:
        scope = f"repository:{path}:pull" if path else ""
        if self.auth == "none":
            return None
        if self.auth == "basic":
            if asked.login is not None and self.users.get(asked.login[0]) == asked.login[1]:
                return None
            return refusal(401, "UNAUTHORIZED", "", ("WWW-Authenticate", 'Basic realm="neighbour"'))
        if asked.bearer and asked.bearer in self.tokens and self.tokens[asked.bearer] in (scope, "*"):
            return None
        if asked.header("authorization") and "flip" in self.quirks:
            return refusal(401, "UNAUTHORIZED", "", ("WWW-Authenticate", 'Basic realm="harbor"'))
        if "empty-challenge" in self.quirks and path:
            return refusal(401, "UNAUTHORIZED", "", ("WWW-Authenticate", ""))
        asks = f',scope="{scope}"' if scope else ""
        value = f'Bearer realm="{self.realm}",service="{self.service}"{asks}'
        return refusal(401, "UNAUTHORIZED", "", ("WWW-Authenticate", value))


@dataclass
class TokenService:
    """The token service of a registry. `private` repositories need a login."""

    registry: Registry
    path: str = "/token"
    private: bool = True
    expires_in: int | None = 300
    anonymous_without_scope: bool = True
    takes_anybody: bool = False
    identity: str = ""
    """An identity token that is taken by POST; "" where the service speaks GET alone."""
    count: int = 0

    def __call__(self, asked: Incoming) -> Reply:
        if asked.path != self.path:
            return Reply(404)
        if asked.method == "POST":
            return self._refreshed(asked.form)
        scope = asked.query.get("scope", [""])[0]
        known = self.takes_anybody or (
            asked.login is not None and self.registry.users.get(asked.login[0]) == asked.login[1]
        )
        if asked.login is not None and not known and not (scope and not self.private):
            return reply_json({"details": "incorrect username or password"}, 401)
        if asked.login is None and (self.private if scope else not self.anonymous_without_scope):
            return refusal(401, "UNAUTHORIZED")
        return self._token("token", f"{'known' if known else 'anonymous'}", scope)

    def _refreshed(self, form: dict[str, list[str]]) -> Reply:
        if not self.identity:
            return Reply(404)
        given = {key: values[0] for key, values in form.items()}
        expected = {"grant_type": "refresh_token", "refresh_token": self.identity, "service": self.registry.service}
        if not given.get("client_id") or {key: given.get(key) for key in expected} != expected:
            return refusal(401, "UNAUTHORIZED")
        return self._token("access_token", "refreshed", given.get("scope", ""))

    def _token(self, key: str, kind: str, scope: str) -> Reply:
        self.count += 1
        token = f"token-{self.count}-{kind}"
        self.registry.tokens[token] = scope
        extra = {} if self.expires_in is None else {"expires_in": self.expires_in}
        return reply_json({key: token} | extra)


def source(domain: str = "registry.test", **changes: Any) -> Source:
    """A source with the neighbours' credential."""
    fields: dict[str, Any] = {
        "domain": domain,
        "provider": "other",
        "username": USER,
        "password": Secret(PASSWORD),
        "credential": "default/source@1",
    }
    return Source(**(fields | changes))


def anonymous(domain: str = "registry.test", **changes: Any) -> Source:
    return source(domain, username="", password=Secret(""), **changes)


def bearer_world(
    registry: Registry | None = None,
    *,
    host: str = "https://registry.test",
    realm: str = "https://registry.test/token",
    **service: Any,
) -> tuple[World, Registry, TokenService]:
    """A Bearer registry with its token service, at the same host unless told."""
    registry = registry or Registry()
    registry.auth, registry.realm = "bearer", realm
    tokens = TokenService(registry, path=urlsplit(realm).path, **service)
    world = World().at(host, registry)
    realm_origin = realm.removesuffix(urlsplit(realm).path)
    if realm_origin == host:
        world.at(host, lambda asked: tokens(asked) if asked.path == tokens.path else registry(asked))
    else:
        world.at(realm_origin, tokens)
    return world, registry, tokens


class Shelf:
    """Documents already held, as `Lookup`."""

    def __init__(self, *documents: Document) -> None:
        self.held = {document.digest: document for document in documents}

    async def __call__(self, digest: str) -> Document | None:
        return self.held.get(digest)


async def nothing(_: str) -> Document | None:
    return None
