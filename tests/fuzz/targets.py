"""Every reader of hostile input. A new one is one line in one of these tables."""

from collections.abc import Mapping
from typing import Final

from tests.fuzz import certificate_targets, console_targets, registry_targets, request_targets
from tests.fuzz.target import Target

TARGETS: Final[Mapping[str, Target]] = {
    target.name: target
    for target in (
        *registry_targets.TARGETS,
        *request_targets.TARGETS,
        *certificate_targets.TARGETS,
        *console_targets.TARGETS,
    )
}
