"""The product as a process of its own, on a data directory, and a small client to talk to it."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

API: Final = "/oapis/image.theriseunion.io/v1alpha1/namespaces"
FLAGS: Final = ("--port=0", "--tls-port=0", "--log-level=error")
"""What every measured server is started with beside its data directory; all else is as it comes."""
_START: Final = 120.0
_TICK: Final = os.sysconf("SC_CLK_TCK")


class Product:
    """A running server: where it is, its admin token, and requests to it."""

    def __init__(self, directory: Path, pid: int) -> None:
        ports: dict[str, int] = json.loads((directory / "ports.json").read_text())
        self.directory = directory
        self.pid = pid
        self.url = f"http://127.0.0.1:{ports['http']}"
        self.secure_url = f"https://127.0.0.1:{ports['https']}"
        self.token = (directory / "admin-token").read_text().strip()

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """One request by the admin; answers the decoded JSON. Raises urllib.error.HTTPError."""
        raw = self._send(method, API + path, body)
        return json.loads(raw) if raw else None

    def kube(self, method: str, path: str) -> Any:
        """One request to the kube door; answers the decoded JSON."""
        return json.loads(self._send(method, path))

    def raw(self, path: str) -> bytes:
        """What a GET of the REST door answers, as it is sent."""
        return self._send("GET", API + path)

    def counted(self, metric: str) -> float:
        """The sum of a metric over all its labels."""
        lines = self._send("GET", "/metrics").decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith((f"{metric} ", f"{metric}{{")))

    def token_of(self, user: str, *groups: str) -> str:
        """A new token of a user's."""
        return str(self._made("/admin/v1/tokens", {"name": user, "user": user, "groups": groups})["token"])

    def memory(self) -> int:
        """MiB of main memory that it has now."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize() // 2**20

    def cpu(self) -> float:
        """Seconds of a core that it has used, in user and system mode (proc(5), fields 14 and 15)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def total(self, path: str) -> int:
        """`totalItems` of a list."""
        joint = "&" if "?" in path else "?"
        return int(self.ask("GET", f"{path}{joint}limit=1")["totalItems"])

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=10) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _made(self, path: str, body: object) -> Any:
        return json.loads(self._send("POST", path, body))

    def _send(self, method: str, path: str, body: object = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            raw: bytes = answer.read()
        return raw


def launched(directory: Path, flags: Sequence[str] = ()) -> subprocess.Popen[bytes]:
    """Begin to start the server on `directory`, as it comes: no setting of this shell's is its. What a killed one left
    about its ports is taken away."""
    (directory / "ports.json").unlink(missing_ok=True)
    command = [sys.executable, "-m", "imageyard", "serve", "--data-dir", str(directory), *FLAGS, *flags]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IMAGEYARD_")}
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)


def reached(directory: Path, process: subprocess.Popen[bytes]) -> Product:
    """The server once it is ready. Raises RuntimeError when it ends, TimeoutError."""
    server: Product = until(lambda: _told(directory, process), _START, pause=0.01)
    until(server.is_ready, _START, pause=0.01)
    return server


def ended(process: subprocess.Popen[bytes]) -> None:
    """Have it stop in order."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def running(directory: Path, *flags: str) -> Iterator[Product]:
    """Start the server on `directory`, wait until it is ready, stop it at the end."""
    process = launched(directory, flags)
    try:
        yield reached(directory, process)
    finally:
        ended(process)


def until(probe: Callable[[], Any], seconds: float, pause: float = 0.05) -> Any:
    """Ask until the answer is true, at most so long; answers it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := probe():
            return found
        time.sleep(pause)
    raise TimeoutError(f"nothing after {seconds} s")


def _told(directory: Path, process: subprocess.Popen[bytes]) -> Product | None:
    if process.poll() is not None:
        raise RuntimeError(f"the server ended with {process.returncode}")
    with suppress(FileNotFoundError, json.JSONDecodeError):
        return Product(directory, process.pid)
    return None
