"""Patches as pure functions on JSON documents: RFC 7396 merge patch, RFC 6902 JSON patch."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import jsonpatch
import msgspec
from jsonpointer import EndOfList, JsonPointer, JsonPointerException

from imageyard.domain.errors import INVALID, BadRequest, Cause, Invalid
from imageyard.domain.text import Text, excerpt

MOST_OPERATIONS: Final = 10_000
MOST_COPIED: Final = 3 * 1024 * 1024
"""Bytes that all `copy` operations of a patch may make: a few of them in a row would double a document each time."""
MOST_SHIFTED: Final = 10_000_000
"""List items that all operations of a patch may push aside by inserting and removing at the front of long lists."""
DEEPEST: Final = 64
"""Levels of the patched document, as of any body that comes in."""

_MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "add": ("value",),
    "remove": (),
    "replace": ("value",),
    "move": ("from",),
    "copy": ("from",),
    "test": ("value",),
}


def merge(document: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Apply a merge patch; the arguments stay as they are and share nothing with the result."""
    result: dict[str, Any] = _fresh(document)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            held = result.get(key)
            result[key] = merge(held if isinstance(held, Mapping) else {}, value)
        else:
            result[key] = _fresh(value)
    return result


_ORDER: Final = "$setElementOrder/"
_WITHOUT: Final = "$deleteFromPrimitiveList/"
_UNITED: Final = frozenset({"finalizers"})
"""Lists of plain values that a strategic merge unites; all others are replaced."""


def strategic(document: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Apply a strategic merge patch, as kubectl sends it for kinds it has built in: a merge patch with directives.
    The arguments stay as they are. Raises BadRequest for a directive that is none.

    Source: https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/"""
    directive = patch.get("$patch")
    if directive == "replace":
        replaced: dict[str, Any] = _fresh({key: value for key, value in patch.items() if key != "$patch"})
        return replaced
    if directive not in (None, "merge", "delete"):
        raise BadRequest(Text("$patch 应为 replace、merge 或 delete", "$patch is replace, merge or delete"))
    result: dict[str, Any] = {} if directive == "delete" else _fresh(document)
    for key, value in patch.items():
        held = result.get(key)
        if key.startswith(_WITHOUT):
            name = key.removeprefix(_WITHOUT)
            if isinstance(result.get(name), list) and isinstance(value, list):
                result[name] = [item for item in result[name] if item not in value]
        elif key.startswith(_ORDER) or key in ("$patch", "$retainKeys"):
            continue
        elif value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            result[key] = strategic(held if isinstance(held, Mapping) else {}, value)
        elif key in _UNITED and isinstance(held, list) and isinstance(value, list):
            result[key] = [*held, *(item for item in _fresh(value) if item not in held)]
        else:
            result[key] = _fresh(value)
    return result


def apply_json(document: Mapping[str, Any], operations: object, secret_fields: Sequence[str]) -> dict[str, Any]:
    """Apply a JSON patch (at most 10,000 operations, copies bounded to 3 MiB). `test`, `copy` and `move` that name
    `/spec/<secret field>` or a parent of it are Invalid; `add` and `replace` may set it. Raises Invalid, BadRequest.

    A patch that is malformed is a BadRequest; one that cannot be applied, a failed `test` included, is Invalid at
    the path it names. Neither quotes a value."""
    secrets = [["spec", name] for name in secret_fields]
    parsed = [_Operation(number, operation, secrets) for number, operation in enumerate(_listed(operations))]
    result: Any = _fresh(document)
    budget = _Budget()
    for operation in parsed:
        result = operation.apply(result, budget)
    if not isinstance(result, dict):
        raise BadRequest(Text("补丁的结果必须是 JSON 对象", "the patched document must be a JSON object"))
    if is_deeper(result, DEEPEST):
        raise BadRequest(Text(f"补丁的结果嵌套超过 {DEEPEST} 层", f"the patched document has over {DEEPEST} levels"))
    return result


def _listed(operations: object) -> list[Any]:
    if not isinstance(operations, list):
        raise BadRequest(Text("JSON Patch 必须是操作列表", "a JSON patch is a list of operations"))
    if len(operations) > MOST_OPERATIONS:
        text = Text(
            f"JSON Patch 最多 {MOST_OPERATIONS} 个操作", f"a JSON patch has at most {MOST_OPERATIONS} operations"
        )
        raise BadRequest(text)
    return operations


class _Budget:
    """What the operations of one patch may cost together."""

    def __init__(self) -> None:
        self.copied = 0
        self.shifted = 0

    def spend(self, operation: "_Operation", document: Any) -> None:
        """Count before the work is done. Raises JsonPointerException when a path leads nowhere."""
        if operation.name == "copy":
            source = operation.pointers[1].resolve(document)
            self.copied += 0 if isinstance(source, EndOfList) else len(msgspec.json.encode(source))
        if operation.name != "test":
            self.shifted += sum(_length_of_list_around(pointer, document) for pointer in operation.pointers)
        if self.copied > MOST_COPIED or self.shifted > MOST_SHIFTED:
            text = Text("补丁的复制或列表移动过多", "the patch copies or shifts too much")
            raise Invalid([Cause(operation.field, INVALID, text)])


def _length_of_list_around(pointer: JsonPointer, document: Any) -> int:
    if not pointer.parts:
        return 0
    around, _ = pointer.to_last(document)
    return len(around) if isinstance(around, list) else 0


class _Operation:
    """One operation, checked for its form and for secrets: `pointers` are its path and, for move and copy, its from."""

    def __init__(self, number: int, operation: object, secrets: Sequence[list[str]]) -> None:
        self._label = f"[{number}]"
        name = operation.get("op") if isinstance(operation, dict) else None
        if not isinstance(operation, dict) or not isinstance(name, str) or name not in _MEMBERS:
            choices = ", ".join(_MEMBERS)
            raise self._malformed(f"op 应为 {choices} 之一", f"op must be one of {choices}")
        self.name = name
        for member in ("path", *_MEMBERS[name]):
            if member not in operation:
                raise self._malformed(f"缺少 {member}", f"{member} is missing")
        paths = ("path", "from") if "from" in _MEMBERS[name] else ("path",)
        self.pointers = [self._pointer(member, operation[member]) for member in paths]
        self._guard(secrets)
        if name == "replace" and self.pointers[0].parts in secrets:
            # The stored secret is not in the document, and still a caller may replace it.
            operation = {**operation, "op": "add"}
        self._patch = jsonpatch.JsonPatch([operation])

    @property
    def field(self) -> str:
        """The path as causes write it: `metadata.labels.app`."""
        return _field(self.pointers[0])

    def apply(self, document: Any, budget: _Budget) -> Any:
        try:
            budget.spend(self, document)
            return self._patch.apply(document, in_place=True)
        except jsonpatch.JsonPatchTestFailed:
            raise self._refused("test 失败：值与所给的不同", "test failed: the value differs") from None
        except (jsonpatch.JsonPatchException, JsonPointerException, TypeError, ValueError, RecursionError):
            raise self._refused(
                "该路径不存在或不能这样修改", "the path does not exist or cannot be changed so"
            ) from None

    def _pointer(self, member: str, value: object) -> JsonPointer:
        try:
            return JsonPointer(value if isinstance(value, str) else "no pointer")
        except JsonPointerException:
            raise self._malformed(f"{member} 不是 JSON Pointer", f"{member} is no JSON pointer") from None

    def _guard(self, secrets: Sequence[list[str]]) -> None:
        """Refuse what could tell a secret or carry it elsewhere."""
        if self.name not in ("test", "copy", "move"):
            return
        for pointer in self.pointers:
            for secret in secrets:
                if _overlap(pointer.parts, secret):
                    raise Invalid([Cause(_field(pointer), INVALID, self._write_only(".".join(secret)))])

    def _write_only(self, secret: str) -> Text:
        return Text(
            f"{self.name} 不能涉及只写字段 {secret} 或其上级；请用 add 或 replace 设置它",
            f"{self.name} may not name the write-only field {secret} or a parent of it; set it with add or replace",
        )

    def _malformed(self, zh: str, en: str) -> BadRequest:
        return BadRequest(Text(f"JSON Patch 操作 {self._label}：{zh}", f"JSON patch operation {self._label}: {en}"))

    def _refused(self, zh: str, en: str) -> Invalid:
        text = Text(f"JSON Patch 操作 {self._label}：{zh}", f"JSON patch operation {self._label}: {en}")
        return Invalid([Cause(self.field, INVALID, text)])


def _overlap(parts: Sequence[str], others: Sequence[str]) -> bool:
    """Whether one is the other or a parent of it."""
    return all(a == b for a, b in zip(parts, others, strict=False))


def _fresh(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _fresh(item) for key, item in value.items()}
    return [_fresh(item) for item in value] if isinstance(value, list) else value


def is_deeper(value: Any, levels: int) -> bool:
    """Whether a JSON value has more levels than that."""
    layer = [value]
    for _ in range(levels):
        layer = [item for held in layer for item in _items(held)]
    return any(isinstance(item, dict | list) for item in layer)


def _items(value: Any) -> Sequence[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else ()


def _field(pointer: JsonPointer) -> str:
    return excerpt(".".join(pointer.parts), 200) or "/"
