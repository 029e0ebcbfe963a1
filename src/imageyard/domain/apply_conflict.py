"""A server-side apply that would change what other field managers own, told in Kubernetes' words."""

import json
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Final, NamedTuple

from imageyard.domain.errors import Cause, Conflict
from imageyard.domain.text import Text

REASON: Final = "FieldManagerConflict"
"""CauseType of k8s.io/apimachinery/pkg/apis/meta/v1."""


SHOWN: Final = 100
"""Fields told at once; the message tells how many there are."""


class FieldConflict(NamedTuple):
    """One field, and the manager that owns it."""

    manager: str
    operation: str
    api_version: str
    subresource: str
    time: datetime | None
    path: str
    """As Kubernetes prints it: `.spec.tag`."""


class ApplyConflict(Conflict):
    """The apply was not forced. 409; `conflicts` are ordered by manager."""

    def __init__(self, conflicts: Sequence[FieldConflict], *, kind: str = "", name: str = "") -> None:
        super().__init__(kind, name, text(conflicts))
        self.conflicts = tuple(conflicts)
        self.causes = causes(conflicts)


def text(conflicts: Sequence[FieldConflict]) -> Text:
    """The message. English is what Kubernetes answers, word for word, up to SHOWN fields."""
    count = len(conflicts)
    if count == 1:
        [one] = conflicts
        whose = _whose(one)
        return Text(
            f"应用失败，有 1 处冲突：字段 {one.path} 由 {whose.zh} 管理；如需接管，请使用 force",
            f"Apply failed with 1 conflict: conflict with {whose.en}: {one.path}",
        )
    blocks = [(whose, [one.path for one in group]) for whose, group in groupby(conflicts[:SHOWN], _whose)]
    more = count - SHOWN
    zh = "\n".join(_block(f"由 {whose.zh} 管理：", paths) for whose, paths in blocks)
    en = "\n".join(_block(f"conflicts with {whose.en}:", paths) for whose, paths in blocks)
    if more > 0:
        zh, en = f"{zh}\n- 另有 {more} 处", f"{en}\n- and {more} more"
    return Text(
        f"应用失败，有 {count} 处冲突；如需接管，请使用 force。\n{zh}", f"Apply failed with {count} conflicts: {en}"
    )


def causes(conflicts: Sequence[FieldConflict]) -> list[Cause]:
    """One cause for each of the first fields."""
    return [
        Cause(one.path, REASON, Text(f"由 {whose.zh} 管理", f"conflict with {whose.en}"))
        for one in conflicts[:SHOWN]
        for whose in [_whose(one)]
    ]


def _block(heading: str, paths: Sequence[str]) -> str:
    return "\n".join([heading, *(f"- {path}" for path in paths)])


def _whose(conflict: FieldConflict) -> Text:
    """The manager as Kubernetes names it: quoted, one that wrote without applying with its version."""
    name = json.dumps(conflict.manager, ensure_ascii=False)
    zh, en = name, name
    if conflict.subresource:
        subresource = json.dumps(conflict.subresource)
        zh, en = f"{zh}（子资源 {subresource}）", f"{en} with subresource {subresource}"
    if conflict.operation == "Update":
        zh, en = f"{zh}（通过 {conflict.api_version}）", f"{en} using {conflict.api_version}"
    return Text(zh, en)
