"""What all writes have in common: their query parameters, and the envelope of the object they bring.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/ (dry-run, field validation, field managers).
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

from imageyard.domain import field_manager
from imageyard.domain.audit import DRY_RUN
from imageyard.domain.errors import UNKNOWN_FIELD, BadRequest, Cause, Invalid
from imageyard.domain.kind import Kind
from imageyard.domain.objects import GROUP
from imageyard.domain.text import Text
from imageyard.service.admission import Options
from imageyard.web.exchange import Exchange
from imageyard.web.kube import parameters
from imageyard.web.kube.target import Target

Unknown = Literal["strict", "warn", "drop"]
_VALIDATION: Final[Mapping[str, Unknown]] = {"": "warn", "Strict": "strict", "Warn": "warn", "Ignore": "drop"}


class Asked(NamedTuple):
    """The query of a write. `manager` is what `fieldManager` says, "" when it says nothing."""

    dry_run: bool
    unknown: Unknown
    manager: str
    force: bool

    def options(self, exchange: Exchange, *, versioned: bool = False) -> Options:
        manager = self.manager or field_manager.default(exchange.header(b"user-agent"))
        return Options(
            unknown=self.unknown,
            create_namespace=False,
            lifecycle="take",
            dry_run=self.dry_run,
            versioned=versioned,
            manager=manager,
        )


def asked(exchange: Exchange, *, required: bool = False) -> Asked:
    """`required`: a manager has to be named. Raises BadRequest, Invalid."""
    given = parameters.fields(exchange.query)
    validation = given.get("fieldValidation", "")
    if validation not in _VALIDATION:
        raise parameters.bad('fieldValidation: Unsupported value: supported values: "", "Ignore", "Strict", "Warn"')
    manager = given.get("fieldManager", "")
    causes = field_manager.check(manager, required=required)
    if causes:
        raise Invalid(causes, kind="patchoptions")
    if rehearsed := dry_run(given.get("dryRun", "")):
        exchange.told[DRY_RUN] = "All"
    force = parameters.boolean("force", given.get("force", ""))
    return Asked(rehearsed, _VALIDATION[validation], manager, force)


def dry_run(value: str) -> bool:
    if value in ("", "All"):
        return value == "All"
    raise parameters.bad('dryRun: Unsupported value: supported values: "All"')


def check_envelope(target: Target, document: Mapping[str, Any]) -> None:
    """The object is what its path names: kind, namespace, name. Raises BadRequest in the API server's words."""
    kind, meta = target.kind, document.get("metadata")
    version, name = document.get("apiVersion"), document.get("kind")
    if not name:
        raise parameters.bad("Object 'Kind' is missing in the body")
    if version != kind.api_version:
        raise _bad(
            f"the API version in the data ({_shown(version)}) does not match the expected API version "
            f"({kind.api_version})"
        )
    if name != kind.name:
        raise _bad(f"the kind in the data ({_shown(name)}) does not match the expected kind ({kind.name})")
    if not isinstance(meta, Mapping):
        return
    if target.namespace is not None and meta.get("namespace") not in (None, "", target.namespace):
        raise _bad("the namespace of the provided object does not match the namespace sent on the request")
    if target.name and meta.get("name") not in (None, "", target.name):
        raise _bad(
            f"the name of the object ({_shown(meta.get('name'))}) does not match the name on the URL ({target.name})"
        )


def _shown(value: object) -> str:
    return value[:100] if isinstance(value, str) else "not a string"


def _bad(sentence: str) -> BadRequest:
    return BadRequest(Text(sentence, sentence))


def named(kind: Kind[Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document, which a kind that Kubernetes itself has may leave to its path to say what it is: programs make
    them from classes. A custom resource has to say it."""
    if kind.group == GROUP:
        return document
    version, name = document.get("apiVersion") or kind.api_version, document.get("kind") or kind.name
    return {**document, "apiVersion": version, "kind": name}


def forbidden_force() -> Invalid:
    """As ValidatePatchOptions has it."""
    text = Text("只能用于应用补丁", "may not be specified for non-apply patch")
    return Invalid([Cause("force", UNKNOWN_FIELD, text)], kind="patchoptions")
