"""Who may use a registry source beside its own namespace: add one, take one away."""

from collections.abc import Sequence
from typing import Final

from imageyard.domain.errors import Conflict
from imageyard.domain.kinds import REGISTRY_SECRET
from imageyard.domain.kinds.registry_secret import RegistrySecret
from imageyard.service.objects import Patch
from imageyard.web.console import forms, going, rows, source_fields
from imageyard.web.console.forms import Form
from imageyard.web.console.room import Room
from imageyard.web.console.visit import Visit
from imageyard.web.reply import Reply

_KIND: Final = REGISTRY_SECRET
_TRIES: Final = 5
"""Times a change is made anew to what somebody else has left: adding and taking away are in nobody's way."""
EVERYBODY: Final = "*"


async def act(room: Room, visit: Visit, namespace: str, name: str) -> Reply:
    """Raises Forbidden, NotFound, Invalid for what is no namespace, Conflict."""
    visit.doors.objects.rights.demand(visit.actor, "patch", _KIND, namespace, name)
    form = await forms.read(visit.exchange)
    for _ in range(_TRIES):
        stored = await visit.doors.objects.get(visit.actor, _KIND, namespace, name)
        found: RegistrySecret = _KIND.decode(stored.body)
        allowed = _changed(found.spec.allowed_namespaces, form)
        version = {"resourceVersion": found.metadata.resource_version}
        patch = Patch("merge", {"metadata": version, "spec": {"allowedNamespaces": allowed}})
        try:
            await visit.doors.objects.patch(visit.actor, _KIND, namespace, name, patch)
            return going.to(visit, f"{rows.source_href(namespace, name)}?done=grant")
        except Conflict:
            continue
    raise Conflict(_KIND.singular, name)


def _changed(allowed: Sequence[str], form: Form) -> list[str]:
    """The list after what the form asks: `revoke` one, grant `everybody`, or `grant` those that are typed."""
    gone = form.text("revoke")
    if gone:
        return [each for each in allowed if each != gone]
    added = [EVERYBODY] if form.text("everybody") == "1" else source_fields.several(form.text("grant"))
    return [*dict.fromkeys([*allowed, *added])]
