"""Passwords in the memory of a running server: who holds one, who shows one, and when it is let go.

What the interpreter keeps in buffers that it has freed is out of reach from here, and of any Python program.
"""

import asyncio
import base64
import faulthandler
import gc
import http.client
import json
import logging
import os
import subprocess
import sys
import threading
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import ip_network
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest
import structlog

from imageyard import logs
from imageyard.app import server
from imageyard.app.server import Server
from imageyard.domain.secret import Secret
from imageyard.settings import Settings
from tests.e2e.product import API, IMAGES, JSON, SOURCES, image, source
from tests.fakes import strict_registry

MODES: Final = ("basic", "bearer", "refuse", "drop")
SECONDS: Final = 20


class Canary:
    """A password that is nowhere in memory: it is made from its halves each time it is needed."""

    def __init__(self) -> None:
        self._halves = (os.urandom(8).hex(), os.urandom(8).hex())

    def make(self) -> str:
        return "-".join(("canary", *self._halves))

    def forms(self) -> list[str]:
        """As it is, as a Basic credential, as the token that the registry makes of it."""
        password = self.make()
        return [password, base64.b64encode(f"robot:{password}".encode()).decode()[8:-4], password[::-1]]

    def within(self, text: str) -> bool:
        return any(form in text for form in self.forms())

    def holders(self) -> list[object]:
        """What in memory refers to a text or to bytes with the password in it."""
        gc.collect()
        texts = self.forms()
        raw = [text.encode() for text in texts]

        def holds(value: object) -> bool:
            if isinstance(value, str):
                return any(text in value for text in texts)
            return isinstance(value, bytes | bytearray) and any(each in value for each in raw)

        everything = [each for each in gc.get_objects() if each is not texts and each is not raw]
        return [
            each
            for each in everything
            if not isinstance(each, FrameType) and any(holds(value) for value in gc.get_referents(each))
        ]


class Operator:
    """Asks in a thread, over a connection and with a body that are gone afterwards."""

    def __init__(self, running: Server, canary: Canary) -> None:
        self._running = running
        self._canary = canary

    async def add(self, name: str, port: int) -> None:
        await self._ask(
            "POST", SOURCES, lambda: source(name, f"127.0.0.1:{port}", "robot", self._canary.make(), insecure=True)
        )

    async def verify(self, name: str) -> str:
        return str((await self._ask("POST", f"{SOURCES}/{name}/verify", dict))["reason"])

    async def try_out(self, port: int) -> None:
        """A credential that is tested and not stored."""
        login = {"domain": f"127.0.0.1:{port}", "username": "robot", "insecure": True}
        await self._ask("POST", f"{SOURCES}/unsaved/verify", lambda: {**login, "password": self._canary.make()})

    async def sync(self, name: str) -> None:
        await self._ask("POST", IMAGES, lambda: image(name, name, retryCount=0))
        async with asyncio.timeout(SECONDS):
            while not (await self._ask("GET", f"{IMAGES}/{name}"))["status"].get("reason"):  # noqa: ASYNC110 - a door
                await asyncio.sleep(0.02)

    async def misspell(self) -> None:
        """Refused, with the password in it in several places."""
        spec = {"domain": "r", "username": "u", "provider": "other"}
        await self._ask(
            "POST", SOURCES, lambda: {"metadata": {"name": "no"}, "spec": {**spec, "pasword": self._canary.make()}}
        )
        await self._ask(
            "POST", SOURCES, lambda: {"metadata": {"name": "no"}, "spec": {**spec, "password": [self._canary.make()]}}
        )

    async def delete(self, name: str) -> None:
        await self._ask("DELETE", f"{SOURCES}/{name}")

    async def _ask(self, method: str, path: str, body: Any = None) -> JSON:
        return await asyncio.to_thread(self._exchange, method, path, body)

    def _exchange(self, method: str, path: str, body: Any) -> JSON:
        token = self._running.directory.admin_token.read_text().strip()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self._running.ports.http or 0, timeout=SECONDS)
        try:
            connection.request(method, API + path, json.dumps(body()) if body else None, headers)
            answer = connection.getresponse().read()
        finally:
            connection.close()
        shown: JSON = json.loads(answer) if answer else {}
        return shown


@pytest.fixture
def canary() -> Canary:
    return Canary()


@pytest.fixture
def logged(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file with all logs as the product writes them; what the test does to logging ends with it."""
    root = logging.getLogger()
    held, level = [*root.handlers], root.level
    path = tmp_path_factory.mktemp("logged") / "err.log"
    with path.open("w", buffering=1) as file:
        monkeypatch.setattr(sys, "stderr", file)
        logs.configure("debug", "json")
        yield path
        root.handlers[:] = held
        root.setLevel(level)
        structlog.reset_defaults()


@pytest.fixture
async def operator(tmp_path: Path, canary: Canary, logged: object) -> AsyncIterator[Operator]:
    settings = Settings(data_dir=tmp_path, port=0, tls_port=0, egress_allow=(ip_network("127.0.0.0/8"),))
    async with server.running(settings) as running:
        yield Operator(running, canary)


@contextmanager
def registry(mode: str) -> Iterator[int]:
    asked = [sys.executable, strict_registry.__file__, mode]
    with subprocess.Popen(asked, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


def said(path: Path) -> str:
    return path.read_text()


def own() -> list[object]:
    """Every live object of a class of ours."""
    gc.collect()
    return [each for each in gc.get_objects() if str(type(each).__module__).startswith("imageyard.")]


async def test_a_password_is_held_as_a_secret_alone_and_let_go_with_its_source(
    operator: Operator, canary: Canary, logged: Path
) -> None:
    """After good and bad verifications and syncs, by every kind of sign-in, no plain copy is left; no object of ours
    and no log line shows it; and once the sources are deleted it is in memory no more."""
    with ExitStack() as stack:
        ports = {mode: stack.enter_context(registry(mode)) for mode in MODES}
        for mode, port in ports.items():
            await operator.add(mode, port)
            await operator.sync(mode)
            await operator.verify(mode)
            await operator.try_out(port)
        await operator.misspell()
        kinds = {type(each).__name__ for each in canary.holders()}
        assert kinds == {"Secret"}
        shown = [each for each in own() if canary.within(repr(each)) or canary.within(str(each))]
        assert shown == []
        for mode in MODES:
            await operator.delete(mode)
        async with asyncio.timeout(SECONDS):
            while left := canary.holders():  # noqa: ASYNC110 - nobody tells of memory
                await asyncio.sleep(0.05)
        assert left == []
    written = said(logged)
    assert '"request_answered"' in written
    assert not canary.within(written)


def chain(coroutine: Any) -> Iterator[FrameType]:
    """The frames of what a task waits in."""
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None)
        if frame is not None:
            yield frame
        coroutine = getattr(coroutine, "cr_await", None)


async def test_while_a_password_is_on_its_way_neither_tasks_nor_our_frames_beyond_the_gate_show_it(
    operator: Operator, canary: Canary
) -> None:
    with registry("hold") as port:
        await operator.add("hold", port)
        asking = asyncio.create_task(operator.verify("hold"))
        own_frames: list[tuple[str, str]] = []
        async with asyncio.timeout(SECONDS):
            while not any("egress/client.py" in place for place, _ in own_frames):
                await asyncio.sleep(0.02)
                own_frames = [
                    (f"{frame.f_code.co_filename} {frame.f_code.co_name}", repr(frame.f_locals))
                    for task in asyncio.all_tasks()
                    for frame in chain(task.get_coro())
                    if "/imageyard/" in frame.f_code.co_filename
                ]
        assert [place for place, shown in own_frames if canary.within(shown)] == []
        assert not any(canary.within(repr(task)) for task in asyncio.all_tasks())
    await asking


@contextmanager
def taken_over(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    hooks = threading.excepthook, sys.unraisablehook, sys.excepthook
    logs.take_over(loop)
    try:
        yield
    finally:
        threading.excepthook, sys.unraisablehook, sys.excepthook = hooks
        loop.set_exception_handler(None)


async def test_a_failure_that_nobody_foresaw_is_told_by_type_and_place(canary: Canary, logged: Path) -> None:
    """In a task that nobody waits for, a callback, a thread, a finalizer, a library, the program; with a cause."""

    def fail(*_: object) -> None:
        password = canary.make()
        try:
            raise KeyError(password)
        except KeyError as error:
            raise ValueError(f"no {password}") from error

    async def crash() -> None:
        fail()

    class Finalized:
        def __del__(self) -> None:
            fail()

    loop = asyncio.get_running_loop()
    gc.collect()  # what other tests left behind is told elsewhere
    with taken_over(loop):
        forgotten = asyncio.create_task(crash(), name="forgotten")
        await asyncio.wait([forgotten])
        del forgotten
        gc.collect()
        loop.call_soon(fail, canary.make())
        await asyncio.sleep(0)
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
        finalized = Finalized()
        del finalized
        gc.collect()
        try:
            fail()
        except ValueError as error:
            structlog.get_logger().exception("event_failed")
            logging.getLogger("library").exception("library failed")
            sys.excepthook(ValueError, error, error.__traceback__)
    lines = [json.loads(line) for line in said(logged).splitlines()]
    told = [(line["msg"], line["exception"]) for line in lines]
    names = (
        "task_crashed",
        "task_crashed",
        "thread_crashed",
        "finalizer_crashed",
        "event_failed",
        "library failed",
        "crashed",
    )
    assert told == [(name, "ValueError from KeyError") for name in names]
    assert lines[0]["task"] == "forgotten"
    assert all(any(place.endswith(" fail") for place in line["places"]) for line in lines)
    assert not canary.within(json.dumps(lines))


def test_a_secret_survives_no_renderer(canary: Canary, tmp_path: Path) -> None:
    """Tracebacks with locals, faulthandler, loggers: each as a tool would use it that is not ours."""
    held = Secret(canary.make())

    def deep(secret: Secret, within: dict[str, Secret]) -> None:
        raise RuntimeError(secret, within, f"{secret!r:>20}", "%s %r" % (secret, secret))  # noqa: UP031 - on trial

    try:
        deep(held, {"password": held})
    except RuntimeError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    with (tmp_path / "dump").open("w+") as file:
        faulthandler.dump_traceback(file)
        file.seek(0)
        shown += file.read()
    assert "Secret('***')" in shown
    assert not canary.within(shown)


PROBE: Final = """
import os, sys, time
from imageyard.app import memory
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
print(memory.keep_private(), flush=True)
sys.stdin.readline()
"""


LOOK: Final = """
import os, sys
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
for name in ("statm", "status", "stat", "environ"):
    open(f"/proc/{sys.argv[1]}/{name}").read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2) is Linux")
def test_no_other_process_of_the_user_may_look_inside_and_figures_stay_readable() -> None:
    """Also not as root's child that has become nobody; `/proc/PID/statm` is what monitoring and `make bench` read."""
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "IMAGEYARD_TEST_CANARY": "in the environment"}
    with subprocess.Popen(
        [sys.executable, "-c", PROBE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "True\n"
        proc = Path(f"/proc/{child.pid}")
        assert (proc / "environ").stat().st_uid == 0, "it belongs to root, whoever the process is"
        assert int((proc / "statm").read_text().split()[1]) > 0
        assert "Max core file size        0                    0" in (proc / "limits").read_text()
        asked = [sys.executable, "-c", LOOK, str(child.pid)]
        tried = subprocess.run(asked, capture_output=True, text=True)
        assert "PermissionError: [Errno 13] Permission denied: '/proc/" in tried.stderr
        assert tried.stderr.rstrip().endswith("/environ'")
        child.stdin.write("\n")
