"""Every reader of hostile input. A new one is one line in one of these tables."""

from collections.abc import Mapping
from typing import Final

from tests.fuzz import certificate_targets, console_targets, identity_targets, registry_targets, request_targets
from tests.fuzz.target import Target

TARGETS: Final[Mapping[str, Target]] = {
    target.name: target
    for table in (registry_targets, request_targets, certificate_targets, identity_targets, console_targets)
    for target in table.TARGETS
}
