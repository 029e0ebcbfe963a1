"""Reviews: questions about rights and identities that are created, answered with themselves, and never stored.

Shapes and rules follow Kubernetes' authorization.k8s.io/v1 and authentication.k8s.io/v1.
"""

from collections.abc import Callable
from typing import Any, Final

from msgspec import UNSET, Struct, UnsetType

from imageyard.domain.errors import INVALID, REQUIRED, Cause
from imageyard.domain.kind import Index, Kind
from imageyard.domain.objects import Object
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text

AUTHORIZATION: Final = "authorization.k8s.io"
AUTHENTICATION: Final = "authentication.k8s.io"


class ResourceAttributes(Struct, rename="camel", omit_defaults=True):
    namespace: str = ""
    verb: str = ""
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    name: str = ""
    field_selector: dict[str, Any] = {}
    label_selector: dict[str, Any] = {}


class NonResourceAttributes(Struct, omit_defaults=True):
    path: str = ""
    verb: str = ""


class SelfAccessSpec(Struct, rename="camel", omit_defaults=True):
    resource_attributes: ResourceAttributes | None = None
    non_resource_attributes: NonResourceAttributes | None = None


class AccessSpec(SelfAccessSpec, rename="camel", omit_defaults=True):
    user: str = ""
    groups: list[str] = []
    extra: dict[str, list[str]] = {}
    uid: str = ""


class AccessStatus(Struct):
    allowed: bool


class SelfSubjectAccessReview(Object, kw_only=True):
    spec: SelfAccessSpec
    status: AccessStatus | None = None


class SubjectAccessReview(Object, kw_only=True):
    spec: AccessSpec
    status: AccessStatus | None = None


class LocalSubjectAccessReview(Object, kw_only=True):
    """The same within one namespace, for who may ask there only."""

    spec: AccessSpec
    status: AccessStatus | None = None


class RulesSpec(Struct, omit_defaults=True):
    namespace: str = ""


class ResourceRule(Struct, rename="camel", omit_defaults=True):
    verbs: list[str]
    api_groups: list[str] = []
    resources: list[str] = []
    resource_names: list[str] = []


class NonResourceRule(Struct, rename={"urls": "nonResourceURLs"}):
    verbs: list[str]
    urls: list[str]


class RulesStatus(Struct, rename="camel"):
    resource_rules: list[ResourceRule]
    non_resource_rules: list[NonResourceRule]
    incomplete: bool = False


class SelfSubjectRulesReview(Object, kw_only=True):
    spec: RulesSpec
    status: RulesStatus | None = None


class UserInfo(Struct, omit_defaults=True):
    username: str = ""
    groups: list[str] = []


class SelfStatus(Struct, rename="camel"):
    user_info: UserInfo


class SelfSubjectReview(Object, kw_only=True):
    status: SelfStatus | None = None


class TokenSpec(Struct, omit_defaults=True):
    token: Secret | UnsetType = UNSET
    """Never answered: who asks knows it, and what is not said cannot be logged on the way."""
    audiences: list[str] = []


class TokenStatus(Struct, omit_defaults=True):
    user: UserInfo
    authenticated: bool = False
    error: str = ""


class TokenReview(Object, kw_only=True):
    spec: TokenSpec
    status: TokenStatus | None = None


def _self_access(new: SelfSubjectAccessReview, old: None) -> list[Cause]:
    return _attributes(new.spec)


def _access(new: SubjectAccessReview, old: None) -> list[Cause]:
    return [*_attributes(new.spec), *_somebody(new.spec)]


def _local_access(new: LocalSubjectAccessReview, old: None) -> list[Cause]:
    causes = [*_attributes(new.spec), *_somebody(new.spec)]
    asked = new.spec.resource_attributes
    if new.spec.non_resource_attributes is not None:
        text = Text("命名空间内的请求不支持此字段", "disallowed on this kind of request")
        causes.append(Cause("spec.nonResourceAttributes", INVALID, text))
    elif asked is not None and asked.namespace != new.metadata.namespace:
        text = Text("须与 metadata.namespace 一致", "must match metadata.namespace")
        causes.append(Cause("spec.resourceAttributes.namespace", INVALID, text))
    return causes


def _attributes(spec: SelfAccessSpec) -> list[Cause]:
    given = (spec.resource_attributes is not None, spec.non_resource_attributes is not None)
    if all(given):
        text = Text("不能与 resourceAttributes 同时填写", "cannot be specified in combination with resourceAttributes")
        return [Cause("spec.nonResourceAttributes", INVALID, text)]
    if not any(given):
        text = Text(
            "resourceAttributes 与 nonResourceAttributes 须填写其一",
            "exactly one of nonResourceAttributes or resourceAttributes must be specified",
        )
        return [Cause("spec.resourceAttributes", INVALID, text)]
    return []


def _somebody(spec: AccessSpec) -> list[Cause]:
    if spec.user or spec.groups:
        return []
    text = Text("user 与 groups 至少填写其一", "at least one of user or group must be specified")
    return [Cause("spec.user", INVALID, text)]


def _rules(new: SelfSubjectRulesReview, old: None) -> list[Cause]:
    return [] if new.spec.namespace else [Cause("spec.namespace", REQUIRED, Text("必填", "is required"))]


def _nothing(new: SelfSubjectReview, old: None) -> list[Cause]:
    return []


def _token(new: TokenReview, old: None) -> list[Cause]:
    given = new.spec.token is not UNSET and bool(new.spec.token.reveal())
    return [] if given else [Cause("spec.token", REQUIRED, Text("必填", "is required"))]


def _row(
    group: str, type_: type[Any], validate: Callable[[Any, Any], list[Cause]], *, local: bool = False
) -> Kind[Any]:
    name = type_.__name__
    return Kind(
        name=name,
        plural=f"{name.lower()}s",
        singular=name.lower(),
        group=group,
        version="v1",
        namespaced=local,
        type=type_,
        index=lambda review: Index(),
        validate=validate,
        categories=(),
        subresources=(),
        verbs=("create",),
    )


SELF_ACCESS: Final = _row(AUTHORIZATION, SelfSubjectAccessReview, _self_access)
SELF_RULES: Final = _row(AUTHORIZATION, SelfSubjectRulesReview, _rules)
ACCESS: Final = _row(AUTHORIZATION, SubjectAccessReview, _access)
LOCAL_ACCESS: Final = _row(AUTHORIZATION, LocalSubjectAccessReview, _local_access, local=True)
SELF: Final = _row(AUTHENTICATION, SelfSubjectReview, _nothing)
TOKEN: Final = _row(AUTHENTICATION, TokenReview, _token)

REVIEWS: Final[tuple[Kind[Any], ...]] = (SELF_ACCESS, SELF_RULES, ACCESS, LOCAL_ACCESS, SELF, TOKEN)
"""Rows of what is served and not stored, which is why the kinds table has none of them."""
