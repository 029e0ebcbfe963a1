"""Image references: parse at the edge, then trust the type.

Sources: OCI distribution-spec 1.1 (name, tag, digest), distribution/reference (domain, lengths), Kubernetes object
names (DNS-1123). All patterns are ASCII and match the whole text.

A refused text is never quoted whole in a message: a domain pasted with `user:password@` holds a secret.
"""

import ipaddress
import re
from typing import Final, NamedTuple, NewType

from imageyard.domain import hostlike
from imageyard.domain.text import Text

Digest = NewType("Digest", str)

LONGEST_REPOSITORY: Final = 255
LONGEST_TAG: Final = 128
LONGEST_HOST: Final = 253

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_HEX_NUMBER = re.compile(r"0x[0-9a-f]*")
_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*")
_IDENTIFIER = re.compile(r"[0-9a-f]{64}")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_PLATFORM_PART = re.compile(r"[a-z0-9_.-]{1,64}")
_SCHEME = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]{0,15}:)?//")


class InvalidReference(ValueError):
    """`text` says what is wrong and which part to drop or move, in both languages."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


class Domain(NamedTuple):
    """A registry's host, lower-case; `port` None when not given. IPv6 hosts keep their brackets."""

    host: str
    port: int | None

    def __str__(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"


class PlatformName(NamedTuple):
    """os/arch[/variant], normalised (aarch64 -> arm64, arm -> arm/v7, arm64/v8 -> arm64 …)."""

    os: str
    architecture: str
    variant: str = ""


def parse_domain(text: str) -> Domain:
    """host or host:port. Names are ASCII (an internationalised one is written as `xn--…`), IPv4 is a full dotted
    quad, IPv6 stands in brackets and is compressed. Raises InvalidReference."""
    if not text:
        raise _refuse("不能为空，例如 harbor.example.com", "must not be empty; write for example harbor.example.com")
    _refuse_url(text)
    if text != text.strip() or any(character.isspace() for character in text):
        raise _refuse("请去掉空白字符", "drop the white space")
    if text.startswith("["):
        host, port = _split_ipv6(text)
    elif text.count(":") > 1:
        raise _refuse("IPv6 地址请写在方括号内，例如 [2001:db8::1]:5000", "write IPv6 in brackets: [2001:db8::1]:5000")
    else:
        name, colon, port = text.partition(":")
        host = _host(name.lower())
        port = port if colon else None
    return Domain(host, None if port is None else _port(port))


def _refuse_url(text: str) -> None:
    """Tell which parts of a pasted URL to drop, all in one sentence."""
    parts: list[Text] = []
    rest = text
    if scheme := _SCHEME.match(text):
        parts.append(Text(f"协议“{scheme[0]}”", f"the scheme `{scheme[0]}`"))
        rest = text[scheme.end() :]
    if "@" in rest:
        parts.append(Text("“@”及其之前的用户信息", "the user info up to `@`"))
    if "/" in rest:
        parts.append(Text("从“/”开始的路径", "the path from `/` on"))
    if "?" in rest:
        parts.append(Text("“?”之后的查询参数", "the query from `?` on"))
    if "#" in rest:
        parts.append(Text("“#”之后的片段", "the fragment from `#` on"))
    if parts:
        zh, en = "、".join(part.zh for part in parts), ", ".join(part.en for part in parts)
        raise _refuse(f"只写主机或主机:端口，请去掉{zh}", f"write host or host:port only; drop {en}")


def _split_ipv6(text: str) -> tuple[str, str | None]:
    literal, closed, rest = text[1:].partition("]")
    if not closed or (rest and not rest.startswith(":")):
        raise _refuse("IPv6 写作 [地址] 或 [地址]:端口", "write IPv6 as [address] or [address]:port")
    if "%" in literal:
        raise _refuse("请去掉 IPv6 地址中“%”之后的区域", "drop the zone from `%` on")
    try:
        address = ipaddress.IPv6Address(literal)
    except ValueError:
        raise _refuse("方括号内不是有效的 IPv6 地址", "there is no IPv6 address in the brackets") from None
    if "." in literal or address.ipv4_mapped is not None:
        raise _refuse("请直接写 IPv4 地址", "write the IPv4 address itself")
    return f"[{address.compressed}]", rest[1:] if rest else None


def _host(name: str) -> str:
    if not name:
        raise _refuse("缺少主机名", "the host is missing")
    if not name.isascii():
        raise _refuse("国际化域名请写成 punycode（xn--…）", "write an internationalised name as punycode (xn--…)")
    if "_" in name:
        raise _refuse("主机名不能包含下划线“_”", "a host name has no underscore `_`")
    if name.endswith("."):
        raise _refuse("请去掉末尾的点“.”", "drop the trailing dot")
    if len(name) > LONGEST_HOST:
        raise _refuse(f"主机名最长 {LONGEST_HOST} 个字符", f"a host name has at most {LONGEST_HOST} characters")
    labels = name.split(".")
    if labels[-1].isdigit() or _HEX_NUMBER.fullmatch(labels[-1]):
        return _ipv4(name)
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise _refuse(
            "主机名由点分隔，每段 1–63 个字母、数字或“-”，且首尾为字母或数字",
            "a host name is made of labels of 1–63 letters, digits or `-`, each beginning and ending with a letter "
            "or digit, joined by dots",
        )
    return name


def _ipv4(name: str) -> str:
    # Resolvers read 0177.1, 0x7f.1 and 2130706433 as addresses too. Only one spelling is accepted, so that what
    # is checked, shown and dialled is the same.
    try:
        return str(ipaddress.IPv4Address(name))
    except ValueError:
        raise _refuse(
            "IPv4 地址须写成四段十进制数且不带前导零，例如 192.0.2.1",
            "write IPv4 as four decimal numbers without leading zeros, for example 192.0.2.1",
        ) from None


def _port(text: str) -> int:
    if not _PORT.fullmatch(text) or int(text) > 65535:
        raise _refuse("端口须为 1–65535 的整数", "the port is a number from 1 to 65535")
    return int(text)


def parse_repository(text: str) -> str:
    """The path as written. Refuses tag, digest and domain inside, saying where they belong.

    A first component is taken for a domain when it has a colon or looks like a host (see `hostlike`)."""
    if not text:
        raise _refuse("不能为空，例如 library/nginx", "must not be empty; write for example library/nginx")
    if "://" in text:
        raise _refuse(
            "请去掉协议与域名，只写镜像路径；域名写在镜像源的 spec.domain 中",
            "drop the scheme and the domain; the domain belongs in the registry source's spec.domain",
        )
    if "@" in text:
        raise _refuse(
            "请去掉“@”及其后的摘要；要跟踪的版本写在 spec.tag 中",
            "drop the digest from `@` on; which version to follow belongs in spec.tag",
        )
    first, slash, _ = text.partition("/")
    if slash and hostlike.looks_like_host(first):
        raise _refuse(
            "请去掉开头的域名，只写镜像路径；域名写在镜像源的 spec.domain 中",
            "drop the domain at the beginning; it belongs in the registry source's spec.domain",
        )
    if ":" in text:
        raise _refuse("请去掉“:”及其后的 Tag；Tag 写在 spec.tag 中", "drop the tag from `:` on; it belongs in spec.tag")
    if len(text) > LONGEST_REPOSITORY:
        raise _refuse(f"最长 {LONGEST_REPOSITORY} 个字符", f"has at most {LONGEST_REPOSITORY} characters")
    if _IDENTIFIER.fullmatch(text):
        raise _refuse(
            "64 位十六进制是镜像的标识，不能用作镜像路径",
            "64 hexadecimal digits are an image's identifier and no repository",
        )
    if not all(_COMPONENT.fullmatch(component) for component in text.split("/")):
        raise _refuse_path(text)
    return text


def _refuse_path(text: str) -> InvalidReference:
    if text.startswith("/") or text.endswith("/") or "//" in text:
        return _refuse("不能以“/”开头或结尾，也不能有连续的“/”", "has no `/` at either end and no two in a row")
    if text.isascii() and text != text.lower():
        return _refuse("镜像路径只能使用小写字母", "write the path in lower-case letters")
    return _refuse(
        "每段由小写字母和数字组成，中间可用“.”“_”“__”或“-”分隔，例如 library/nginx",
        "each part has lower-case letters and digits, with `.`, `_`, `__` or `-` between them: library/nginx",
    )


def parse_tag(text: str) -> str:
    """The tag as written. Raises InvalidReference."""
    if not text:
        raise _refuse("不能为空，例如 latest", "must not be empty; write for example latest")
    if ":" in text or "@" in text:
        raise _refuse("只写 Tag 本身，不含“:”或“@”，也不能是摘要", "write the tag alone: no `:` or `@`, and no digest")
    if len(text) > LONGEST_TAG:
        raise _refuse(f"最长 {LONGEST_TAG} 个字符", f"has at most {LONGEST_TAG} characters")
    if not _TAG.fullmatch(text):
        raise _refuse(
            "由字母、数字、“_”“.”“-”组成，且不能以“.”或“-”开头",
            "has letters, digits, `_`, `.` and `-`, and does not begin with `.` or `-`",
        )
    return text


def parse_digest(text: str) -> Digest:
    """`sha256:<64 hex>` or `sha512:<128 hex>`, lower-case. Raises InvalidReference."""
    if not _DIGEST.fullmatch(text):
        raise _refuse(
            "摘要写作 sha256:<64 位小写十六进制> 或 sha512:<128 位小写十六进制>",
            "a digest is sha256:<64 lower-case hex digits> or sha512:<128 lower-case hex digits>",
        )
    return Digest(text)


def parse_platform(text: str) -> PlatformName:
    """`os/arch[/variant]`, normalised. Raises InvalidReference."""
    parts = text.lower().split("/")
    if len(parts) not in (2, 3) or not all(_PLATFORM_PART.fullmatch(part) for part in parts):
        raise _refuse(
            "写作 os/arch 或 os/arch/variant，例如 linux/amd64、linux/arm/v7",
            "write os/arch or os/arch/variant, for example linux/amd64 or linux/arm/v7",
        )
    return normalise_platform(parts[0], parts[1], parts[2] if len(parts) == 3 else "")


_ARCHITECTURES: Final = {
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "i386": ("386", ""),
    "aarch64": ("arm64", ""),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
}
_DEFAULT_VARIANTS: Final = {("amd64", "v1"), ("arm64", "v8")}


def normalise_platform(os: str, architecture: str, variant: str) -> PlatformName:
    """One spelling for each platform, as containerd and regclient have it. Takes whatever a registry answers."""
    os, architecture, variant = os.lower(), architecture.lower(), variant.lower()
    architecture, implied = _ARCHITECTURES.get(architecture, (architecture, ""))
    variant = implied or variant
    if architecture in ("arm", "arm64") and variant.isdigit():
        variant = f"v{variant}"
    if architecture == "arm" and not variant:
        variant = "v7"
    if (architecture, variant) in _DEFAULT_VARIANTS:
        variant = ""
    return PlatformName("darwin" if os == "macos" else os, architecture, variant)


def is_subdomain(name: str) -> bool:
    """DNS-1123 subdomain, at most 253 characters."""
    return len(name) <= 253 and all(_SUBDOMAIN_PART.fullmatch(part) for part in name.split("."))


_SUBDOMAIN_PART = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
"""Kubernetes bounds the name as a whole, not its parts."""


def is_label(name: str) -> bool:
    """DNS-1123 label, at most 63 characters."""
    return _LABEL.fullmatch(name) is not None


_HUB: Final = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})


def is_docker_hub(domain: Domain) -> bool:
    """docker.io, index.docker.io, registry-1.docker.io."""
    return domain.host in _HUB and domain.port in (None, 443)


def _refuse(zh: str, en: str) -> InvalidReference:
    return InvalidReference(Text(zh, en))
