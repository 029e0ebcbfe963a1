"""Load from a separate process: wrk (Debian package) on loopback, bounded in time."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_BAD = re.compile(r"Non-2xx or 3xx responses: (\d+)|Socket errors: connect (\d+)")


class Failed(RuntimeError):
    """wrk saw answers that were no success; a rate of errors is no figure."""


WARM_UP = 2
"""Seconds of the same load before what counts: what is measured is a server at work, not one that has just begun."""


def rate(
    url: str, token: str = "", *, seconds: int, connections: int = 16, script: str = "", warm_up: int = 0
) -> float:
    """Requests a second that `url` answers with success, after `warm_up` seconds that do not count."""
    if warm_up:
        rate(url, token, seconds=warm_up, connections=connections, script=script)
    program = shutil.which("wrk")
    if program is None:
        raise Failed("wrk is not installed: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "-t1", f"-c{connections}", f"-d{seconds}s"]
        if script:
            lua = Path(folder, "load.lua")
            lua.write_text(script)
            command += ["-s", str(lua)]
        if token:
            command += ["-H", f"Authorization: Bearer {token}"]
        done = subprocess.run([*command, url], capture_output=True, text=True, timeout=seconds + 30, check=True)
    found = _RATE.search(done.stdout)
    if found is None or _BAD.search(done.stdout):
        raise Failed(done.stdout + done.stderr)
    return float(found.group(1))


def random_pages(path: str, pages: int) -> str:
    """A script that asks for a random page each time."""
    return f'request = function() return wrk.format("GET", "{path}&page=" .. math.random(1, {pages})) end\n'


def creates(path: str, prefix: str, body: str) -> str:
    """A script that creates one object after another; `NAME` in the body becomes the object's name."""
    return (
        "local n = 0\n"
        f"local body = [==[{body}]==]\n"
        'wrk.headers["Content-Type"] = "application/json"\n'
        "request = function()\n  n = n + 1\n"
        f'  return wrk.format("POST", "{path}", nil, (body:gsub("NAME", "{prefix}" .. n)))\nend\n'
    )
