"""kubectl's last-applied annotation: a copy of the whole manifest, and so of the password in it."""

from collections.abc import Mapping, Sequence

import msgspec

ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"


def scrub(annotations: Mapping[str, str], secret_fields: Sequence[str]) -> dict[str, str]:
    """Answer the annotations with the secret fields taken out of that copy. One that cannot be read is left out:
    nobody could tell what is in it."""
    kept = dict(annotations)
    if secret_fields and ANNOTATION in kept:
        clean = _clean(kept.pop(ANNOTATION), secret_fields)
        if clean is not None:
            kept[ANNOTATION] = clean
    return kept


def _clean(text: str, secret_fields: Sequence[str]) -> str | None:
    try:
        manifest = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    if not isinstance(manifest, dict):
        return None
    if isinstance(spec := manifest.get("spec"), dict):
        for name in secret_fields:
            spec.pop(name, None)
    meta = manifest.get("metadata")
    if isinstance(meta, dict) and isinstance(inner := meta.get("annotations"), dict):
        # A copy within the copy: kubectl never writes one, and it would not be looked into.
        inner.pop(ANNOTATION, None)
    # Always written anew: of a field that is given twice only one shows above, the text would hold both.
    return msgspec.json.encode(manifest).decode()
