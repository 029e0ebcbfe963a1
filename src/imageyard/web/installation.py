"""What an operator may know of how this server is set up: plain data, handed in by the composition root."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from imageyard.domain.access import Actor
from imageyard.domain.text import Text

Origin = Literal["flag", "environment", "file", "default"]


class Setting(NamedTuple):
    """`name` is its key in the settings file, `value` as the environment has it, with stars for what is secret."""

    name: str
    variable: str
    value: str
    origin: Origin
    about: Text


class Opinion(NamedTuple):
    """What the gate for outbound bytes thinks of one address of a host."""

    address: str
    """"" where the proxy is to resolve the name."""
    allowed: bool
    kind: str
    """public, private, loopback, link_local, reserved, unspecified, multicast, cloud_metadata, own_listener."""
    setting: str
    """Which setting decides; "" where none does."""
    proxied: bool


Consider = Callable[[Actor, str], Awaitable[Sequence[Opinion]]]
"""Of a host or host:port, by the gate's own rules; nothing is dialled. Raises Invalid for what is no host, NotFound
for a name without an address, TooManyRequests."""


async def knows_nothing(actor: Actor, host: str) -> Sequence[Opinion]:
    return ()


@dataclass(frozen=True)
class Installation:
    settings: Sequence[Setting] = ()
    data_dir: str = ""
    kubeconfig: str = ""
    """The file that the operator's kubectl reads."""
    https_port: int = 0
    sqlite: str = ""
    """SQLite's version."""
    started: datetime | None = None
    consider: Consider = knows_nothing
