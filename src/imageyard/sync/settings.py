"""Figures of the engine. The first two are settings of the server, which is where their defaults stand."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class EngineSettings:
    per_host: int
    """Syncs and verifications at once per registry host."""
    total: int
    """Syncs at once over all hosts. One that lasts longer than `slow_after` waits on its host and counts there only:
    so hung hosts, however many, hold up the others for no longer than that."""
    slow_after: float = 1.0
    """Seconds after which a running sync is shown as `Syncing`."""
    open_after: int = 5
    """Connection failures in a row that open a host's breaker."""
    first_probe: float = 3.0
    probe_every: float = 20.0
    """Seconds between probes of a host that does not answer, ± a quarter."""
    window: timedelta = timedelta(seconds=60)
    """How far ahead due keys are held in memory."""
    window_limit: int = 10_000
    spread_limit: int = 100_000
    """How many overdue keys a start spreads; more than these follow at their hosts' pace."""
    readers: int = 8
    """Objects that are read at once to find out what they need."""
    tell_every: float = 2.0
    """Seconds between two rounds of telling the sources about hosts and users, at least."""
