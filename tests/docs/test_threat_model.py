"""The threat model names a test for each defence, and each of them is there."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.docs import pages

PAGE: Final = "threat-model.md"


def named(text: str) -> list[str]:
    return re.findall(r"`(tests/[^`]+)`", text)


@pytest.mark.parametrize("language", [pages.EN, pages.ZH], ids=["en", "zh"])
def test_each_test_that_is_named_is_there(language: Path) -> None:
    paths = named((language / PAGE).read_text())
    assert paths
    assert [path for path in paths if not (pages.ROOT / path).exists()] == []


@pytest.mark.parametrize("language", [pages.EN, pages.ZH], ids=["en", "zh"])
def test_each_threat_has_one(language: Path) -> None:
    threats = re.findall(r"^\| [STRIDE] \|.*$", (language / PAGE).read_text(), re.MULTILINE)
    assert len(threats) > 20
    assert [threat for threat in threats if not named(threat)] == []


def test_both_languages_name_the_same() -> None:
    assert named((pages.EN / PAGE).read_text()) == named((pages.ZH / PAGE).read_text())
