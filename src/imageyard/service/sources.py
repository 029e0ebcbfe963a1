"""What the server writes into a RegistrySecret when somebody creates or changes it. Pure.

Where the verify results go is written here too, so that one file says who owns which annotation and condition.
"""

from datetime import datetime
from typing import Final

from msgspec import UNSET
from msgspec.structs import replace

from imageyard.domain import conditions, objects
from imageyard.domain.kinds import registry_secret
from imageyard.domain.kinds.registry_secret import (
    MIRRORED,
    VERIFIED,
    RegistrySecret,
    RegistrySecretSpec,
    RegistrySecretStatus,
)
from imageyard.domain.objects import ANNOTATION, Condition
from imageyard.domain.reasons import Reason

REFUSED: Final = frozenset({Reason.Unauthorized, Reason.Forbidden})
"""What says that the credential itself is refused: not to be tried again before it changes or an hour is over."""


def created(source: RegistrySecret, *, has_password: bool, now: datetime) -> RegistrySecret:
    """A new source: not tested yet, and due to be tested at once."""
    source = replace(source, spec=without_password(source.spec), status=RegistrySecretStatus())
    return _untested(_with_password(source, has_password, now), now)


def changed(source: RegistrySecret, old: RegistrySecret, *, password: bool | None, now: datetime) -> RegistrySecret:
    """A source whose spec or password changed; `source` carries the status and the new generation already.
    `password` tells that it changed, and whether there is one now; None when it is as it was."""
    source = replace(source, spec=without_password(source.spec))
    if password is not None:
        source = _with_password(source, password, now)
    if password is not None or credential(source.spec) != credential(old.spec):
        return _untested(source, now)
    return _mirrored(_observed(source, old))


def credential(spec: RegistrySecretSpec) -> RegistrySecretSpec:
    """The part of a spec that a verification says something about: address and user, without who may use it."""
    return replace(spec, password=UNSET, allowed_namespaces=[])


def without_password(spec: RegistrySecretSpec) -> RegistrySecretSpec:
    return replace(spec, password=UNSET)


def lets_in(source: RegistrySecret, namespace: str) -> bool:
    """Whether images in a namespace may refer to it: those beside it, and those that it grants that."""
    return not {namespace, "*"}.isdisjoint((source.metadata.namespace, *source.spec.allowed_namespaces))


def is_refused(source: RegistrySecret) -> bool:
    """Whether the registry refused the credential as it now is."""
    held = _verified(source)
    return held is not None and held.status == "False" and held.reason in REFUSED


def is_verified(source: RegistrySecret) -> bool:
    """Whether the registry took the credential as it now is."""
    held = _verified(source)
    return held is not None and held.status == "True" and held.reason == Reason.Verified


def _verified(source: RegistrySecret) -> Condition | None:
    held = conditions.find(source.status.conditions, VERIFIED)
    return held if held is not None and held.observed_generation == source.metadata.generation else None


def _with_password(source: RegistrySecret, has_password: bool, now: datetime) -> RegistrySecret:
    updated = objects.seconds(now) if has_password else None
    return replace(source, status=replace(source.status, password_set=has_password, password_updated_time=updated))


def _untested(source: RegistrySecret, now: datetime) -> RegistrySecret:
    annotations = {
        key: value
        for key, value in source.metadata.annotations.items()
        if key not in (registry_secret.VERIFY_MESSAGE, registry_secret.VERIFY_TIMESTAMP)
    }
    annotations[registry_secret.VERIFY_STATUS] = "untested"
    generation = source.metadata.generation
    status = replace(
        source.status,
        next_verify=objects.seconds(now),
        failures=0,
        conditions=conditions.put(source.status.conditions, VERIFIED, "Unknown", Reason.Pending, "", generation, now),
    )
    return _mirrored(replace(source, metadata=replace(source.metadata, annotations=annotations), status=status))


def _observed(source: RegistrySecret, old: RegistrySecret) -> RegistrySecret:
    """What was found out about the credential holds for the new generation too: the credential is the same."""
    before, generation = old.metadata.generation, source.metadata.generation
    carried = [
        replace(held, observed_generation=generation) if held.observed_generation == before else held
        for held in source.status.conditions
    ]
    observed = generation if source.status.observed_generation == before else source.status.observed_generation
    return replace(source, status=replace(source.status, conditions=carried, observed_generation=observed))


def _mirrored(source: RegistrySecret) -> RegistrySecret:
    mirror = {ANNOTATION + name: str(getattr(source.spec, name)) for name in MIRRORED}
    return replace(source, metadata=replace(source.metadata, annotations={**source.metadata.annotations, **mirror}))
