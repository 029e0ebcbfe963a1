"""Give a registry source another password: one field, a test of it that stores nothing, and the deed."""

from dataclasses import dataclass, field, replace
from typing import Final

from imageyard.domain.errors import REQUIRED, Cause, Failure, Invalid
from imageyard.domain.kinds import REGISTRY_SECRET
from imageyard.domain.kinds.registry_secret import RegistrySecret
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text
from imageyard.registry import Probe, Told
from imageyard.service.admission import UNCHANGED_PASSWORD
from imageyard.service.objects import Patch
from imageyard.web.console import commands, forms, going, rows, source_form, tested
from imageyard.web.console.commands import Commands
from imageyard.web.console.room import Room
from imageyard.web.console.rows import SourceRow
from imageyard.web.console.source_form import Wrong
from imageyard.web.console.tested import Tested
from imageyard.web.console.trial import Test
from imageyard.web.console.visit import Visit
from imageyard.web.reply import Reply, Stream

_KIND: Final = REGISTRY_SECRET
_MISSING: Final = Text("请填写新密码", "type the new password")


@dataclass(frozen=True, slots=True)
class PasswordPage:
    row: SourceRow
    action: str
    uid: str
    may_test: bool
    commands: tuple[Commands, ...]
    wrong: Wrong = field(default_factory=Wrong)
    tested: Tested | None = None
    retype: bool = False


async def page(room: Room, visit: Visit, namespace: str, name: str) -> Reply:
    return await _answer(room, visit, _page(visit, await _found(visit, namespace, name)))


async def act(room: Room, visit: Visit, namespace: str, name: str) -> Reply | Stream:
    shown = _page(visit, await _found(visit, namespace, name))
    form = await forms.read(visit.exchange)
    password = Secret(form.secret("password"))
    shown = replace(shown, retype=bool(password))
    try:
        if not password:
            raise Invalid([Cause("spec.password", REQUIRED, _MISSING)], kind=_KIND.singular, name=name)
        if form.text("do") != "test":
            return await _rotate(visit, namespace, name, form.text("uid"), password)
        test = _test(visit, namespace, name, password)
        if visit.enhanced:
            return await tested.watched(room, visit, test)
        return await _answer(room, visit, replace(shown, tested=await tested.whole(visit, test)))
    except Failure as failure:
        return await _answer(room, visit, replace(shown, wrong=source_form.wrong(failure, visit)))


async def _found(visit: Visit, namespace: str, name: str) -> RegistrySecret:
    """Raises Forbidden for who may not change it, NotFound."""
    visit.doors.objects.rights.demand(visit.actor, "patch", _KIND, namespace, name)
    stored = await visit.doors.objects.get(visit.actor, _KIND, namespace, name)
    found: RegistrySecret = _KIND.decode(stored.body)
    return found


def _test(visit: Visit, namespace: str, name: str, password: Secret) -> Test:
    async def test(told: Told) -> Probe:
        body = {"password": password.reveal()}
        return await visit.doors.verifier.by_request(visit.actor, namespace, name, body, told)

    return test


async def _rotate(visit: Visit, namespace: str, name: str, uid: str, password: Secret) -> Reply:
    patch = Patch("merge", {"metadata": {"uid": uid}, "spec": {"password": password.reveal()}})
    result = await visit.doors.objects.patch(visit.actor, _KIND, namespace, name, patch)
    done = "same" if UNCHANGED_PASSWORD in result.warnings else "rotate"
    return going.to(visit, f"{rows.source_href(namespace, name)}?done={done}")


async def _answer(room: Room, visit: Visit, page: PasswordPage) -> Reply:
    if visit.enhanced and page.wrong.status != 200:
        return source_form.told(room, visit, page.wrong)
    shown = await room.templates.page(visit, "source_password.html", page, place="sources")
    return source_form.with_pause(shown._replace(status=page.wrong.status), page.wrong)


def _page(visit: Visit, found: RegistrySecret) -> PasswordPage:
    meta = found.metadata
    change = {"spec": {"password": "PASSWORD"}}  # nosec B105 # a word in its place
    return PasswordPage(
        row=rows.source(found, visit),
        action=f"{rows.source_href(meta.namespace, meta.name)}/password",
        uid=meta.uid,
        may_test=visit.may.verify(meta.namespace, meta.name),
        commands=(
            Commands(
                visit.words.gettext("Change the password"),
                commands.rest(visit.origin, "PATCH", _KIND, meta.namespace, f"/{meta.name}", body=change),
                commands.patch(_KIND, meta.namespace, meta.name, change),
            ),
        ),
    )
