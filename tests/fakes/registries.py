"""Registries to test against: the sample in any shape, and Debian's docker-registry as a process of its own.

    async with registries.sample(access=...) as registry:         # in-process, scripted faults, request log
    async with registries.docker_registry(directory, "htpasswd") as registry:    # the real thing
        await registry.push(image, "library/nginx", "1.27")

Both tell `address` (host:port), `url`, `user`, `password`; both run on loopback and end with the block.
"""

import asyncio
import re
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import yaml

from imageyard.domain.clock import Clock
from imageyard.domain.secret import Secret
from imageyard.sample.access import Access, Account, Accounts, Basic
from imageyard.sample.images import Image
from imageyard.sample.listener import Certificate, Listener
from imageyard.sample.registry import Registry
from imageyard.sample.requests import RequestLog
from imageyard.sample.server import WallClock
from imageyard.sample.storage import Storage
from imageyard.sample.tokens import Bearer
from tests.fakes import jwt_tokens, programs
from tests.fakes.authority import Authority

USER: Final = "tester"
PASSWORD: Final = Secret("correct horse: battery+staple")
"""A space, a colon and a plus: signs that careless encoding breaks."""
ACCOUNTS: Final[Accounts] = {USER: Account(PASSWORD)}

Mode = Literal["none", "htpasswd", "token"]
_STARTED: Final = re.compile(rb'msg="listening on [^"]*?:(\d+)')
_START_SECONDS: Final = 20


def basic_access() -> Basic:
    """Basic for USER and PASSWORD."""
    return Basic(ACCOUNTS)


def bearer_access(clock: Clock | None = None) -> Bearer:
    """Tokens for USER and PASSWORD."""
    return Bearer(ACCOUNTS, clock or WallClock())


@dataclass(frozen=True, slots=True)
class Served:
    """A sample registry on its port. `registry` has `storage`, `script` and `log`."""

    registry: Registry
    address: str
    url: str
    user: str = USER
    password: Secret = PASSWORD


@asynccontextmanager
async def sample(
    access: Access | None = None, *, storage: Storage | None = None, certificate: Certificate | None = None
) -> AsyncIterator[Served]:
    """The sample registry, empty and open to all unless told otherwise; its log keeps credentials."""
    registry = Registry(storage, access, log=RequestLog(keep_credentials=True))
    async with Listener(registry, certificate=certificate) as listener:
        yield Served(registry, listener.address, listener.url)


class Login(NamedTuple):
    """The one account that docker-registry knows."""

    user: str
    password: Secret


TESTER: Final = Login(USER, PASSWORD)


@dataclass(frozen=True, slots=True)
class DockerRegistry:
    """Debian's docker-registry. `ca` is the PEM file that vouches for it when it speaks TLS."""

    address: str
    mode: Mode
    ca: Path | None = None
    user: str = USER
    password: Secret = PASSWORD

    @property
    def url(self) -> str:
        return f"{'https' if self.ca else 'http'}://{self.address}"

    async def push(self, image: Image, repository: str, tag: str) -> None:
        """Copy an image with everything below it into the registry, digests unchanged."""
        who = ["--dest-no-creds"] if self.mode == "none" else ["--dest-creds", f"{self.user}:{self.password.reveal()}"]
        await push(self.address, image, repository, tag, *who)


async def push(address: str, image: Image, repository: str, tag: str, *who: str) -> None:
    """Push to any registry with skopeo, which reads the image from a sample registry. `who` is skopeo's
    `--dest-creds USER:PASSWORD` or `--dest-no-creds`."""
    async with sample() as origin:
        origin.registry.storage.put(repository, tag, image)
        ways = ["--src-no-creds", "--src-tls-verify=false", *who, "--dest-tls-verify=false"]
        ends = [f"docker://{each}/{repository}:{tag}" for each in (origin.address, address)]
        await programs.run("skopeo", "copy", "--insecure-policy", "--all", "--preserve-digests", *ways, *ends)


@asynccontextmanager
async def docker_registry(
    directory: Path,
    mode: Mode = "none",
    *,
    tls: bool = False,
    port: int = 0,
    login: Login = TESTER,
    authority: Authority | None = None,
) -> AsyncIterator[DockerRegistry]:
    """Start it with storage in `directory` on a port (0: a free one), and stop it with the block. Started again in
    the same directory it has what was pushed. `authority` signs what it shows with TLS."""
    program = programs.need("docker-registry")
    authority = authority or Authority(directory / "authority")
    async with AsyncExitStack() as stack:
        config = _config(directory, authority if tls else None, port)
        if mode == "htpasswd":
            config["auth"] = {"htpasswd": {"realm": "tests", "path": str(await _htpasswd(directory, login))}}
        if mode == "token":
            config["auth"] = {"token": await _token_service(stack, authority, login, tls=tls)}
        path = directory / "config.yml"
        path.write_text(yaml.safe_dump(config))
        port = await stack.enter_async_context(_running(program, path))
        yield DockerRegistry(f"127.0.0.1:{port}", mode, authority.ca if tls else None, *login)


def _config(directory: Path, authority: Authority | None, port: int) -> dict[str, Any]:
    directory.mkdir(parents=True, exist_ok=True)
    http: dict[str, Any] = {"addr": f"127.0.0.1:{port}", "secret": "tests only"}
    if authority:
        certificate, key = authority.issue()
        http["tls"] = {"certificate": str(certificate), "key": str(key)}
    return {
        "version": 0.1,
        "log": {"level": "info", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(directory / "storage")}, "delete": {"enabled": True}},
        "http": http,
    }


async def _htpasswd(directory: Path, login: Login) -> Path:
    path = directory / "htpasswd"
    path.write_text(await programs.run("htpasswd", "-Bbn", login.user, login.password.reveal()))
    return path


async def _token_service(stack: AsyncExitStack, authority: Authority, login: Login, *, tls: bool) -> dict[str, str]:
    """On a port of its own, and with TLS where the registry has it (a realm is shown no credential over http)."""
    certificate = authority.issue()
    app = jwt_tokens.service(jwt_tokens.Signer.load(*certificate), dict([login]), WallClock())
    listener = await stack.enter_async_context(Listener(app, certificate=certificate if tls else None))
    return {
        "realm": f"{listener.url}/token",
        "service": jwt_tokens.SERVICE,
        "issuer": jwt_tokens.ISSUER,
        "rootcertbundle": str(authority.ca),
    }


@asynccontextmanager
async def _running(program: str, config: Path) -> AsyncIterator[int]:
    """The process, from the moment it tells its port until the block ends."""
    environment = {"PATH": "/usr/bin:/bin", "OTEL_TRACES_EXPORTER": "none"}
    process = await asyncio.create_subprocess_exec(
        program, "serve", str(config), stdout=DEVNULL, stderr=PIPE, env=environment
    )
    draining: asyncio.Task[None] | None = None
    try:
        async with asyncio.timeout(_START_SECONDS):
            port = await _port(process)
        draining = asyncio.create_task(_drain(process), name="docker-registry-log")
        yield port
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        if draining is not None:
            await draining


async def _port(process: Process) -> int:
    assert process.stderr is not None
    last: deque[bytes] = deque(maxlen=20)
    async for line in process.stderr:
        last.append(line)
        found = _STARTED.search(line)
        if found:
            return int(found[1])
    raise AssertionError("docker-registry did not start:\n" + b"".join(last).decode(errors="replace"))


async def _drain(process: Process) -> None:
    """Read on, so that the process never blocks on a full pipe."""
    assert process.stderr is not None
    while await process.stderr.read(65_536):
        pass
