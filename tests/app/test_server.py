"""From settings to a running server, through its doors."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from structlog.testing import capture_logs

from imageyard.app import server
from imageyard.app.server import Server
from imageyard.settings import InvalidSettings, ProxyAddress, Settings
from tests.e2e.product import API, IMAGES, JSON, SOURCES, image, source
from tests.egress import servers
from tests.egress.forward_proxy import forwarding
from tests.fakes import registries

LOOPBACK: Final = (ip_network("127.0.0.0/8"),)
SECONDS: Final = 20


class Door:
    """The REST door of a running server, as its operator."""

    def __init__(self, running: Server, session: aiohttp.ClientSession) -> None:
        self.running = running
        self._session = session

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, JSON]:
        headers = {"Accept-Language": "en"}
        async with self._session.request(method, self.running.url + API + path, json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def text(self, path: str) -> str:
        """What a path of the server itself answers, whatever its code."""
        async with self._session.get(self.running.url + path) as answer:
            return await answer.text()

    async def checks(self) -> dict[str, bool]:
        """The checks of /readyz."""
        lines = (line for line in (await self.text("/readyz?verbose")).splitlines() if line.startswith("["))
        return {line[3:].split()[0]: line[1] == "+" for line in lines}

    async def make(self, path: str, body: JSON) -> None:
        assert (await self.ask("POST", path, body))[0] == 201

    async def verify(self, name: str) -> str:
        return str((await self.ask("POST", f"{SOURCES}/{name}/verify", {}))[1]["reason"])

    async def until_ready_is(self, status: int, *, sound: bool) -> None:
        """Wait for this answer of /readyz, and for what it says of the database file."""

        async def so() -> bool:
            async with self._session.get(self.running.url + "/readyz?verbose") as answer:
                told = "[+]storage-integrity ok" in await answer.text()
                return (answer.status, told) == (status, sound)

        await eventually(so)


@asynccontextmanager
async def running(directory: Path, **chosen: Any) -> AsyncIterator[Door]:
    settings = Settings(data_dir=directory, **{"port": 0, "tls_port": 0, **chosen})
    async with server.running(settings) as made:
        token = made.directory.admin_token.read_text().strip()
        bearer = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession(headers=bearer) as session:
            yield Door(made, session)


async def eventually(look: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(SECONDS):
        while True:
            if await look():
                return
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("host", "insecure", "plain"),
    [("127.0.0.1", False, True), ("localhost", False, True), ("0.0.0.0", False, False), ("0.0.0.0", True, True)],
)
async def test_plain_http_is_for_loopback_unless_the_operator_says_otherwise(
    tmp_path: Path, host: str, insecure: bool, plain: bool
) -> None:
    async with running(tmp_path, host=host, insecure_http=insecure) as door:
        ports = json.loads((tmp_path / "ports.json").read_text())
        assert (ports["http"] is not None) is plain
        assert door.running.url.startswith("http://" if plain else "https://")


async def test_one_port_is_not_given_to_both_listeners(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="--port and --tls-port are both 18080"):
        async with running(tmp_path, port=18080, tls_port=18080):
            pass


async def test_private_networks_are_closed_by_the_setting(tmp_path: Path) -> None:
    async with running(tmp_path, egress_private="deny") as door:
        for name, domain in (("ten", "10.255.255.1:5000"), ("unique", "[fd00::1]:5000")):
            await door.make(SOURCES, source(name, domain, "", ""))
            assert await door.verify(name) == "EgressDenied"


async def test_the_server_never_dials_itself_though_loopback_is_open(tmp_path: Path) -> None:
    async with running(tmp_path, egress_allow=LOOPBACK) as door:
        for number, port in enumerate(door.running.ports):
            await door.make(SOURCES, source(f"own-{number}", f"127.0.0.1:{port}", "", "", insecure=True))
            assert await door.verify(f"own-{number}") == "EgressDenied"


@pytest.mark.parametrize(("language", "said"), [("en", "connection failed: "), ("zh", "连接失败：")])
async def test_texts_in_objects_are_in_the_language_of_the_setting(tmp_path: Path, language: str, said: str) -> None:
    async with running(tmp_path, language=language) as door:
        await door.make(SOURCES, source("here", "127.0.0.1:9", "", ""))
        await door.verify("here")
        notes = (await door.ask("GET", f"{SOURCES}/here"))[1]["metadata"]["annotations"]
        assert notes["theriseunion.io/verify-message"].startswith(said)


@pytest.mark.parametrize(("automatic", "status"), [(True, 201), (False, 404)])
async def test_a_namespace_comes_into_being_on_the_first_write_unless_told_otherwise(
    tmp_path: Path, automatic: bool, status: int
) -> None:
    made = source("new", "127.0.0.1:9", "", "")
    made["metadata"]["namespace"] = "elsewhere"
    async with running(tmp_path, auto_create_namespaces=automatic) as door:
        assert (await door.ask("POST", "/namespaces/elsewhere/registry-secrets", made))[0] == status


async def test_sources_are_verified_again_at_the_interval(tmp_path: Path) -> None:
    async with registries.sample() as registry:
        async with running(tmp_path, egress_allow=LOOPBACK, verify_interval=timedelta(milliseconds=50)) as door:
            await door.make(SOURCES, source("again", registry.address, "", "", insecure=True))

            async def thrice() -> bool:
                history = (await door.ask("GET", f"{SOURCES}/again/history"))[1]
                return len(history["items"]) >= 3

            await eventually(thrice)


class Slow:
    """A registry that greets at once, and thinks about each image before it hangs up."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.asked: list[float] = []
        """When images were asked for, by the loop's clock."""
        self.server: servers.Server

    async def answer(self, writer: asyncio.StreamWriter) -> None:
        if self.server.heads[-1].startswith("GET /v2/ "):
            writer.write(servers.answer("200 OK", b"{}", "Docker-Distribution-Api-Version: registry/2.0"))
            return
        self.asked.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self._seconds)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        async with servers.serving(self.answer) as self.server:
            yield f"127.0.0.1:{self.server.port}"


@pytest.mark.parametrize(
    ("chosen", "hosts", "gap"), [({"sync_per_host": 1}, 1, 1.4), ({"sync_total": 1}, 2, 0.8)], ids=["a host", "all"]
)
async def test_no_more_syncs_run_at_once_than_the_setting_allows(
    tmp_path: Path, chosen: dict[str, int], hosts: int, gap: float
) -> None:
    """The second one waits for the first: until it ends on the same host, until it counts as slow on another."""
    slow = [Slow(1.5) for _ in range(hosts)]
    async with AsyncExitStack() as stack:
        addresses = [await stack.enter_async_context(each.serving()) for each in slow]
        door = await stack.enter_async_context(running(tmp_path, egress_allow=LOOPBACK, **chosen))
        for number, address in enumerate(addresses):
            await door.make(SOURCES, source(f"slow-{number}", address, "", "", insecure=True))
        for number in range(2):
            await door.make(IMAGES, image(f"slow-{number}", f"slow-{number % hosts}", retryCount=0))

        async def both() -> bool:
            return sum(len(each.asked) for each in slow) >= 2

        await eventually(both)
        first, second = sorted(moment for each in slow for moment in each.asked)[:2]
        assert second - first >= gap


async def test_requests_go_through_the_proxy_of_the_setting_and_its_login_is_kept(tmp_path: Path) -> None:
    login = "yard:s3cret"
    async with registries.sample() as registry, forwarding(login) as proxy:
        address = ProxyAddress("127.0.0.1", proxy.port, login)
        async with running(tmp_path, egress_allow=LOOPBACK, egress_proxy=address, egress_no_proxy=("d.test",)) as door:
            port = registry.address.rpartition(":")[2]
            await door.make(SOURCES, source("far", f"registry.test:{port}", "", "", insecure=True))
            assert await door.verify("far") in ("Verified", "AnonymousOnly")
            await door.make(SOURCES, source("direct", f"d.test:{port}", "", "", insecure=True))
            assert await door.verify("direct") == "DNSFailed"
            _, shown = await door.ask("GET", f"{SOURCES}/far")
    assert proxy.heads
    assert all(head.startswith(f"GET http://registry.test:{port}/v2/") for head in proxy.heads)
    assert "s3cret" not in json.dumps(shown)


async def test_damage_is_looked_for_after_an_unclean_stop_alone_and_takes_the_server_out_of_service(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as door:
        await door.make(IMAGES, image("kept", "nowhere", suspend=True))
    database = tmp_path / "imageyard.db"
    damaged = bytearray(database.read_bytes())
    damaged[-4096:] = b"\xff" * 4096
    database.write_bytes(damaged)
    async with running(tmp_path) as door:
        await door.until_ready_is(200, sound=True)
    database.write_bytes(damaged)
    database.with_name("imageyard.db-wal").write_bytes(b"what a killed server leaves behind")
    async with running(tmp_path) as door:
        await door.until_ready_is(500, sound=False)


async def test_a_sound_file_is_served_after_an_unclean_stop(tmp_path: Path) -> None:
    async with running(tmp_path):
        pass
    (tmp_path / "imageyard.db-wal").write_bytes(b"what a killed server leaves behind")
    with capture_logs() as logs:
        async with running(tmp_path) as door:

            async def checked() -> bool:
                return any(entry["event"] == "database_checked" for entry in logs)

            await eventually(checked)
            await door.until_ready_is(200, sound=True)


async def test_a_strict_server_that_cannot_record_refuses_changes_says_why_it_is_not_ready_and_heals(
    tmp_path: Path,
) -> None:
    directory = tmp_path / "audit"
    async with running(tmp_path, audit_strict=True) as door:
        await door.make(IMAGES, image("before", "nowhere", suspend=True))
        away = directory.rename(tmp_path / "away")
        directory.write_text("in the way")
        status, body = await door.ask("POST", IMAGES, image("refused", "nowhere", suspend=True))
        assert (status, body["reason"]) == (503, "ServiceUnavailable")
        assert not (await door.checks())["audit"]
        assert (await door.ask("GET", f"{IMAGES}/refused"))[0] == 404
        directory.unlink()
        away.rename(directory)

        async def healed() -> bool:
            return (await door.checks())["audit"]

        await eventually(healed)
        await door.make(IMAGES, image("after", "nowhere", suspend=True))


async def test_any_other_server_goes_on_without_its_trail_and_counts_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "audit").write_text("in the way")
    async with running(tmp_path) as door:
        await door.make(IMAGES, image("made", "nowhere", suspend=True))

        async def counted() -> bool:
            return "imageyard_audit_error_total 1.0" in await door.text("/metrics")

        await eventually(counted)
        assert "audit" not in await door.checks()
