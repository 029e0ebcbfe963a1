"""RegistrySecret: a registry source, its address and the credential imageyard uses there."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, Literal

from msgspec import UNSET, Struct, UnsetType, field

from imageyard.domain import columns, conditions, metadata, names, pem, reference
from imageyard.domain.columns import AGE, NAME, Column
from imageyard.domain.errors import INVALID, NOT_SUPPORTED, REQUIRED, Cause
from imageyard.domain.kind import ByKey, Index, Kind
from imageyard.domain.objects import ANNOTATION, AT_ONCE, Condition, Object
from imageyard.domain.reference import InvalidReference
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text

VERIFY_STATUS = ANNOTATION + "verify-status"
VERIFY_MESSAGE = ANNOTATION + "verify-message"
VERIFY_TIMESTAMP = ANNOTATION + "verify-timestamp"
MIRRORED = ("domain", "username", "provider")
"""Spec fields that are mirrored into annotations of the same name."""
SERVER_ANNOTATIONS = frozenset({VERIFY_STATUS, VERIFY_MESSAGE, VERIFY_TIMESTAMP, *(ANNOTATION + f for f in MIRRORED)})

PROVIDERS = ("harbor", "dockerhub", "aliyun", "other")
LONGEST_USERNAME: Final = 1024
LONGEST_PASSWORD: Final = 16 * 1024
"""Characters; above every token and JSON key in use. Most registries refuse headers of more than 8 to 64 KiB."""
MOST_LISTED: Final = 1000

VERIFIED: Final = "Verified"
"""The type of the condition in its status."""

VerifyStatus = Literal["success", "failed", "untested"]


class RegistrySecretSpec(Struct, rename="camel", omit_defaults=True, kw_only=True):
    """A registry's address and the credential. The password is write-only: it is taken out before anything is stored,
    and no answer shows it."""

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

    state: Literal["ok", "paused", "open"]
    """`paused` after it asked for a pause, `open` when it was given up for a while after failed connections."""
    paused_until: datetime | None = None
    """When it is asked again."""
    quota_limit: int | None = None
    """How many pulls it grants, where it tells."""
    quota_remaining: int | None = None
    """How many pulls of these are left."""


class RegistrySecretStatus(Struct, rename="camel", omit_defaults=True):
    """What is known of the credential and its registry."""

    conditions: list[Condition] = []
    """`Verified`: whether the registry took the credential."""
    observed_generation: int = 0
    """The generation that was verified last."""
    password_set: bool = False
    password_updated_time: datetime | None = None
    next_verify: datetime | None = None
    failures: int = 0
    """Failed verifications in a row."""
    used_by: int = 0
    host: HostStatus | None = None


class RegistrySecret(Object, kw_only=True):
    """A container registry and the credential to use there."""

    spec: RegistrySecretSpec
    """The registry's address and the credential."""
    status: RegistrySecretStatus = field(default_factory=RegistrySecretStatus)
    """Written by the server."""


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
        due=source.status.next_verify or (AT_ONCE if verify_status(source) == "untested" else None),
        failing=verify_status(source) == "failed",
    )


def validate(new: RegistrySecret, old: RegistrySecret | None) -> list[Cause]:
    """Every broken rule of the metadata and of the spec. `old` is as stored: without its password."""
    spec = new.spec
    return [
        *metadata.check(new.metadata, namespaced=True),
        *_domain("spec.domain", spec.domain),
        *_provider(spec.provider),
        *_username(spec.username),
        *(_password_given(spec, spec.password) if spec.password is not UNSET else _password_kept(spec, old)),
        *_tls(spec),
        *_namespaces(spec.allowed_namespaces),
        *_realms(spec.trusted_realm_hosts),
    ]


def _domain(path: str, value: str) -> list[Cause]:
    try:
        reference.parse_domain(value)
    except InvalidReference as wrong:
        return [Cause(path, INVALID if value else REQUIRED, wrong.text)]
    return []


def _provider(value: str) -> list[Cause]:
    if value in PROVIDERS:
        return []
    choices = ", ".join(PROVIDERS)
    text = Text(f"可选值：{choices}；不确定时填 other", f"must be one of: {choices}; when in doubt, other")
    return [Cause("spec.provider", NOT_SUPPORTED, text)]


def _username(value: str) -> list[Cause]:
    # RFC 7617, 2: the first colon ends the user name, and neither part has control characters.
    if ":" in value or names.has_control(value):
        text = Text("用户名不能包含“:”、换行等控制字符", "has no `:` and no control characters such as line breaks")
        return [Cause("spec.username", INVALID, text)]
    if len(value) > LONGEST_USERNAME:
        text = Text(f"最长 {LONGEST_USERNAME} 个字符", f"has at most {LONGEST_USERNAME} characters")
        return [Cause("spec.username", INVALID, text)]
    return []


def _password_given(spec: RegistrySecretSpec, password: Secret) -> list[Cause]:
    value = password.reveal()
    causes = []
    if value and not spec.username:
        text = Text(
            "提供密码时须填写用户名；匿名仓库请将两者都设为空字符串",
            "a password needs a user name; for an anonymous registry set both to empty strings",
        )
        causes.append(Cause("spec.username", REQUIRED, text))
    if spec.username and not value:
        text = Text(
            "密码不能为空；不修改密码请去掉此字段，匿名仓库请将用户名和密码都设为空字符串",
            "must not be empty; leave the field out to keep the password, or set user name and password both to "
            "empty strings for an anonymous registry",
        )
        causes.append(Cause("spec.password", REQUIRED, text))
    elif names.has_control(value):
        text = Text(
            "密码不能包含换行等控制字符；JSON 密钥请压缩成一行",
            "has no control characters such as line breaks; write a JSON key on one line",
        )
        causes.append(Cause("spec.password", INVALID, text))
    elif len(value) > LONGEST_PASSWORD:
        text = Text(f"最长 {LONGEST_PASSWORD} 个字符", f"has at most {LONGEST_PASSWORD} characters")
        causes.append(Cause("spec.password", INVALID, text))
    return causes


def _password_kept(spec: RegistrySecretSpec, old: RegistrySecret | None) -> list[Cause]:
    if old is None:
        text = Text(
            "创建时必填；匿名仓库请将用户名和密码都设为空字符串",
            "is required on create; set user name and password both to empty strings for an anonymous registry",
        )
        return [Cause("spec.password", REQUIRED, text)]
    if bool(spec.username) != bool(old.spec.username):
        text = Text(
            "在匿名与登录之间切换时，须同时提供密码（匿名为空字符串）",
            "give the password too when changing between anonymous and signed in (an empty string for anonymous)",
        )
        return [Cause("spec.password", REQUIRED, text)]
    if not old.spec.username:
        return []  # an anonymous source holds no password that could follow to a new address
    changed = [name for name, before, after in _addresses(old.spec, spec) if before != after]
    if not changed:
        return []
    fields = ", ".join(f"spec.{name}" for name in changed)
    text = Text(
        f"修改 {fields} 时须在同一请求中提供密码：已保存的密码不会发往新的地址",
        f"changing {fields} needs the password in the same request: a stored password never follows to a new address",
    )
    return [Cause("spec.password", REQUIRED, text)]


def _addresses(old: RegistrySecretSpec, new: RegistrySecretSpec) -> Iterator[tuple[str, object, object]]:
    """What decides where a password goes and who can read it on the way: (field, before, after)."""
    yield "domain", old.domain.lower(), new.domain.lower()
    yield "provider", old.provider, new.provider
    yield "insecure", old.insecure, new.insecure
    yield "insecureSkipVerify", old.insecure_skip_verify, new.insecure_skip_verify
    yield "caBundle", old.ca_bundle, new.ca_bundle
    yield "trustedRealmHosts", frozenset(old.trusted_realm_hosts), frozenset(new.trusted_realm_hosts)


def _tls(spec: RegistrySecretSpec) -> list[Cause]:
    fault = pem.fault(spec.ca_bundle) if spec.ca_bundle else None
    causes = [Cause("spec.caBundle", INVALID, fault)] if fault else []
    if spec.insecure and (spec.ca_bundle or spec.insecure_skip_verify):
        text = Text(
            "insecure 使用明文 HTTP，不能与 caBundle 或 insecureSkipVerify 同时设置；请去掉其一",
            "insecure means plain HTTP and goes with neither caBundle nor insecureSkipVerify; drop one of them",
        )
        causes.append(Cause("spec.insecure", INVALID, text))
    return causes


def _namespaces(listed: list[str]) -> list[Cause]:
    if len(listed) > MOST_LISTED:
        return [_too_many("spec.allowedNamespaces")]
    text = Text("须为命名空间名称，或用“*”表示所有命名空间", "must be a namespace's name, or `*` for all namespaces")
    return [
        Cause(f"spec.allowedNamespaces[{n}]", INVALID, text)
        for n, name in enumerate(listed)
        if name != "*" and not reference.is_label(name)
    ]


def _realms(listed: list[str]) -> list[Cause]:
    if len(listed) > MOST_LISTED:
        return [_too_many("spec.trustedRealmHosts")]
    return [cause for n, host in enumerate(listed) for cause in _domain(f"spec.trustedRealmHosts[{n}]", host)]


def _too_many(path: str) -> Cause:
    return Cause(path, INVALID, Text(f"最多 {MOST_LISTED} 项", f"has at most {MOST_LISTED} entries"))


def _reason(source: RegistrySecret, now: datetime) -> str | None:
    verified = conditions.find(source.status.conditions, VERIFIED)
    return None if verified is None else verified.reason


COLUMNS: Final = (
    NAME,
    Column("Registry", "string", lambda source, now: source.spec.domain, "Host or host:port of the registry."),
    Column(
        "User", "string", lambda source, now: source.spec.username or "<anonymous>", "User name the registry knows."
    ),
    Column(
        "Verified",
        "string",
        lambda source, now: columns.standing(source.status.conditions, VERIFIED),
        "Whether the registry took the credential: True, False, or Unknown before it was tested.",
    ),
    Column("Reason", "string", _reason, "Why the last verification ended as it did."),
    AGE,
)

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
    columns=COLUMNS,
    topology={
        "spec.allowedNamespaces": "set",
        "spec.trustedRealmHosts": "set",
        "status.conditions": ByKey("type"),
    },
)
