"""Failures in domain words. Each carries facts; HTTP codes and wording for a door are derived in `web`.

`text` is the sentence for people in both languages. It never holds a secret and never a remote answer's body.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from imageyard.domain.text import Text


class Cause(NamedTuple):
    """One bad field: `field` is a JSON path such as `spec.domain`; `reason` is a Kubernetes CauseType."""

    field: str
    reason: str
    text: Text


# CauseType values of k8s.io/apimachinery/pkg/apis/meta/v1.
REQUIRED = "FieldValueRequired"
INVALID = "FieldValueInvalid"
NOT_SUPPORTED = "FieldValueNotSupported"
DUPLICATE = "FieldValueDuplicate"
TYPE_INVALID = "FieldValueTypeInvalid"
TOO_LONG = "FieldValueTooLong"
UNKNOWN_FIELD = "FieldValueForbidden"


def sentence(causes: Iterable[Cause]) -> Text:
    """All causes in one line. One without a field is about the body as a whole."""
    told = [*causes]
    return Text(
        "；".join(f"{cause.field}：{cause.text.zh}" if cause.field else cause.text.zh for cause in told),
        "; ".join(f"{cause.field}: {cause.text.en}" if cause.field else cause.text.en for cause in told),
    )


_CALLED: Final = {
    "registrysecret": "镜像源",
    "repository": "镜像",
    "namespace": "命名空间",
    "event": "事件",
    "accesstoken": "访问令牌",
    "manifest": "清单",
    "role": "角色",
    "clusterrole": "集群角色",
    "rolebinding": "角色绑定",
    "clusterrolebinding": "集群角色绑定",
}


def called(kind: str) -> str:
    """What a kind is called in Chinese sentences; in English ones it goes by its own name."""
    return _CALLED.get(kind, kind)


class Failure(Exception):
    """Base of every failure that a door shows to its caller."""

    def __init__(self, text: Text, *, kind: str = "", name: str = "", causes: Sequence[Cause] = ()) -> None:
        super().__init__(text.en)
        self.text = text
        self.causes = [*causes]
        """What exactly is wrong, where there is more to say than the text."""
        self.kind = kind
        """Singular lower-case kind the failure is about, e.g. `repository`; "" when none."""
        self.name = name


class Invalid(Failure):
    """The input breaks rules; `causes` names every bad field. REST 400, kube 422."""

    def __init__(self, causes: list[Cause], *, kind: str = "", name: str = "") -> None:
        super().__init__(sentence(causes), kind=kind, name=name, causes=causes)


class UnknownFields(Failure):
    """Fields that no one knows, where the caller asked to be strict about them. kube 400."""

    def __init__(self, fields: list[str], *, kind: str, name: str = "") -> None:
        listed = ", ".join(fields)
        super().__init__(Text(f"未知字段：{listed}", f"unknown fields: {listed}"), kind=kind, name=name)
        self.fields = fields


class BadRequest(Failure):
    """The request itself cannot be understood (body that is no JSON, a bad query parameter). 400 at every door."""


class Unauthorized(Failure):
    """No token, or one that is unknown, expired or revoked. 401."""


class Forbidden(Failure):
    """The caller is known and may not. 403. Said alike for objects that exist and that do not."""


class NotFound(Failure):
    """No such object. 404."""

    def __init__(self, kind: str, name: str, text: Text | None = None) -> None:
        plain = Text(f"未找到{called(kind)}“{name}”", f'{kind} "{name}" not found')
        super().__init__(text or plain, kind=kind, name=name)


class AlreadyExists(Failure):
    """The name is taken. 409."""

    def __init__(self, kind: str, name: str) -> None:
        text = Text(f"{called(kind)}“{name}”已存在", f'{kind} "{name}" already exists')
        super().__init__(text, kind=kind, name=name)


class Conflict(Failure):
    """The object has changed since it was read, or its state forbids this. 409."""

    def __init__(self, kind: str, name: str, text: Text | None = None) -> None:
        stale = Text(
            f"{called(kind)}“{name}”已被修改，请读取最新版本后重试",
            f'{kind} "{name}" has been modified; read the latest version and try again',
        )
        super().__init__(text or stale, kind=kind, name=name)


class PreconditionFailed(Conflict):
    """The object is not the one that a delete was meant for. 409."""


class Gone(Failure):
    """The asked-for resourceVersion or continue token is older than what is kept. 410 (kube: Expired)."""

    def __init__(self) -> None:
        super().__init__(Text("请求的版本已过期，请重新列出", "the requested resource version is too old; list again"))


class TooLarge(Failure):
    """A body over the limit. 413."""


class UnsupportedMediaType(Failure):
    """A Content-Type that this door does not take. 415."""


class TooManyRequests(Failure):
    """Slow down; `retry_after` in whole seconds. 429."""

    def __init__(self, text: Text, retry_after: int) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class Unavailable(Failure):
    """The store cannot write now (disk full, read-only), the server is stopping, or a registry that would have to be
    asked does not answer as it should. 503."""

    def __init__(
        self, text: Text, retry_after: int = 5, *, kind: str = "", name: str = "", causes: Sequence[Cause] = ()
    ) -> None:
        super().__init__(text, kind=kind, name=name, causes=causes)
        self.retry_after = retry_after


class Corrupt(Failure):
    """Stored bytes do not match their checksum, or do not decrypt. 500; the text names the object only."""
