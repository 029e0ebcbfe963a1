"""What somebody types about a registry source, and what becomes of it."""

import pytest
from msgspec.structs import replace

from imageyard.domain.errors import INVALID, Cause
from imageyard.domain.kinds import REGISTRY_SECRET
from imageyard.domain.kinds.registry_secret import RegistrySecret
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text
from imageyard.web.console import forms, presets, source_fields
from imageyard.web.console.presets import PRESETS, Preset

PEM = "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----"


def stored(**spec: object) -> RegistrySecret:
    document = {
        "apiVersion": REGISTRY_SECRET.api_version,
        "kind": REGISTRY_SECRET.name,
        "metadata": {"name": "a", "namespace": "b", "annotations": {"theriseunion.io/display-name": "一"}},
        "spec": {"domain": "r.example.com", "username": "u", "provider": "other", **spec},
    }
    found: RegistrySecret = REGISTRY_SECRET.convert(document)
    return found


def test_a_form_that_is_sent_back_as_it_was_shown_changes_nothing() -> None:
    found = stored(caBundle=PEM + "\n", trustedRealmHosts=["t.example.com", "s.example.com"], allowedNamespaces=["*"])
    shown = source_fields.of(found)
    sent = {name: [value.replace("\n", "\r\n")] for name, value in shown.values.items()}
    back = source_fields.read(forms.Form({**sent, "namespace": ["b"], "name": ["a"]}))
    assert back == shown
    assert not source_fields.changed(back, source_fields.marks(shown))
    assert source_fields.patch(back, frozenset(), None) == {}


@pytest.mark.parametrize("text", ["a,b", "a b", "a，b", "a、b", " a ;; b ", "a\r\nb"])
def test_lists_are_read_as_people_write_them(text: str) -> None:
    assert source_fields.several(text) == ["a", "b"]


def test_of_two_who_change_different_fields_both_are_kept() -> None:
    base = source_fields.of(stored())
    was = source_fields.marks(base)
    mine = source_fields.Entered("b", "a", {**base.values, "displayName": "mine"})
    theirs = source_fields.of(stored(domain="other.example.com"))
    merged = source_fields.merged(mine, theirs, was)
    assert (merged["displayName"], merged["domain"]) == ("mine", "other.example.com")


def test_a_patch_says_what_was_changed_and_no_more() -> None:
    base = source_fields.of(stored())
    entered = source_fields.Entered("b", "a", {**base.values, "transport": "http", "displayName": ""})
    fields = source_fields.changed(entered, source_fields.marks(base))
    assert source_fields.patch(entered, fields, Secret("p")) == {
        "spec": {"insecure": True, "insecureSkipVerify": False, "password": "p"},
        "metadata": {"annotations": {"theriseunion.io/display-name": None}},
    }


def test_what_is_typed_is_shown_without_the_password() -> None:
    entered = source_fields.read(forms.Form({"password": ["canary"], "username": ["u"], "transport": ["bad"]}))
    assert "canary" not in repr(entered)
    assert entered["transport"] == "https"


def test_who_chooses_anonymous_access_has_no_user_name() -> None:
    assert source_fields.read(forms.Form({"username": ["u"], "anonymous": ["1"]}))["username"] == ""


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("spec.domain", "domain"),
        ("domain", "domain"),
        ("spec.insecure", "transport"),
        ("insecureSkipVerify", "transport"),
        ("spec.trustedRealmHosts[3]", "trustedRealmHosts"),
        ("spec.allowedNamespaces[0]", "allowedNamespaces"),
        ("metadata.name", "name"),
        ("metadata.namespace", "namespace"),
        ("metadata.annotations[theriseunion.io/description]", "description"),
        ("metadata.labels", source_fields.ELSEWHERE),
    ],
)
def test_each_complaint_stands_next_to_its_field(path: str, field: str) -> None:
    assert source_fields.field_of(Cause(path, INVALID, Text("", ""))) == field


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
def test_each_preset_fills_in_what_the_rules_take(preset: Preset) -> None:
    """And tells which account to take, in both languages."""
    domain = preset.domain or preset.hint or "harbor.example.com"
    found = replace(stored(domain=domain, provider=preset.provider), kind=REGISTRY_SECRET.name)
    assert not [cause for cause in REGISTRY_SECRET.validate(found, found) if cause.field.startswith("spec.")]
    assert preset.help.zh
    assert preset.help.en
    assert presets.BY_KEY[preset.key] is preset
