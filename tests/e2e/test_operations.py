"""What an operator does with a server: start, stop, back up, restore, rotate keys, look at its health."""

import asyncio
import http.client
import json
import re
import shutil
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import apsw
import pytest
import requests

from imageyard import __version__
from imageyard.keyring.aead import key_id_of
from imageyard.sample import faults, images
from tests.e2e.background import Background
from tests.e2e.conftest import MakeProduct
from tests.e2e.evidence import Evidence
from tests.e2e.product import IMAGES, JSON, LOOPBACK, SOURCES, Client, Product, eventually, image, source
from tests.fakes import registries
from tests.fakes.registries import Served

HELLO: Final = "GET /v2/"
IMAGE: Final = images.single("web", [images.Step("COPY a /", 2_000)])


@pytest.fixture(scope="module")
def registry(background: Background) -> Iterator[Served]:
    """Behind Basic, so that only the stored credential opens it."""
    with background.running(registries.sample(registries.basic_access())) as served:
        served.registry.storage.put("app/web", "v1", IMAGE)
        yield served


def login(name: str, registry: Served) -> JSON:
    return source(name, registry.address, registry.user, registry.password.reveal(), insecure=True)


def verified(admin: Client, name: str) -> bool:
    """Whether the registry takes the credential that is stored."""
    answer: JSON = admin.post(f"{SOURCES}/{name}/verify", {}).json()
    return bool(answer["success"] and answer["reason"] == "Verified")


@contextmanager
def writing(admin: Client) -> Iterator[list[str]]:
    """Images that are created one after the other in the meantime: the names of those that were acknowledged."""
    made: list[str] = []
    enough = threading.Event()

    def write() -> None:
        while not enough.is_set():
            made.append(admin.make(IMAGES, image(f"busy-{len(made):05}", "kept", suspend=True))["metadata"]["name"])

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(write)
        try:
            yield made
        finally:
            enough.set()
            writer.result()


def names(admin: Client) -> list[str]:
    """All images of the default namespace."""
    found: list[str] = []
    while len(found) < (page := admin.read(f"{IMAGES}?limit=1000&page={len(found) // 1000 + 1}"))["totalItems"]:
        found += [each["metadata"]["name"] for each in page["items"]]
    return found


def test_a_backup_of_a_busy_server_is_a_server_elsewhere(
    make_product: MakeProduct, registry: Served, place: Path
) -> None:
    """Online backup, refused restore, and a new machine that gets the backup and the keys."""
    here, there = make_product("here").start(*LOOPBACK), make_product("there")
    backup, keys = place / "backup.db", place / "exported.json"
    here.admin.make(SOURCES, login("kept", registry))
    here.admin.make(IMAGES, image("kept", "kept"))
    here.admin.until(f"{IMAGES}/kept", 10, syncStatus="Success")
    with writing(here.admin) as made:
        eventually(lambda: len(made) > 20, seconds=10)
        before = list(made)
        assert "written and verified" in here.cli("backup", str(backup))
        at_the_end = len(made)
    with ThreadPoolExecutor(2) as pool:
        restore = pool.submit(here.cli, "restore", str(backup), exits=4)
        here.cli("keys", "export", str(keys))
    assert "is in use by another imageyard" in restore.result()
    assert {path.stat().st_mode & 0o777 for path in (backup, keys)} == {0o600}
    for command, file in ((("backup",), backup), (("keys", "export"), keys)):
        kept = file.read_bytes()
        assert "exists already; --force replaces it" in here.cli(*command, str(file), exits=7)
        assert file.read_bytes() == kept
    here.cli("keys", "export", str(keys), "--force")

    there.cli("keys", "import", str(keys))
    there.cli("restore", str(backup))
    there.start(*LOOPBACK)
    restored = names(there.admin)
    assert restored[: len(before)] == before, "what was acknowledged before the backup began is in it"
    assert restored == [*made[: len(restored) - 1], "kept"], "and nothing is missing in between"
    assert len(restored) - 1 <= at_the_end + 1
    assert verified(there.admin, "kept"), "the credential opens with the imported keys"
    assert there.admin.read(f"{IMAGES}/kept")["status"]["manifest"]["digest"] == IMAGE.digest
    assert there.client(here.token).get(IMAGES).status_code == 401, "the new machine has an operator's token of its own"
    there.stop()
    here.stop()


def test_a_restore_puts_back_what_was_lost_and_keeps_what_it_replaced(make_product: MakeProduct, place: Path) -> None:
    product, backup = make_product("regret").start(), place / "backup.db"
    product.admin.make(IMAGES, image("lost", "nowhere", suspend=True))
    version = int(product.admin.read(f"{IMAGES}/lost")["metadata"]["resourceVersion"])
    product.cli("backup", str(backup))
    assert product.admin.delete(f"{IMAGES}/lost").status_code == 204
    product.stop()
    product.cli("restore", str(backup))
    assert product.database.with_name("imageyard.db.replaced").exists()
    damaged = place / "damaged.db"
    damaged.write_bytes(backup.read_bytes()[:-5000] + bytes(5000))
    assert "is damaged or no database of imageyard" in product.cli("restore", str(damaged), exits=1)
    product.start()
    assert names(product.admin) == ["lost"]
    newer = product.admin.make(IMAGES, image("new", "nowhere", suspend=True))["metadata"]["resourceVersion"]
    assert int(newer) > version + 2, "no version is given out twice"
    product.stop()


def current(product: Product) -> str:
    return (product.directory / "keys" / "current").read_text().strip()


def sealed_under(product: Product, key_id: str) -> bool:
    """Whether the database or its log holds a value sealed under the key: version, length and id begin each."""
    beginning = bytes((1, len(key_id))) + key_id.encode()
    files = [path for path in product.directory.glob("imageyard.db*") if not path.name.endswith("-shm")]
    return any(beginning in path.read_bytes() for path in files)


def test_keys_are_rotated_while_the_server_works(make_product: MakeProduct, registry: Served) -> None:
    """Nothing in the database is sealed under the old key any more, and every credential still opens."""
    product = make_product("rotation").start(*LOOPBACK)
    for number in range(5):
        product.admin.make(SOURCES, login(f"rotated-{number}", registry))
    old = current(product)
    assert sealed_under(product, old)
    assert re.fullmatch(r"key/[0-9a-f]{8} is current; 5 credentials sealed anew\n", product.cli("keys", "rotate"))
    new = current(product)
    assert new != old
    assert verified(product.admin, "rotated-0")
    product.admin.make(SOURCES, login("afterwards", registry))
    product.stop()
    assert sealed_under(product, new)
    assert not sealed_under(product, old), "a value under the old key is left in the database file"
    # Without a server it is the same; the old key is not needed any more.
    assert "6 credentials sealed anew" in product.cli("keys", "rotate")
    for retired in (old, new):
        (product.directory / "keys" / f"{retired}.key").unlink()
    product.start(*LOOPBACK)
    assert all(verified(product.admin, name) for name in ("rotated-4", "afterwards"))
    product.stop()


def sealed_by_key(file: Path) -> Counter[str]:
    """How many values the database at `file` holds under each key, read as any program may."""
    with closing(apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        return Counter(key_id_of(value) for (value,) in connection.execute("SELECT value FROM sealed"))


@contextmanager
def making_sources(admin: Client, registry: Served, name: str) -> Iterator[list[str]]:
    """Sources that are made one after the other until the server is gone: those that were acknowledged."""
    made: list[str] = []
    enough = threading.Event()

    def write() -> None:
        while not enough.is_set():
            with suppress(requests.RequestException):
                made.append(admin.make(SOURCES, login(f"{name}-{len(made):04}", registry))["metadata"]["name"])
                continue
            return

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(write)
        try:
            yield made
        finally:
            enough.set()
            writer.result()


def test_a_rotation_that_is_killed_is_finished_by_the_next_start(
    make_product: MakeProduct, registry: Served, place: Path
) -> None:
    """Under writes, killed in the middle, started, rotated again under writes: every value is under the last key, in
    the file and in a backup, nothing that was acknowledged is lost, and the passwords open the registry."""
    product = make_product("killed-rotation").start()
    with making_sources(product.admin, registry, "first") as first:
        eventually(lambda: len(first) > 40, seconds=30)
        old = current(product)
        token, url = product.token, product.url
        with ThreadPoolExecutor(1) as pool:
            rotating = pool.submit(_rotate, url, token)
            eventually(lambda: current(product) != old, seconds=10, every=0.001)
            product.kill()
            rotating.result()
    product.start()
    eventually(lambda: sealed_by_key(product.database).keys() == {current(product)}, seconds=20)
    with making_sources(product.admin, registry, "second") as second:
        eventually(lambda: len(second) > 10, seconds=30)
        product.cli("keys", "rotate")
    backup = place / "rotated.db"
    product.cli("backup", str(backup))
    product.stop()
    last = current(product)
    for file in (product.database, backup):
        found = sealed_by_key(file)
        assert set(found) == {last}
        assert found[last] in range(len(first) + len(second), len(first) + len(second) + 2), "and nothing is lost"
    product.start(*LOOPBACK)
    assert all(verified(product.admin, name) for name in (first[0], first[-1], second[-1]))
    assert "3 keys" in product.cli("keys", "export", str(place / "keys.json"))
    assert product.cli("keys", "prune", "--yes").count("retired") == 2
    assert product.cli("keys", "list").split()[4:] == [last, "yes", str(found[last]), "file"]
    product.stop()


def _rotate(url: str, token: str) -> None:
    with suppress(requests.RequestException):
        requests.post(f"{url}/admin/v1/keys/rotate", headers={"Authorization": f"Bearer {token}"}, timeout=30)


def test_keys_move_from_files_to_a_command_and_back(make_product: MakeProduct, registry: Served, place: Path) -> None:
    """The steps of the page on keys, `cat` in the place of a vault."""
    product = make_product("command").start(*LOOPBACK)
    product.admin.make(SOURCES, login("moved", registry))
    delivered, keys = place / "keys" / "delivered.json", product.directory / "keys"
    delivered.parent.mkdir()
    product.cli("keys", "export", str(delivered))
    product.stop()
    (product.directory / "config.toml").write_text(f'key_source = "command"\nkey_command = "cat {delivered}"\n')
    shutil.rmtree(keys)
    product.start(*LOOPBACK)
    assert verified(product.admin, "moved")
    rotated = json.loads(delivered.read_bytes())
    first = rotated["current"]
    rotated["keys"]["2027-01"], rotated["current"] = "5a6b" * 16, "2027-01"
    delivered.write_text(json.dumps(rotated))
    assert product.cli("keys", "rotate") == "key/2027-01 is current; 1 credentials sealed anew\n"
    assert "remove it at its source instead" in product.cli("keys", "retire", first, "--yes", exits=7)
    assert not keys.exists(), "nothing of a key is written to the disk"
    product.stop()
    assert set(sealed_by_key(product.database)) == {"2027-01"}
    delivered.write_text("{}")
    assert "the key command (cat): it is no document of keys" in refused(product, 3)
    delivered.write_text(json.dumps({"current": "other", "keys": {"other": "0011" * 16}}))
    assert "sealed under key '2027-01', which is not in what the key command (cat) delivers" in refused(product, 3)
    delivered.write_text(json.dumps(rotated))
    product.cli("keys", "export", str(place / "keys" / "back.json"))
    product.cli("keys", "import", str(place / "keys" / "back.json"))
    (product.directory / "config.toml").unlink()
    product.start(*LOOPBACK)
    assert verified(product.admin, "moved")
    product.stop()


def test_keys_in_the_environment_are_read_once_and_rotated_by_a_restart(
    make_product: MakeProduct, tmp_path: Path, registry: Served
) -> None:
    keys = {"IMAGEYARD_KEY_SOURCE": "env", "IMAGEYARD_KEYS": f"one:{'1a2b' * 16}"}
    product = Product(tmp_path / "data", Evidence(), keys).start(*LOOPBACK)
    product.admin.make(SOURCES, login("kept", registry))
    product.stop()
    newer = {**keys, "IMAGEYARD_KEYS": f"two:{'2b3c' * 16},{keys['IMAGEYARD_KEYS']}"}
    product = Product(tmp_path / "data", Evidence(), newer).start(*LOOPBACK)
    eventually(lambda: set(sealed_by_key(product.database)) == {"two"}, seconds=10)
    assert verified(product.admin, "kept")
    assert "remove it at its source instead: IMAGEYARD_KEYS" in product.cli("keys", "retire", "one", "--yes", exits=7)
    product.stop()
    assert not (product.directory / "keys").exists()
    stranger = Product(tmp_path / "data", Evidence(), keys)
    assert "sealed under key 'two', which is not in IMAGEYARD_KEYS; add it to" in refused(stranger, 3)
    unasked = Product(tmp_path / "data", Evidence(), {"IMAGEYARD_KEYS": keys["IMAGEYARD_KEYS"]})
    assert "IMAGEYARD_KEYS is set, but key_source is file" in refused(unasked, 2)


def test_a_damaged_credential_is_named_by_a_rotation_that_does_all_the_others(
    make_product: MakeProduct, registry: Served
) -> None:
    product = make_product("damaged-value").start(*LOOPBACK)
    for name in ("whole", "broken"):
        product.admin.make(SOURCES, login(name, registry))
    with closing(apsw.Connection(str(product.database))) as connection:
        connection.set_busy_timeout(5000)
        connection.execute(
            "UPDATE sealed SET value = CAST(substr(value, 1, length(value) - 1) || x'00ff' AS BLOB)"
            " WHERE id = (SELECT id FROM objects WHERE name = 'broken')"
        )
    said = product.cli("keys", "rotate", exits=1)
    assert said == "imageyard: these credentials open under no key; set their passwords again: default/broken\n"
    assert verified(product.admin, "whole")
    assert product.admin.send("PATCH", f"{SOURCES}/broken", **_password(registry)).status_code == 200
    assert "2 credentials sealed anew" in product.cli("keys", "rotate")
    product.log.write_text("")  # the damage was made on purpose, and is no alarm
    product.stop()


def _password(registry: Served) -> dict[str, Any]:
    body = json.dumps({"spec": {"password": registry.password.reveal()}})
    return {"data": body.encode(), "headers": {"Content-Type": "application/merge-patch+json"}}


def refused(product: Product, code: int, *flags: str) -> str:
    """Try to start; what it said, which is one line, when it ended with `code`."""
    said = product.log.read_text() if product.log.exists() else ""
    with product.spawn(*flags) as process:
        try:
            assert process.wait(30) == code, product.log.read_text()
        finally:
            process.kill()
    news = product.log.read_text().removeprefix(said)
    assert news.startswith("imageyard: "), news
    assert news.count("\n") == 1, news
    return news


def test_a_start_without_the_right_key_is_refused_and_names_it(make_product: MakeProduct, registry: Served) -> None:
    product = make_product("keyless").start(*LOOPBACK)
    product.admin.make(SOURCES, login("sealed", registry))
    product.stop()
    key = product.directory / "keys" / f"{current(product)}.key"
    away = shutil.move(key, key.with_suffix(".away"))
    assert key.stem in refused(product, 3)
    other = key.with_name("00c0ffee.key")
    other.touch(0o600)
    other.write_text("0011" * 16)
    (key.parent / "current").write_text("00c0ffee")
    message = refused(product, 3)
    assert f"'{key.stem}'" in message
    assert "default/sealed" in message
    shutil.move(away, key)
    (key.parent / "current").unlink()
    assert "imageyard keys import FILE" in refused(product, 3)
    (key.parent / "current").touch(0o600)
    (key.parent / "current").write_text(key.stem)
    product.start(*LOOPBACK)
    assert verified(product.admin, "sealed")
    product.stop()


def test_a_directory_and_a_port_serve_one_server(make_product: MakeProduct, product: Product) -> None:
    twin = Product(product.directory, Evidence())
    twin.log = product.directory.parent / "twin.log"
    assert "is in use by another imageyard" in refused(twin, 4)
    assert product.admin.get(IMAGES).status_code == 200, "the first one is not disturbed"
    other = make_product("busy-port")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for flag in ("--port", "--tls-port"):
            assert f"127.0.0.1:{port} (Address already in use); choose with {flag}\n" in refused(
                other, 3, flag, str(port)
            )
    assert not (other.directory / "ports.json").exists()


def test_a_setting_that_is_wrong_is_told_at_start(tmp_path: Path, evidence: Evidence) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    bad = str(tmp_path / "ca.pem")
    cases: list[tuple[dict[str, str], tuple[str, ...], int, str]] = [
        ({"IMAGEYARD_PROT": "1"}, (), 2, "IMAGEYARD_PROT; did you mean IMAGEYARD_PORT?"),
        ({}, ("--egress-allow", "10.0.0.1/8"), 2, "egress_allow (flag): "),
        ({}, ("--egress-allow", "10.0.0.1/8"), 2, "did you mean 10.0.0.0/8?"),
        ({}, ("--public-host", "http://x"), 2, "public_host (flag): 'http://x' is no host name"),
        ({}, ("--registry-ca", f"{bad}.gone"), 3, f"registry_ca: {bad}.gone cannot be read (No such file"),
        ({}, ("--registry-ca", bad), 3, f"registry_ca: {bad} holds no usable CA certificates in PEM form\n"),
        ({}, ("--port", "18443", "--tls-port", "18443"), 2, "--port and --tls-port are both 18443; plain HTTP and"),
        ({"IMAGEYARD_PORT": "x"}, ("--config", bad), 2, f"{bad} is not valid TOML: Expected '=' after a key"),
        (
            {},
            ("--host", "203.0.113.1"),
            3,
            "imageyard: cannot listen on 203.0.113.1:0 (Cannot assign requested address)",
        ),
    ]

    def told(number: int) -> str:
        environment, flags, code, _ = cases[number]
        return refused(Product(tmp_path / f"data-{number}", evidence, environment), code, *flags)

    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(told, range(len(cases))))
    assert [case[3] in message for case, message in zip(cases, said, strict=True)] == [True] * len(cases), said


@pytest.mark.needs("curl")
@pytest.mark.parametrize("flags", [(), ("--host", "0.0.0.0")], ids=["plain HTTP", "HTTPS only"])
def test_the_printed_commands_work_as_they_stand(tmp_path: Path, evidence: Evidence, flags: tuple[str, ...]) -> None:
    """Also where the data directory has a space in its name, as it has on macOS."""
    product = Product(tmp_path / "my data", evidence)
    process = product.spawn(*flags)
    try:
        eventually(lambda: "imageyard-docs.html" in product.log.read_text(), seconds=30)
        printed = product.log.read_text().partition("next, in another terminal:\n")[2].splitlines()
        commands = [line.strip() for line in printed if line.startswith("  ")]
        script = "set -e\n" + "\n".join(commands).replace("curl ", "curl -sSf ")
        done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        evidence.answered("printed commands", done.stdout.encode())
    finally:
        evidence.keep("admin token", product.token)
        process.terminate()
        process.wait(30)
    assert (done.returncode, done.stderr) == (0, "")
    assert '"kind":"RepositoryList"' in done.stdout
    assert (tmp_path / "imageyard-docs.html").read_text().lower().startswith("<!doctype html>")


class Watch(threading.Thread):
    """Asks for readiness over and over on a connection that stays open, until nobody answers any more."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._port = port
        self.seen: list[int] = []

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        try:
            while True:
                connection.request("GET", "/readyz")
                answer = connection.getresponse()
                answer.read()
                self.seen.append(answer.status)
        except (OSError, http.client.HTTPException):
            return
        finally:
            connection.close()


def test_sigterm_says_not_ready_first_and_lets_requests_finish(
    make_product: MakeProduct, background: Background
) -> None:
    """A verification under way is answered, syncs under way are handed back, and the exit code is 0."""
    product, release = make_product("ending").start(*LOOPBACK), asyncio.Event()
    with background.running(registries.sample(registries.basic_access())) as registry, ThreadPoolExecutor(2) as pool:
        registry.registry.storage.put("app/web", "v1", IMAGE)
        registry.registry.script.add(faults.silence(), path="*/manifests/*", times=None)
        product.admin.make(SOURCES, login("ending", registry))
        assert verified(product.admin, "ending")
        for number in range(6):
            product.admin.make(IMAGES, image(f"ending-{number}", "ending"))
        product.admin.until(f"{IMAGES}/ending-5", 10, syncStatus="Syncing")
        registry.registry.script.add(faults.held(release), path="/v2/", times=None)
        watch = Watch(product.ports["http"])
        asked, before = pool.submit(verified, product.admin, "ending"), registry.registry.log.lines().count(HELLO)
        eventually(lambda: registry.registry.log.lines().count(HELLO) > before, seconds=5)
        watch.start()
        eventually(lambda: len(watch.seen) > 5, seconds=5)
        ending = pool.submit(product.stop)
        watch.join(10)
        assert 500 in watch.seen, "it said that it is not ready"
        assert watch.seen == sorted(watch.seen), "and not once more that it is"
        assert not ending.done(), "a request is under way"
        background.run(_set(release))
        assert asked.result()
        ending.result()
        assert not (product.directory / "ports.json").exists()

        registry.registry.script.clear()
        product.start(*LOOPBACK)
        for number in range(6):
            found = product.admin.until(f"{IMAGES}/ending-{number}", 15, syncStatus="Success")
            assert found["status"]["manifest"]["digest"] == IMAGE.digest
    product.stop()


async def _set(event: asyncio.Event) -> None:
    event.set()


def test_a_restart_keeps_everything(make_product: MakeProduct, registry: Served) -> None:
    product = make_product("restart").start(*LOOPBACK)
    product.admin.make(SOURCES, login("kept", registry))
    product.admin.make(IMAGES, image("kept", "kept"))
    product.admin.until(f"{IMAGES}/kept", 10, syncStatus="Success")
    assert verified(product.admin, "kept")
    eventually(lambda: product.admin.read(f"{SOURCES}/kept")["status"].get("usedBy") == 1, seconds=10)
    paths = [f"{SOURCES}/kept", f"{IMAGES}/kept", f"{SOURCES}/kept/history", f"{IMAGES}/kept/history"]
    token, before = product.token, [product.admin.read(path) for path in paths]
    certificate = (product.directory / "tls" / "server.crt").read_bytes()
    requests_before = len(registry.registry.log.requests)
    product.stop()
    product.start(*LOOPBACK)
    assert [product.admin.read(path) for path in paths] == before
    assert (product.token, (product.directory / "tls" / "server.crt").read_bytes()) == (token, certificate)
    assert len(registry.registry.log.requests) == requests_before, "a restart asks registries nothing that is not due"
    product.stop()


def test_health_version_and_metrics_are_as_kubernetes_components_have_them(admin: Client) -> None:
    verbose = admin.get("//readyz?verbose").text
    for check in ("ping", "shutdown", "storage-read", "storage-write", "keys", "sync-engine", "watch-cache"):
        assert f"[+]{check} ok\n" in verbose
    assert verbose.endswith("readyz check passed\n")
    version = admin.read("//version")
    assert re.fullmatch(r"v1\.36\.0\+imageyard\.\d+\.\d+\.\d+", version["gitVersion"])
    assert (version["major"], version["minor"]) == ("1", "36")
    assert version["gitVersion"].endswith(f"+imageyard.{__version__}")
    answer = admin.get("//metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = set(re.findall(r"(?m)^# TYPE (\S+) ", answer.text))
    assert families >= METRICS, METRICS - families
    assert all(name.startswith(("imageyard_", "workqueue_", "apiserver_", "image_")) for name in families)


METRICS: Final = {
    "image_registry_connection_failures",
    "image_sync_failures",
    "imageyard_build_info",
    "imageyard_sync_total",
    "imageyard_sync_duration_seconds",
    "imageyard_verify_total",
    "imageyard_registry_requests_total",
    "imageyard_store_commit_duration_seconds",
    "workqueue_depth",
    "workqueue_adds_total",
    "apiserver_request_total",
    "apiserver_request_duration_seconds",
}
"""What the alerts and dashboards of the docs read."""
