"""The body of a verify request: which credential it asks to test. Pure."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import UNSET

from imageyard.domain import document
from imageyard.domain.errors import REQUIRED, UNKNOWN_FIELD, Cause, Failure, Invalid, NotFound
from imageyard.domain.kinds import REGISTRY_SECRET
from imageyard.domain.kinds.registry_secret import RegistrySecret
from imageyard.domain.text import Text
from imageyard.service import sources

FIELDS: Final = frozenset(
    {
        "domain",
        "username",
        "password",
        "provider",
        "insecure",
        "insecureSkipVerify",
        "caBundle",
        "trustedRealmHosts",
    }
)
BROUGHT: Final = frozenset({"domain", "username", "password"})
"""What a body must bring for a name that does not exist."""


class Candidate(NamedTuple):
    """A source to be tested. `stored`: it is the stored credential, at the stored address."""

    secret: RegistrySecret
    stored: bool


def over(old: RegistrySecret, body: Mapping[str, Any]) -> Candidate:
    """The stored source with the body laid over it. Raises Invalid; among others where a new address comes without
    its own password: a stored password never follows to it."""
    spec = {**msgspec.to_builtins(old.spec), **body}
    secret = _read(old.metadata.namespace, old.metadata.name, spec, body, old)
    moved = secret.spec.domain.lower() != old.spec.domain.lower()
    if moved and "password" not in body:
        text = Text("改用其他域名时须同时提供密码", "must be given when another domain is named")
        raise _invalid([Cause("password", REQUIRED, text)], old.metadata.name)
    # A body that brings a password is never taken for the stored credential, not even when it is the same:
    # what is written then would tell whether it was guessed right.
    same = secret.spec.password is UNSET and sources.credential(secret.spec) == sources.credential(old.spec)
    return Candidate(secret, same)


def alone(namespace: str, name: str, body: Mapping[str, Any]) -> Candidate:
    """A source that is not saved yet. Raises Invalid."""
    return Candidate(_read(namespace, name, {"provider": "other", **body}, body, None), stored=False)


def absent(name: str, body: Mapping[str, Any]) -> Failure:
    """Why a body cannot be tested under a name that does not exist."""
    missing = sorted(BROUGHT - body.keys())
    if not body or not missing:
        return NotFound(REGISTRY_SECRET.singular, name)
    text = Text(
        f"镜像源“{name}”尚未保存；测试未保存的镜像源须同时提供 domain、username 和 password",
        f'"{name}" is not saved; to test a source before saving it send domain, username and password',
    )
    return _invalid([Cause(field, REQUIRED, text) for field in missing], name)


def _read(
    namespace: str, name: str, spec: Mapping[str, Any], body: Mapping[str, Any], old: RegistrySecret | None
) -> RegistrySecret:
    meta = {"namespace": namespace, "name": name}
    known = {key: value for key, value in spec.items() if key in _KNOWN}
    read = document.read(REGISTRY_SECRET, {"metadata": meta, "spec": known}, old)
    causes = [
        Cause(field, UNKNOWN_FIELD, Text("未知字段", "is an unknown field"))
        for field in sorted(body, key=str)[: document.SHOWN]
        if field not in FIELDS
    ]
    broken = [*read.causes]
    if isinstance(read.mended, RegistrySecret):
        broken += document.elsewhere(read.causes, REGISTRY_SECRET.validate(read.mended, old))
        if not causes and not broken:
            return read.mended
    causes += [cause._replace(field=cause.field.removeprefix("spec.")) for cause in broken]
    raise _invalid(causes, name)


_KNOWN: Final = FIELDS | {"allowedNamespaces"}


def _invalid(causes: list[Cause], name: str) -> Invalid:
    return Invalid(causes, kind=REGISTRY_SECRET.singular, name=name)
