"""From settings to the OIDC issuer whose tokens count."""

from pathlib import Path

from imageyard.domain import claims
from imageyard.domain.claims import NO_PREFIX, Rules
from imageyard.domain.clock import Clock
from imageyard.egress import Gate
from imageyard.egress.trust import Trust
from imageyard.metrics import Metrics
from imageyard.service.issuer_keys import IssuerKeys
from imageyard.service.oidc import Oidc
from imageyard.settings import InvalidSettings, Settings


def oidc(settings: Settings, gate: Gate, clock: Clock, metrics: Metrics) -> Oidc | None:
    """None where no issuer is set. Raises InvalidSettings, OSError."""
    issuer = settings.oidc_issuer
    if issuer is None:
        if settings.oidc_audience or settings.oidc_ca:
            raise InvalidSettings("oidc_audience and oidc_ca do nothing without oidc_issuer; set it too")
        return None
    if not settings.oidc_audience:
        raise InvalidSettings("oidc_issuer needs oidc_audience: a token made for another program is nobody's here")
    keys = IssuerKeys(issuer, gate, clock, metrics, ca=roots("oidc_ca", settings.oidc_ca))
    return Oidc(_rules(settings, issuer), frozenset(settings.oidc_algorithms), keys, clock, metrics)


def _rules(settings: Settings, issuer: str) -> Rules:
    return Rules(
        issuer,
        frozenset(settings.oidc_audience),
        username_claim=settings.oidc_username_claim,
        username_prefix=claims.username_prefix(settings.oidc_username_prefix, issuer, settings.oidc_username_claim),
        groups_claim=settings.oidc_groups_claim,
        groups_prefix="" if settings.oidc_groups_prefix == NO_PREFIX else settings.oidc_groups_prefix,
    )


def roots(setting: str, file: Path | None) -> str:
    """A file of CA certificates, read here so that a bad one is told at start and by name. Raises OSError."""
    if file is None:
        return ""
    try:
        text = file.read_text(encoding="utf-8")
        Trust(text)
    except OSError as error:
        raise OSError(f"{setting}: {file} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise OSError(f"{setting}: {file} holds no usable CA certificates in PEM form") from error
    return text
