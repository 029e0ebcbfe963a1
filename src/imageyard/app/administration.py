"""What the command line asks of a server: through the running one when there is one, else in the file itself."""

import asyncio
import http.client
import json
import ssl
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol, TypeVar, cast
from urllib.parse import quote

import msgspec

from imageyard.app import audit_local, client_certificates, https, keysources, sealing
from imageyard.app.certificates import Certificates
from imageyard.app.clock import SystemClock
from imageyard.app.files import DataDir, Unreachable, ports_in_use
from imageyard.app.rotation import Rotation
from imageyard.domain import names
from imageyard.domain.access import Actor
from imageyard.domain.errors import NotFound
from imageyard.domain.kinds import ACCESS_TOKEN, KINDS
from imageyard.domain.secret import Secret
from imageyard.service.rights import Rights
from imageyard.service.roles import Roles
from imageyard.service.sealkeys import KeyUses, Rotated
from imageyard.service.tokens import Tokens, describe
from imageyard.settings import Settings
from imageyard.store.sqlite.store import SQLiteStore
from imageyard.web.admin.door import CERTIFICATES, KEYS, PRUNE, ROTATE, SESSIONS, TOKENS

T = TypeVar("T")


class Bearer(NamedTuple):
    """Who will hold a credential, under which name, for how long."""

    name: str
    user: str
    groups: Sequence[str] = ()
    lifetime: timedelta | None = None

    def body(self) -> dict[str, object]:
        seconds = None if self.lifetime is None else int(self.lifetime.total_seconds())
        return {"name": self.name, "user": self.user, "groups": [*self.groups], "ttlSeconds": seconds}


class Made(NamedTuple):
    """A token, or a certificate in PEM. `has_rights` tells whether some role gives its bearer anything."""

    credential: Secret
    has_rights: bool


class Administration(Protocol):
    """Raises errors.Failure as the service does."""

    def create_token(self, bearer: Bearer) -> Made: ...

    def create_certificate(self, bearer: Bearer, request: str) -> Made:
        """Have a signing request (PEM) signed by the server's CA."""

    def list_tokens(self, *, sessions: bool = False) -> Sequence[dict[str, Any]]:
        """Those that have a parent are sessions, and are left out unless asked for."""

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
            return https.send(self._address, self._trust, "GET", "/livez", timeout=2).status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False

    def create_token(self, bearer: Bearer) -> Made:
        answer = self._ask("POST", TOKENS, bearer.body())
        return Made(Secret(answer["token"]), answer["hasRights"])

    def create_certificate(self, bearer: Bearer, request: str) -> Made:
        answer = self._ask("POST", CERTIFICATES, bearer.body() | {"request": request})
        return Made(Secret(answer["certificate"]), answer["hasRights"])

    def list_tokens(self, *, sessions: bool = False) -> Sequence[dict[str, Any]]:
        path = f"{TOKENS}?{SESSIONS.decode()}" if sessions else TOKENS
        return cast("list[dict[str, Any]]", self._ask("GET", path)["items"])

    def revoke_token(self, name: str) -> None:
        self._ask("DELETE", f"{TOKENS}/{_segment(ACCESS_TOKEN.singular, name)}")

    def rotate_keys(self) -> Rotated:
        return msgspec.convert(self._ask("POST", ROTATE), Rotated)

    def list_keys(self) -> KeyUses:
        return msgspec.convert(self._ask("GET", KEYS), KeyUses)

    def retire_key(self, key_id: str) -> None:
        self._ask("DELETE", f"{KEYS}/{_segment('key', key_id)}")

    def prune_keys(self) -> Sequence[str]:
        return cast("list[str]", self._ask("POST", PRUNE)["retired"])

    def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        try:
            answer = https.send(self._address, self._trust, method, path, token=self._token, body=body)
        except (OSError, http.client.HTTPException) as error:
            cause = getattr(error, "strerror", None) or error
            raise Unreachable(f"the server at {self._address} does not answer ({cause})") from error
        if answer.status >= http.client.BAD_REQUEST:
            https.refuse(answer)
        return answer.json()


def _segment(kind: str, name: str) -> str:
    """One segment of a path, nothing of it a query or another path. Raises NotFound for what nothing is called."""
    if names.path_segment("name", name):
        raise NotFound(kind, name)
    return quote(name, safe="", errors="surrogateescape")


class _Local:
    """No server runs: the file itself, under its lock."""

    def __init__(self, directory: DataDir, settings: Settings) -> None:
        self._directory = directory
        self._settings = settings

    def create_token(self, bearer: Bearer) -> Made:
        async def create(tokens: Tokens) -> Secret:
            return await tokens.create(bearer.name, bearer.user, bearer.groups, bearer.lifetime)

        return self._made(bearer, create)

    def create_certificate(self, bearer: Bearer, request: str) -> Made:
        async def create(tokens: Tokens) -> Secret:
            signing = client_certificates.of(tokens, Certificates(self._directory.tls), SystemClock())
            return Secret(await signing.issue(bearer.name, bearer.user, bearer.groups, bearer.lifetime, request))

        return self._made(bearer, create)

    def list_tokens(self, *, sessions: bool = False) -> Sequence[dict[str, Any]]:
        return [describe(token) for token in self._with_tokens(lambda tokens: tokens.list(sessions=sessions))]

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

    def _made(self, bearer: Bearer, create: Callable[[Tokens], Awaitable[Secret]]) -> Made:
        async def run(store: SQLiteStore) -> Made:
            tokens, roles = Tokens(store, SystemClock()), Roles(store, SystemClock())
            await tokens.load()
            await roles.load()
            made = await create(tokens)
            return Made(made, Rights(roles.grants).any_beyond_basics(Actor(bearer.user, frozenset(bearer.groups))))

        with audit_local.recorded(self._directory.audit, "create", audit_local.TOKENS, bearer.name):
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
