"""From settings to an issuer: what is left out is told at start."""

from pathlib import Path
from typing import Any

import pytest

from imageyard.app import issuer
from imageyard.metrics import Metrics
from imageyard.settings import InvalidSettings, Settings
from tests.fakes.authority import Authority
from tests.fakes.clock import FakeClock
from tests.fakes.issuer import Issuer

URL = "https://id.example.com"


def made(**settings: Any) -> object:
    clock = FakeClock()
    return issuer.oidc(Settings(**settings), Issuer(URL, clock.now), clock, Metrics())


def test_without_an_issuer_there_is_none() -> None:
    assert made() is None


def test_an_issuer_is_made_with_its_roots(tmp_path: Path) -> None:
    assert made(oidc_issuer=URL, oidc_audience=("imageyard",), oidc_ca=Authority(tmp_path).ca) is not None


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"oidc_issuer": URL}, "oidc_issuer needs oidc_audience"),
        ({"oidc_audience": ("imageyard",)}, "without oidc_issuer"),
        ({"oidc_ca": Path("/ca.pem")}, "without oidc_issuer"),
    ],
)
def test_half_an_issuer_is_refused(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidSettings, match=told):
        made(**settings)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_file_that_is_none_is_told_by_name(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(OSError, match=r"oidc_ca: .*ca\.pem"):
        made(oidc_issuer=URL, oidc_audience=("imageyard",), oidc_ca=file)
