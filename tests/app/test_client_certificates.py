"""Client certificates in TLS, on the product's own event loop: which reach the doors, and which end the connection."""

import asyncio
import ssl
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from starlette.types import Receive, Scope, Send

from imageyard.app import client_certificates, listeners
from imageyard.app.certificates import Certificates
from imageyard.domain.errors import Invalid
from imageyard.web import exchange
from tests.app.test_handshakes import Listening, listening_with

NOW: Final = datetime.now(UTC)
DAY: Final = timedelta(days=1)


async def shown(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers by which certificate the caller is known."""
    body = scope.get("extensions", {}).get(exchange.CERTIFICATE, {}).get("sha256", "nobody").encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


class House:
    """A CA, its listener's context, and certificates good and bad."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self.own, self.others = (self._made(name) for name in ("own", "others"))
        self.context = listeners.context(self.own.server, self.own.server_key, self.own.ca)

    def _made(self, name: str) -> Certificates:
        certificates = Certificates(self._place / name)
        certificates.ensure(["127.0.0.1"], NOW)
        return certificates

    def client(self, by: Certificates, until: datetime, now: datetime = NOW) -> tuple[Path, Path, str]:
        """Certificate, key, fingerprint."""
        asked = client_certificates.ask()
        signed = by.sign_client(asked.request, "alice", ["dev"], until, now)
        certificate, key = self._place / "client.crt", self._place / "client.key"
        certificate.write_text(signed.pem)
        key.write_text(asked.key.reveal())
        return certificate, key, signed.fingerprint


Scenario = Callable[[House, Listening], Awaitable[None]]


async def nobody(house: House, here: Listening) -> None:
    assert (await here.ask()).endswith(b"nobody")


async def somebody(house: House, here: Listening) -> None:
    certificate, key, fingerprint = house.client(house.own, NOW + DAY)
    here.context.load_cert_chain(certificate, key)
    assert (await here.ask()).endswith(fingerprint.encode())
    made = x509.load_pem_x509_certificate(certificate.read_bytes())
    assert made.fingerprint(SHA256()).hex() == fingerprint


async def refused(here: Listening, certificate: Path, key: Path) -> None:
    here.context.load_cert_chain(certificate, key)
    try:
        # In TLS 1.3 the client's handshake ends before the server has judged: the refusal comes with the answer.
        answer = await here.ask()
    except (ssl.SSLError, ConnectionError):
        answer = b""
    assert not answer


async def a_servers(house: House, here: Listening) -> None:
    await refused(here, house.own.server, house.own.server_key)


async def of_another_ca(house: House, here: Listening) -> None:
    certificate, key, _ = house.client(house.others, NOW + DAY)
    await refused(here, certificate, key)


async def expired(house: House, here: Listening) -> None:
    certificate, key, _ = house.client(house.own, NOW - DAY, NOW - 2 * DAY)
    await refused(here, certificate, key)


async def not_yet_valid(house: House, here: Listening) -> None:
    certificate, key, _ = house.client(house.own, NOW + 3 * DAY, NOW + 2 * DAY)
    await refused(here, certificate, key)


PROMISES: dict[str, Scenario] = {
    "who shows none is served as nobody": nobody,
    "one of the own CA is known by its fingerprint": somebody,
    "a server's certificate is none": a_servers,
    "one of another CA ends the connection": of_another_ca,
    "an expired one ends the connection": expired,
    "one of the future ends the connection": not_yet_valid,
}


@pytest.mark.parametrize("promise", PROMISES.values(), ids=PROMISES)
def test_of_client_certificates(promise: Scenario, tmp_path: Path) -> None:
    async def check() -> None:
        house = House(tmp_path)
        async with listening_with(house.context, house.own.ca, shown, 25) as here:
            await promise(house, here)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(check())


def test_where_they_are_off_nobody_is_asked_for_one(tmp_path: Path) -> None:
    async def check() -> None:
        house = House(tmp_path)
        context = listeners.context(house.own.server, house.own.server_key)
        async with listening_with(context, house.own.ca, shown, 25) as here:
            certificate, key, _ = house.client(house.own, NOW + DAY)
            here.context.load_cert_chain(certificate, key)
            assert (await here.ask()).endswith(b"nobody")

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(check())


def broken(request: str) -> str:
    """The signature of another key."""
    lines = request.splitlines()
    return "\n".join([*lines[:-2], lines[-2][:-6] + "AAAA" + lines[-2][-2:], lines[-1]])


def of_another_version(request: str) -> str:
    """RFC 2986 knows version 0 alone."""
    lines = request.splitlines()
    der = b64decode("".join(lines[1:-1])).replace(b"\x02\x01\x00", b"\x02\x01\x20", 1)
    return "\n".join([lines[0], b64encode(der).decode(), lines[-1]])


@pytest.mark.parametrize(
    "spoil", [broken, of_another_version, lambda _: "", lambda _: "no PEM", lambda text: text[:100]]
)
def test_a_request_that_proves_no_key_is_not_signed(tmp_path: Path, spoil: Callable[[str], str]) -> None:
    house = House(tmp_path)
    with pytest.raises(Invalid, match="request: "):
        house.own.sign_client(spoil(client_certificates.ask().request), "alice", [], NOW + DAY, NOW)
