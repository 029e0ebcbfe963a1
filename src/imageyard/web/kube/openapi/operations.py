"""The paths of a served resource and what can be done at each, as OpenAPI 3.0.

kubectl reads the content types and query parameters of PATCH to learn what the server can do.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal, NamedTuple

from imageyard.web.kube.openapi import parameters, schemas
from imageyard.web.kube.openapi.parameters import NAME, NAMESPACE, PRETTY, Parameter
from imageyard.web.kube.openapi.schemas import META, Schema
from imageyard.web.kube.resources import GroupVersion, Resource

BODIES: Final = ("application/json", "application/yaml")
"""What objects are sent in."""
ANSWERS: Final = ("application/json",)

What = Literal["", "object", "list", "any", "status", "patch", "options"]
"""A body: the kind, its list, any object, or one of meta/v1's."""


class Action(NamedTuple):
    """What a verb is at one path. `word` begins the operationId, `name` is x-kubernetes-action."""

    verb: str
    method: str
    word: str
    name: str
    description: str
    parameters: tuple[Parameter, ...]
    sent: What
    answered: What
    codes: tuple[int, ...] = (200,)


COLLECTION: Final = (
    Action("list", "get", "list", "list", "list or watch objects of kind {kind}", parameters.LISTING, "", "list"),
    Action("create", "post", "create", "post", "create a {kind}", parameters.WRITING, "object", "object", (201,)),
    Action(
        "deletecollection",
        "delete",
        "deleteCollection",
        "deletecollection",
        "delete every {kind} that the selectors match",
        parameters.DELETING_ALL,
        "options",
        "status",
    ),
)
ONE: Final = (
    Action("get", "get", "read", "get", "read {of}the specified {kind}", parameters.GETTING, "", "object"),
    Action(
        "update", "put", "replace", "put", "replace {of}the specified {kind}", parameters.WRITING, "object", "object"
    ),
    Action(
        "patch",
        "patch",
        "patch",
        "patch",
        "partially update or apply {of}the specified {kind}",
        parameters.PATCHING,
        "patch",
        "object",
        (200, 201),
    ),
    Action("delete", "delete", "delete", "delete", "delete a {kind}", parameters.DELETING, "options", "status"),
)
DOING: Final = (Action("create", "post", "create", "post", "{sub} a {kind}", (parameters.WRITING[0],), "any", "any"),)
"""A subresource that does something with an object."""


def paths(resource: Resource) -> dict[str, dict[str, Any]]:
    """Every path of the resource, its subresources included."""
    inside = f"{resource.at.path}/namespaces/{{namespace}}" if resource.namespaced else resource.at.path
    everywhere = [NAMESPACE] if resource.namespaced else []
    collection, one = f"{inside}/{resource.plural}", f"{inside}/{resource.plural}/{{name}}"
    found = {
        collection: _item(resource, _offered(COLLECTION, resource.verbs), everywhere),
        one: _item(resource, _offered(ONE, resource.verbs), [NAME, *everywhere]),
    }
    for subresource in resource.subresources:
        known = DOING if subresource.verbs == ("create",) else ONE
        actions = _offered(known, subresource.verbs)
        found[f"{one}/{subresource.name}"] = _item(resource, actions, [NAME, *everywhere], subresource.name)
    if resource.namespaced:
        listing = (action for action in COLLECTION if action.verb == "list" and "list" in resource.verbs)
        found[f"{resource.at.path}/{resource.plural}"] = _item(resource, listing, [], everywhere=True)
    return {path: item for path, item in found.items() if item.keys() - {"parameters"}}


def _offered(actions: Iterable[Action], verbs: tuple[str, ...]) -> Iterator[Action]:
    return (action for action in actions if action.verb in verbs)


def _item(
    resource: Resource, actions: Iterable[Action], common: list[Parameter], sub: str = "", *, everywhere: bool = False
) -> dict[str, Any]:
    written = {action.method: _operation(resource, action, sub, everywhere) for action in actions}
    return {**written, "parameters": [each.written() for each in (*common, PRETTY)]}


def _operation(resource: Resource, action: Action, sub: str, everywhere: bool) -> dict[str, Any]:
    written: dict[str, Any] = {
        "tags": [_tag(resource.at)],
        "description": action.description.format(kind=resource.kind, sub=sub, of=f"{sub} of " if sub else ""),
        "operationId": _identifier(resource, action.word, sub, everywhere),
        "parameters": [each.written() for each in action.parameters],
        "responses": _responses(resource, action),
        "x-kubernetes-action": action.name,
        "x-kubernetes-group-version-kind": schemas.group_version_kind(resource.at, resource.kind),
    }
    if action.sent:
        media_types = resource.patches if action.sent == "patch" else BODIES
        content = _content(resource, action.sent, media_types)
        written["requestBody"] = {"content": content, "required": action.sent not in ("options", "any")}
    return written


def _responses(resource: Resource, action: Action) -> dict[str, Any]:
    """Kubernetes' documents name no failure but 401; here any is a Status."""
    words = {200: "OK", 201: "Created"}
    content = _content(resource, action.answered, ANSWERS)
    return {
        **{str(code): {"description": words[code], "content": content} for code in action.codes},
        "401": {"description": "Unauthorized", "content": _content(resource, "status", ANSWERS)},
        "default": {"description": "Failure", "content": _content(resource, "status", ANSWERS)},
    }


def _content(resource: Resource, what: What, media_types: tuple[str, ...]) -> dict[str, Any]:
    kind = f"{schemas.prefix(resource.at)}.{resource.kind}"
    of: dict[What, Schema] = {
        "object": schemas.reference(kind),
        "list": schemas.reference(f"{kind}List"),
        "any": {"type": "object"},
        "status": schemas.reference(f"{META}.Status"),
        "patch": schemas.reference(f"{META}.Patch"),
        "options": schemas.reference(f"{META}.DeleteOptions"),
    }
    return {media_type: {"schema": of[what]} for media_type in media_types}


def _identifier(resource: Resource, word: str, sub: str, everywhere: bool) -> str:
    """`listImageTheriseunionIoV1alpha1NamespacedRepository`, `…RepositoryForAllNamespaces`, `…RepositoryStatus`."""
    verb, collection, _ = word.partition("Collection")
    scope = "Namespaced" if resource.namespaced and not everywhere else ""
    tail = "ForAllNamespaces" if everywhere else sub.capitalize()
    version = resource.at.version.capitalize()
    return f"{verb}{_camel(resource.at)}{version}{collection}{scope}{resource.kind}{tail}"


def _camel(at: GroupVersion) -> str:
    parts = (at.group.removesuffix(".k8s.io") or "core").split(".")
    return "".join(part.capitalize() for part in parts)


def _tag(at: GroupVersion) -> str:
    camel = _camel(at)
    return f"{camel[0].lower()}{camel[1:]}_{at.version}"
