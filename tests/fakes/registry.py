"""A registry in memory, speaking the `Registry` protocol: what holds which images, and who may sign in."""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from imageyard.domain.kinds.repository import Layer, Manifest, Platform
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Text
from imageyard.registry import (
    Document,
    Head,
    Inspection,
    Lookup,
    Probe,
    Quota,
    RegistryError,
    Source,
    Step,
    Told,
    config,
    origin,
    providers,
    untold,
)

IMAGE = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


class FakeRegistry:
    """One registry behind every domain. `accounts` maps user to password; an anonymous source may always in."""

    def __init__(self) -> None:
        self.accounts: dict[str, str] = {}
        self.calls: Counter[str] = Counter()
        """How often each of head, inspect, probe, and download (a document by digest) was asked."""
        self.sources: list[Source] = []
        self.failure: RegistryError | None = None
        """What head and inspect answer while it is set."""
        self.outcome: Probe | None = None
        """What probe answers while it is set."""
        self.quota: Quota | None = None
        self.during_probe: Callable[[], Any] | None = None
        """Awaited within a probe: what happens meanwhile."""
        self.during_inspect: Callable[[], Any] | None = None
        self._tags: dict[tuple[str, str], str] = {}
        self._documents: dict[str, Document] = {}

    def push(self, repository: str, tag: str, *, variables: Mapping[str, str] = {}, size: int = 1000) -> str:
        """Put an image of one layer; answers its digest."""
        config = _document(CONFIG, {"os": "linux", "architecture": "amd64", "config": {"Env": sorted(variables)}})
        layer = {"digest": _digest(str(size).encode()), "size": size, "mediaType": LAYER}
        described = {"digest": config.digest, "size": len(config.body), "mediaType": CONFIG}
        body = {
            "schemaVersion": 2,
            "mediaType": IMAGE,
            "config": described,
            "layers": [layer],
            "annotations": {"t": tag},
        }
        manifest = _document(IMAGE, body)
        self._documents |= {config.digest: config, manifest.digest: manifest}
        self._tags[repository, tag] = manifest.digest
        return manifest.digest

    def drop(self, digest: str) -> None:
        """Forget a document, as a garbage collection does."""
        self._documents.pop(digest, None)

    async def head(self, source: Source, repository: str, tag: str) -> Head:
        self._called("head", source)
        if self.failure is not None:
            raise self.failure
        digest = self._tags.get((repository, tag))
        if digest is None:
            raise RegistryError(Reason.TagNotFound, Text("没有该 Tag", "no such tag"))
        return Head(digest, IMAGE, self.quota)

    async def inspect(
        self, source: Source, repository: str, tag: str, head: Head, *, platform: str, lookup: Lookup
    ) -> Inspection:
        self._called("inspect", source)
        if self.failure is not None:
            raise self.failure
        digest = head.digest if head.digest in self._documents else self._tags.get((repository, tag), "")
        if not digest:
            raise RegistryError(Reason.TagNotFound, Text("没有该 Tag", "no such tag"))
        if self.during_inspect is not None:
            await self.during_inspect()
        top = await self._read(digest, lookup)
        document = json.loads(top.body)
        config = await self._config(document["config"]["digest"], lookup)
        layers = [Layer(each["digest"], str(each["size"]), each["mediaType"]) for each in document["layers"]]
        manifest = Manifest(
            digest=top.digest,
            media_type=top.media_type,
            os="linux",
            architecture="amd64",
            layers=layers,
            platforms=[Platform("linux", "amd64", digest=top.digest)],
        )
        return Inspection(manifest, (top, config), self.quota)

    async def probe(self, source: Source, told: Told = untold) -> Probe:
        self._called("probe", source)
        if self.during_probe is not None:
            await self.during_probe()
        await asyncio.sleep(0)
        if self.outcome is not None:
            return self.outcome
        if not source.username or self.accounts.get(source.username) == source.password.reveal():
            return probe(Reason.Verified, success=True)
        return probe(Reason.Unauthorized)

    def scope(self, source: Source, repository: str) -> str:
        home = origin.of(source)
        return f"{home}/{providers.asked(home, repository)}"

    def host(self, source: Source) -> str:
        home = origin.of(source)
        return f"{home.host}:{home.port}"

    def forget(self, credential: str) -> None:
        self.calls["forget"] += 1

    def _called(self, what: str, source: Source) -> None:
        self.calls[what] += 1
        self.sources.append(source)

    async def _config(self, digest: str, lookup: Lookup) -> Document:
        key = config.key(digest)
        return await lookup(key) or (await self._read(digest, lookup))._replace(digest=key)

    async def _read(self, digest: str, lookup: Lookup) -> Document:
        held = await lookup(digest)
        if held is not None:
            return held
        self.calls["download"] += 1
        return self._documents[digest]


def probe(reason: Reason, *, success: bool = False) -> Probe:
    """The outcome of a verification, with steps."""
    words = Text("连接成功", "connection succeeded") if success else Text(f"连接失败：{reason}", f"failed: {reason}")
    return Probe(success, reason, words, (Step("address", "ok", Text("正常", "ok"), 3),))


def _document(media_type: str, content: object) -> Document:
    body = json.dumps(content).encode()
    return Document(_digest(body), media_type, body)


def _digest(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"
