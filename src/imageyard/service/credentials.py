"""From a stored RegistrySecret and its sealed password to the `Source` that the registry client takes."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

from msgspec import UNSET

from imageyard.domain.errors import Conflict, Corrupt, NotFound
from imageyard.domain.kinds import REGISTRY_SECRET
from imageyard.domain.kinds.registry_secret import RegistrySecret
from imageyard.domain.objects import ObjectMeta
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text
from imageyard.keyring import Keyring, KeyringError, Owner
from imageyard.registry import Source
from imageyard.store import Store, Stored

FIELD: Final = "password"
_TRIES: Final = 5
_KEPT: Final = 1024
"""Opened sources kept in memory: thousands of syncs a second must not each decode and decrypt."""

UNREADABLE: Final = Text(
    "已保存的密码无法解密，请重新设置 spec.password",
    "the stored password cannot be decrypted; set spec.password again",
)


def owner(meta: ObjectMeta) -> Owner:
    """What a RegistrySecret's sealed password is bound to."""
    return Owner(REGISTRY_SECRET.name, meta.namespace, meta.name, meta.uid, FIELD)


def source_of(secret: RegistrySecret, password: Secret, credential: str) -> Source:
    """The source a spec describes. `credential` names the credential and its version."""
    spec = secret.spec
    return Source(
        domain=spec.domain,
        provider=spec.provider,
        username=spec.username,
        password=password,
        credential=credential,
        insecure=spec.insecure,
        skip_verify=spec.insecure_skip_verify,
        ca_bundle=spec.ca_bundle,
        trusted_realm_hosts=tuple(spec.trusted_realm_hosts),
    )


_Version = tuple[str, int]
"""uid and resourceVersion."""


class Opened(NamedTuple):
    """A RegistrySecret and the source it stands for, both of one generation."""

    secret: RegistrySecret
    source: Source


class Credentials:
    """Opens stored credentials, keeping the last ones: of each object one, as long as it is not changed. `left` is told
    of a credential that is kept no more because another took its place, or its object is gone."""

    def __init__(self, store: Store, keyring: Keyring, left: Callable[[str], None] = lambda _: None) -> None:
        self._store = store
        self._keyring = keyring
        self._left = left
        self._opened: OrderedDict[tuple[str, str], tuple[_Version, Opened]] = OrderedDict()

    async def open(self, namespace: str, name: str) -> Opened:
        """Raises NotFound; Corrupt when the password cannot be decrypted."""
        for _ in range(_TRIES):
            stored = await self._found(namespace, name)
            version = (stored.uid, stored.resource_version)
            held = self._opened.get((namespace, name))
            if held is not None and held[0] == version:
                self._opened.move_to_end((namespace, name))
                return held[1]
            secret: RegistrySecret = REGISTRY_SECRET.decode(stored.body)
            sealed = await self._store.sealed(REGISTRY_SECRET, namespace, name)
            # Read in two steps: a password that was changed between them belongs to another address.
            if await self._is_still(stored, secret):
                opened = Opened(secret, source_of(secret, self.password(secret, sealed), _version(secret)))
                self._keep((namespace, name), version, opened)
                return opened
        raise Conflict(REGISTRY_SECRET.singular, name)

    def password(self, secret: RegistrySecret, sealed: bytes | None) -> Secret:
        """Open a sealed password; an anonymous source has none. Raises Corrupt."""
        if sealed is None:
            return Secret("")
        try:
            return self._keyring.open(owner(secret.metadata), sealed)
        except KeyringError:
            raise Corrupt(UNREADABLE, kind=REGISTRY_SECRET.singular, name=secret.metadata.name) from None

    def seal(self, secret: RegistrySecret, password: Secret) -> bytes | None:
        """Seal a password for its owner; the empty one of an anonymous source is none."""
        return self._keyring.seal(owner(secret.metadata), password) if password else None

    async def _is_still(self, stored: Stored, secret: RegistrySecret) -> bool:
        again = await self._store.get(REGISTRY_SECRET, stored.key.namespace, stored.key.name)
        if again.resource_version == stored.resource_version:
            return True
        now: RegistrySecret = REGISTRY_SECRET.decode(again.body)
        return (again.uid, now.metadata.generation) == (stored.uid, secret.metadata.generation)

    def let_go(self, namespace: str, name: str) -> None:
        """Let go of the password of a source that is gone."""
        _, opened = self._opened.pop((namespace, name), (None, None))
        if opened is not None:
            self._left(opened.source.credential)

    async def _found(self, namespace: str, name: str) -> Stored:
        try:
            return await self._store.get(REGISTRY_SECRET, namespace, name)
        except NotFound:
            self.let_go(namespace, name)
            raise

    def _keep(self, key: tuple[str, str], version: _Version, opened: Opened) -> None:
        _, before = self._opened.get(key, (None, opened))
        if before.source.credential != opened.source.credential:
            self._left(before.source.credential)
        self._opened[key] = (version, opened)
        self._opened.move_to_end(key)
        if len(self._opened) > _KEPT:
            self._opened.popitem(last=False)


def given(secret: RegistrySecret) -> Secret | None:
    """The password that came with a request, None when none did."""
    return None if secret.spec.password is UNSET else secret.spec.password


def _version(secret: RegistrySecret) -> str:
    """Changes with each change of the credential, and not with a status write."""
    return f"{secret.metadata.uid}/{secret.metadata.generation}"
