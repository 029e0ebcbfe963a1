"""Who writes a role holds all its rules, and who writes a binding all rules of its role: nobody gives, to others or to
himself, what he does not have. As in Kubernetes, the verbs `escalate` and `bind` lift this.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
"""

from typing import Any

from imageyard.domain import escalation
from imageyard.domain.access import CLUSTER_ADMIN, Actor, Rule
from imageyard.domain.errors import Forbidden
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING
from imageyard.domain.kinds.cluster_role import ClusterRole
from imageyard.domain.kinds.role import Role, rules_of
from imageyard.domain.kinds.role_binding import RoleRef
from imageyard.domain.text import Text
from imageyard.service.rights import Rights


def check(rights: Rights, actor: Actor, kind: Kind[Any], new: Any, old: Any = None) -> None:
    """Whether the actor may write this over `old` (None: make it). Raises Forbidden in Kubernetes' words; NotFound for
    a binding whose role does not exist, by somebody who may not bind it unseen."""
    if old is not None and _same(kind, new, old):
        return
    namespace, name = new.metadata.namespace, new.metadata.name
    if kind in (ROLE, CLUSTER_ROLE):
        if not rights.allows(actor, "escalate", kind, namespace, name):
            _hold(rights, actor, kind, new, _given(new, old))
    elif kind in (ROLE_BINDING, CLUSTER_ROLE_BINDING):
        ref: RoleRef = new.role_ref
        if not rights.allows(actor, "bind", ROLE if ref.kind == "Role" else CLUSTER_ROLE, namespace, ref.name):
            _hold(rights, actor, kind, new, tuple(rights.role_rules(ref, namespace)))


def _same(kind: Kind[Any], new: Any, old: Any) -> bool:
    """Whether only what the garbage collector writes has changed. Labels say more: other roles gather by them."""
    told = (new.metadata.labels, new.metadata.annotations) == (old.metadata.labels, old.metadata.annotations)
    return told and kind.content(new) == kind.content(old)


def _given(new: Role | ClusterRole, old: Role | ClusterRole | None) -> tuple[Rule, ...]:
    """A role that gathers from others may hold anything tomorrow, so it takes everything to write one."""
    gathers = any(isinstance(role, ClusterRole) and role.aggregation_rule is not None for role in (new, old))
    return CLUSTER_ADMIN if gathers else rules_of(new.rules)


def _hold(rights: Rights, actor: Actor, kind: Kind[Any], obj: Any, wanted: tuple[Rule, ...]) -> None:
    namespace = obj.metadata.namespace
    lacking = escalation.missing(rights.rules(actor, namespace), wanted)
    if not lacking:
        return
    listed = "\n".join(map(escalation.describe, lacking))
    raise Forbidden(
        Text(
            f"用户“{actor.user}”试图授予自己并不拥有的权限：\n{listed}",
            f'user "{actor.user}" (groups={escalation.quoted(actor.groups)}) is attempting to grant RBAC permissions '
            f"not currently held:\n{listed}",
        ),
        kind=kind.singular,
        name=obj.metadata.name,
    )
