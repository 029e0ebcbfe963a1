"""The product as a process of its own, on a fresh data directory, and a small client to talk to it."""

import json
import resource
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

API = "/oapis/image.theriseunion.io/v1alpha1/namespaces"
_START = 60.0


class Product:
    """A running server: where it is, its admin token, and requests to it."""

    def __init__(self, url: str, token: str, pid: int) -> None:
        self.url = url
        self.token = token
        self.pid = pid

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """One request by the admin; answers the decoded JSON. Raises urllib.error.HTTPError."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + API + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            raw = answer.read()
        return json.loads(raw) if raw else None

    def kube(self, method: str, path: str) -> Any:
        """One request to the kube door; answers the decoded JSON."""
        request = urllib.request.Request(
            self.url + path, headers={"Authorization": f"Bearer {self.token}"}, method=method
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def raw(self, path: str) -> bytes:
        request = urllib.request.Request(self.url + API + path, headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            body: bytes = answer.read()
        return body

    def counted(self, metric: str) -> float:
        """The sum of a metric over all its labels."""
        request = urllib.request.Request(f"{self.url}/metrics", headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith((f"{metric} ", f"{metric}{{")))

    def token_of(self, user: str, *groups: str) -> str:
        """A new token of a user's."""
        body = json.dumps({"name": user, "user": user, "groups": groups}).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/admin/v1/tokens", body, headers, method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return str(json.loads(answer.read())["token"])

    def memory(self) -> int:
        """MiB of main memory that it has now."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize() // 2**20

    def total(self, path: str) -> int:
        """`totalItems` of a list."""
        joint = "&" if "?" in path else "?"
        return int(self.ask("GET", f"{path}{joint}limit=1")["totalItems"])


@contextmanager
def running(directory: Path, *flags: str) -> Iterator[Product]:
    """Start the server on `directory`, wait until it is ready, stop it at the end."""
    command = [sys.executable, "-m", "imageyard", "serve", "--data-dir", str(directory), "--port=0", "--tls-port=0"]
    command += ["--log-level=error", *flags]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        ports = json.loads(until(lambda: _read(directory / "ports.json"), _START))
        yield Product(f"http://127.0.0.1:{ports['http']}", (directory / "admin-token").read_text().strip(), process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def until(probe: Callable[[], Any], seconds: float, pause: float = 0.05) -> Any:
    """Ask until the answer is true, at most so long; answers it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := probe():
            return found
        time.sleep(pause)
    raise TimeoutError(f"nothing after {seconds} s")


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""
