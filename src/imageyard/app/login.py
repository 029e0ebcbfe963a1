"""Signing in to a server that somebody else runs: who the bearer is, and the kubeconfig entry that says so."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from imageyard.app import kubeconfig
from imageyard.app.acquaintance import Address, Server, Unknown
from imageyard.app.files import Unreachable, write_private
from imageyard.app.kubeconfig import Login
from imageyard.domain import errors, visible
from imageyard.domain.errors import BadRequest
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text
from imageyard.web import yaml_body

_SELF = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
_REVIEW = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}


class Identity(NamedTuple):
    user: str
    groups: list[str]


def who(server: Server, token: Secret) -> Identity:
    """Whose token it is. Raises Unauthorized, Unreachable, Failure."""
    answer = server.ask("POST", _SELF, token=token, body=_REVIEW)
    if answer.status == 401:
        sentence = f"{server.address} does not take this token: it is unknown, expired or revoked"
        raise errors.Unauthorized(Text(sentence, sentence))
    told = answer.json().get("status")
    user = told.get("userInfo") if isinstance(told, dict) else None
    if answer.status != 201 or not isinstance(user, dict) or not isinstance(user.get("username"), str):
        message = answer.json().get("message", f"it answered {answer.status}")
        raise Unreachable(f"{server.address} does not tell who the bearer is: {visible.shown(str(message))}")
    return Identity(user["username"], [str(group) for group in user.get("groups") or []])


def default_name(address: Address) -> str:
    return address.host if address.port == 443 else f"{address.host}:{address.port}"


def keep(file: Path, login: Login) -> None:
    """Write the login into a kubeconfig. Raises AlreadyExists, BadRequest, OSError."""
    with _locked(file):
        _write(file, kubeconfig.signed_in(read(file), login))


def drop(file: Path, name: str) -> str:
    """Take a login out of a kubeconfig, the chosen one for ""; answers its name. Raises NotFound, Conflict,
    BadRequest, OSError."""
    with _locked(file):
        config = read(file)
        name = name or str(config.get("current-context") or "")
        _write(file, kubeconfig.signed_out(config, name))
    return name


def kept(file: Path, name: str) -> tuple[Server, Login]:
    """A login, and its server. Raises NotFound, BadRequest, OSError."""
    login = kubeconfig.login(read(file), name)
    return Server(Address.parse(login.server), login.ca), login


def whoami(file: Path, name: str) -> tuple[Login, Identity]:
    """Who the bearer of a login is to its server now. Raises NotFound, Unauthorized, Unreachable."""
    server, login = kept(file, name)
    try:
        return login, who(server, login.token)
    except Unknown:
        raise Unreachable(f"the certificate of {server.address} is not of the CA in {file}; sign in again") from None


def default_file() -> Path:
    """Where kubectl writes: the first file of $KUBECONFIG, else ~/.kube/config."""
    named = next((part for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part), "")
    return Path(named) if named else Path.home() / ".kube" / "config"


def read(file: Path) -> dict[str, Any]:
    """{} where there is no file. Raises BadRequest, OSError."""
    try:
        config = yaml_body.parse(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (BadRequest, errors.Invalid, UnicodeDecodeError) as error:
        raise _no_kubeconfig(file) from error
    if config is not None and not isinstance(config, dict):
        raise _no_kubeconfig(file)
    return config or {}


def _no_kubeconfig(file: Path) -> BadRequest:
    sentence = f"{file} is no kubeconfig; name another file with --kubeconfig"
    return BadRequest(Text(sentence, sentence))


def _write(file: Path, config: dict[str, Any]) -> None:
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True, default_flow_style=False)
    # The file itself is replaced, not a link that leads to it.
    write_private(file.resolve(), text.encode())


@contextlib.contextmanager
def _locked(file: Path) -> Iterator[None]:
    """As kubectl does, so that neither loses what the other writes."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = file.with_name(f"{file.name}.lock")
    try:
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        told = f"another program writes {file} now; if none does, delete {lock}"
        raise OSError(told) from None
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
