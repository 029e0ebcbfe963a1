"""Durable creates by 16 clients, with Events and audit as the product comes: against raw SQLite in durable groups of
16, in a large world against a small one, and with every record on the disk first.
"""

import asyncio
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench import bare, images, least, wrk
from bench.figure import Figure
from bench.product import API, Product
from bench.profile import Profile
from bench.world import Worlds
from imageyard.store.sqlite.connection import FILE

_TARGET: Final = 0.40
_NO_DEARER: Final = 0.70
"""Of the small world's rate: the large one costs less than 30 % of it."""
_STRICT_TARGET: Final = 0.30
_CLIENTS: Final = 16
_NAMESPACE: Final = "creates"


def measure(profile: Profile, worlds: Worlds) -> Iterator[Figure]:
    """In both worlds, the strict ones in the small."""
    with worlds.serving(profile.few) as server:
        small = _created(server, "few-", profile)
        strict_ceiling = _created(server, "more-", profile)
    with worlds.serving(profile.many) as server:
        value = _created(server, "new-", profile)
        ceiling = _raw(server, profile)
    alone = least.creates(document(), profile.seconds, profile.warm_up, _CLIENTS)
    remark = (
        f"{_CLIENTS} clients over HTTP; the same rows straight into SQLite in durable groups of {_CLIENTS};"
        f" HTTP and the store alone: {alone:,.0f}/s"
    )
    name = f"durable creates beside {profile.many:,}"
    yield Figure(name, value, ceiling, "objects/s", _TARGET, remark)
    remark = f"ceiling: the same beside {profile.few:,}"
    yield Figure(f"{name}, against {profile.few:,}", value, small, "objects/s", _NO_DEARER, remark)
    with worlds.serving(profile.few, "--audit-strict") as server:
        strict = _created(server, "strict-", profile)
    remark = "two durable audit records a create; ceiling: the same without --audit-strict"
    name = f"durable creates beside {profile.few:,} under --audit-strict"
    yield Figure(name, strict, strict_ceiling, "objects/s", _STRICT_TARGET, remark)


def _raw(server: Product, profile: Profile) -> float:
    with tempfile.TemporaryDirectory() as raw:
        asyncio.run(bare.schema(Path(raw)))
        return bare.sqlite(Path(raw), server.directory / FILE, _NAMESPACE, profile.seconds, _CLIENTS)


def _created(server: Product, prefix: str, profile: Profile) -> float:
    """Creates a second, once the server has made some: what was just started is not at its best."""
    if profile.warm_up:
        _asked(server, f"first-{prefix}", profile.warm_up)
    return _asked(server, prefix, profile.seconds)


def _asked(server: Product, prefix: str, seconds: float) -> float:
    path = f"{API}/{_NAMESPACE}/repositories"
    script = wrk.creates(path, prefix, document())
    return wrk.rate(server.url + path, server.token, seconds=seconds, connections=_CLIENTS, script=script)


def document() -> str:
    """What is posted; NAME stands for a name."""
    spec = {
        "repository": "team/app",
        "tag": "v1",
        "registryRef": {"name": images.SOURCE.name, "namespace": images.SOURCE.namespace},
        "suspend": True,
    }
    meta = {"name": "NAME", "annotations": {images.DISPLAY_NAME: "网关 NAME"}}
    return json.dumps({"metadata": meta, "spec": spec}, ensure_ascii=False)
