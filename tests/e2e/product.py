"""The product as its users have it: a process of its own, spoken to over HTTP and by the command line.

product = Product(directory, evidence).start("--egress-allow", "127.0.0.0/8")
product.admin.post("/namespaces/default/repositories", body)
product.stop()                                          # SIGTERM, and it ends with 0
"""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import requests

from tests.e2e.evidence import Evidence

API: Final = "/oapis/image.theriseunion.io/v1alpha1"
PROGRAM: Final = str(Path(sys.executable).with_name("imageyard"))
_PASSED_ON: Final = ("PATH", "PYTHONPATH")
"""Of the environment of the tests: where programs are, and which source tree is tested."""
LOOPBACK: Final = ("--egress-allow", "127.0.0.0/8")
START_SECONDS: Final = 30
STOP_SECONDS: Final = 20
CLI_SECONDS: Final = 60
IDLE_SECONDS: Final = 30
_TICK: Final = 0.05

T = TypeVar("T")
JSON = dict[str, Any]


def eventually(look: Callable[[], T | None], *, seconds: float, every: float = _TICK) -> T:
    """The first true answer of `look`. Fails with the last one when there is none in time."""
    end = time.monotonic() + seconds
    while not (answer := look()):
        assert time.monotonic() < end, f"not within {seconds} s; it is {answer!r}"
        time.sleep(every)
    return answer


class Client:
    """The REST door and what stands beside it, as the bearer of `token`. Every answer is kept as evidence."""

    def __init__(self, url: str, token: str, evidence: Evidence) -> None:
        self.url = url
        self._evidence = evidence
        self._used = time.monotonic()
        self.session = requests.Session()
        self.session.trust_env = False
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        """A path below the API's base; one of the server itself begins with two slashes."""
        url = self.url + (path[1:] if path.startswith("//") else API + path)
        now = time.monotonic()
        if now - self._used > IDLE_SECONDS:
            # The server may be closing an idle connection in the very moment in which it would be used again.
            self.session.close()
        self._used = now
        answer = self.session.request(method, url, timeout=60, **options)
        head = "".join(f"{name}: {value}\n" for name, value in answer.headers.items())
        self._evidence.answered(f"{method} {path}", head.encode("latin-1") + b"\n" + answer.content)
        return answer

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.send("GET", path, **options)

    def post(self, path: str, body: object = None, **options: Any) -> requests.Response:
        return self.send("POST", path, json=body, **options)

    def delete(self, path: str, **options: Any) -> requests.Response:
        return self.send("DELETE", path, **options)

    def read(self, path: str) -> JSON:
        """GET what is there."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        body: JSON = answer.json()
        return body

    def make(self, path: str, body: JSON) -> JSON:
        """POST what is not there yet."""
        answer = self.post(path, body)
        assert answer.status_code == 201, answer.text
        made: JSON = answer.json()
        return made

    def until(self, path: str, seconds: float, **wanted: str) -> JSON:
        """The object at `path` once its status has these values."""

        def look() -> JSON | None:
            found = self.read(path)
            status = found.get("status", {})
            return found if all(status.get(name) == value for name, value in wanted.items()) else None

        try:
            return eventually(look, seconds=seconds)
        except AssertionError:
            raise AssertionError(f"not {wanted} within {seconds} s: {self.read(path).get('status')}") from None


class Product:
    """`imageyard serve` on one data directory, started and stopped as often as a test likes."""

    def __init__(self, directory: Path, evidence: Evidence, environment: Mapping[str, str] | None = None) -> None:
        self.directory = directory
        self.log = directory.with_name(directory.name + ".log")
        self.database = directory / "imageyard.db"
        self._evidence = evidence
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        self.environment = {**passed_on, "HOME": str(directory), **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: list[Client] = []
        self._admin: Client | None = None
        evidence.watch(directory)
        evidence.watch(self.log)

    def spawn(self, *flags: str) -> subprocess.Popen[bytes]:
        """Run `serve` without waiting for anything; what it says goes to the log."""
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        asked = [PROGRAM, "serve", "--data-dir", str(self.directory), *_ports(flags), *flags]
        with self.log.open("ab") as log:
            return subprocess.Popen(asked, stdout=log, stderr=log, env=self.environment)

    def start(self, *flags: str) -> Self:
        """Start it and wait until it is ready."""
        assert self._process is None, "it runs already"
        self._process = self.spawn(*flags)
        eventually(self._up, seconds=START_SECONDS)
        self._evidence.keep("admin token", self.token)
        return self

    def _up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"it ended with {self._process.returncode}:\n{self.log.read_text()}"
        if not (self.directory / "ports.json").exists():
            return False
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["http"], timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().read() == b"ok"
        except ConnectionError:
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """SIGTERM, and it ends in peace."""
        assert self.ended() == 0, self.log.read_text()

    def ended(self) -> int:
        """The exit code after SIGTERM."""
        process = self._let_go()
        process.terminate()
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise

    def kill(self) -> None:
        """SIGKILL: what a power cut does to the process."""
        process = self._let_go()
        process.kill()
        process.wait(STOP_SECONDS)

    def _let_go(self) -> subprocess.Popen[bytes]:
        """Close idle connections; one with a request under way is closed when that is answered."""
        assert self._process is not None
        process, self._process = self._process, None
        for client in self._clients:
            client.session.close()
        self._clients.clear()
        self._admin = None
        return process

    @property
    def runs(self) -> bool:
        return self._process is not None

    @property
    def ports(self) -> dict[str, int]:
        found: dict[str, int] = json.loads((self.directory / "ports.json").read_bytes())
        return found

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['http']}"

    @property
    def secure_url(self) -> str:
        return f"https://127.0.0.1:{self.ports['https']}"

    @property
    def token(self) -> str:
        """The operator's."""
        return (self.directory / "admin-token").read_text().strip()

    @property
    def admin(self) -> Client:
        """The operator's client, until the server stops."""
        if self._admin is None:
            self._admin = self.client(self.token)
        return self._admin

    def client(self, token: str, url: str = "") -> Client:
        """Somebody who brings this token, "" for none."""
        client = Client(url or self.url, token, self._evidence)
        self._clients.append(client)
        return client

    def cli(self, *arguments: str, exits: int = 0) -> str:
        """Run `imageyard ARGUMENTS --data-dir …` and answer what it printed: standard output when it went well, what
        it complained of otherwise."""
        asked = [PROGRAM, *arguments, "--data-dir", str(self.directory)]
        done = subprocess.run(asked, capture_output=True, text=True, env=self.environment, timeout=CLI_SECONDS)
        assert done.returncode == exits, f"{arguments} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        printed = done.stderr if arguments[:2] == ("token", "create") else done.stdout + done.stderr
        self._evidence.answered(" ".join(arguments), printed.encode())
        return done.stderr if exits else done.stdout

    def new_token(self, name: str, user: str, *groups: str, ttl: str = "") -> str:
        """Have the command line make one."""
        more = [part for group in groups for part in ("--group", group)] + (["--ttl", ttl] if ttl else [])
        printed = self.cli("token", "create", name, "--user", user, *more)
        return self._evidence.keep(f"token {name}", printed.removesuffix("\n"))

    def posted_token(self, user: str, *groups: str) -> str:
        """Ask the server for one named after its user: quicker than the command line."""
        asked = {"name": user, "user": user, "groups": groups}
        answer = self.admin.session.post(f"{self.url}/admin/v1/tokens", json=asked, timeout=60)
        assert answer.status_code == 201, answer.text
        return self._evidence.keep(f"token {user}", answer.json()["token"])


def _ports(flags: tuple[str, ...]) -> list[str]:
    """Free ports, but for those a test chooses."""
    return [part for flag in ("--port", "--tls-port") if flag not in flags for part in (flag, "0")]


def source(name: str, domain: str, username: str, password: str, **spec: object) -> JSON:
    """A RegistrySecret."""
    login = {"domain": domain, "username": username, "password": password, "provider": "other"}
    return _object("RegistrySecret", name, {**login, **spec})


def image(name: str, of: str, repository: str = "app/web", tag: str = "v1", **spec: object) -> JSON:
    """A Repository that refers to the source `of` in `default`."""
    reference = {"name": of, "namespace": "default"}
    return _object("Repository", name, {"repository": repository, "tag": tag, "registryRef": reference, **spec})


def _object(kind: str, name: str, spec: JSON) -> JSON:
    meta = {"name": name, "namespace": "default"}
    return {"apiVersion": "image.theriseunion.io/v1alpha1", "kind": kind, "metadata": meta, "spec": spec}


SOURCES: Final = "/namespaces/default/registry-secrets"
IMAGES: Final = "/namespaces/default/repositories"
