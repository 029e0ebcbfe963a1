"""The query and path parameters of Kubernetes' API conventions, as OpenAPI describes them.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

from typing import Any, Final, Literal, NamedTuple

from imageyard.web.kube.openapi.schemas import Schema


class Parameter(NamedTuple):
    name: str
    description: str
    type: Literal["string", "integer", "boolean"] = "string"
    choices: tuple[str, ...] = ()
    place: Literal["query", "path"] = "query"

    def written(self) -> dict[str, Any]:
        schema: Schema = {"type": self.type}
        if self.choices:
            schema["enum"] = [*self.choices]
        required = {"required": True} if self.place == "path" else {}
        return {"name": self.name, "in": self.place, "description": self.description, **required, "schema": schema}


NAMESPACE: Final = Parameter("namespace", "Namespace of the object.", place="path")
NAME: Final = Parameter("name", "Name of the object.", place="path")
PRETTY: Final = Parameter("pretty", "Accepted and not used: answers are compact.")

_DRY_RUN: Final = Parameter("dryRun", "`All` checks everything and changes nothing.", choices=("All",))
_FIELD_MANAGER: Final = Parameter("fieldManager", "Who owns the fields that are set. Required to apply.")
_FIELD_VALIDATION: Final = Parameter(
    "fieldValidation",
    "What happens to unknown and duplicate fields: Ignore drops them, Warn drops them and tells, Strict refuses.",
    choices=("Ignore", "Warn", "Strict"),
)
_FORCE: Final = Parameter("force", "Take over fields that others own. To apply only.", "boolean")
_LABELS: Final = Parameter("labelSelector", "Only objects with these labels.")
_FIELDS: Final = Parameter("fieldSelector", "Only objects with these values in fields that can be selected by.")
_LIMIT: Final = Parameter(
    "limit", "How many objects to answer at most; `continue` tells where the next begin.", "integer"
)
_CONTINUE: Final = Parameter("continue", "The `continue` of the page before.")
_VERSION: Final = Parameter("resourceVersion", "How new the answer has to be, or where a watch begins.")
_MATCH: Final = Parameter(
    "resourceVersionMatch", "How resourceVersion is meant for a list.", choices=("Exact", "NotOlderThan")
)
_TIMEOUT: Final = Parameter("timeoutSeconds", "How long a watch lasts.", "integer")

GETTING: Final = (_VERSION,)
WRITING: Final = (_DRY_RUN, _FIELD_MANAGER, _FIELD_VALIDATION)
PATCHING: Final = (*WRITING, _FORCE)
DELETING: Final = (
    _DRY_RUN,
    Parameter("gracePeriodSeconds", "Accepted and not used: nothing here takes time to stop.", "integer"),
    Parameter(
        "propagationPolicy",
        "What becomes of the objects that belong to this one.",
        choices=("Orphan", "Background", "Foreground"),
    ),
)
LISTING: Final = (
    Parameter("allowWatchBookmarks", "Whether a watch may tell its version from time to time.", "boolean"),
    _CONTINUE,
    _FIELDS,
    _LABELS,
    _LIMIT,
    _VERSION,
    _MATCH,
    Parameter("sendInitialEvents", "Whether a watch begins with what there is, as events.", "boolean"),
    _TIMEOUT,
    Parameter("watch", "Answer what changes, as a stream of events.", "boolean"),
)
DELETING_ALL: Final = (*DELETING, _CONTINUE, _FIELDS, _LABELS, _LIMIT, _VERSION, _MATCH, _TIMEOUT)
