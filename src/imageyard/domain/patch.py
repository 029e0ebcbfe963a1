"""Patches as pure functions on JSON documents: RFC 7396 merge patch, RFC 6902 JSON patch."""

from collections.abc import Mapping, Sequence
from typing import Any


def merge(document: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Apply a merge patch; the arguments stay as they are."""
    raise NotImplementedError


def apply_json(document: Mapping[str, Any], operations: object, secret_fields: Sequence[str]) -> dict[str, Any]:
    """Apply a JSON patch (at most 10,000 operations, copies bounded to 3 MiB). `test`, `copy` and `move` that name
    `/spec/<secret field>` or a parent of it are Invalid; `add` and `replace` may set it. Raises Invalid, BadRequest."""
    raise NotImplementedError
