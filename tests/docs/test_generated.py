"""Pages that follow from the product are as the product says."""

import pytest
from tools import reference, wording

from imageyard import settings_zh
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Language
from imageyard.settings import NAMES, describe
from tests.docs import pages

RENEW = "run `.venv/bin/python -m tools.reference` and commit what it writes"


@pytest.mark.parametrize("name", reference.PAGES)
@pytest.mark.parametrize("language", reference.LANGUAGES)
def test_generated_pages_are_up_to_date(name: str, language: Language) -> None:
    page = reference.path(name, language)
    assert page.read_text(encoding="utf-8") == reference.rendered(name, language), f"{page} is old: {RENEW}"


@pytest.mark.parametrize("language", reference.LANGUAGES)
def test_every_reason_has_an_anchor(language: Language) -> None:
    anchors = pages.anchors(reference.path("troubleshooting.md", language))
    assert {reason.lower() for reason in Reason} <= anchors


@pytest.mark.parametrize("language", reference.LANGUAGES)
def test_every_setting_is_documented_by_key_and_variable(language: Language) -> None:
    text = reference.path("settings.md", language).read_text(encoding="utf-8")
    for name, variable, _, _ in describe():
        assert f"`{name}`" in text
        assert f"`{variable}`" in text


def test_every_setting_and_metric_has_its_chinese() -> None:
    """There is a line for each, and none for what is gone."""
    assert set(settings_zh.ABOUT) == set(NAMES)
    assert set(wording.METRICS) == {each.name for each in reference.described()}
