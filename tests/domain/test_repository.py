"""Repository: each rule of the spec with its error."""

from typing import Any

import pytest

from imageyard.domain.kinds import repository
from imageyard.domain.kinds.repository import RegistryRef
from tests.domain.samples import image


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({}, id="the reference's own example"),
        pytest.param({"sync_interval": "10s", "sync_timeout": "1s", "retry_count": 0}, id="least"),
        pytest.param({"sync_interval": "720h", "sync_timeout": "1h", "retry_count": 10}, id="most"),
        pytest.param({"sync_interval": "1.5h", "sync_timeout": "60000ms"}, id="other words"),
        pytest.param({"platform": "linux/arm/v7", "suspend": True}, id="platform"),
        pytest.param({"registry_ref": RegistryRef("harbor.prod-1", "shared")}, id="other namespace"),
    ],
)
def test_a_valid_image_has_no_causes(spec: dict[str, Any]) -> None:
    assert repository.validate(image(**spec), None) == []


@pytest.mark.parametrize(
    ("spec", "field", "reason", "fix"),
    [
        pytest.param({"repository": ""}, "spec.repository", "FieldValueRequired", "empty", id="no path"),
        pytest.param({"repository": "a:b"}, "spec.repository", "FieldValueInvalid", "spec.tag", id="tag in path"),
        pytest.param({"tag": ""}, "spec.tag", "FieldValueRequired", "latest", id="no tag"),
        pytest.param({"tag": "a/b"}, "spec.tag", "FieldValueInvalid", "letters", id="bad tag"),
        pytest.param(
            {"registry_ref": RegistryRef("", "default")},
            "spec.registryRef.name",
            "FieldValueRequired",
            "empty",
            id="reference without name",
        ),
        pytest.param(
            {"registry_ref": RegistryRef("harbor", "")},
            "spec.registryRef.namespace",
            "FieldValueRequired",
            "empty",
            id="reference without namespace",
        ),
        pytest.param(
            {"registry_ref": RegistryRef("Harbor", "default")},
            "spec.registryRef.name",
            "FieldValueInvalid",
            "lower-case",
            id="bad name",
        ),
        pytest.param(
            {"registry_ref": RegistryRef("harbor", "_all_")},
            "spec.registryRef.namespace",
            "FieldValueInvalid",
            "one namespace",
            id="scope instead of namespace",
        ),
        pytest.param({"sync_interval": "9s"}, "spec.syncInterval", "FieldValueInvalid", "10s", id="interval short"),
        pytest.param({"sync_interval": "720h1s"}, "spec.syncInterval", "FieldValueInvalid", "720h", id="interval long"),
        pytest.param({"sync_interval": "-1h"}, "spec.syncInterval", "FieldValueInvalid", "10s", id="negative"),
        pytest.param({"sync_interval": "1d"}, "spec.syncInterval", "FieldValueInvalid", "1h30m", id="days"),
        pytest.param({"sync_interval": ""}, "spec.syncInterval", "FieldValueInvalid", "1h30m", id="interval empty"),
        pytest.param({"sync_interval": "1e99h"}, "spec.syncInterval", "FieldValueInvalid", "1h30m", id="exponent"),
        pytest.param({"sync_timeout": "999ms"}, "spec.syncTimeout", "FieldValueInvalid", "1s", id="timeout short"),
        pytest.param({"sync_timeout": "61m"}, "spec.syncTimeout", "FieldValueInvalid", "1h", id="timeout long"),
        pytest.param({"retry_count": -1}, "spec.retryCount", "FieldValueInvalid", "0", id="retries negative"),
        pytest.param({"retry_count": 11}, "spec.retryCount", "FieldValueInvalid", "10", id="retries many"),
        pytest.param({"platform": "arm64"}, "spec.platform", "FieldValueInvalid", "os/arch", id="half a platform"),
        pytest.param({"platform": ""}, "spec.platform", "FieldValueRequired", "os/arch", id="empty platform"),
    ],
)
def test_each_broken_rule_is_one_cause_that_names_the_fix(
    spec: dict[str, Any], field: str, reason: str, fix: str
) -> None:
    for old in (None, image()):
        [cause] = repository.validate(image(**spec), old)
        assert (cause.field, cause.reason) == (field, reason)
        assert fix in cause.text.en
        assert cause.text.zh


def test_all_broken_rules_are_told_at_once() -> None:
    new = image(repository="A", tag="!", sync_interval="x", sync_timeout="y", retry_count=99, platform="z")
    told = [cause.field for cause in repository.validate(new, None)]
    assert told == [
        "spec.repository",
        "spec.tag",
        "spec.syncInterval",
        "spec.syncTimeout",
        "spec.retryCount",
        "spec.platform",
    ]
