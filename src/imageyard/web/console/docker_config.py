"""Logins in what `docker login` writes, and in the Secrets that Kubernetes pulls images with. Pure.

Taken: `config.json` of docker (`{"auths": …}`), the older `.dockercfg`, a Secret of type
`kubernetes.io/dockerconfigjson` or `kubernetes.io/dockercfg` as YAML or JSON, or a List of such.
Sources: https://docs.docker.com/reference/cli/docker/login/,
https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from imageyard.domain.errors import BadRequest, Failure
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text
from imageyard.web import json_body, yaml_body

MOST: Final = 100
"""Registries in one text."""
LARGEST: Final = 256 * 1024
"""Characters of a text; a Secret has at most 1 MiB, and no list of logins a quarter of it."""
_HUB: Final = frozenset({"index.docker.io", "registry-1.docker.io", "docker.io"})
_KEYS: Final = (".dockerconfigjson", ".dockercfg")
_UNREADABLE: Final = Text(
    "无法识别的内容：应为 docker 的 config.json，或 kubectl create secret docker-registry 生成的 Secret",
    "this is neither docker's config.json nor a Secret of kubectl create secret docker-registry",
)


class Login(NamedTuple):
    """One registry as the text has it. `fault` tells why it cannot be taken; there is no password then."""

    domain: str
    username: str = ""
    password: Secret = Secret("")
    fault: Text | None = None


def read(text: str) -> list[Login]:
    """Every registry, each domain once: of several paths below one host the first counts. Raises BadRequest, which
    quotes nothing of the text."""
    if len(text) > LARGEST:
        raise BadRequest(Text("内容过大，最多 256 KiB", "this is too large: 256 KiB at most"))
    found: dict[str, Login] = {}
    for key, entry in _entries(_parsed(text)):
        login = _login(_domain(key), entry)
        found.setdefault(login.domain, login)
    if not found:
        raise BadRequest(Text("其中没有任何镜像仓库", "there is no registry in it"))
    if len(found) > MOST:
        raise BadRequest(Text(f"一次最多导入 {MOST} 个镜像仓库", f"at most {MOST} registries are imported at once"))
    return [*found.values()]


def _parsed(text: str) -> Any:
    try:
        # Docker indents by tabs, which YAML does not take.
        return json_body.parse(text) if text.lstrip().startswith("{") else yaml_body.parse(text)
    except Failure as failure:
        raise _refusal(failure) from None


def _refusal(failure: Failure) -> BadRequest:
    """A field that stands twice is named by its path, which may be a password pasted at the wrong place."""
    return BadRequest(failure.text if isinstance(failure, BadRequest) else _UNREADABLE)


def _entries(document: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(document, Mapping):
        raise BadRequest(_UNREADABLE)
    items = document.get("items")
    if isinstance(items, list):
        for item in items:
            yield from _entries(item)
    elif document.get("kind") == "Secret":
        yield from _secret(document)
    elif isinstance(document.get("auths"), Mapping):
        yield from document["auths"].items()
    elif document and all(isinstance(entry, Mapping) and "auth" in entry for entry in document.values()):
        yield from document.items()
    else:
        raise BadRequest(_UNREADABLE)


def _secret(secret: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    plain, encoded = (_mapping(secret.get(name)) for name in ("stringData", "data"))
    for key in _KEYS:
        text = plain.get(key) if isinstance(plain.get(key), str) else _decoded(encoded.get(key))
        if text:
            yield from _entries(_parsed(text))


def _login(domain: str, entry: Any) -> Login:
    given = _mapping(entry)
    username, password = given.get("username"), given.get("password")
    if given.get("identitytoken") or given.get("registrytoken"):
        text = Text("使用了身份令牌，其中没有密码", "it is signed in by an identity token, not by a password")
        return Login(domain, fault=text)
    if not (isinstance(username, str) and isinstance(password, str) and password):
        username, _, password = _decoded(given.get("auth")).partition(":")
    if not username or not password:
        text = Text(
            "其中没有密码，可能由 docker 的凭证助手保管",
            "there is no password in it; a credential helper of docker may keep it",
        )
        return Login(domain, username, fault=text)
    return Login(domain, username, Secret(password))


def _domain(key: str) -> str:
    """The host of a key, which may be a URL or have a path below the host."""
    host = key.partition("://")[2] if "://" in key else key
    host = host.partition("/")[0].rpartition("@")[2].lower()
    return "docker.io" if host in _HUB else host


def _decoded(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    try:
        return base64.b64decode("".join(value.split()), validate=True).decode().rstrip("\0")
    except (binascii.Error, ValueError):
        return ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
