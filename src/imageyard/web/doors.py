"""What the doors need of the rest of the server, handed in by the composition root."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from imageyard.domain.clock import Clock
from imageyard.domain.text import Language
from imageyard.metrics import Metrics
from imageyard.service.audit import Audit, Unrecorded
from imageyard.service.callers import Callers
from imageyard.service.certificates import ClientCertificates
from imageyard.service.manifests import Manifests
from imageyard.service.objects import Objects
from imageyard.service.oidc import Oidc
from imageyard.service.requests import SyncRequests
from imageyard.service.sealkeys import SealKeys
from imageyard.service.tokens import Tokens
from imageyard.service.verify import Verifier
from imageyard.web.forwarded import Network
from imageyard.web.installation import Installation
from imageyard.web.limits import DEFAULT, Limits


@dataclass(frozen=True)
class Doors:
    objects: Objects
    verifier: Verifier
    sync_requests: SyncRequests
    manifests: Manifests
    tokens: Tokens
    metrics: Metrics
    clock: Clock
    keys: SealKeys
    ready: Callable[[], Mapping[str, bool]]
    """Named readiness checks; each must hold for /readyz to answer 200."""
    version: str
    """The product's own version, `X.Y.Z`."""
    stopping: asyncio.Event
    """Set when the server stops: what would go on for ever ends."""
    allowed_hosts: Callable[[str], bool]
    """Whether a Host header's name may be served: lower case, without port and brackets."""
    trusted_proxies: tuple[Network, ...] = ()
    """Proxies whose X-Forwarded-For is believed."""
    audit: Audit = field(default_factory=Unrecorded)
    """Where it is put on record who did what."""
    limits: Limits = DEFAULT
    language: Language = "zh"
    """Spoken where a request does not prefer one."""
    console_language: Language = "zh"
    """What the console speaks to a browser that prefers neither Chinese nor English."""
    oidc: Oidc | None = None
    """The issuer whose tokens count beside our own."""
    certificates: ClientCertificates | None = None
    """Signs client certificates; None where they count for nothing."""
    ca: bytes = b""
    """The own CA (PEM), for who wants to trust this server."""

    installation: Installation = field(default_factory=Installation)
    """What operators are shown of how this server is set up."""

    @property
    def callers(self) -> Callers:
        """Everybody who may call."""
        return Callers(self.tokens, self.oidc)
