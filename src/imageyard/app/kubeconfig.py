"""kubeconfig files (v1 Config): made new, and merged into what somebody has already.

Source: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from imageyard.domain.errors import AlreadyExists, BadRequest, Conflict, NotFound
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text

OURS: Final = "imageyard"
"""Name of the extension by which a context is known to be one that signing in made."""
_LISTS: Final = {"clusters": "cluster", "users": "user", "contexts": "context"}

User = Mapping[str, Any]
"""A `user` of a kubeconfig; holds secrets."""


def by_token(token: Secret) -> User:
    return {"token": token.reveal()}


def by_certificate(certificate: bytes, key: Secret) -> User:
    return {"client-certificate-data": _base64(certificate), "client-key-data": _base64(key.reveal().encode())}


def cluster(server: str, ca: bytes | None) -> dict[str, Any]:
    """`ca` (PEM) None where the system's roots are enough."""
    return {"server": server, **({} if ca is None else {"certificate-authority-data": _base64(ca)})}


def complete(server: str, ca: bytes, name: str, user: User) -> bytes:
    """A kubeconfig of one cluster, one user, one context. JSON is YAML."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "imageyard", "cluster": cluster(server, ca)}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": "imageyard", "context": {"cluster": "imageyard", "user": name}}],
        "current-context": "imageyard",
    }
    return json.dumps(document, indent=2).encode() + b"\n"


class Login(NamedTuple):
    """A context by which somebody is signed in. `ca` (PEM) None stands for the system's roots."""

    name: str
    server: str
    ca: bytes | None
    token: Secret


def signed_in(config: Mapping[str, Any], login: Login) -> dict[str, Any]:
    """With a context, cluster and user of the login's name, and that context chosen. What else there is stays.
    Raises AlreadyExists for a name that something else has."""
    cleared = _without(config, login.name)
    marked = [{"name": OURS, "extension": {"made-by": OURS}}]
    context = {"cluster": login.name, "user": login.name, "extensions": marked}
    made = {"clusters": cluster(login.server, login.ca), "users": by_token(login.token), "contexts": context}
    entries = {key: [*_list(cleared, key), {"name": login.name, one: made[key]}] for key, one in _LISTS.items()}
    return {"apiVersion": "v1", "kind": "Config", **cleared, **entries, "current-context": login.name}


def signed_out(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Without the login of that name. Raises NotFound; Conflict for a name that something else has."""
    _entry(config, "contexts", name)
    if not _is_ours(config, name):
        said = f'context "{name}" was not made by imageyard login, and stays'
        raise Conflict("context", name, Text(said, said))
    cleared = _without(config, name)
    return {**cleared, "current-context": ""} if cleared.get("current-context") == name else cleared


def login(config: Mapping[str, Any], name: str = "") -> Login:
    """The login of a context, the chosen one for "". Raises NotFound; BadRequest for one without a static token."""
    name = name or str(config.get("current-context") or "")
    context = _inner(_entry(config, "contexts", name), "context")
    held = _inner(_entry(config, "clusters", str(context.get("cluster"))), "cluster")
    user = _inner(_entry(config, "users", str(context.get("user"))), "user")
    server, token, ca = held.get("server"), user.get("token"), held.get("certificate-authority-data")
    if not isinstance(server, str) or not isinstance(token, str):
        raise _bad(f'the context "{name}" holds no server and token')
    try:
        return Login(name, server, None if ca is None else base64.b64decode(str(ca), validate=True), Secret(token))
    except binascii.Error:
        raise _bad(f'the certificate authority of the context "{name}" is no base64') from None


def _without(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    if not _is_ours(config, name) and any(_named(config, key, name) for key in _LISTS):
        raise AlreadyExists("context", name)
    kept = {key: [each for each in _list(config, key) if each not in _named(config, key, name)] for key in _LISTS}
    return {**config, **kept}


def _is_ours(config: Mapping[str, Any], name: str) -> bool:
    contexts = [_inner(each, "context") for each in _named(config, "contexts", name)]
    marks = [each for context in contexts for each in _list(context, "extensions")]
    return any(isinstance(mark, dict) and mark.get("name") == OURS for mark in marks)


def _named(config: Mapping[str, Any], key: str, name: str) -> list[Any]:
    return [each for each in _list(config, key) if isinstance(each, dict) and each.get("name") == name]


def _entry(config: Mapping[str, Any], key: str, name: str) -> Any:
    found = _named(config, key, name)
    if not found:
        raise NotFound(_LISTS[key], name)
    return found[0]


def _list(config: Mapping[str, Any], key: str) -> list[Any]:
    """[] for what is missing or null. Raises BadRequest."""
    value = config.get(key) or []
    if not isinstance(value, list):
        raise _bad(f"it is no kubeconfig: {key} is no list")
    return value


def _inner(entry: Any, key: str) -> Mapping[str, Any]:
    value = entry.get(key)
    return value if isinstance(value, dict) else {}


def _bad(sentence: str) -> BadRequest:
    return BadRequest(Text(sentence, sentence))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
