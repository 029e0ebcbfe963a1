"""From a failure in domain words to a Kubernetes Status, word for word in shape, so that kubectl prints its usual
sentence. English only: clients match on it.

Source: k8s.io/apimachinery/pkg/api/errors, /pkg/util/validation/field (the sentences and reasons).
"""

from collections.abc import Iterable
from typing import Any, Final

from imageyard.domain import errors
from imageyard.domain.apply_conflict import ApplyConflict
from imageyard.domain.errors import Cause, Failure
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import KINDS
from imageyard.domain.kinds.reviews import REVIEWS
from imageyard.domain.text import Text
from imageyard.web import reply
from imageyard.web.errors import MethodNotAllowed, Misdirected, UnknownPath
from imageyard.web.errors import headers as http_headers
from imageyard.web.exchange import Exchange
from imageyard.web.kube.negotiation import NotAcceptable
from imageyard.web.kube.parameters import TooLargeResourceVersion
from imageyard.web.kube.target import match
from imageyard.web.reply import Reply

_BY_SINGULAR: Final[dict[str, Kind[Any]]] = {kind.singular: kind for kind in (*KINDS, *REVIEWS)}
_SENTENCES: Final = {
    errors.REQUIRED: "Required value",
    errors.INVALID: "Invalid value",
    errors.NOT_SUPPORTED: "Unsupported value",
    errors.DUPLICATE: "Duplicate value",
    errors.TYPE_INVALID: "Invalid value",
    errors.UNKNOWN_FIELD: "Forbidden",
}
"""How field.Error begins. The value that follows there is left out: any of them may be a password in a wrong place."""
_STALE: Final = "the object has been modified; please apply your changes to the latest version and try again"
_EXPIRED: Final = (
    "The provided continue parameter is too old to display a consistent list result, or the resource version is too "
    "old. You can start a new list without the continue parameter."
)


def render(failure: Failure, exchanged: Exchange) -> Reply:
    """The Status of a failure. What fails before anybody looks for the object is about it all the same."""
    target = match(exchanged.path)
    if not failure.kind and target is not None:
        failure.kind, failure.name = target.kind.singular, failure.name or target.name
    document, code = describe(failure)
    exchanged.reason = document["reason"]
    return reply.json(document, code, http_headers(failure))


def success(kind: Kind[Any], name: str, uid: str) -> dict[str, Any]:
    """What a delete answers when the object is gone."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": name, **_group(kind), "kind": kind.plural, "uid": uid},
    }


def describe(failure: Failure) -> tuple[dict[str, Any], int]:
    """The Status document and its code."""
    kind = _BY_SINGULAR.get(failure.kind)
    match failure:
        case errors.Invalid():
            return _invalid(failure, kind)
        case errors.NotFound():
            return _about(failure, kind, f"{_resource(kind)} {_quoted(failure.name)} not found", "NotFound", 404)
        case errors.AlreadyExists():
            return _about(
                failure, kind, f"{_resource(kind)} {_quoted(failure.name)} already exists", "AlreadyExists", 409
            )
        case ApplyConflict():
            causes = [{"reason": c.reason, "message": c.text.en, "field": c.field} for c in failure.causes]
            return _plain(failure.text.en, "Conflict", 409, {"causes": causes})
        case errors.PreconditionFailed():
            named = f"{kind.name}.{kind.group}" if kind and kind.group else kind.name if kind else "the object"
            sentence = f"Operation cannot be fulfilled on {named} {_quoted(failure.name)}: {failure.text.en}"
            return _about(failure, kind, sentence, "Conflict", 409)
        case errors.UnknownFields():
            return describe(strict(kind, failure.fields)) if kind else _plain(failure.text.en, "BadRequest", 400)
        case errors.Conflict():
            words = _STALE if "has been modified" in failure.text.en else failure.text.en
            sentence = f"Operation cannot be fulfilled on {_resource(kind)} {_quoted(failure.name)}: {words}"
            return _about(failure, kind, sentence, "Conflict", 409)
        case errors.Forbidden():
            named = f" {_quoted(failure.name)}" if failure.name else ""
            return _about(failure, kind, f"{_resource(kind)}{named} is forbidden: {failure.text.en}", "Forbidden", 403)
        case errors.Unauthorized():
            return _plain("Unauthorized", "Unauthorized", 401)
        case errors.Gone():
            return _plain(_EXPIRED, "Expired", 410)
        case errors.TooManyRequests():
            return _later(failure.text.en, "TooManyRequests", 429, failure.retry_after)
        case TooLargeResourceVersion():
            causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
            return _plain(failure.text.en, "Timeout", 504, {"causes": causes, "retryAfterSeconds": failure.retry_after})
        case errors.Unavailable():
            return _later(failure.text.en, "ServiceUnavailable", 503, failure.retry_after)
        case errors.TooLarge():
            return _plain("Request entity too large: limit is 3145728", "RequestEntityTooLarge", 413)
        case errors.UnsupportedMediaType():
            return _plain(failure.text.en, "UnsupportedMediaType", 415)
        case errors.BadRequest():
            return _plain(failure.text.en, "BadRequest", 400)
        case UnknownPath():
            return _plain("the server could not find the requested resource", "NotFound", 404, {})
        case MethodNotAllowed():
            sentence = "the server does not allow this method on the requested resource"
            return _plain(sentence, "MethodNotAllowed", 405, {})
        case NotAcceptable():
            return _plain(failure.text.en, "NotAcceptable", 406)
        case Misdirected():
            return _plain(failure.text.en, "MisdirectedRequest", 421)
    return _plain(failure.text.en, "InternalError", 500)


def _invalid(failure: errors.Invalid, kind: Kind[Any] | None) -> tuple[dict[str, Any], int]:
    name = f"{kind.name}.{kind.group}" if kind and kind.group else kind.name if kind else "object"
    causes = [
        {"reason": cause.reason, "message": _sentence(cause), "field": cause.field or "<root>"}
        for cause in failure.causes
    ]
    listed = [f"{cause['field']}: {cause['message']}" for cause in causes]
    told = listed[0] if len(listed) == 1 else f"[{', '.join(listed)}]"
    details = {"name": failure.name, **_group(kind), "kind": kind.name if kind else "", "causes": causes}
    sentence = f"{name} {_quoted(failure.name)} is invalid: {told}"
    return _plain(sentence, "Invalid", 422, {key: value for key, value in details.items() if value})


def _sentence(cause: Cause) -> str:
    beginning = _SENTENCES.get(cause.reason, "Invalid value")
    return beginning if cause.text.en == "is required" else f"{beginning}: {cause.text.en}"


def strict(kind: Kind[Any], fields: Iterable[str], duplicates: Iterable[str] = ()) -> errors.BadRequest:
    """What `fieldValidation=Strict` answers to unknown fields and duplicate keys."""
    told = [f'unknown field "{field}"' for field in fields] + [f'duplicate field "{field}"' for field in duplicates]
    sentence = (
        f'{kind.name} in version "{kind.version}" cannot be handled as a {kind.name}: '
        f"strict decoding error: {', '.join(told)}"
    )
    return errors.BadRequest(Text(sentence, sentence), kind=kind.singular)


def _about(
    failure: Failure, kind: Kind[Any] | None, sentence: str, reason: str, code: int
) -> tuple[dict[str, Any], int]:
    details = {"name": failure.name, **_group(kind), "kind": kind.plural if kind else failure.kind}
    return _plain(sentence, reason, code, {key: value for key, value in details.items() if value})


def _later(sentence: str, reason: str, code: int, seconds: int) -> tuple[dict[str, Any], int]:
    return _plain(sentence, reason, code, {"retryAfterSeconds": max(1, seconds)})


def _plain(sentence: str, reason: str, code: int, details: dict[str, Any] | None = None) -> tuple[dict[str, Any], int]:
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": sentence}
    told = {} if details is None else {"details": details}
    return {**status, "reason": reason, **told, "code": code}, code


def _group(kind: Kind[Any] | None) -> dict[str, str]:
    return {"group": kind.group} if kind and kind.group else {}


def _resource(kind: Kind[Any] | None) -> str:
    """`repositories.image.theriseunion.io`, `namespaces`."""
    if kind is None:
        return "the resource"
    return f"{kind.plural}.{kind.group}" if kind.group else kind.plural


def _quoted(name: str) -> str:
    return f'"{name}"'
