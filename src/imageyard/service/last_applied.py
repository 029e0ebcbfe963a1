"""kubectl's last-applied annotation: a copy of the whole manifest, and so of the password in it, in the right field or
in one that was meant to be it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from imageyard.domain.kind import Kind
from imageyard.domain.pruning import pruned

ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"


def scrub(annotations: Mapping[str, str], kind: Kind[Any]) -> dict[str, str]:
    """Answer the annotations with the secret fields taken out of that copy, and what the kind does not know: it was
    left out of the object as well. A copy that cannot be read is left out: nobody could tell what is in it."""
    kept = dict(annotations)
    if kind.secret_fields and ANNOTATION in kept:
        clean = _clean(kept.pop(ANNOTATION), kind)
        if clean is not None:
            kept[ANNOTATION] = clean
    return kept


def _clean(text: str, kind: Kind[Any]) -> str | None:
    try:
        given = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    if not isinstance(given, dict):
        return None
    struct: type = kind.type
    manifest = pruned(struct, given)
    if isinstance(spec := manifest.get("spec"), dict):
        for name in kind.secret_fields:
            spec.pop(name, None)
    meta = manifest.get("metadata")
    if isinstance(meta, dict) and isinstance(inner := meta.get("annotations"), dict):
        # A copy within the copy: kubectl never writes one, and it would not be looked into.
        inner.pop(ANNOTATION, None)
    # Always written anew: of a field that is given twice only one shows above, the text would hold both.
    return msgspec.json.encode(manifest).decode()
