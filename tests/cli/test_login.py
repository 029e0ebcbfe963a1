"""`imageyard login`, against the product's own listener: whom it trusts, what it writes, what it says."""

import asyncio
import base64
import json
import os
import stat
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
import structlog
import uvloop
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from typer.testing import CliRunner, Result

from imageyard.app import listeners
from imageyard.app.certificates import Certificates
from imageyard.app.https import Answer
from imageyard.cli.main import _app
from tests.web import whole

OTHERS: Final = """
apiVersion: v1
kind: Config
preferences: {colors: true}
clusters:
- name: prod
  cluster: {server: "https://prod.example.com", insecure-skip-tls-verify: true, x-made: 2024-01-01}
users:
- name: prod
  user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: "yes", args: ["on", "0123"]}}
contexts:
- name: prod
  context: {cluster: prod, user: prod, namespace: default}
current-context: prod
"""


class House:
    """A server that somebody else runs, in a thread of its own."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.issued = Certificates(place / "tls")
        self.shown = b""
        """The CA as the server shows it."""
        self.tokens: dict[str, str] = {}
        self._ready, self._loop = threading.Event(), uvloop.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve()))

    def __enter__(self) -> "House":
        self.issued.ensure(["127.0.0.1"], datetime.now(UTC))
        self.shown = self.shown or self.issued.ca.read_bytes()
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)
        self._loop.close()

    async def _serve(self) -> None:
        async with whole.running(self.place / "data") as server:
            token = await server.doors.tokens.create("alice", "alice", ["image-viewer"], None)
            self.tokens["alice"] = token.reveal()
            bound = listeners.bind("127.0.0.1", 0, 0, plain=False)
            self.port = listeners.port_of(bound.https)
            app = server.changed(ca=self.shown).app
            async with listeners.serving(app, bound, self.issued.server, self.issued.server_key):
                self._ready.set()
                await self._stop.wait()
            bound.close()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def fingerprint(self) -> str:
        return x509.load_pem_x509_certificate(self.issued.ca.read_bytes()).fingerprint(SHA256()).hex()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    place = tmp_path_factory.mktemp("house")
    (place / "data").mkdir()
    with House(place) as house:
        yield house


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The server logs to its own place, not into what a command prints."""
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The kubeconfig of who signs in."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    return tmp_path / ".kube" / "config"


def run(*arguments: str, sent: str = "") -> Result:
    return CliRunner().invoke(_app, [*arguments], input=sent)


def login(house: House, *more: str, token: str = "") -> Result:
    return run("login", house.address, "--token-stdin", *more, sent=(token or house.tokens["alice"]) + "\n")


def config(file: Path) -> Any:
    return yaml.safe_load(file.read_text())


def test_who_signs_in_is_told_who_he_is_and_what_to_type_next(house: House, file: Path) -> None:
    done = login(house, "--ca", str(house.issued.ca))
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == (
        f"signed in to https://{house.address} as alice (groups: image-viewer, system:authenticated)\n"
        f'context "{house.address}" is in {file}; next:\n  kubectl get repositories -A\n'
    )


def test_the_kubeconfig_is_made_for_its_owner_alone_and_holds_ca_and_token(house: House, file: Path) -> None:
    login(house, "--ca", str(house.issued.ca))
    written = config(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert written["current-context"] == house.address
    assert base64.b64decode(written["clusters"][0]["cluster"]["certificate-authority-data"]) == house.shown
    assert written["users"][0]["user"] == {"token": house.tokens["alice"]}
    assert [path.name for path in file.parent.iterdir()] == ["config"]


def test_what_others_wrote_stays_to_the_letter(house: House, file: Path) -> None:
    file.parent.mkdir()
    file.write_text(OTHERS)
    login(house, "--ca", str(house.issued.ca))
    login(house, "--ca", str(house.issued.ca), "--context-name", "yard")
    written = config(file)
    assert [each["name"] for each in written["contexts"]] == ["prod", house.address, "yard"]
    before = yaml.load(OTHERS, Loader=yaml.BaseLoader)
    after = yaml.load(file.read_text(), Loader=yaml.BaseLoader)
    assert (after["clusters"][0], after["users"][0], after["contexts"][0]) == (
        before["clusters"][0],
        before["users"][0],
        before["contexts"][0],
    )
    assert written["preferences"] == {"colors": True}
    assert written["users"][0]["user"]["exec"]["args"] == ["on", "0123"]


def test_a_login_takes_the_place_of_the_one_before_it(house: House, file: Path) -> None:
    for _ in range(2):
        assert login(house, "--ca", str(house.issued.ca)).exit_code == 0
    written = config(file)
    assert [len(written[key]) for key in ("clusters", "users", "contexts")] == [1, 1, 1]


def test_a_name_that_something_else_has_is_not_taken(house: House, file: Path) -> None:
    file.parent.mkdir()
    file.write_text(OTHERS)
    done = login(house, "--ca", str(house.issued.ca), "--context-name", "prod")
    assert (done.exit_code, done.stderr) == (7, 'imageyard: context "prod" already exists\n')
    assert file.read_text() == OTHERS


def test_a_link_is_followed_and_the_first_file_of_kubeconfig_is_written(
    house: House, file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    link.symlink_to(real)
    real.write_text(OTHERS)
    monkeypatch.setenv("KUBECONFIG", f"{link}{os.pathsep}/else")
    assert login(house, "--ca", str(house.issued.ca)).exit_code == 0
    assert link.is_symlink()
    assert config(real)["current-context"] == house.address


@pytest.mark.parametrize("content", ["[1]", "clusters: 5", "{", "a: 1\na: 2", "\x00"])
def test_a_file_that_is_no_kubeconfig_is_left_alone(house: House, file: Path, content: str) -> None:
    file.parent.mkdir()
    file.write_text(content)
    done = login(house, "--ca", str(house.issued.ca))
    assert done.exit_code == 2
    assert "is no kubeconfig" in done.stderr
    assert file.read_text() == content


def test_who_writes_at_the_same_time_is_not_overwritten(house: House, file: Path) -> None:
    file.parent.mkdir()
    (file.parent / "config.lock").touch()
    done = login(house, "--ca", str(house.issued.ca))
    assert done.exit_code == 3
    assert "another program writes" in done.stderr
    assert not file.exists()


def spelled(fingerprint: str) -> list[str]:
    pairs = ":".join(fingerprint[at : at + 2] for at in range(0, 64, 2)).upper()
    return [fingerprint, fingerprint.upper(), pairs, f"SHA256:{fingerprint}", f"sha256 Fingerprint={pairs}"]


@pytest.mark.parametrize("spelling", range(5))
def test_a_fingerprint_is_as_good_as_the_file(house: House, file: Path, spelling: int) -> None:
    assert login(house, "--ca-fingerprint", spelled(house.fingerprint)[spelling]).exit_code == 0
    assert base64.b64decode(config(file)["clusters"][0]["cluster"]["certificate-authority-data"]) == house.shown


@pytest.mark.parametrize(
    ("fingerprint", "code", "told"),
    [("ab" * 32, 6, "has another fingerprint: "), ("ab", 2, "is no SHA-256"), ("", 2, "is no SHA-256")],
)
def test_another_fingerprint_is_never_trusted(house: House, file: Path, fingerprint: str, code: int, told: str) -> None:
    done = login(house, "--ca-fingerprint", fingerprint)
    assert done.exit_code == code
    assert told in done.stderr
    assert not file.exists()


def test_nobody_to_ask_means_nobody_is_trusted(house: House, file: Path) -> None:
    done = login(house)
    assert done.exit_code == 6
    assert "--ca-fingerprint. The server shows " in done.stderr
    assert spelled(house.fingerprint)[2] in done.stderr
    assert not file.exists()


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 6), ("", 6)])
def test_a_person_compares_the_fingerprint(
    house: House, file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str, code: int
) -> None:
    monkeypatch.setattr("imageyard.cli.login._at_terminal", lambda: True)
    token = tmp_path / "token"
    token.write_text(house.tokens["alice"])
    done = run("login", house.address, "--token-file", str(token), sent=f"{answer}\n")
    assert done.exit_code == code
    assert spelled(house.fingerprint)[2] in done.stderr
    assert file.exists() is (code == 0)


def test_a_person_is_asked_for_the_token_and_does_not_see_it(
    house: House, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imageyard.cli.login._at_terminal", lambda: True)
    token = house.tokens["alice"]
    done = run("login", house.address, "--ca", str(house.issued.ca), sent=f"{token}\n")
    assert done.exit_code == 0
    assert token not in done.stdout + done.stderr


def test_another_file_of_a_ca_is_not_trusted(house: House, file: Path, tmp_path: Path) -> None:
    other = Certificates(tmp_path / "other")
    other.ensure(["127.0.0.1"], datetime.now(UTC))
    done = login(house, "--ca", str(other.ca))
    assert done.exit_code == 6
    assert "is of none of the CAs" in done.stderr


def test_a_wrong_token_is_told_and_nothing_is_written(house: House, file: Path) -> None:
    done = login(house, "--ca", str(house.issued.ca), token="iy_wrong")
    assert done.exit_code == 6
    assert "does not take this token" in done.stderr
    assert "iy_wrong" not in done.stderr
    assert not file.exists()


@pytest.mark.parametrize(
    ("arguments", "sent", "code", "told"),
    [
        (("http://127.0.0.1:8443", "--token-stdin"), "x", 2, "is plain HTTP"),
        (("https://127.0.0.1/path", "--token-stdin"), "x", 2, "is no server such as"),
        (("user@yard", "--token-stdin"), "x", 2, "is no server such as"),
        (("yard:port", "--token-stdin"), "x", 2, "is no server such as"),
        (("127.0.0.1:1", "--token-stdin"), "x", 3, "does not answer over HTTPS"),
        (("yard", "--token-stdin", "--token-file", "x"), "x", 2, "give one of"),
        (("yard", "--ca", "x", "--ca-fingerprint", "y"), "x", 2, "give one of"),
        (("yard", "--ca", "/nowhere/ca.pem"), "", 3, "/nowhere/ca.pem"),
    ],
)
def test_what_is_wrong_is_told(file: Path, arguments: tuple[str, ...], sent: str, code: int, told: str) -> None:
    done = run("login", *arguments, sent=sent)
    assert done.exit_code == code
    assert told in done.stderr


@pytest.mark.parametrize("token", ["", "two words", "Bearer x", "line\nline", "é"])
def test_what_is_no_token_is_not_sent(house: House, file: Path, token: str) -> None:
    done = run("login", house.address, "--token-stdin", "--ca", str(house.issued.ca), sent=token)
    assert done.exit_code == 2
    assert "is no token" in done.stderr


def test_without_a_terminal_the_token_comes_by_an_option(house: House, file: Path) -> None:
    done = run("login", house.address, "--ca", str(house.issued.ca))
    assert done.exit_code == 2
    assert "--token-stdin or --token-file" in done.stderr


def test_whoami_asks_the_server_and_logout_takes_the_login_away(house: House, file: Path) -> None:
    file.parent.mkdir()
    file.write_text(OTHERS)
    login(house, "--ca", str(house.issued.ca))
    told = run("whoami")
    assert told.stdout == f"alice (groups: image-viewer, system:authenticated) at https://{house.address}\n"
    gone = run("logout")
    assert (gone.exit_code, f'context "{house.address}" is gone' in gone.stdout) == (0, True)
    assert house.tokens["alice"] not in file.read_text()
    assert [each["name"] for each in config(file)["contexts"]] == ["prod"]
    assert run("logout").exit_code == 5


def test_logout_and_whoami_leave_the_contexts_of_others_alone(file: Path) -> None:
    file.parent.mkdir()
    file.write_text(OTHERS)
    for done in (run("logout"), run("logout", "--context-name", "prod")):
        said = 'context "prod" was not made by imageyard login, and stays'
        assert (done.exit_code, done.stderr) == (7, f"imageyard: {said}\n")
    assert run("whoami").exit_code == 2
    assert run("whoami", "--context-name", "none").exit_code == 5
    assert file.read_text() == OTHERS


def test_what_comes_along_with_the_ca_is_not_trusted_with_it(tmp_path: Path, file: Path) -> None:
    """Whoever stands between shows the true CA, and behind it one of their own that signed the certificate."""
    true = Certificates(tmp_path / "true")
    true.ensure(["127.0.0.1"], datetime.now(UTC))
    (tmp_path / "data").mkdir()
    between = House(tmp_path)
    between.issued.ensure(["127.0.0.1"], datetime.now(UTC))
    between.shown = true.ca.read_bytes() + between.issued.ca.read_bytes()
    known = x509.load_pem_x509_certificate(true.ca.read_bytes()).fingerprint(SHA256()).hex()
    with between:
        done = login(between, "--ca-fingerprint", known)
    assert done.exit_code == 6
    assert "is not of the CA that it shows" in done.stderr


def test_what_a_server_answers_moves_no_cursor_and_adds_no_line(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user = "bob\x1b]0;owned\x07\u202e\n"
    groups = ["a\x1b[2Jb", "c\u2028admin (groups: system:masters)"]

    def answer(*_: object, **__: object) -> Answer:
        return Answer(201, json.dumps({"status": {"userInfo": {"username": user, "groups": groups}}}).encode())

    monkeypatch.setattr("imageyard.app.https.send", answer)
    file.parent.mkdir()
    file.write_text(OTHERS.replace("exec:", "token: iy_x, exec:"))
    told = run("whoami")
    assert told.exit_code == 0
    assert told.stdout.replace("\ufffd", "?") == (
        "bob?]0;owned??? (groups: a?[2Jb, c?admin (groups: system:masters)) at https://prod.example.com\n"
    )


def test_what_a_server_complains_of_moves_no_cursor(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(*_: object, **__: object) -> Answer:
        return Answer(500, json.dumps({"message": "\x1b[2Jno\nsigned in as root"}).encode())

    monkeypatch.setattr("imageyard.app.https.send", answer)
    file.parent.mkdir()
    file.write_text(OTHERS.replace("exec:", "token: iy_x, exec:"))
    told = run("whoami")
    assert told.exit_code == 3
    assert told.stderr.replace("\ufffd", "?").endswith("does not tell who the bearer is: ?[2Jno?signed in as root\n")
