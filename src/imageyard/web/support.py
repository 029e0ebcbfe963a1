"""The support bundle: what somebody who helps needs to know of a server, in one archive. No secret is in it, since none
of what it is made of holds one; and it is bounded.
"""

import io
import zipfile
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from imageyard.domain.access import Actor
from imageyard.domain.kinds import CLUSTER_ROLE, EVENT, NAMESPACE, REGISTRY_SECRET, REPOSITORY, ROLE, ROLE_BINDING
from imageyard.domain.objects import rfc3339
from imageyard.store import Query
from imageyard.web import health
from imageyard.web.doors import Doors

MOST_BYTES: Final = 2 * 1024 * 1024
"""Of each file; what is longer ends there and says so."""
MOST_SOURCES: Final = 1_000
_CUT: Final = b"\n... cut off here\n"
_COUNTED: Final = (REGISTRY_SECRET, REPOSITORY, NAMESPACE, EVENT, ROLE, CLUSTER_ROLE, ROLE_BINDING)
_README: Final = b"""What this server could tell of itself when it was asked. It holds no passwords, tokens or keys.

version.json    its version, and those of Kubernetes' API and SQLite
settings.json   every setting, where it came from, secrets as stars
readiness.json  the checks of /readyz
counts.json     how many objects of each kind there are
keys.json       ids of encryption keys and how many values are under each, never a key
hosts.json      registry sources: domain, last verdict, state of the host
metrics.txt     /metrics
"""


async def bundle(doors: Doors, actor: Actor) -> bytes:
    """A zip archive. Raises Forbidden for who may not read all of it."""
    held, now = doors.installation, doors.clock.now()
    documents: Mapping[str, Any] = {
        "version.json": {
            "imageyard": doors.version,
            "kubernetes": health.version(doors.version)["gitVersion"],
            "sqlite": held.sqlite,
            "asked": rfc3339(now),
            "started": rfc3339(held.started) if held.started else None,
        },
        "settings.json": [{"name": each.name, "value": each.value, "origin": each.origin} for each in held.settings],
        "readiness.json": dict(doors.ready()),
        "counts.json": {kind.plural: await doors.objects.count(actor, kind, Query()) for kind in _COUNTED},
        "keys.json": await doors.keys.uses(),
        "hosts.json": await _hosts(doors, actor),
    }
    files = {name: msgspec.json.format(msgspec.json.encode(found), indent=2) for name, found in documents.items()}
    return _zipped({"README.txt": _README, **files, "metrics.txt": doors.metrics.render()}, now.timetuple()[:6])


async def _hosts(doors: Doors, actor: Actor) -> list[dict[str, Any]]:
    page = await doors.objects.list(actor, REGISTRY_SECRET, Query(offset=0, limit=MOST_SOURCES))
    found = (REGISTRY_SECRET.decode(stored.body) for stored in page.items)
    return [
        {
            "source": f"{each.metadata.namespace}/{each.metadata.name}",
            "domain": each.spec.domain,
            "reasons": [condition.reason for condition in each.status.conditions],
            "host": each.status.host,
        }
        for each in found
    ]


def _zipped(files: Mapping[str, bytes], when: tuple[int, ...]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(f"imageyard-support/{name}", (when[0], when[1], when[2], when[3], when[4], when[5]))
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            archive.writestr(entry, content if len(content) <= MOST_BYTES else content[:MOST_BYTES] + _CUT)
    return out.getvalue()
