"""The built-in roles and bindings as objects: made at start when they are missing, and mended as Kubernetes does.

While the annotation `autoupdate` is "true", each start adds rules and subjects that somebody took away; nothing that
somebody added is touched. Who sets it to "false" has them to himself.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#auto-reconciliation
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final
from uuid import uuid4

import structlog
from msgspec.structs import replace

from imageyard.domain import escalation, objects
from imageyard.domain.access import BUILTIN, Builtin, Rule
from imageyard.domain.clock import Clock
from imageyard.domain.errors import Conflict, Failure, NotFound
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import CLUSTER_ROLE, CLUSTER_ROLE_BINDING
from imageyard.domain.kinds.cluster_role import ClusterRole
from imageyard.domain.kinds.cluster_role_binding import ClusterRoleBinding
from imageyard.domain.kinds.role import policy_rule, rules_of
from imageyard.domain.kinds.role_binding import RoleRef, Subject
from imageyard.domain.objects import ObjectMeta
from imageyard.store import Store

log = structlog.get_logger()

AUTOUPDATE: Final = "rbac.authorization.kubernetes.io/autoupdate"
LABELS: Final = {"kubernetes.io/bootstrapping": "rbac-defaults"}


async def ensure(store: Store, clock: Clock) -> None:
    """What cannot be read or written is left as it is: it is no reason not to start."""
    for builtin in BUILTIN:
        try:
            await _role(store, clock, builtin)
            if builtin.group:
                await _binding(store, clock, builtin)
        except Failure as failure:
            log.error("builtin_role_not_ensured", role=builtin.name, problem=type(failure).__name__)


async def _role(store: Store, clock: Clock, builtin: Builtin) -> None:
    held: ClusterRole | None = await _find(store, CLUSTER_ROLE, builtin.name)
    if held is None:
        await store.create(CLUSTER_ROLE, _new_role(builtin, clock))
    elif _is_ours(held.metadata) and (lacking := _lacking(held, builtin)):
        await _write(store, CLUSTER_ROLE, replace(held, rules=[*(held.rules or []), *map(policy_rule, lacking)]))


async def _binding(store: Store, clock: Clock, builtin: Builtin) -> None:
    wanted = _new_binding(builtin, clock)
    held: ClusterRoleBinding | None = await _find(store, CLUSTER_ROLE_BINDING, builtin.name)
    if held is None:
        await store.create(CLUSTER_ROLE_BINDING, wanted)
    elif not _is_ours(held.metadata):
        return
    elif held.role_ref != wanted.role_ref:
        await store.delete(CLUSTER_ROLE_BINDING, "", builtin.name)
        await store.create(CLUSTER_ROLE_BINDING, wanted)
    elif wanted.subjects[0] not in held.subjects:
        await _write(store, CLUSTER_ROLE_BINDING, replace(held, subjects=held.subjects + wanted.subjects))


async def _find(store: Store, kind: Kind[Any], name: str) -> Any:
    with suppress(NotFound):
        return kind.decode((await store.get(kind, "", name)).body)
    return None


async def _write(store: Store, kind: Kind[Any], obj: Any) -> None:
    moved = replace(obj.metadata, generation=obj.metadata.generation + 1)
    with suppress(Conflict):  # somebody writes it at this moment; the next start looks again
        await store.replace(kind, replace(obj, metadata=moved))


def _lacking(held: ClusterRole, builtin: Builtin) -> Sequence[Rule]:
    return [rule for rule in builtin.rules if escalation.missing(rules_of(held.rules), [rule])]


def _is_ours(meta: ObjectMeta) -> bool:
    return meta.annotations.get(AUTOUPDATE) == "true"


def _new_role(builtin: Builtin, clock: Clock) -> ClusterRole:
    return ClusterRole(
        api_version=CLUSTER_ROLE.api_version,
        kind=CLUSTER_ROLE.name,
        metadata=_meta(builtin.name, clock),
        rules=[policy_rule(rule) for rule in builtin.rules],
    )


def _new_binding(builtin: Builtin, clock: Clock) -> ClusterRoleBinding:
    return ClusterRoleBinding(
        api_version=CLUSTER_ROLE_BINDING.api_version,
        kind=CLUSTER_ROLE_BINDING.name,
        metadata=_meta(builtin.name, clock),
        subjects=[Subject("Group", name=builtin.group)],
        role_ref=RoleRef(kind="ClusterRole", name=builtin.name),
    )


def _meta(name: str, clock: Clock) -> ObjectMeta:
    return ObjectMeta(
        name=name,
        uid=str(uuid4()),
        generation=1,
        creation_timestamp=objects.seconds(clock.now()),
        labels=dict(LABELS),
        annotations={AUTOUPDATE: "true"},
    )
