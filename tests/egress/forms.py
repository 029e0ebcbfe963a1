"""Every way to write an address that must not be dialled, made by rule: spellings, carriers, disguises, names.

The spellings are those that some resolver, browser or library reads; whether ours does is what the tests find out. So
names are looked up by `Names`, which reads numbers as getaddrinfo does: a form that gets past the URL's grammar leads
where an attacker wants it to.
"""

import ipaddress
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from imageyard.egress import address as addresses
from imageyard.egress.listeners import IPAddress, Listeners
from imageyard.egress.policy import Policy
from tests.fakes.networks import networks

PORT: Final = 5000
OWN: Final = ("10.9.8.7", "fd12::7")
"""Where imageyard itself listens, at PORT."""
PUBLIC: Final = "8.8.8.8"
PUBLIC_V6: Final = "2606:4700::1111"

CLASSES: Final[Mapping[str, tuple[str, ...]]] = {
    "loopback": ("127.0.0.1", "127.255.255.254", "::1"),
    "link local": ("169.254.1.1", "fe80::1"),
    "metadata": addresses.METADATA,
    "multicast": ("224.0.0.1", "239.255.255.255", "ff02::1"),
    "unspecified": ("0.0.0.0", "0.1.2.3", "::"),
    "own listener": OWN,
    "reserved": ("192.0.0.1", "192.0.2.1", "198.18.0.1", "203.0.113.1", "240.0.0.1", "255.255.255.255", "fec0::1"),
    "private": ("10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd00::1"),
}
_NEVER: Final = frozenset({"metadata", "multicast", "unspecified", "own listener"})


def _own() -> Listeners:
    listeners = Listeners(is_local=lambda _: False, names=("yard.test",))
    for host in OWN:
        listeners.add(host, PORT)
    return listeners


class Rule(NamedTuple):
    """A policy, and the classes that it refuses."""

    policy: Policy
    refused: frozenset[str]


RULES: Final[Mapping[str, Rule]] = {
    "default": Rule(Policy(own_listeners=_own()), frozenset(CLASSES) - {"private"}),
    "everything by flag": Rule(Policy(allow=networks("0.0.0.0/0", "::/0"), own_listeners=_own()), _NEVER),
    "private denied": Rule(Policy(deny_private=True, own_listeners=_own()), frozenset(CLASSES)),
}


class Vector(NamedTuple):
    """`found` is what the name of the URL resolves to, empty where it is no name of ours."""

    name: str
    url: str
    found: tuple[str, ...] = ()


class Names:
    """A name server that also reads every number that getaddrinfo reads; it knows `good.test`, and what it is told."""

    def __init__(self, known: Mapping[str, Sequence[str]] | None = None) -> None:
        self.known: dict[str, Sequence[str]] = {"good.test": (PUBLIC,), **(known or {})}
        self.asked: list[str] = []

    async def __call__(self, name: str) -> Sequence[str]:
        self.asked.append(name)
        if name in self.known:
            return self.known[name]
        try:
            return (socket.inet_ntoa(socket.inet_aton(name.removesuffix("."))),)
        except OSError:
            raise socket.gaierror(socket.EAI_NONAME, "unknown name") from None


def hosts(address: IPAddress) -> Iterator[tuple[str, str]]:
    """(form, host as a URL writes it) of one address."""
    if isinstance(address, ipaddress.IPv4Address):
        yield from ((form, spell(address)) for form, spell in _V4.items())
        for form, outer in carriers(address):
            yield from ((f"{form}, {how}", host) for how, host in _v6(outer))
        yield "mapped, dotted", f"[::ffff:{address}]"
        yield "NAT64, dotted", f"[64:ff9b::{address}]"
    else:
        yield from _v6(address)
        yield "zone", f"[{address}%eth0]"
        yield "zone, escaped", f"[{address}%25eth0]"
        yield "zone, number", f"[{address}%251]"
        yield "no brackets", f"{address}"


def _parts(address: ipaddress.IPv4Address) -> list[int]:
    return list(address.packed)


_V4: Final[Mapping[str, Callable[[ipaddress.IPv4Address], str]]] = {
    "dotted": str,
    "trailing dot": lambda a: f"{a}.",
    "decimal": lambda a: f"{int(a)}",
    "hexadecimal": lambda a: f"0x{int(a):x}",
    "hexadecimal, upper case": lambda a: f"0X{int(a):X}",
    "octal": lambda a: f"0{int(a):o}",
    "octal parts": lambda a: ".".join(f"0{part:o}" for part in _parts(a)),
    "padded parts": lambda a: ".".join(f"{part:04o}" for part in _parts(a)),
    "hexadecimal parts": lambda a: ".".join(f"0x{part:x}" for part in _parts(a)),
    "two parts": lambda a: f"{int(a) >> 24}.{int(a) & 0xFFFFFF}",
    "three parts": lambda a: f"{int(a) >> 24}.{int(a) >> 16 & 0xFF}.{int(a) & 0xFFFF}",
    "mixed parts": lambda a: "{:d}.0x{:x}.0{:o}.{:d}".format(*_parts(a)),
    "mixed, two parts": lambda a: f"0x{int(a) >> 24:x}.{int(a) & 0xFFFFFF}",
    "overflowing part": lambda a: f"{int(a) + (1 << 32)}",
    "in brackets": lambda a: f"[{a}]",
    "escaped": lambda a: "".join(f"%{ord(sign):02x}" for sign in str(a)),
    "escaped dots": lambda a: str(a).replace(".", "%2e"),
    "escaped NUL": lambda a: f"{a}%00.good.test",
    "full-width digits": lambda a: str(a).translate({ord("0") + n: 0xFF10 + n for n in range(10)}),
    "circled digits": lambda a: str(a).translate({ord("0") + n: 0x245F + n for n in range(1, 10)}),
    "ideographic dots": lambda a: str(a).replace(".", "。"),
    "full-width dots": lambda a: str(a).replace(".", "．"),
    "soft hyphen": lambda a: f"\u00ad{a}",
    "tab": lambda a: str(a).replace(".", "\t."),
    "line break": lambda a: f"{a}\r\n",
}
"""The ways to spell an IPv4 address."""


def _v6(address: IPAddress) -> Iterator[tuple[str, str]]:
    yield "compressed", f"[{address.compressed}]"
    yield "exploded", f"[{address.exploded}]"
    yield "upper case", f"[{address.compressed.upper()}]"


def carriers(inner: ipaddress.IPv4Address) -> Iterator[tuple[str, ipaddress.IPv6Address]]:
    """The IPv6 addresses that lead to an IPv4 one, by the name of the scheme."""
    for name, carry in _CARRIERS.items():
        padding = "NAT64 local /" in name and int(inner) < 1 << 24 and name not in ("NAT64 local /96",)
        if not padding and not (name == "compatible" and int(inner) <= 1):
            yield name, ipaddress.IPv6Address(carry(int(inner)))


def _nat64_local(v4: int, length: int) -> int:
    """RFC 6052 section 2.2: the address behind the prefix, bits 64 to 71 left out."""
    packed = 0x64_FF9B_0001 << 80
    for place in range(32):
        at = length + place
        at += 8 if at >= 64 else 0
        packed |= (v4 >> 31 - place & 1) << 127 - at
    return packed


_CARRIERS: Final[Mapping[str, Callable[[int], int]]] = {
    "mapped": lambda v4: 0xFFFF << 32 | v4,
    "compatible": lambda v4: v4,
    "translated": lambda v4: 0xFFFF << 48 | v4,
    "6to4": lambda v4: 0x2002 << 112 | v4 << 80 | 1,
    "NAT64": lambda v4: 0x64_FF9B << 96 | v4,
    "NAT64 local /48": lambda v4: _nat64_local(v4, 48),
    "NAT64 local /56": lambda v4: _nat64_local(v4, 56),
    "NAT64 local /64": lambda v4: _nat64_local(v4, 64),
    "NAT64 local /96": lambda v4: 0x64_FF9B_0001 << 80 | v4,
    "Teredo server": lambda v4: 0x2001_0000 << 96 | v4 << 64 | 0xF7F7_F7F7,
    "Teredo client": lambda v4: 0x2001_0000 << 96 | 0x0808_0808 << 64 | v4 ^ 0xFFFF_FFFF,
    "ISATAP": lambda v4: 0x2606_4700 << 96 | 0x5EFE << 32 | v4,
    "ISATAP, global": lambda v4: 0x2606_4700 << 96 | 0x0200_5EFE << 32 | v4,
}

_DISGUISES: Final[Mapping[str, str]] = {
    "user info": "http://user:word@{host}:{port}/",
    "host as user": "http://good.test@{host}:{port}/",
    "host and port as user": "http://good.test:80@{host}:{port}/",
    "backslash and user": "http://good.test\\@{host}:{port}/",
    "escaped user": "http://good.test%40{host}:{port}/",
    "two users": "http://a@good.test@{host}:{port}/",
    "backslashes": "http:\\\\{host}:{port}/",
    "no slashes": "http:{host}:{port}/",
    "one slash": "http:/{host}:{port}/",
    "three slashes": "http:///{host}:{port}/",
    "no scheme": "//{host}:{port}/",
    "other scheme": "gopher://{host}:{port}/",
    "web socket": "ws://{host}:{port}/",
    "white space": " http://{host}:{port}/",
    "after a line": "http://good.test/\r\nHost: {host}",
    "as a label": "http://{host}.good.test:{port}/",
    "two ports": "http://{host}:{port}:80/",
    "endless port": "http://{host}:{port}000000/",
    "empty port": "http://{host}:/",
    "bracket in front": "http://[{host}:{port}/",
    "bracket and name": "http://[::1].{host}:{port}/",
}
"""Ways to hide a host within a URL."""


def literals(texts: Iterable[str], scheme: str = "http") -> Iterator[Vector]:
    """URLs whose host is the address itself, in every spelling and disguise."""
    for text in texts:
        address = ipaddress.ip_address(text)
        for form, host in hosts(address):
            yield Vector(f"{text} {form}", f"{scheme}://{host}:{PORT}/v2/")
        host = str(address) if address.version == 4 else f"[{address}]"
        for form, disguise in _DISGUISES.items():
            yield Vector(f"{text} {form}", disguise.format(host=host, port=PORT))


def names(texts: Iterable[str]) -> Iterator[Vector]:
    """URLs whose host is a name that resolves to the address, alone or among others, itself or in a carrier."""
    for text in texts:
        address = ipaddress.ip_address(text)
        told = {
            "alone": (text,),
            "in front": (text, PUBLIC),
            "at the end": (PUBLIC, PUBLIC_V6, text),
            "in the middle": (PUBLIC, text, PUBLIC_V6),
            "twice": (text, text),
        }
        if isinstance(address, ipaddress.IPv4Address):
            told |= {form: (str(outer),) for form, outer in carriers(address)}
            told |= {f"{form}, at the end": (PUBLIC, str(outer)) for form, outer in carriers(address)}
        else:
            told["with a zone"] = (f"{text}%1",)
        for form, found in told.items():
            yield Vector(f"name of {text} {form}", f"https://bad.test:{PORT}/v2/", found)


def refused(rule: Rule) -> Iterator[Vector]:
    """Everything that must not be dialled under a rule."""
    for kind in sorted(rule.refused):
        yield from literals(CLASSES[kind])
        yield from names(CLASSES[kind])


class Allowed(NamedTuple):
    """A vector of the control group, and the address that is to be dialled."""

    vector: Vector
    address: str


def allowed(rule: Rule) -> Iterator[Allowed]:
    """What must be dialled: public addresses, and those of classes that the rule does not refuse."""
    opened = [text for kind in CLASSES.keys() - rule.refused for text in CLASSES[kind]]
    for text in (PUBLIC, PUBLIC_V6, *opened):
        address = ipaddress.ip_address(text)
        host = text if address.version == 4 else f"[{text}]"
        yield Allowed(Vector(f"{text} itself", f"https://{host}:{PORT}/v2/"), text)
        yield Allowed(Vector(f"name of {text}", f"http://bad.test:{PORT}/v2/", (text,)), text)
    for form, outer in carriers(ipaddress.IPv4Address(PUBLIC)):
        if "/" not in form or form.endswith("/96"):
            yield Allowed(Vector(f"{PUBLIC} {form}", f"http://[{outer}]:{PORT}/v2/"), str(outer))
            yield Allowed(Vector(f"name of {PUBLIC} {form}", f"http://bad.test:{PORT}/", (str(outer),)), str(outer))
