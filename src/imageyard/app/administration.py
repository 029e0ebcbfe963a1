"""What the command line asks of a server: through the running one when there is one, else in the file itself."""

import asyncio
import http.client
import json
import ssl
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn, Protocol, TypeVar, cast

import msgspec

from imageyard.app import audit_local, keysources, sealing
from imageyard.app.clock import SystemClock
from imageyard.app.files import DataDir, Unreachable, ports_in_use
from imageyard.app.rotation import Rotation
from imageyard.domain import errors
from imageyard.domain.kinds import KINDS
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text
from imageyard.service.sealkeys import KeyUses, Rotated
from imageyard.service.tokens import Tokens, describe
from imageyard.settings import Settings
from imageyard.store.sqlite.store import SQLiteStore
from imageyard.web.admin.door import KEYS, PRUNE, ROTATE, TOKENS

T = TypeVar("T")


class Administration(Protocol):
    """Raises errors.Failure as the service does."""

    def create_token(self, name: str, user: str, groups: Sequence[str], ttl: timedelta | None) -> Secret: ...

    def list_tokens(self) -> Sequence[dict[str, Any]]: ...

    def revoke_token(self, name: str) -> None: ...

    def rotate_keys(self) -> Rotated: ...

    def list_keys(self) -> KeyUses: ...

    def retire_key(self, key_id: str) -> None: ...

    def prune_keys(self) -> Sequence[str]: ...


def administration(settings: Settings) -> Administration:
    """The running server when one answers, else the file under its lock."""
    directory = DataDir(settings.data_dir)
    if ports_in_use(directory) is not None and directory.kubeconfig.exists():
        remote = _Remote(directory)
        if remote.answers():
            return remote
    return _Local(directory, settings)


class _Remote:
    """Speaks to the running server as its admin, over HTTPS with the server's own CA (both from the kubeconfig)."""

    def __init__(self, directory: DataDir) -> None:
        config = json.loads(directory.kubeconfig.read_bytes())
        self._address = str(config["clusters"][0]["cluster"]["server"]).removeprefix("https://")
        self._token = Secret(config["users"][0]["user"]["token"])
        self._trust = ssl.create_default_context(cafile=str(directory.tls / "ca.crt"))

    def answers(self) -> bool:
        try:
            return self._send("GET", "/livez", timeout=2)[0] == http.client.OK
        except (OSError, http.client.HTTPException):
            return False

    def create_token(self, name: str, user: str, groups: Sequence[str], ttl: timedelta | None) -> Secret:
        seconds = None if ttl is None else int(ttl.total_seconds())
        body = {"name": name, "user": user, "groups": list(groups), "ttlSeconds": seconds}
        return Secret(self._ask("POST", TOKENS, body)["token"])

    def list_tokens(self) -> Sequence[dict[str, Any]]:
        return cast("list[dict[str, Any]]", self._ask("GET", TOKENS)["items"])

    def revoke_token(self, name: str) -> None:
        self._ask("DELETE", f"{TOKENS}/{name}")

    def rotate_keys(self) -> Rotated:
        return msgspec.convert(self._ask("POST", ROTATE), Rotated)

    def list_keys(self) -> KeyUses:
        return msgspec.convert(self._ask("GET", KEYS), KeyUses)

    def retire_key(self, key_id: str) -> None:
        self._ask("DELETE", f"{KEYS}/{key_id}")

    def prune_keys(self) -> Sequence[str]:
        return cast("list[str]", self._ask("POST", PRUNE)["retired"])

    def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        try:
            status, payload = self._send(method, path, body)
        except (OSError, http.client.HTTPException) as error:
            cause = getattr(error, "strerror", None) or error
            raise Unreachable(f"the server at {self._address} does not answer ({cause})") from error
        answer = json.loads(payload) if payload else {}
        if status >= http.client.BAD_REQUEST:
            _refuse(status, answer)
        return cast("dict[str, Any]", answer)

    def _send(self, method: str, path: str, body: object = None, timeout: float = 60) -> tuple[int, bytes]:
        connection = http.client.HTTPSConnection(self._address, context=self._trust, timeout=timeout)
        headers = {
            "Authorization": f"Bearer {self._token.reveal()}",
            "Content-Type": "application/json",
            "Accept-Language": "en",
        }
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


class _Local:
    """No server runs: the file itself, under its lock."""

    def __init__(self, directory: DataDir, settings: Settings) -> None:
        self._directory = directory
        self._settings = settings

    def create_token(self, name: str, user: str, groups: Sequence[str], ttl: timedelta | None) -> Secret:
        with audit_local.recorded(self._directory.audit, "create", audit_local.TOKENS, name):
            return self._with_tokens(lambda tokens: tokens.create(name, user, groups, ttl))

    def list_tokens(self) -> Sequence[dict[str, Any]]:
        return [describe(token) for token in self._with_tokens(lambda tokens: tokens.list())]

    def revoke_token(self, name: str) -> None:
        with audit_local.recorded(self._directory.audit, "delete", audit_local.TOKENS, name):
            self._with_tokens(lambda tokens: tokens.revoke(name))

    def rotate_keys(self) -> Rotated:
        with audit_local.recorded(self._directory.audit, "create", "keys/rotate") as action:
            done = self._with_keys(lambda keys: keys.rotate())
            action.name = done.key
            return done

    def list_keys(self) -> KeyUses:
        return self._with_keys(lambda keys: keys.uses())

    def retire_key(self, key_id: str) -> None:
        with audit_local.recorded(self._directory.audit, "delete", audit_local.KEYS, key_id):
            self._with_keys(lambda keys: keys.retire(key_id))

    def prune_keys(self) -> Sequence[str]:
        with audit_local.recorded(self._directory.audit, "create", "keys/prune"):
            return self._with_keys(lambda keys: keys.prune())

    def _with_keys(self, work: Callable[[Rotation], Awaitable[T]]) -> T:
        source = keysources.of(self._settings)

        async def run(store: SQLiteStore) -> T:
            return await work(Rotation(store, await sealing.keyring(store, source), source))

        return self._with_store(run)

    def _with_tokens(self, work: Callable[[Tokens], Awaitable[T]]) -> T:
        async def run(store: SQLiteStore) -> T:
            tokens = Tokens(store, SystemClock())
            await tokens.load()
            return await work(tokens)

        return self._with_store(run)

    def _with_store(self, work: Callable[[SQLiteStore], Awaitable[T]]) -> T:
        async def run() -> T:
            async with SQLiteStore.open(self._directory.path, KINDS, now=lambda: datetime.now(UTC)) as store:
                return await work(store)

        return asyncio.run(run())


def _refuse(status: int, answer: dict[str, Any]) -> NoReturn:
    message = str(answer.get("message", f"the server answered {status}"))
    text = Text(message, message)
    details = answer.get("details") or {}
    match status:
        case 404:
            raise errors.NotFound(details.get("kind", "token"), details.get("name", ""))
        case 409 if answer.get("reason") == "AlreadyExists":
            raise errors.AlreadyExists(details.get("kind", "token"), details.get("name", ""))
        case 409:
            raise errors.Conflict(details.get("kind", "token"), details.get("name", ""), text)
        case 401 | 403:
            raise errors.Forbidden(text)
        case 400 if causes := details.get("causes"):
            raise errors.Invalid([_cause(cause) for cause in causes], kind="accesstoken")
        case 400:
            raise errors.BadRequest(text)
        case _:
            raise errors.Unavailable(text)


def _cause(told: dict[str, str]) -> errors.Cause:
    message = told.get("message", "")
    return errors.Cause(told.get("field", ""), told.get("reason", ""), Text(message, message))
