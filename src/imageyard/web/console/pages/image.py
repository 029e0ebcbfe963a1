"""One image: what it is, what is inside, what happened to it; and the actions on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from imageyard.domain.errors import BadRequest, NotFound, Unavailable
from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY
from imageyard.domain.kinds.repository import Manifest, Repository
from imageyard.domain.objects import Condition
from imageyard.service.objects import Patch
from imageyard.web import reply
from imageyard.web.console import (
    commands,
    contents,
    documents,
    happened,
    histories,
    pulling,
    raw,
    rows,
    sides,
    timeline,
)
from imageyard.web.console.commands import Commands
from imageyard.web.console.contents import ConfigShown, LayerRow, PlatformRow
from imageyard.web.console.happened import EventRow
from imageyard.web.console.pulling import Pull
from imageyard.web.console.raw import Raw
from imageyard.web.console.room import Room
from imageyard.web.console.rows import ImageRow
from imageyard.web.console.timeline import Moment, Show
from imageyard.web.console.visit import Said, Visit
from imageyard.web.reply import Reply

TABS: Final = ("overview", "layers", "config", "manifest", "history", "events", "yaml", "commands")


@dataclass(frozen=True, slots=True)
class Inside:
    """Layers and config of one platform; `problem` tells why they cannot be shown."""

    layers: tuple[LayerRow, ...] = ()
    config: ConfigShown | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ImagePage:
    row: ImageRow
    found: Repository
    manifest: Manifest | None
    platform: str
    platforms: tuple[PlatformRow, ...]
    pulls: tuple[Pull, ...]
    pinned: str
    tab: str
    tabs: tuple[str, ...]
    inside: Inside
    raw: Raw | None
    history: tuple[Moment, ...]
    show: Show
    """Which moments of the history are shown."""
    events: tuple[EventRow, ...] | None
    conditions: tuple[tuple[Condition, Said], ...]
    yaml: str
    commands: tuple[Commands, ...]
    may_suspend: bool
    may_delete: bool
    done: str
    live: str


async def page(room: Room, visit: Visit, namespace: str, name: str) -> Reply:
    stored = await visit.doors.objects.get(visit.actor, REPOSITORY, namespace, name)
    found: Repository = REPOSITORY.decode(stored.body)
    tab = visit.query.text("tab") if visit.query.text("tab") in TABS else TABS[0]
    manifest, domain = found.status.manifest, await _domain(visit, found)
    platform = _platform(manifest, visit.query.text("platform"))
    show = timeline.show(visit.query.text("show"))
    context = ImagePage(
        row=rows.image(found, visit),
        found=found,
        manifest=manifest,
        platform=platform,
        platforms=contents.platforms(manifest, platform) if manifest else (),
        pulls=pulling.commands(found, domain) if domain else (),
        pinned=pulling.pinned(found, domain) if domain else "",
        tab=tab,
        tabs=TABS,
        inside=await _inside(visit, found, platform, tab),
        raw=await _raw(visit, found) if tab == "manifest" else None,
        history=await _history(visit, found, show) if tab == "history" else (),
        show=show,
        events=await happened.about(visit, namespace, stored.uid),
        conditions=tuple((each, visit.said(each.reason, each.message)) for each in found.status.conditions),
        yaml=documents.as_yaml(stored.body) if tab == "yaml" else "",
        commands=_commands(visit, found),
        may_suspend=visit.may.suspend(namespace, name),
        may_delete=visit.may.delete(REPOSITORY, namespace, name),
        done=visit.query.text("done"),
        live=f"repositories {namespace} {name}",
    )
    return await room.templates.page(visit, "image.html", context, place="images", namespace=namespace)


async def sync(room: Room, visit: Visit, namespace: str, name: str) -> Reply:
    at_once = await visit.doors.sync_requests.sync(visit.actor, namespace, name)
    return _done(room, visit, namespace, name, "sync" if at_once else "sync-waits")


async def suspend(room: Room, visit: Visit, namespace: str, name: str) -> Reply:
    await _set_suspended(visit, namespace, name, suspended=True)
    return _done(room, visit, namespace, name, "suspend")


async def resume(room: Room, visit: Visit, namespace: str, name: str) -> Reply:
    await _set_suspended(visit, namespace, name, suspended=False)
    return _done(room, visit, namespace, name, "resume")


async def _set_suspended(visit: Visit, namespace: str, name: str, *, suspended: bool) -> None:
    patch = Patch("merge", {"spec": {"suspend": suspended}})
    await visit.doors.objects.patch(visit.actor, REPOSITORY, namespace, name, patch)


def _done(room: Room, visit: Visit, namespace: str, name: str, done: str) -> Reply:
    """For htmx a notice, as what changed comes by the event stream; for a browser alone the page anew."""
    if visit.enhanced:
        return room.templates.block(visit, "_done.html", "notice", done)
    return reply.see_other(f"{rows.image_href(namespace, name)}?done={done}")


async def _domain(visit: Visit, found: Repository) -> str:
    """Where it is pulled from: as its last sync found it, else as its source says, where the reader may see that."""
    ref = found.spec.registry_ref
    if found.status.domain or not visit.may("get", REGISTRY_SECRET, ref.namespace, ref.name):
        return found.status.domain
    try:
        stored = await visit.doors.objects.get(visit.actor, REGISTRY_SECRET, ref.namespace, ref.name)
    except NotFound:
        return ""
    return str(REGISTRY_SECRET.decode(stored.body).spec.domain)


def _platform(manifest: Manifest | None, asked: str) -> str:
    """The digest of the platform to show. What is no digest of this image is the one its status holds."""
    if manifest is None:
        return ""
    own = contents.own_digest(manifest)
    return asked if asked in {each.digest for each in manifest.platforms} and asked else own


async def _inside(visit: Visit, found: Repository, platform: str, tab: str) -> Inside:
    """The status holds the layers of its own platform; everything else is in the manifest."""
    manifest, meta = found.status.manifest, found.metadata
    if manifest is None or tab not in ("layers", "config"):
        return Inside()
    try:
        if tab == "layers" and platform == contents.own_digest(manifest):
            held = await visit.doors.manifests.peek(visit.actor, meta.namespace, meta.name, platform)
            return _described(held) if held is not None else Inside(contents.layers(manifest.layers))
        return _described(await visit.doors.manifests.read(visit.actor, meta.namespace, meta.name, platform))
    except (NotFound, Unavailable, BadRequest) as failure:
        return Inside(problem=sides.said(failure, visit))


async def _raw(visit: Visit, found: Repository) -> Raw | None:
    """The manifest that the tag names, or another one that it has named, or an entry of either."""
    shown, meta = found.status.manifest, found.metadata
    root = visit.query.text("digest") or (shown.digest if shown is not None else "")
    files = rows.image_href(meta.namespace, meta.name)
    return await raw.opened(visit, found, root, visit.query.text("entry"), files) if root else None


async def _history(visit: Visit, found: Repository, show: Show) -> tuple[Moment, ...]:
    meta = found.metadata
    lines = await visit.doors.objects.history(visit.actor, REPOSITORY, meta.namespace, meta.name)
    told = histories.syncs(lines, visit)
    weights = await visit.doors.manifests.weigh(
        visit.actor, meta.namespace, meta.name, timeline.digests(told), sides.platform_of(found)
    )
    return timeline.moments(told, weights, rows.image_href(meta.namespace, meta.name), show)


def _described(read: Mapping[str, Any]) -> Inside:
    return Inside(contents.read_layers(read["layers"], read["config"]), contents.config(read["config"]))


def _commands(visit: Visit, found: Repository) -> tuple[Commands, ...]:
    words, kind, origin = visit.words, REPOSITORY, visit.origin
    namespace, name = found.metadata.namespace, found.metadata.name
    below, other = f"/{name}", not found.spec.suspend
    suspend = words.gettext("Suspend it") if other else words.gettext("Resume it")
    patch = {"spec": {"suspend": other}}
    return (
        Commands(
            words.gettext("Read it"),
            commands.rest(origin, "GET", kind, namespace, below),
            commands.kubectl("get", kind.singular, name, "-o", "yaml", namespace=namespace),
        ),
        Commands(
            words.gettext("Sync now"),
            commands.rest(origin, "POST", kind, namespace, f"{below}/sync"),
            commands.kubectl("annotate", kind.singular, name, "--overwrite", namespace=namespace)
            + ' "theriseunion.io/manual-sync=$(date +%s)"',
        ),
        Commands(
            suspend,
            commands.rest(origin, "PATCH", kind, namespace, below, body=patch),
            commands.kubectl(
                "patch",
                kind.singular,
                name,
                "--type=merge",
                "-p",
                f'{{"spec":{{"suspend":{str(other).lower()}}}}}',
                namespace=namespace,
            ),
        ),
        Commands(
            words.gettext("See its sync history"), commands.rest(origin, "GET", kind, namespace, f"{below}/history")
        ),
        Commands(
            words.gettext("Delete it"),
            commands.rest(origin, "DELETE", kind, namespace, below),
            commands.kubectl("delete", kind.singular, name, namespace=namespace),
        ),
    )
