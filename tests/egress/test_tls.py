"""Trust, against real TLS servers of a private CA."""

import asyncio
import contextlib
import hashlib
import socket
import ssl
from pathlib import Path

import pytest

from imageyard.domain.reasons import Reason
from imageyard.egress import EgressError, Request, TLSOptions
from imageyard.egress.client import EgressClient
from imageyard.egress.policy import Policy
from imageyard.egress.trust import Trust
from tests.egress.certificates import DAY, NOW, Certificate, issue
from tests.egress.conftest import LOOPBACK, resolving
from tests.egress.servers import answer, serving
from tests.fakes.networks import networks


@pytest.fixture(scope="session")
def authority() -> Certificate:
    return issue("Test CA", authority=True)


@pytest.fixture(scope="session")
def leaf(authority: Certificate) -> Certificate:
    return issue(issuer=authority)


async def send(gate: EgressClient, port: int, tls: TLSOptions = TLSOptions(), host: str = "registry.test") -> int:  # noqa: B008
    return (await gate.send(Request("GET", f"https://{host}:{port}/v2/", tls=tls))).status


async def fails(gate: EgressClient, port: int, tls: TLSOptions = TLSOptions()) -> tuple[Reason, str, str]:  # noqa: B008
    with pytest.raises(EgressError) as caught:
        await send(gate, port, tls)
    return caught.value.reason, caught.value.step, caught.value.hint


async def test_a_bundle_of_the_source_is_trusted(
    gate: EgressClient, authority: Certificate, leaf: Certificate, tmp_path: Path
) -> None:
    async with serving(answer(), tls=leaf.context(tmp_path)) as server:
        assert await send(gate, server.port, TLSOptions(f"# 公司根证书\n{authority.pem}")) == 200


async def test_the_operators_roots_are_trusted_for_every_source(
    authority: Certificate, leaf: Certificate, tmp_path: Path
) -> None:
    other = issue("Other CA", authority=True)
    async with (
        EgressClient(LOOPBACK, roots=authority.pem, resolve=resolving()) as gate,
        serving(answer(), tls=leaf.context(tmp_path)) as server,
    ):
        assert await send(gate, server.port) == 200
        assert await send(gate, server.port, TLSOptions(other.pem)) == 200


async def test_a_self_signed_server_is_trusted_when_its_own_certificate_is_the_bundle(
    gate: EgressClient, tmp_path: Path
) -> None:
    alone = issue()
    async with serving(answer(), tls=alone.context(tmp_path)) as server:
        assert await send(gate, server.port, TLSOptions(alone.pem)) == 200


async def test_an_issuing_ca_alone_is_enough(gate: EgressClient, authority: Certificate, tmp_path: Path) -> None:
    issuing = issue("Issuing CA", issuer=authority, authority=True)
    server_certificate = issue(issuer=issuing)
    async with serving(answer(), tls=server_certificate.context(tmp_path)) as server:
        assert await send(gate, server.port, TLSOptions(issuing.pem)) == 200


async def test_why_a_certificate_is_not_trusted_is_told(
    gate: EgressClient, authority: Certificate, tmp_path: Path
) -> None:
    trusted = TLSOptions(authority.pem)
    cases = [
        (issue(issuer=authority, until=NOW - DAY), trusted, "expired"),
        (issue(issuer=authority, since=NOW + DAY / 2), trusted, "not_yet_valid"),
        (issue(), trusted, "self_signed"),
        (issue(issuer=authority), TLSOptions(), "unknown_issuer"),
        (issue(issuer=authority, names=("other.test",)), trusted, "host_mismatch"),
    ]
    for certificate, options, hint in cases:
        async with serving(answer(), tls=certificate.context(tmp_path)) as server:
            assert await fails(gate, server.port, options) == (Reason.TLSInvalid, "tls", hint)
            assert server.heads == []


async def test_skipping_verification_is_for_one_request_alone(
    gate: EgressClient, leaf: Certificate, tmp_path: Path
) -> None:
    """The pool must not hand an unverified connection to a request that verifies, in either order."""
    async with serving(answer(), tls=leaf.context(tmp_path)) as server:
        assert await send(gate, server.port, TLSOptions(skip_verify=True)) == 200
        assert await fails(gate, server.port) == (Reason.TLSInvalid, "tls", "unknown_issuer")
        assert await send(gate, server.port, TLSOptions("ignored", skip_verify=True)) == 200
    assert len(server.heads) == 2
    assert server.connections == 1


async def test_a_connection_trusted_by_one_bundle_is_not_used_under_another(
    gate: EgressClient, authority: Certificate, leaf: Certificate, tmp_path: Path
) -> None:
    other = issue("Other CA", authority=True)
    async with serving(answer(), tls=leaf.context(tmp_path)) as server:
        assert await send(gate, server.port, TLSOptions(authority.pem)) == 200
        assert await fails(gate, server.port, TLSOptions(other.pem)) == (Reason.TLSInvalid, "tls", "unknown_issuer")
        assert await send(gate, server.port, TLSOptions(authority.pem)) == 200
    assert server.connections == 1


async def test_the_name_is_kept_for_sni_and_host_though_an_address_is_dialled(
    gate: EgressClient, authority: Certificate, leaf: Certificate, tmp_path: Path
) -> None:
    asked: list[str] = []
    context = leaf.context(tmp_path)
    context.sni_callback = lambda _sock, name, _context: asked.append(name)
    async with serving(answer(), tls=context) as server:
        await send(gate, server.port, TLSOptions(authority.pem))
    assert asked == ["registry.test"]
    assert f"Host: registry.test:{server.port}\r\n" in server.heads[0]


async def test_a_server_that_speaks_plain_http_is_told_apart(gate: EgressClient) -> None:
    """What nginx, Go and uvicorn do with a TLS hello: an error in plain text."""

    async def bad_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer("400 Bad Request", b"Invalid HTTP request received."))
        writer.close()

    listener = await asyncio.start_server(bad_request, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        assert await fails(gate, port) == (Reason.TLSInvalid, "tls", "plain_http")


@pytest.mark.parametrize(
    "said", [b"\x00\xff" * 500, b"SSH-2.0-OpenSSH_9.2p1\r\n", b"220 mail ESMTP\r\n", b"HTTP/nonsense\r\n\r\n"]
)
async def test_bytes_that_are_neither_tls_nor_http_are_not_taken_for_plain_http(
    gate: EgressClient, said: bytes
) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(said)
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        assert await fails(gate, port) == (Reason.TLSInvalid, "tls", "no_tls")


async def test_a_server_that_closes_within_the_handshake_refused_the_connection(gate: EgressClient) -> None:
    async def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(close, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        assert await fails(gate, port) == (Reason.ConnectionRefused, "tls", "")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_server_that_wants_a_client_certificate_is_invalid_tls(
    gate: EgressClient, authority: Certificate, leaf: Certificate, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    """TLS 1.2 says so within the handshake, 1.3 after it. A blocking server, since asyncio's drops the alert."""
    context = leaf.context(tmp_path)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = version
    context.load_verify_locations(cadata=authority.pem)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            with listener.accept()[0] as connection, contextlib.suppress(OSError):
                tls = context.wrap_socket(connection.dup(), server_side=True, do_handshake_on_connect=False)
                with contextlib.suppress(ssl.SSLError):
                    tls.do_handshake()
                tls.close()
                while connection.recv(4096):  # a reset for unread bytes would overtake the alert
                    pass

        request = Request("POST", f"https://registry.test:{listener.getsockname()[1]}/", tls=TLSOptions(authority.pem))
        refusing = asyncio.create_task(asyncio.to_thread(refuse))
        with pytest.raises(EgressError) as caught:
            await gate.send(request)
        await refusing
    assert (caught.value.reason, caught.value.step) == (Reason.TLSInvalid, "tls")


@pytest.mark.parametrize("options", [TLSOptions(), TLSOptions(skip_verify=True)])
async def test_tls_below_1_2_is_not_spoken(options: TLSOptions) -> None:
    assert (await Trust().context(options)).minimum_version is ssl.TLSVersion.TLSv1_2


async def test_contexts_are_made_once_per_options_also_when_many_ask_at_once(authority: Certificate) -> None:
    trust = Trust()
    options = TLSOptions(authority.pem)
    made = await asyncio.gather(*(trust.context(options) for _ in range(10)))
    assert len({id(context) for context in made}) == 1
    assert await trust.context(TLSOptions()) is not made[0]


async def test_contexts_are_bounded_and_the_most_used_stay() -> None:
    trust = Trust()
    first = await trust.context(TLSOptions(skip_verify=True))
    pems = [issue(f"CA {n}", authority=True).pem for n in range(300)]
    for pem in pems:
        await trust.context(TLSOptions(pem))
        assert await trust.context(TLSOptions(skip_verify=True)) is first
    assert len(trust._contexts) == 256


async def test_ambient_roots_are_not_read(
    monkeypatch: pytest.MonkeyPatch, authority: Certificate, leaf: Certificate, tmp_path: Path
) -> None:
    file = tmp_path / "ambient.pem"
    file.write_text(authority.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    async with (
        EgressClient(LOOPBACK, resolve=resolving()) as gate,
        serving(answer(), tls=leaf.context(tmp_path)) as server,
    ):
        assert await fails(gate, server.port) == (Reason.TLSInvalid, "tls", "unknown_issuer")
    assert not (tmp_path / "keys.log").exists()


def hashed(authority: Certificate) -> str:
    """The file name under which OpenSSL looks for an issuer: SHA-1 of the name's canonical form, little-endian."""
    name = authority.certificate.subject.rfc4514_string().removeprefix("CN=").lower().encode()
    attribute = b"\x06\x03\x55\x04\x03\x0c" + bytes([len(name)]) + name
    sequence = b"\x30" + bytes([len(attribute)]) + attribute
    digest = hashlib.sha1(b"\x31" + bytes([len(sequence)]) + sequence).digest()
    return f"{int.from_bytes(digest[:4], 'little'):08x}.0"


@pytest.mark.parametrize("form", ["directory", "file"])
async def test_the_systems_roots_are_trusted(
    monkeypatch: pytest.MonkeyPatch, authority: Certificate, leaf: Certificate, tmp_path: Path, form: str
) -> None:
    """As built into OpenSSL: a directory with hashed names where there is one, else one file."""
    file = tmp_path / (hashed(authority) if form == "directory" else "cert.pem")
    file.write_text(authority.pem)
    built_in = ssl.get_default_verify_paths()._replace(openssl_cafile=str(file), openssl_capath=str(tmp_path))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: built_in)
    async with (
        EgressClient(LOOPBACK, resolve=resolving()) as gate,
        serving(answer(), tls=leaf.context(tmp_path)) as server,
    ):
        assert await send(gate, server.port) == 200


@pytest.mark.parametrize(
    "pem", ["nonsense", "", "根", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
async def test_a_broken_bundle_is_invalid_tls_for_its_source_alone(gate: EgressClient, pem: str) -> None:
    if pem:
        assert await fails(gate, 1, TLSOptions(pem)) == (Reason.TLSInvalid, "tls", "")


def test_broken_roots_of_the_operator_stop_the_start() -> None:
    with pytest.raises(ValueError, match="registry CA file"):
        EgressClient(Policy(allow=networks()), roots="nonsense", resolve=resolving())
