"""Load from a separate process: wrk (Debian package) on loopback, bounded in time."""

import math
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench import images
from bench.product import until

_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_BAD = re.compile(r"Non-2xx or 3xx responses: (\d+)|Socket errors: connect (\d+)")


class Failed(RuntimeError):
    """wrk saw answers that were no success; a rate of errors is no figure."""


def rate(
    url: str, token: str = "", *, seconds: float, connections: int = 16, script: str = "", warm_up: float = 0
) -> float:
    """Requests a second that `url` answers with success, after `warm_up` seconds that do not count: what is measured
    is a server at work, not one that has just begun."""
    if warm_up:
        rate(url, token, seconds=warm_up, connections=connections, script=script)
    with loading(url, token, seconds=seconds, connections=connections, script=script) as process:
        if seconds != math.ceil(seconds):
            time.sleep(seconds)
            cut_short(process)
        said, complaint = process.communicate(timeout=seconds + 30)
    found = _RATE.search(said)
    if found is None or _BAD.search(said):
        raise Failed(said + complaint)
    return float(found.group(1))


@contextmanager
def loading(
    url: str, token: str, *, seconds: float, connections: int, script: str = "", before: Sequence[str] = ()
) -> Iterator[subprocess.Popen[str]]:
    """wrk at work, ended with the block; `before` is what it is run by (`nice`)."""
    program = shutil.which("wrk")
    if program is None:
        raise Failed("wrk is not installed: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        command = [*before, program, "-t1", f"-c{connections}", f"-d{math.ceil(seconds)}s", "--timeout", "20s"]
        if script:
            lua = Path(folder, "load.lua")
            lua.write_text(script)
            command += ["-s", str(lua)]
        if token:
            command += ["-H", f"Authorization: Bearer {token}"]
        process = subprocess.Popen([*command, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            for stream in filter(None, (process.stdout, process.stderr)):
                stream.close()


def cut_short(process: subprocess.Popen[str]) -> None:
    """Have wrk end and tell what it has counted. Before it is about to catch the signal, that would only kill it."""
    caught, status = 1 << (signal.SIGINT - 1), Path(f"/proc/{process.pid}/status")
    until(lambda: process.poll() is not None or _caught(status) & caught, 30, pause=0.01)
    process.send_signal(signal.SIGINT)


def _caught(status: Path) -> int:
    """Signals that a process catches, as a mask (proc(5), SigCgt)."""
    found = re.search(r"^SigCgt:\s*([0-9a-f]+)$", status.read_text(), re.MULTILINE)
    return int(found.group(1), 16) if found else 0


def random_pages(path: str, pages: int) -> str:
    """A script that asks for a random page each time."""
    return f'request = function() return wrk.format("GET", "{path}&page=" .. math.random(1, {pages})) end\n'


def random_paths(path: str, count: int) -> str:
    """A script that asks for a random one of `count` paths: `path` is what Lua's string.format makes them of, by a
    number below `count` and that number's namespace."""
    return (
        f"request = function()\n  local n = math.random(0, {count - 1})\n"
        f'  return wrk.format("GET", string.format("{path}", n % {images.NAMESPACES}, n))\nend\n'
    )


def creates(path: str, prefix: str, body: str) -> str:
    """A script that creates one object after another; `NAME` in the body becomes the object's name."""
    return (
        "local n = 0\n"
        f"local body = [==[{body}]==]\n"
        'wrk.headers["Content-Type"] = "application/json"\n'
        "request = function()\n  n = n + 1\n"
        f'  return wrk.format("POST", "{path}", nil, (body:gsub("NAME", "{prefix}" .. n)))\nend\n'
    )
