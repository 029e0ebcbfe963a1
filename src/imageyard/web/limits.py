"""How much may be asked of the doors at once: the operator's numbers."""

from typing import Final, NamedTuple


class Limits(NamedTuple):
    """Kubernetes' own defaults where it has one (kube-apiserver --max-requests-inflight and
    --max-mutating-requests-inflight)."""

    reads: int = 400
    writes: int = 200
    watches: int = 5_000
    """At once, of all."""
    watches_per_user: int = 1_000
    pause: float = 1.0
    """Seconds before who has failed to sign in too often hears so: who asks on at once would not be slowed down."""


DEFAULT: Final = Limits()
