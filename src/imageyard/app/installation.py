"""From Settings to what the console shows of them: no secret among it."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Final

import apsw

from imageyard import settings as declared
from imageyard import settings_zh
from imageyard.app.files import DataDir
from imageyard.domain.access import Actor
from imageyard.domain.clock import Clock
from imageyard.domain.errors import INVALID, Cause, Invalid, NotFound
from imageyard.domain.text import Text
from imageyard.egress import EgressError
from imageyard.egress.address import Kind
from imageyard.egress.client import EgressClient
from imageyard.egress.client import Opinion as Judged
from imageyard.service.trials import Trials
from imageyard.settings import Settings
from imageyard.web.installation import Consider, Installation, Opinion, Origin, Setting

HIDDEN: Final = "***"
_SECRET: Final = frozenset({"key_command"})
"""Shown as stars where they are set. The proxy's login hides by itself."""
_AFTER_HOST: Final = frozenset("/?#")
_ORIGINS: Final[Mapping[str, Origin]] = {"flag": "flag", "environment": "environment", "default": "default"}


def of(
    settings: Settings,
    origins: Mapping[str, str],
    directory: DataDir,
    https_port: int,
    clock: Clock,
    gate: EgressClient,
    trials: Trials,
) -> Installation:
    """`origins` is what `settings.load` told; what it does not name is a default."""
    return Installation(
        [_setting(settings, origins.get(name, "default"), name, about) for name, _, _, about in declared.describe()],
        str(directory.path),
        str(directory.kubeconfig),
        https_port,
        apsw.sqlite_lib_version(),
        clock.now(),
        _considering(settings, gate, trials),
    )


def _setting(settings: Settings, origin: str, name: str, about: str) -> Setting:
    value = declared.plain(getattr(settings, name))
    shown = HIDDEN if value and name in _SECRET else value
    return Setting(
        name,
        declared.PREFIX + name.upper(),
        shown,
        _ORIGINS.get(origin, "file"),
        Text(settings_zh.ABOUT[name], about),
    )


def _considering(settings: Settings, gate: EgressClient, trials: Trials) -> Consider:
    async def consider(actor: Actor, host: str) -> Sequence[Opinion]:
        trials.take(actor)
        if set(host) & _AFTER_HOST:
            raise _no_host()
        try:
            judged = await gate.consider(f"https://{host}")
        except ValueError:
            raise _no_host() from None
        except EgressError:
            text = Text(f"“{host}”无法解析为地址", f'"{host}" has no address')
            raise NotFound("host", host, text) from None
        return [_opinion(settings, each) for each in judged]

    return consider


def _no_host() -> Invalid:
    text = Text("应为主机或“主机:端口”，不含协议和路径", "a host or host:port, without scheme and path")
    return Invalid([Cause("host", INVALID, text)])


def _opinion(settings: Settings, judged: Judged) -> Opinion:
    verdict = judged.verdict
    setting = verdict.setting.removeprefix("--").replace("-", "_")
    if verdict.allowed and verdict.kind is Kind.PRIVATE and settings.egress_private == "allow":
        setting = "egress_private"
    elif verdict.allowed and verdict.kind is not Kind.PUBLIC:
        # What no network of the operator's opens is the sample registry's own endpoint.
        opened = any(ip_address(judged.address) in network for network in settings.egress_allow)
        setting = "sample" if settings.sample and not opened else "egress_allow"
    return Opinion(judged.address, verdict.allowed, verdict.kind.value, setting, judged.proxied)
