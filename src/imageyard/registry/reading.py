"""Reading documents by digest: from the descriptor itself, from what is held, else from the registry, verified."""

from typing import Literal, NamedTuple

from imageyard.domain.clock import Clock
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Text
from imageyard.egress import Response
from imageyard.registry import (
    Document,
    Lookup,
    Quota,
    RegistryError,
    Source,
    config,
    errors,
    heads,
    manifest,
    ratelimit,
)
from imageyard.registry.config import Config
from imageyard.registry.manifest import Descriptor, Parsed
from imageyard.registry.signin import SignIn
from imageyard.registry.wire import Ask

Method = Literal["GET", "HEAD"]


class Read(NamedTuple):
    """A manifest that was read and verified."""

    digest: str
    parsed: Parsed


class Missing(Exception):
    """A listed manifest that the registry does not have (sparse indexes, mirrors)."""


def manifest_ask(method: Method, path: str, what: str) -> Ask:
    return Ask(method, f"/v2/{path}/manifests/{what}", pull(path), manifest.ACCEPT, manifest.MAX_BODY)


def pull(path: str) -> str:
    """The one scope that is ever asked for: a push scope can create a repository on Quay."""
    return f"repository:{path}:pull"


class Reading:
    """One inspection's reads. Collects the documents it stood on, and the quota last told."""

    def __init__(self, signin: SignIn, clock: Clock, source: Source, path: str, lookup: Lookup) -> None:
        self._signin = signin
        self._clock = clock
        self._source = source
        self._path = path
        self._lookup = lookup
        self.documents: list[Document] = []
        self.quota: Quota | None = None

    async def top(self, digest: str, tag: str) -> Read:
        """What the tag holds: by the digest that HEAD told, so that a moving tag does not tear the view. By the tag
        where there is none, or where it is gone meanwhile. Raises RegistryError."""
        if digest:
            held = await self._held(digest)
            if held is not None:
                return self._keep(digest, held.body, held.media_type)
            try:
                return await self._fetch(digest)
            except Missing:
                pass
        answer = await self._get(manifest_ask("GET", self._path, tag))
        if answer.status != 200:
            raise errors.of_status(answer, self._clock.now())
        return self._keep(manifest.digest_of(answer.body), answer.body, errors.media_type(answer))

    async def child(self, descriptor: Descriptor) -> Read:
        """A manifest that an index lists. Raises Missing, RegistryError."""
        held = await self._held(descriptor.digest)
        body, media_type = (held.body, descriptor.media_type) if held else (descriptor.data, descriptor.media_type)
        if body is None:
            return await self._fetch(descriptor.digest, descriptor.size)
        return self._keep(descriptor.digest, body, media_type)

    async def config(self, descriptor: Descriptor) -> Config | None:
        """An image's config; None where it is empty. Raises RegistryError."""
        if descriptor.size == 0:
            return None
        key = config.key(descriptor.digest)
        held = await self._lookup(key)
        body = held.body if held else descriptor.data
        read = config.parse(await self._blob(descriptor) if body is None else body)
        self.documents.append(Document(key, descriptor.media_type, read.body))
        return read

    async def _held(self, digest: str) -> Document | None:
        held = await self._lookup(digest)
        return held if held is not None and manifest.matches(held.body, digest) else None

    async def _fetch(self, digest: str, size: int | None = None) -> Read:
        answer = await self._get(manifest_ask("GET", self._path, digest))
        if answer.status == 404:
            raise Missing
        if answer.status != 200:
            raise errors.of_status(answer, self._clock.now())
        _verify(answer, digest, size)
        return self._keep(digest, answer.body, errors.media_type(answer))

    async def _blob(self, descriptor: Descriptor) -> bytes:
        if descriptor.size > manifest.MAX_BODY:
            raise errors.error(Reason.ResponseTooLarge, Text("镜像配置过大", "the image config is too large"))
        path = f"/v2/{self._path}/blobs/{descriptor.digest}"
        answer = await self._get(Ask("GET", path, pull(self._path), limit=manifest.MAX_BODY))
        if answer.status == 404:
            raise errors.error(Reason.ManifestInvalid, Text("镜像配置不存在", "the image config is missing"))
        if answer.status != 200:
            raise errors.of_status(answer, self._clock.now(), "config")
        _verify(answer, descriptor.digest, descriptor.size)
        return answer.body

    async def _get(self, ask: Ask) -> Response:
        landed = await self._signin.ask(self._source, ask)
        self.quota = ratelimit.quota(landed.response) or self.quota
        return landed.response

    def _keep(self, digest: str, body: bytes, media_type: str) -> Read:
        parsed = manifest.parse(body, media_type)
        self.documents.append(Document(digest, parsed.media_type, body))
        return Read(digest, parsed)


def _verify(answer: Response, digest: str, size: int | None) -> None:
    if size is not None and len(answer.body) != size:
        raise _mismatch("大小与描述符不符", "its size is not what the descriptor says")
    if not manifest.matches(answer.body, digest):
        raise _mismatch("内容与摘要不符", "its bytes do not hash to its digest")
    told = heads.digest(answer)
    if told and not manifest.matches(answer.body, told):
        raise _mismatch("应答头声明了另一个摘要", "its header names another digest")


def _mismatch(zh: str, en: str) -> RegistryError:
    return errors.error(Reason.ManifestInvalid, Text(zh, en))
