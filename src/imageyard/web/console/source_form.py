"""The form for a registry source as a page shows it, whether it is new or edited; and what is wrong with what was
typed, next to the field that it is about."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from imageyard.domain.errors import (
    REQUIRED,
    AlreadyExists,
    BadRequest,
    Cause,
    Failure,
    Forbidden,
    Invalid,
    NotFound,
    TooManyRequests,
)
from imageyard.domain.kinds import NAMESPACE, REGISTRY_SECRET
from imageyard.domain.kinds.registry_secret import PROVIDERS
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text
from imageyard.service import admission
from imageyard.web.console import source_fields
from imageyard.web.console.commands import Commands
from imageyard.web.console.presets import PRESETS, Preset
from imageyard.web.console.room import Room
from imageyard.web.console.source_fields import ELSEWHERE, Entered
from imageyard.web.console.tested import Tested
from imageyard.web.console.visit import Visit
from imageyard.web.reply import Reply

TEMPLATE: Final = "source_form.html"
_NO_USER: Final = Text("请填写用户名，或选择匿名访问", "give a user name, or choose anonymous access")
_NO_PASSWORD: Final = Text("请填写密码，或选择匿名访问", "give the password, or choose anonymous access")


@dataclass(frozen=True, slots=True)
class Wrong:
    """What was typed and cannot be taken: by field, and what is about none."""

    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    others: Sequence[str] = ()
    status: int = 200
    retry_after: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that somebody else has changed meanwhile: what it is now, and what is typed here. `both`: here too."""

    field: str
    theirs: str
    mine: str
    both: bool


@dataclass(frozen=True, slots=True)
class FormPage:
    action: str
    back: str
    entered: Entered
    editing: bool
    may_test: bool
    commands: tuple[Commands, ...]
    namespaces: Sequence[str] = ()
    may_type_namespace: bool = False
    preset: str = ""
    presets: Sequence[Preset] = PRESETS
    wrong: Wrong = field(default_factory=Wrong)
    tested: Tested | None = None
    retype: bool = False
    """Whether a password was typed that is not shown again."""
    uid: str = ""
    marks: str = ""
    """What the form was made of, to tell later who changed what."""
    password_set: bool = False
    differences: Sequence[Difference] = ()
    providers: Sequence[str] = PROVIDERS


def nameless() -> str:
    """What a source is called that is tested before it has a name: each otherwise, as tests of one name take turns."""
    return f"unsaved-{secrets.token_hex(4)}"


def check(entered: Entered, password: Secret) -> None:
    """Everything that is wrong with a new source, at once. Raises Invalid."""
    own = _lacking(entered, password)
    told = {cause.field for cause in own}
    body = source_fields.document(entered, password)
    try:
        admission.parse(REGISTRY_SECRET, entered.namespace, "", body, None, admission.REST)
        found: Sequence[Cause] = ()
    except (Invalid, BadRequest) as failure:
        found = failure.causes
    causes = own + [cause for cause in found if cause.field not in told]
    if causes:
        raise Invalid(causes, kind=REGISTRY_SECRET.singular)


def named(entered: Entered) -> list[Cause]:
    """A user name is left out where an anonymous source is not meant."""
    return [] if entered.anonymous or entered["username"] else [Cause("spec.username", REQUIRED, _NO_USER)]


def _lacking(entered: Entered, password: Secret) -> list[Cause]:
    if entered.anonymous or password:
        return named(entered)
    return [*named(entered), Cause("spec.password", REQUIRED, _NO_PASSWORD)]


def wrong(failure: Failure, visit: Visit) -> Wrong:
    """What a failure says, where it says it. Raises the failure when it is not about what was typed."""
    match failure:
        case Invalid() | BadRequest() if failure.causes:
            return _caused(failure.causes, visit)
        case AlreadyExists():
            return Wrong({"name": [visit.sentence(failure.text)]}, status=409)
        case NotFound() | Forbidden() if failure.kind == NAMESPACE.singular:
            return Wrong({"namespace": [visit.sentence(failure.text)]}, status=422)
        case TooManyRequests():
            return Wrong({}, [visit.sentence(failure.text)], 429, failure.retry_after)
        case BadRequest():
            return Wrong({}, [visit.sentence(failure.text)], 422)
    raise failure


def _caused(causes: Sequence[Cause], visit: Visit) -> Wrong:
    found = source_fields.by_field(causes)
    elsewhere = found.pop(ELSEWHERE, [])
    fields = {name: [visit.sentence(cause.text) for cause in about] for name, about in found.items()}
    others = [f"{cause.field} {visit.words.speak(cause.text)}".strip() for cause in elsewhere]
    return Wrong(fields, others, 422)


async def answer(room: Room, visit: Visit, page: FormPage) -> Reply:
    """The page, or for a script what is wrong alone: it keeps what was typed."""
    if visit.enhanced and page.wrong.status != 200:
        return told(room, visit, page.wrong)
    shown = await room.templates.page(visit, TEMPLATE, page, place="sources")
    return with_pause(shown._replace(status=page.wrong.status), page.wrong)


def told(room: Room, visit: Visit, said: Wrong) -> Reply:
    """What is wrong, for a script to put next to the fields."""
    return with_pause(room.templates.block(visit, "_wrong.html", "wrong", said, said.status), said)


def with_pause(answer: Reply, said: Wrong) -> Reply:
    if not said.retry_after:
        return answer
    return answer._replace(headers=(*answer.headers, (b"retry-after", b"%d" % said.retry_after)))
