"""From stored bytes to what Kubernetes clients read: the same object with its managedFields in place."""

import msgspec

from imageyard.store import Change, Stored


class _Shell(msgspec.Struct):
    metadata: msgspec.Raw


def whole(stored: Stored | Change) -> bytes:
    """The object's JSON with `metadata.managedFields`, when it has any."""
    if not stored.managed:
        return stored.body
    return with_member(stored.body, b'"managedFields":' + stored.managed)


def with_member(body: bytes, member: bytes) -> bytes:
    """The object's JSON with one more member at the end of its metadata, whose members are at least a name."""
    metadata = bytes(msgspec.json.decode(body, type=_Shell).metadata)
    # An annotation may hold the text `"metadata":{`, but apiVersion and kind, which stand before it, cannot.
    at = body.index(b'"metadata":') + len(b'"metadata":') + len(metadata) - 1
    return b"%s,%s%s" % (body[:at], member, body[at:])
