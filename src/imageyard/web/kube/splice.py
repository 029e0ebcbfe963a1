"""From stored bytes to what Kubernetes clients read: the same object with its managedFields in place."""

import msgspec

from imageyard.store import Change, Stored


class _Shell(msgspec.Struct):
    metadata: msgspec.Raw


def metadata(body: bytes) -> bytes:
    """The metadata in an object's JSON, as it stands there."""
    return bytes(msgspec.json.decode(body, type=_Shell).metadata)


def whole(stored: Stored | Change) -> bytes:
    """The object's JSON with `metadata.managedFields`, when it has any."""
    return joined(stored.body, stored.managed)


def joined(body: bytes, managed: bytes) -> bytes:
    """Put managedFields at the end of the metadata, whose members are at least a name."""
    if not managed:
        return body
    # An annotation may hold the text `"metadata":{`, but apiVersion and kind, which stand before it, cannot.
    at = body.index(b'"metadata":') + len(b'"metadata":') + len(metadata(body)) - 1
    return b'%s,"managedFields":%s%s' % (body[:at], managed, body[at:])
