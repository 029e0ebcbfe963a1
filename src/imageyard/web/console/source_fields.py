"""The fields of the form for a registry source: from an object, from what somebody typed, to what is asked of the use
cases. Pure. The password is never among the values, so whatever shows them cannot show it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final, Literal

from imageyard.domain.errors import Cause
from imageyard.domain.kinds.registry_secret import RegistrySecret
from imageyard.domain.objects import ANNOTATION
from imageyard.domain.secret import Secret
from imageyard.web.console.forms import Form
from imageyard.web.console.presets import Preset

NAMES: Final = (
    "domain",
    "provider",
    "username",
    "transport",
    "caBundle",
    "trustedRealmHosts",
    "allowedNamespaces",
    "displayName",
    "description",
)
DISPLAY_NAME: Final = ANNOTATION + "display-name"
DESCRIPTION: Final = ANNOTATION + "description"
ELSEWHERE: Final = ""
"""Of a cause that is about no field of the form."""

Transport = Literal["https", "unchecked", "http"]
_FLAGS: Final[Mapping[str, Mapping[str, bool]]] = {
    "https": {"insecure": False, "insecureSkipVerify": False},
    "unchecked": {"insecure": False, "insecureSkipVerify": True},
    "http": {"insecure": True, "insecureSkipVerify": False},
}
_SEVERAL: Final = re.compile(r"[\s,;，；、]+")
_FIELD_OF: Final = {
    "metadata.name": "name",
    "metadata.namespace": "namespace",
    "metadata.annotations": "displayName",
    "insecure": "transport",
    "insecureSkipVerify": "transport",
    "password": "password",  # nosec B105 # the name of a field
    **{name: name for name in ("domain", "provider", "username", "caBundle", "trustedRealmHosts", "allowedNamespaces")},
}


@dataclass(frozen=True, slots=True)
class Entered:
    """What is in the form. `values` has all of NAMES, lists joined by `, `."""

    namespace: str
    name: str
    values: Mapping[str, str]
    anonymous: bool = False

    def __getitem__(self, name: str) -> str:
        return self.values[name]


def blank(namespace: str, preset: Preset, domain: str = "") -> Entered:
    """`domain` is that of an image which has no source yet."""
    given = {
        "domain": domain or preset.domain,
        "provider": preset.provider,
        "username": preset.username,
        "transport": "https",
    }
    return Entered(namespace, "", dict.fromkeys(NAMES, "") | given)


def of(found: RegistrySecret) -> Entered:
    """What the form shows of a stored source."""
    spec, annotations = found.spec, found.metadata.annotations
    transport = "http" if spec.insecure else "unchecked" if spec.insecure_skip_verify else "https"
    values = {
        "domain": spec.domain,
        "provider": spec.provider,
        "username": spec.username,
        "transport": transport,
        "caBundle": _text(spec.ca_bundle),
        "trustedRealmHosts": ", ".join(spec.trusted_realm_hosts),
        "allowedNamespaces": ", ".join(spec.allowed_namespaces),
        "displayName": _text(annotations.get(DISPLAY_NAME, "")),
        "description": _text(annotations.get(DESCRIPTION, "")),
    }
    return Entered(found.metadata.namespace, found.metadata.name, values, anonymous=not spec.username)


def read(form: Form) -> Entered:
    """What was typed. A namespace that is typed wins over one that is chosen."""
    values = {name: _text(form.text(name)) for name in NAMES}
    values |= {name: ", ".join(several(values[name])) for name in ("trustedRealmHosts", "allowedNamespaces")}
    values["transport"] = values["transport"] if values["transport"] in _FLAGS else "https"
    anonymous = form.text("anonymous") == "1"
    if anonymous:
        values["username"] = ""
    return Entered(form.text("newNamespace") or form.text("namespace"), form.text("name"), values, anonymous)


def several(text: str) -> list[str]:
    """Hosts or namespaces as people list them: by white space, commas or semicolons, Chinese ones too."""
    return [part for part in _SEVERAL.split(text) if part]


def spec(entered: Entered) -> dict[str, Any]:
    """All of the spec but the password and who may use it: what a test takes."""
    return {
        "domain": entered["domain"],
        "provider": entered["provider"],
        "username": entered["username"],
        "caBundle": entered["caBundle"],
        "trustedRealmHosts": several(entered["trustedRealmHosts"]),
        **_FLAGS[entered["transport"]],
    }


def document(entered: Entered, password: Secret) -> dict[str, Any]:
    """A new object."""
    said = {DISPLAY_NAME: entered["displayName"], DESCRIPTION: entered["description"]}
    annotations = {key: value for key, value in said.items() if value}
    meta = {"namespace": entered.namespace, "name": entered.name, "annotations": annotations}
    allowed = several(entered["allowedNamespaces"])
    return {"metadata": meta, "spec": {**spec(entered), "allowedNamespaces": allowed, "password": password.reveal()}}


def marks(entered: Entered) -> dict[str, str]:
    """A short fingerprint of each field: a form brings along what it was made of, to tell who changed what."""
    return {name: sha256(value.encode()).hexdigest()[:12] for name, value in entered.values.items()}


def changed(entered: Entered, was: Mapping[str, str]) -> frozenset[str]:
    """Fields that are not as they were."""
    return frozenset(name for name, mark in marks(entered).items() if was.get(name) != mark)


def merged(mine: Entered, theirs: Entered, was: Mapping[str, str]) -> Entered:
    """What somebody changed, over what somebody else has made of the rest meanwhile."""
    own = {name: mine[name] for name in changed(mine, was)}
    anonymous = mine.anonymous if "username" in own else theirs.anonymous
    return replace(theirs, values={**theirs.values, **own}, anonymous=anonymous)


def patch(entered: Entered, fields: frozenset[str], password: Secret | None) -> dict[str, Any]:
    """A merge patch that changes these fields, and the password where there is one to set."""
    whole = spec(entered) | {"allowedNamespaces": several(entered["allowedNamespaces"])}
    body: dict[str, Any] = {name: whole[name] for name in NAMES if name in fields and name in whole}
    body |= _FLAGS[entered["transport"]] if "transport" in fields else {}
    body |= {"password": password.reveal()} if password is not None else {}
    said = {"displayName": DISPLAY_NAME, "description": DESCRIPTION}
    annotations = {said[name]: entered[name] or None for name in said if name in fields}
    return {
        **({"spec": body} if body else {}),
        **({"metadata": {"annotations": annotations}} if annotations else {}),
    }


def field_of(cause: Cause) -> str:
    """The field of the form that a cause is about, ELSEWHERE for none."""
    path = re.split(r"\[", cause.field.removeprefix("spec."), maxsplit=1)[0]
    if path.startswith("metadata.annotations") and "description" in cause.field:
        return "description"
    return _FIELD_OF.get(path, ELSEWHERE)


def by_field(causes: Iterable[Cause]) -> dict[str, list[Cause]]:
    found: dict[str, list[Cause]] = {}
    for cause in causes:
        found.setdefault(field_of(cause), []).append(cause)
    return found


def _text(value: str) -> str:
    """As a text area sends it back, but for the line ends that browsers choose."""
    return value.replace("\r\n", "\n").replace("\r", "\n").strip()
