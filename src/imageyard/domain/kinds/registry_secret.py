"""RegistrySecret: a registry source, its address and the credential imageyard uses there."""

from datetime import datetime
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, field

from imageyard.domain.errors import Cause
from imageyard.domain.kind import Index, Kind
from imageyard.domain.objects import ANNOTATION, Condition, Object
from imageyard.domain.secret import Secret

VERIFY_STATUS = ANNOTATION + "verify-status"
VERIFY_MESSAGE = ANNOTATION + "verify-message"
VERIFY_TIMESTAMP = ANNOTATION + "verify-timestamp"
MIRRORED = ("domain", "username", "provider")
"""Spec fields that are mirrored into annotations of the same name."""
SERVER_ANNOTATIONS = frozenset({VERIFY_STATUS, VERIFY_MESSAGE, VERIFY_TIMESTAMP, *(ANNOTATION + f for f in MIRRORED)})

PROVIDERS = ("harbor", "dockerhub", "aliyun", "other")
VerifyStatus = Literal["success", "failed", "untested"]


class RegistrySecretSpec(Struct, rename="camel", omit_defaults=True, kw_only=True):
    """`password` is in a decoded request only: admission takes it out before anything is stored."""

    domain: str
    username: str
    provider: str
    password: Secret | UnsetType = UNSET
    insecure: bool = False
    """Plain HTTP, explicit; never a fallback."""
    insecure_skip_verify: bool = False
    ca_bundle: str = ""
    """PEM, added to the roots."""
    allowed_namespaces: list[str] = []
    """Other namespaces that may reference this source; `["*"]` for all."""
    trusted_realm_hosts: list[str] = []
    """Hosts of token services where this credential may also be shown."""


class HostStatus(Struct, rename="camel", omit_defaults=True):
    """How the registry host fares with the engine."""

    state: Literal["ok", "paused", "open"] = "ok"
    paused_until: datetime | None = None
    quota_limit: int | None = None
    quota_remaining: int | None = None


class RegistrySecretStatus(Struct, rename="camel", omit_defaults=True):
    conditions: list[Condition] = []
    observed_generation: int = 0
    password_set: bool = False
    password_updated_time: datetime | None = None
    next_verify: datetime | None = None
    used_by: int = 0
    host: HostStatus | None = None


class RegistrySecret(Object, kw_only=True):
    spec: RegistrySecretSpec
    status: RegistrySecretStatus = field(default_factory=RegistrySecretStatus)


def verify_status(source: RegistrySecret) -> str:
    """success, failed or untested."""
    return source.metadata.annotations.get(VERIFY_STATUS, "untested")


def index(source: RegistrySecret) -> Index:
    """What lists, search and the engine need of a source without decoding it."""
    return Index(
        search=(
            source.metadata.name,
            source.metadata.annotations.get(ANNOTATION + "display-name", ""),
            source.spec.domain,
        ),
        status=verify_status(source),
        due=source.status.next_verify,
        failing=verify_status(source) == "failed",
    )


def validate(new: RegistrySecret, old: RegistrySecret | None) -> list[Cause]:
    """Every broken rule of the spec (behaviour section 2), the password rules included."""
    raise NotImplementedError


KIND: Kind[Any] = Kind(
    name="RegistrySecret",
    plural="registrysecrets",
    singular="registrysecret",
    path="registry-secrets",
    type=RegistrySecret,
    index=index,
    validate=validate,
    short_names=("regsec",),
    subresources=("status", "verify"),
    secret_fields=("password",),
    server_annotations=SERVER_ANNOTATIONS,
)
