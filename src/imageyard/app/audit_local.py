"""Records what the command line does to the files itself, without a server's door: by the user of this machine."""

import os
import pwd
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import UNSET

from imageyard.app.audit_file import AuditFile
from imageyard.domain import audit
from imageyard.domain.audit import DOOR, NO_ANSWER, Event, ObjectRef, User
from imageyard.domain.errors import Failure
from imageyard.domain.kinds import ACCESS_TOKEN
from imageyard.web import errors, naming

TOKENS: Final = ACCESS_TOKEN.plural
KEYS: Final = "keys"
_ANY_SIZE: Final = sys.maxsize
"""Rotation is the server's."""


class Action:
    """What is done. `name` may be told when it is known."""

    def __init__(self, verb: str, resource: str, name: str) -> None:
        self.id = uuid.uuid4().hex
        self.verb = verb
        self.resource, _, self.subresource = resource.partition("/")
        self.name = name
        self.began = datetime.now(UTC)

    def event(self, code: int | None, reason: str = "") -> Event:
        """None for a code: it has not been done yet."""
        token = self.resource == TOKENS
        return Event(
            audit_id=self.id,
            stage="RequestReceived" if code is None else "ResponseComplete",
            request_uri="",
            verb=self.verb,
            user=User(f"local/{_user()}"),
            source_ips=[],
            object_ref=ObjectRef(
                resource=self.resource,
                name=self.name if naming.is_name(self.name) else "",
                api_group=ACCESS_TOKEN.group if token else "",
                api_version=ACCESS_TOKEN.version if token else "",
                subresource=self.subresource,
            ),
            response_status=UNSET if code is None else audit.status(code, reason),
            request_received_timestamp=self.began,
            stage_timestamp=self.began if code is None else datetime.now(UTC),
            annotations={DOOR: "cli"},
        )


@contextmanager
def recorded(directory: Path, verb: str, resource: str, name: str = "") -> Iterator[Action]:
    """Record durably that something is about to be done, and then how it ended. `directory` is that of the trail,
    `resource` may be `keys/rotate`. Raises OSError, and nothing is done, when it cannot be recorded."""
    file, action = AuditFile(directory, _ANY_SIZE, 0), Action(verb, resource, name)
    _append(file, action.event(None))
    try:
        yield action
    except BaseException as error:
        _append(file, action.event(*_told(error)))
        raise
    else:
        _append(file, action.event(200))
    finally:
        file.close()


def _append(file: AuditFile, event: Event) -> None:
    file.append(msgspec.json.encode(event) + b"\n", durable=True)


def _told(error: BaseException) -> tuple[int, str]:
    """The code and the reason of what stopped it: never its text."""
    if isinstance(error, Failure):
        return errors.outcome(error)
    return (500 if isinstance(error, Exception) else NO_ANSWER), type(error).__name__


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
