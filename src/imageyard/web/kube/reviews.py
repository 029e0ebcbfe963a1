"""POST of a review: 201 with the question and its answer; nothing is stored, and no token comes back."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import UNSET
from msgspec.structs import replace

from imageyard.domain import document, objects
from imageyard.domain.access import Action, Actor
from imageyard.domain.errors import Invalid
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import reviews
from imageyard.domain.kinds.reviews import (
    AccessSpec,
    AccessStatus,
    NonResourceRule,
    ResourceRule,
    RulesSpec,
    RulesStatus,
    SelfAccessSpec,
    SelfStatus,
    SelfSubjectReview,
    SelfSubjectRulesReview,
    TokenReview,
    TokenStatus,
    UserInfo,
)
from imageyard.domain.objects import Object, ObjectMeta
from imageyard.web import body
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.kube import answer, writing
from imageyard.web.kube.target import Target
from imageyard.web.reply import Reply

INVALID_TOKEN: Final = "invalid bearer token"  # noqa: S105 (a sentence)


async def create(doors: Doors, exchange: Exchange, target: Target) -> Reply:
    form, kind, namespace = answer.form_of(exchange), target.kind, target.namespace or ""
    doors.objects.rights.demand(exchange.actor, "create", kind, namespace)
    given, _ = await body.kube_document(exchange)
    review = _read(kind, namespace, writing.named(kind, given))
    if kind is reviews.TOKEN:
        answered = await _token(doors, exchange.actor, review)
    else:
        answered = _ANSWERS[kind](doors, exchange.actor, review)
    return answer.spoken(exchange, form, kind.encode(answered), 201)


def _read(kind: Kind[Any], namespace: str, given: Mapping[str, Any]) -> Object:
    """Raises Invalid. Unknown fields are left out."""
    read = document.read(kind, given)
    if read.object is None:
        raise Invalid(read.causes, kind=kind.singular)
    # The right was asked for in the namespace of the path, so whatever the body says, the question is about that one.
    review = replace(read.object, metadata=ObjectMeta(namespace=namespace))
    causes = kind.validate(review, None)
    if causes:
        raise Invalid(causes, kind=kind.singular)
    return review


def _self_access(doors: Doors, actor: Actor, review: Any) -> Any:
    return replace(review, status=_decided(doors, actor, review.spec))


def _access(doors: Doors, actor: Actor, review: Any) -> Any:
    """Of somebody else, with the groups the review tells and no others."""
    spec: AccessSpec = review.spec
    return replace(review, status=_decided(doors, Actor(spec.user, frozenset(spec.groups)), spec))


def _decided(doors: Doors, actor: Actor, spec: SelfAccessSpec) -> AccessStatus:
    return AccessStatus(doors.objects.rights.can(actor, _asked(spec)))


def _asked(spec: SelfAccessSpec) -> Action:
    url, asked = spec.non_resource_attributes, spec.resource_attributes
    if url is not None:
        return Action(url.verb, "", group="", path=url.path or "/")
    assert asked is not None  # noqa: S101 (validated)
    resource = f"{asked.resource}/{asked.subresource}" if asked.subresource else asked.resource
    return Action(asked.verb, resource, asked.namespace, asked.name, asked.group)


def _rules(doors: Doors, actor: Actor, review: SelfSubjectRulesReview) -> SelfSubjectRulesReview:
    rules = list(dict.fromkeys(doors.objects.rights.rules(actor, review.spec.namespace)))
    status = RulesStatus(
        [
            ResourceRule(sorted(rule.verbs), sorted(rule.groups), sorted(rule.resources), sorted(rule.names))
            for rule in rules
            if rule.resources
        ],
        [NonResourceRule(sorted(rule.verbs), sorted(rule.paths)) for rule in rules if rule.paths],
    )
    return replace(review, spec=RulesSpec(), status=status)


def _self(doors: Doors, actor: Actor, review: SelfSubjectReview) -> SelfSubjectReview:
    now = ObjectMeta(creation_timestamp=objects.seconds(doors.clock.now()))
    return replace(review, metadata=now, status=SelfStatus(_user(actor)))


async def _token(doors: Doors, actor: Actor, review: Any) -> TokenReview:
    """Every token is good for the whole server: of audiences nothing is told, as Kubernetes has it for such."""
    token = review.spec.token
    found = None if token is UNSET else doors.callers.recognise(token.reveal(), actor.address)
    if found is not None and not isinstance(found, Actor):
        found = await found
    status = TokenStatus(UserInfo(), error=INVALID_TOKEN) if found is None else TokenStatus(_user(found), True)
    told: TokenReview = replace(review, spec=replace(review.spec, token=UNSET), status=status)
    return told


def _user(actor: Actor) -> UserInfo:
    return UserInfo(actor.user, sorted(actor.groups))


_ANSWERS: Final[Mapping[Kind[Any], Callable[[Doors, Actor, Any], Any]]] = {
    reviews.SELF_ACCESS: _self_access,
    reviews.ACCESS: _access,
    reviews.LOCAL_ACCESS: _access,
    reviews.SELF_RULES: _rules,
    reviews.SELF: _self,
}
