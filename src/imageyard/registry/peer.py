"""Who is spoken to on behalf of a source: the registry itself, or a host that it names. Failures of the others are
told apart, since they say nothing about the registry's own host. Pure.
"""

from typing import Literal, NamedTuple

from imageyard.domain.text import Text
from imageyard.registry.origin import Origin

Role = Literal["registry", "tokens", "redirect"]


class Peer(NamedTuple):
    """A host in its role. `elsewhere`: it is another host:port than the source's own."""

    role: Role
    origin: Origin
    elsewhere: bool

    def named(self, *, port: bool) -> Text:
        """The subject of a sentence about it; with its port also where that is the scheme's own."""
        origin = self.origin
        host = f"{origin.host}:{origin.port}" if port else origin.host
        match self.role:
            case "registry":
                return Text(f"镜像仓库 {host}", f"the registry {host}")
            case "tokens":
                return Text(f"令牌服务 {host}", f"the token service {host}")
            case "redirect":
                return Text(f"镜像仓库重定向到的 {host}", f"the registry redirects to {host}, which")


def of(role: Role, origin: Origin, home: Origin) -> Peer:
    """`origin` in its role for a source at `home`."""
    return Peer(role, origin, (origin.host, origin.port) != (home.host, home.port))


def registry(home: Origin) -> Peer:
    return Peer("registry", home, elsewhere=False)
