"""AccessToken: a credential imageyard gave out. Only its hash is kept; no door serves this kind."""

from datetime import datetime
from typing import Any, Final, Literal

from msgspec import Struct, field

from imageyard.domain import metadata, names, visible
from imageyard.domain.errors import INVALID, TOO_LONG, Cause
from imageyard.domain.kind import Index, Kind
from imageyard.domain.objects import Object
from imageyard.domain.text import Text

LONGEST: Final = 256
"""Characters of a user or a group."""
_HIDDEN: Final = Text(
    "请去掉控制字符、换行符和不可见的格式字符",
    "drop the control characters, line separators and invisible format characters",
)
_EDGES: Final = Text("请去掉首尾的空白", "drop the white space at the beginning and the end")


class AccessTokenSpec(Struct, rename="camel", omit_defaults=True, kw_only=True):
    user: str
    groups: list[str] = []
    token_hash: str
    """Hex SHA-256 of the token, which has 256 random bits, so no slow hash is needed; or of the certificate's DER."""
    expires: datetime | None = None
    type: Literal["token", "certificate", "session"] = "token"
    """What the bearer shows: a bearer token, in TLS a certificate of the server's own CA, or a browser's cookie."""
    parent: str = ""
    """uid of the token that a session was begun with: it is recognised as long as that one would be. "" where none of
    ours was shown."""


class AccessTokenStatus(Struct, rename="camel", omit_defaults=True):
    last_used: datetime | None = None


class AccessToken(Object, kw_only=True):
    spec: AccessTokenSpec
    status: AccessTokenStatus = field(default_factory=AccessTokenStatus)


def index(token: AccessToken) -> Index:
    return Index(search=(token.metadata.name,), reference=token.spec.token_hash)


def validate(new: AccessToken, old: AccessToken | None) -> list[Cause]:
    """The name is a DNS-1123 subdomain; the user and each group are names that people can tell apart by sight."""
    groups = ((f"spec.groups[{n}]", group) for n, group in enumerate(new.spec.groups))
    return [
        *metadata.check(new.metadata, namespaced=False),
        *(cause for field_, value in (("spec.user", new.spec.user), *groups) for cause in _identity(field_, value)),
    ]


def _identity(field_: str, value: str) -> list[Cause]:
    if not value:
        return [names.required(field_)]
    if len(value) > LONGEST:
        return [Cause(field_, TOO_LONG, Text(f"最长 {LONGEST} 个字符", f"has at most {LONGEST} characters"))]
    if not visible.is_whole(value):
        return [Cause(field_, INVALID, _HIDDEN)]
    return [Cause(field_, INVALID, _EDGES)] if value != value.strip() else []


KIND: Kind[Any] = Kind(
    name="AccessToken",
    plural="accesstokens",
    singular="accesstoken",
    group="imageyard.internal",
    version="v1",
    namespaced=False,
    served=False,
    type=AccessToken,
    index=index,
    validate=validate,
    categories=(),
    subresources=(),
)
