"""Every setting: frozen, read once, each with a flag or file key, an environment variable and a line of why.

Precedence: flag, environment (`IMAGEYARD_*`), file (`config.toml` in the data directory, or --config), default.
An unknown key is an error with a suggestion: a setting that silently does nothing is worse than none.
"""

import difflib
import os
import re
import shlex
import sys
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import MISSING, dataclass, field, fields
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_interface, ip_network
from pathlib import Path
from typing import Any, Final, Literal, cast
from urllib.parse import unquote, urlsplit

PREFIX: Final = "IMAGEYARD_"
KEYS: Final = "IMAGEYARD_KEYS"
"""Carries keys where `key_source` is env. No setting: no settings file and no `config show` has it."""
Network = IPv4Network | IPv6Network


class InvalidSettings(ValueError):
    """A setting that cannot be used; the message names it, where it came from, and the fix."""


def _setting(default: Any, about: str, *, env: str = "") -> Any:
    """One field: its default, what it is for, and further environment variables that may carry it."""
    metadata = {"about": about, "env": env}
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


def default_data_dir() -> Path:
    """The platform's user data directory (XDG base directory specification; Library on macOS)."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "imageyard"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "imageyard"


@dataclass(frozen=True)
class ProxyAddress:
    """Where the outbound proxy is. Its `login` (`user:password`) is shown by no way of showing a setting."""

    host: str
    port: int
    login: str = field(default="", repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{'***@' if self.login else ''}{host}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where the server keeps things, where it listens, where it may send bytes, how it paces itself."""

    data_dir: Path = _setting(default_data_dir, "Where the database, keys, certificates and tokens live.")
    key_source: Literal["file", "env", "command"] = _setting(
        "file", "Where encryption keys come from: keys/, the variable IMAGEYARD_KEYS, or what key_command prints."
    )
    key_command: str = _setting("", "Command that prints the keys as `imageyard keys export` writes them; no shell.")
    host: str = _setting("127.0.0.1", "Address both listeners bind to.")
    port: int = _setting(8080, "Plain-HTTP port; 0 picks a free one, told in ports.json.")
    tls_port: int = _setting(8443, "HTTPS port; 0 picks a free one, told in ports.json.")
    tls_san: tuple[str, ...] = _setting((), "More names and addresses for the server certificate.")
    insecure_http: bool = _setting(False, "Offer plain HTTP also beyond loopback.")
    public_host: tuple[str, ...] = _setting((), "Further Host names callers may use (against DNS rebinding).")
    trusted_proxy: tuple[Network, ...] = _setting((), "Networks whose X-Forwarded-For is believed.")
    sample: bool = _setting(False, "Start the sample registry and make the sample objects.")
    egress_allow: tuple[Network, ...] = _setting(
        (), "Networks outbound requests may reach although they are loopback, link-local or reserved."
    )
    egress_private: Literal["allow", "deny"] = _setting(
        "allow", "Whether private networks (RFC 1918, ULA, 100.64/10) may be reached."
    )
    egress_proxy: ProxyAddress | None = _setting(
        None, "Proxy of outbound requests, http://host:port or http://user:password@host:port."
    )
    egress_no_proxy: tuple[str | Network, ...] = _setting(
        (), "Hosts, .suffixes and networks that are reached without the proxy."
    )
    registry_ca: Path | None = _setting(None, "PEM file of CA certificates trusted for all sources.")
    oidc_issuer: str | None = _setting(None, "Address of an OpenID Connect issuer whose tokens count too.")
    oidc_audience: tuple[str, ...] = _setting((), "Audiences; an issuer's token has to be for one of them.")
    oidc_username_claim: str = _setting("sub", "The claim that holds the user.")
    oidc_username_prefix: str = _setting(
        "", "What stands before users; none given means the issuer and a #, or nothing for emails; - means nothing."
    )
    oidc_groups_claim: str = _setting("groups", "The claim that holds the groups.")
    oidc_groups_prefix: str = _setting("oidc:", "What stands before groups; - means nothing.")
    oidc_algorithms: tuple[str, ...] = _setting(
        ("RS256", "ES256"), "Algorithms an issuer's token may be signed by; asymmetric ones only."
    )
    oidc_ca: Path | None = _setting(None, "PEM file of CA certificates trusted for the issuer.")
    client_certificates: bool = _setting(False, "Recognise client certificates of the server's own CA.")
    language: Literal["zh", "en"] = _setting("zh", "Language of texts written into objects.")
    auto_create_namespaces: bool = _setting(True, "A namespace comes into being on the first write by REST.")
    verify_interval: timedelta = _setting(timedelta(minutes=30), "How often each source is verified again.")
    sync_per_host: int = _setting(6, "Concurrent syncs on one registry host.")
    sync_total: int = _setting(128, "Concurrent syncs in all.")
    audit_strict: bool = _setting(False, "Refuse what cannot be put on record in the audit trail first.")
    audit_max_size: int = _setting(100, "MiB of audit trail after which a new file is begun.")
    audit_keep: int = _setting(10, "Full audit files that are kept.")
    max_reads_in_flight: int = _setting(400, "Reads served at once; one user has half of what is free.")
    max_writes_in_flight: int = _setting(200, "Writes served at once; one user has half of what is free.")
    max_watches: int = _setting(5000, "Watches open at once.")
    max_watches_per_user: int = _setting(1000, "Watches of one user open at once.")
    quota_objects: int = _setting(2_000_000, "Objects of one kind that may be stored.")
    quota_mib: int = _setting(8192, "MiB that the database may hold before users can only delete.")
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", "The least severe log lines that are written.", env="LOG_LEVEL"
    )
    log_format: Literal["json", "console"] = _setting("json", "json for machines, console for people.")


NAMES: Final = tuple(entry.name for entry in fields(Settings))
CONFIG_FILE: Final = "config.toml"


def load(
    flags: Mapping[str, Any], environment: Mapping[str, str], config: Path | None = None
) -> tuple[Settings, dict[str, str]]:
    """Answer the settings and, by name, where each came from. Raises InvalidSettings."""
    from_environment = _environment(environment)
    data_dir = flags.get("data_dir") or from_environment.get("data_dir") or default_data_dir()
    path = config or Path(cast("str | Path", data_dir)) / CONFIG_FILE
    layers = [
        ("flag", {name: value for name, value in flags.items() if value is not None and value != ()}),
        ("environment", from_environment),
        (str(path), _file(path, required=config is not None)),
    ]
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for entry in fields(Settings):
        for origin, layer in layers:
            if entry.name in layer:
                values[entry.name] = _convert(entry.name, layer[entry.name], origin)
                origins[entry.name] = origin
                break
        else:
            origins[entry.name] = "default"
    settings = Settings(**values)
    _check_key_source(settings, environment)
    return settings, origins


def _check_key_source(settings: Settings, environment: Mapping[str, str]) -> None:
    """What would be passed over in silence, or is not there. The key itself is judged where it is used."""
    source = settings.key_source
    if source == "command" and not settings.key_command:
        raise InvalidSettings("key_source is command, but key_command is empty")
    if source != "command" and settings.key_command:
        raise InvalidSettings(f"key_command is set, but key_source is {source}; set key_source to command")
    if source != "env" and KEYS in environment:
        raise InvalidSettings(f"{KEYS} is set, but key_source is {source}; set {PREFIX}KEY_SOURCE=env")


def describe() -> list[tuple[str, str, str, str]]:
    """(file key, environment variable, default, what for) of every setting, for docs and `config show`."""
    rows = []
    for entry in fields(Settings):
        default = "(user data directory)" if entry.default is MISSING else plain(entry.default)
        rows.append((entry.name, PREFIX + entry.name.upper(), default, str(entry.metadata["about"])))
    return rows


def plain(value: object) -> str:
    """A setting as the environment has it."""
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value)
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        return f"{seconds // 60}m" if seconds % 60 == 0 else f"{seconds}s"
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    known = {PREFIX + name.upper(): name for name in NAMES}
    values = {}
    for entry in fields(Settings):
        fallback = environment.get(str(entry.metadata["env"]), "")
        if fallback:
            values[entry.name] = fallback
    for variable, value in environment.items():
        if not variable.startswith(PREFIX) or variable.startswith(PREFIX + "TEST_") or variable == KEYS:
            continue
        if variable not in known:
            raise InvalidSettings(f"unknown environment variable {variable}{_suggest(variable, list(known))}")
        values[known[variable]] = value
    return values


def _file(path: Path, *, required: bool) -> dict[str, Any]:
    if not path.exists() and not required:
        return {}
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidSettings(f"{path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InvalidSettings(f"{path} is not valid TOML: it is not UTF-8 (byte {error.start + 1})") from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidSettings(f"{path} is not valid TOML: {error}") from error
    for name in values:
        if name not in NAMES:
            raise InvalidSettings(f"{path}: unknown key {name!r}{_suggest(name, list(NAMES))}")
    return values


def _suggest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known are: {', '.join(known)}"


def _convert(name: str, value: Any, origin: str) -> Any:
    try:
        return _CONVERTERS[name](value)
    except (ValueError, TypeError) as error:
        raise InvalidSettings(f"{name} ({origin}): {error}") from error


def _texts(value: Any) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, (list, tuple)):
        raise ValueError(f"{value!r} is no list")  # noqa: TRY004 - the value is at fault, not the caller
    return tuple(str(part).strip() for part in parts if str(part).strip())


def _networks(value: Any) -> tuple[Network, ...]:
    return tuple(_network(part) for part in _texts(value))


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError:
        try:
            around = ip_interface(text).network
        except ValueError:
            raise ValueError(f"{text!r} is no network such as 10.0.0.0/8 or fd00::/8") from None
        raise ValueError(f"{text!r} is an address inside a network; did you mean {around}?") from None


def _direct(value: Any) -> tuple[str | Network, ...]:
    return tuple(_direct_entry(part) for part in _texts(value))


def _direct_entry(text: str) -> str | Network:
    """A network for what is written as an address, else a host or, after a dot, a domain."""
    if "/" in text or _is_address(text):
        return _network(text)
    _host(text.removeprefix("."))
    return text


def _proxy(value: Any) -> ProxyAddress:
    """What is wrong is told without the value, which may hold a password."""
    parts = urlsplit(str(value))
    try:
        host, port = _host(parts.hostname or ""), parts.port
    except ValueError:
        host, port = "", None
    if parts.scheme != "http" or not host or not port or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("it is neither http://host:port nor http://user:password@host:port")
    return ProxyAddress(host, port, unquote(parts.netloc.rpartition("@")[0]))


_HOST_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")


def _hosts(value: Any) -> tuple[str, ...]:
    return tuple(_host(part) for part in _texts(value))


def _certificate_names(value: Any) -> tuple[str, ...]:
    """A certificate may speak for all names of a domain (RFC 6125, 6.4.3), a Host header names one."""
    parts = _texts(value)
    for part in parts:
        _host(part.removeprefix("*."))
    return parts


def _host(text: str) -> str:
    if (len(text) <= 253 and _HOST_NAME.fullmatch(text)) or _is_address(text):
        return text
    raise ValueError(f"{text!r} is no host name or address (no scheme, port or path)")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _issuer(value: Any) -> str:
    """Compared to the letter, so nothing is made of it."""
    text = str(value)
    try:
        parts = urlsplit(text)
        host, _ = _host(parts.hostname or ""), parts.port
    except ValueError:
        raise ValueError(f"{text!r} is no address such as https://id.example.com/realms/main") from None
    if parts.scheme not in ("https", "http") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"{text!r} is no https address without user, query and fragment")
    if parts.scheme == "http" and not _is_loopback(host):
        raise ValueError(f"{text!r} is plain http, by which anybody on the way could show other keys; use https")
    return text


def _is_loopback(host: str) -> bool:
    return ip_address(host).is_loopback if _is_address(host) else host == "localhost"


_ASYMMETRIC: Final = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA")


def _algorithms(value: Any) -> tuple[str, ...]:
    parts = _texts(value)
    for part in parts:
        if part not in _ASYMMETRIC:
            raise ValueError(f"{part!r} is none of {', '.join(_ASYMMETRIC)}")
    if not parts:
        raise ValueError(f"it names no algorithm; known are {', '.join(_ASYMMETRIC)}")
    return parts


def _prefix(value: Any) -> str:
    """Kubernetes keeps `system:` for itself, and no issuer is the system."""
    if str(value).startswith("system:"):
        raise ValueError("names that begin with system: are the server's own; choose another prefix")
    return str(value)


def _claim(value: Any) -> str:
    if not str(value).strip():
        raise ValueError("the name of the claim is empty")
    return str(value)


def _bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("1", "true", "yes", "on"):
        return True
    if str(value).lower() in ("0", "false", "no", "off"):
        return False
    raise ValueError(f"{value!r} is neither true nor false")


def _port(value: Any) -> int:
    return _number(value, 0, 65535, "port (0 to 65535)")


def _count(value: Any) -> int:
    return _number(value, 1, 1024, "number from 1 to 1024")


def _mebibytes(value: Any) -> int:
    return _number(value, 1, 10_240, "size in MiB from 1 to 10240")


def _kept(value: Any) -> int:
    return _number(value, 1, 1000, "number from 1 to 1000")


def _many(value: Any) -> int:
    return _number(value, 2, 1_000_000_000, "number from 2 to 1000000000")


def _number(value: Any, least: int, most: int, wanted: str) -> int:
    with suppress(ValueError, TypeError):
        if not isinstance(value, (bool, float)) and least <= int(value) <= most:
            return int(value)
    raise ValueError(f"{value!r} is no {wanted}")


_UNITS: Final = {"s": 1, "m": 60, "h": 3600}
_LONGEST: Final = 16
"""Characters of a duration."""


def _interval(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    text = str(value)
    if text[-1:] not in _UNITS or not text[:-1].isdecimal() or len(text) > _LONGEST:
        raise ValueError(f"{value!r} is no duration such as 90s, 30m or 1h")
    seconds = int(text[:-1]) * _UNITS[text[-1]]
    if not 60 <= seconds <= 86_400:
        raise ValueError(f"{value!r} is not between 1m and 24h")
    return timedelta(seconds=seconds)


def _choice(*choices: str) -> Any:
    def convert(value: Any) -> str:
        if str(value).lower() not in choices:
            raise ValueError(f"{value!r} is none of {', '.join(choices)}")
        return str(value).lower()

    return convert


def _command(value: Any) -> str:
    """Anything that splits into words as a shell has them. The value is not shown: it may name what is secret."""
    try:
        words = shlex.split(str(value))
    except ValueError as error:
        raise ValueError(f"it cannot be split into words ({error})") from None
    if "\x00" in str(value) or (str(value) and not (words and words[0])):
        raise ValueError("it names no program")
    return str(value)


def _path(value: Any) -> Path:
    if not str(value):
        raise ValueError("the path is empty")
    return Path(value).expanduser()


_CONVERTERS: Final[dict[str, Any]] = {
    "data_dir": _path,
    "key_source": _choice("file", "env", "command"),
    "key_command": _command,
    "host": str,
    "port": _port,
    "tls_port": _port,
    "tls_san": _certificate_names,
    "insecure_http": _bool,
    "public_host": _hosts,
    "trusted_proxy": _networks,
    "sample": _bool,
    "egress_allow": _networks,
    "egress_private": _choice("allow", "deny"),
    "egress_proxy": _proxy,
    "egress_no_proxy": _direct,
    "registry_ca": _path,
    "oidc_issuer": _issuer,
    "oidc_audience": _texts,
    "oidc_username_claim": _claim,
    "oidc_username_prefix": _prefix,
    "oidc_groups_claim": _claim,
    "oidc_groups_prefix": _prefix,
    "oidc_algorithms": _algorithms,
    "oidc_ca": _path,
    "client_certificates": _bool,
    "language": _choice("zh", "en"),
    "auto_create_namespaces": _bool,
    "verify_interval": _interval,
    "sync_per_host": _count,
    "sync_total": _count,
    "audit_strict": _bool,
    "audit_max_size": _mebibytes,
    "audit_keep": _kept,
    "max_reads_in_flight": _many,
    "max_writes_in_flight": _many,
    "max_watches": _many,
    "max_watches_per_user": _many,
    "quota_objects": _many,
    "quota_mib": _many,
    "log_level": _choice("debug", "info", "warning", "error"),
    "log_format": _choice("json", "console"),
}
