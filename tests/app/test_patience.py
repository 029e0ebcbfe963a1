"""What is not a request yet, and answers nobody reads, over real connections."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from imageyard.app import patience
from imageyard.domain.text import Language
from imageyard.web import hygiene

LARGE = 32 * 1024 * 1024


class Hello:
    """Reads all there is, then answers; `/unread` is answered at once, `/waits` when told or when its peer has left,
    `/large` with more than a socket holds."""

    def __init__(self) -> None:
        self.go = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/waits":
            await self._wait(receive)
        elif scope["path"] != "/unread":
            while (await receive()).get("more_body"):
                pass
        if scope["path"] == "/large":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % LARGE)]})
            await send({"type": "http.response.body", "body": bytes(LARGE)})
            return
        if b"x-late" in dict(scope["headers"]):
            raise AssertionError("a trailer came as a header")
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    async def _wait(self, receive: Receive) -> None:
        async def gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        waits = {asyncio.create_task(gone()), asyncio.create_task(self.go.wait())}
        _, rest = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for each in rest:
            each.cancel()


class Listening:
    """A listener on loopback; `ask` sends bytes and reads until the server closes or has answered."""

    def __init__(self, port: int, state: ServerState, go: asyncio.Event) -> None:
        self.port = port
        self.state = state
        self.go = go

    @asynccontextmanager
    async def talk(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1024)
        yield reader, writer
        writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        await turns()

    async def ask(self, data: bytes) -> tuple[int, bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        return int(head.split(b" ")[1]), body


@asynccontextmanager
async def listener(language: Language = "zh") -> AsyncIterator[Listening]:
    app = Hello()
    config = uvicorn.Config(app, ws="none", lifespan="off", log_config=None, access_log=False)
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()

    speaking = patience.speaking(language)

    def protocol() -> Any:
        return speaking(config=config, server_state=state, app_state={}, _loop=loop)

    server = await loop.create_server(protocol, "127.0.0.1", 0)
    async with server:
        yield Listening(server.sockets[0].getsockname()[1], state, app.go)


@pytest.fixture
async def listening() -> AsyncIterator[Listening]:
    async with listener() as listening:
        yield listening


async def turns() -> None:
    """Let what has arrived on loopback be read."""
    for _ in range(200):
        await asyncio.sleep(0)


CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

REFUSED = {
    "Chinese in the URL": ("GET /?search=生产 HTTP/1.1\r\nHost: a\r\n\r\n".encode(), 400),
    "no HTTP": (b"hello\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "an encoded slash": (b"GET /a%2Fb HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "an endless header": (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 70_000, 431),
    "an endless URL": (b"GET /" + b"a" * 70_000, 414),
    "a long URL": (b"GET /?labelSelector=" + b"a" * 17_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    "two tokens": (b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n", 400),
    "endless trailers": (CHUNKED + b"0\r\n" + b"X: a\r\n" * 200, 431),
    "an endless trailer": (CHUNKED + b"0\r\nX: " + b"a" * 70_000, 431),
    "an unfinished head of many lines": (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 200, 431),
    "many lines": (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 200 + b"\r\n", 431),
}


POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
SECOND = b"GET /second HTTP/1.1\r\nHost: a\r\n\r\n"
AMBIGUOUS = {
    "length and chunks": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SECOND,
    "chunks and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + SECOND,
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
    "the same length twice": POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nab",
    "a list of lengths": POST + b"Content-Length: 2, 2\r\n\r\nab",
    "a signed length": POST + b"Content-Length: +2\r\n\r\nab",
    "a length beyond 64 bits": POST + b"Content-Length: 99999999999999999999999\r\n\r\nab",
    "an unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a compressed coding": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "two codings": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "a coding after the last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "an empty coding": POST + b"Content-Length: 5\r\nTransfer-Encoding: \r\n\r\n0\r\n\r\n",
    "a coding before the colon's space": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a coding on a second line": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a folded line": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
    "a bare line feed": b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
    "a bare carriage return": b"GET / HTTP/1.1\r\nHost: a\r\nX: b\rY: c\r\n\r\n",
    "a NUL": b"GET / HTTP/1.1\r\nHost: a\r\nX: b\x00c\r\n\r\n",
    "a line feed behind a chunk's size": CHUNKED + b"2\nab\n0\n\n",
    "a chunk size beyond 64 bits": CHUNKED + b"fffffffffffffffff\r\nab\r\n0\r\n\r\n",
    "a chunk longer than it says": CHUNKED + b"2\r\nabXX0\r\n\r\n",
    "HTTP/2": b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "a whole URL": b"GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n",
}


@pytest.mark.parametrize("data", AMBIGUOUS.values(), ids=AMBIGUOUS)
async def test_what_two_servers_might_read_in_two_ways_is_refused_and_nothing_behind_it_is_read(
    listening: Listening, data: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", listening.port)
    writer.write(data)
    with contextlib.suppress(ConnectionError):
        answer = await reader.read()
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 ")
        assert b"connection: close" in head
        assert json.loads(body)["kind"] == "Status"
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def test_a_selector_of_many_values_fits_into_a_url(listening: Listening) -> None:
    query = b"labelSelector=app+in+(" + b"name-of-an-app-of-the-team%2C" * 500 + b")"
    assert await listening.ask(b"GET /?" + query + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") == (200, b"ok")


@pytest.mark.parametrize(("data", "status"), REFUSED.values(), ids=REFUSED)
async def test_what_is_no_request_is_told_so_in_json(listening: Listening, data: bytes, status: int) -> None:
    code, body = await listening.ask(data)
    answer = json.loads(body)
    assert (code, answer["code"], answer["kind"]) == (status, status, "Status")


HOST = b"Host: a\r\n"
ENGLISH = b"Accept-Language: en\r\n"
SPEAKING = {
    "an encoded slash": b"GET /a%2Fb HTTP/1.1\r\n" + HOST + ENGLISH + b"\r\n",
    "two hosts": b"GET / HTTP/1.1\r\n" + HOST + HOST + ENGLISH + b"\r\n",
    "a coding": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip\r\n" + ENGLISH + b"\r\n",
    "a long URL": b"GET /?a=" + b"a" * 17_000 + b" HTTP/1.1\r\n" + HOST + ENGLISH + b"\r\n",
    "many lines": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 200 + ENGLISH + b"\r\n",
    "an unfinished head of many lines": b"GET / HTTP/1.1\r\n" + HOST + ENGLISH + b"X: a\r\n" * 200,
    "an endless header": b"GET / HTTP/1.1\r\n" + HOST + ENGLISH + b"X: " + b"a" * 70_000,
    "a folded line": b"GET / HTTP/1.1\r\n" + HOST + ENGLISH + b"X: a\r\n b\r\n\r\n",
    "a broken chunk": CHUNKED.replace(HOST, HOST + ENGLISH) + b"2\r\nabXX0\r\n\r\n",
    "endless trailers": CHUNKED.replace(HOST, HOST + ENGLISH) + b"0\r\n" + b"X: a\r\n" * 200,
}


@pytest.mark.parametrize("data", SPEAKING.values(), ids=SPEAKING)
async def test_what_is_no_request_is_told_so_in_the_language_it_asks_for(listening: Listening, data: bytes) -> None:
    _, body = await listening.ask(data)
    assert json.loads(body)["message"].isascii()
    _, body = await listening.ask(data.replace(ENGLISH, b""))
    assert not json.loads(body)["message"].isascii()


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_what_is_no_request_and_asks_for_no_language_is_told_so_in_the_servers(language: Language) -> None:
    async with listener(language) as listening:
        _, body = await listening.ask(b"no request\r\n\r\n")
    assert json.loads(body)["message"].isascii() == (language == "en")


async def test_what_is_no_request_is_answered_with_what_browsers_are_told_everywhere(listening: Listening) -> None:
    async with listening.talk() as (reader, writer):
        writer.write(b"no request\r\n\r\n")
        answer = await reader.read()
    for name, value in (*hygiene.EVERY, *hygiene.DATA):
        assert answer.count(b"\r\n%s: %s\r\n" % (name, value)) == 1


async def test_a_request_is_served(listening: Listening) -> None:
    assert await listening.ask(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") == (200, b"ok")


@pytest.mark.parametrize(
    ("data", "seconds"),
    [
        (b"", patience.HEAD_SECONDS),
        (b"GET / HTTP/1.1\r\nHost: a\r\n", patience.HEAD_SECONDS),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab", patience.BODY_SECONDS),
    ],
    ids=["silence", "half a head", "half a body"],
)
async def test_who_takes_too_long_over_a_request_is_cut_off(listening: Listening, data: bytes, seconds: float) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", listening.port)
    writer.write(data)
    await writer.drain()
    loop = asyncio.get_running_loop()
    await turns()
    patience.hurry(listening.state, loop.time() + seconds - 1)
    assert len(listening.state.connections) == 1
    patience.hurry(listening.state, loop.time() + seconds + 1)
    await reader.read()
    assert reader.at_eof()
    writer.close()
    await writer.wait_closed()
    await turns()


async def test_an_idle_connection_between_requests_is_left_alone_for_75_seconds(listening: Listening) -> None:
    async with listening.talk() as (reader, writer):
        for _ in range(2):
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert (await reader.readuntil(b"ok")).endswith(b"ok")
            patience.hurry(listening.state, asyncio.get_running_loop().time() + 74)
        patience.hurry(listening.state, asyncio.get_running_loop().time() + 76)
        assert await reader.read() == b""


async def test_who_has_been_idle_is_looked_at_again_with_the_next_request(listening: Listening) -> None:
    async with listening.talk() as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"ok")
        now = asyncio.get_running_loop().time()
        patience.hurry(listening.state, now)
        writer.write(b"GET / HTTP/1.1\r\n")
        await turns()
        patience.hurry(listening.state, now + patience.HEAD_SECONDS + 1)
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""


async def test_who_sends_the_rest_of_a_body_after_the_answer_is_idle_too(listening: Listening) -> None:
    async with listening.talk() as (reader, writer):
        writer.write(b"POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
        await reader.readuntil(b"ok")
        writer.write(b"hello")
        await turns()
        now = asyncio.get_running_loop().time()
        for seconds in (0, 74):
            patience.hurry(listening.state, now + seconds)
            await turns()
            assert len(listening.state.connections) == 1
        patience.hurry(listening.state, now + 76)
        assert await reader.read() == b""


@pytest.mark.parametrize(
    ("beginning", "seconds"),
    [(b"GET / HTTP/1.1\r\n", patience.HEAD_SECONDS), (POST + b"Content-Length: 5\r\n\r\nhe", patience.BODY_SECONDS)],
    ids=["half a head", "half a body"],
)
async def test_a_request_that_begins_with_the_end_of_another_has_no_longer_than_one_alone(
    listening: Listening, beginning: bytes, seconds: float
) -> None:
    async with listening.talk() as (reader, writer):
        writer.write(SECOND + beginning)
        await reader.readuntil(b"ok")
        now = asyncio.get_running_loop().time()
        patience.hurry(listening.state, now + seconds - 2)
        assert len(listening.state.connections) == 1
        patience.hurry(listening.state, now + seconds + 1)
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""


async def test_a_running_request_hears_that_its_peer_left_whatever_waits_behind_it(listening: Listening) -> None:
    async with listening.talk() as (_, writer):
        writer.write(b"GET /waits HTTP/1.1\r\nHost: a\r\n\r\n" + SECOND)
        await turns()
        assert listening.state.tasks
    await turns()
    assert not listening.state.tasks


GARBAGE = {
    "no HTTP": b"hello\r\n\r\n",
    "a bad head": b"GET / HTTP/1.1\r\n\r\n",
    "a bad body": CHUNKED + b"zz\r\n",
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize("waiting", [b"", SECOND], ids=["one before it", "two before it"])
async def test_what_is_wrong_behind_good_requests_ends_the_connection_after_their_answers(
    listening: Listening, garbage: bytes, waiting: bytes
) -> None:
    async with listening.talk() as (reader, writer):
        writer.write(b"GET /waits HTTP/1.1\r\nHost: a\r\n\r\n" + waiting + garbage)
        await turns()
        listening.go.set()
        answers = await reader.read()
    assert answers.count(b"HTTP/1.1 200 OK") == 1 + bool(waiting)
    assert b" 400 " not in answers
    assert answers.count(b"connection: close") == 1
    assert answers.endswith(b"ok")


async def test_trailers_are_not_taken_for_headers(listening: Listening) -> None:
    head = CHUNKED.replace(b"Host", b"Connection: close\r\nHost")
    assert await listening.ask(head + b"2\r\nab\r\n0\r\nX-Late: a\r\n\r\n") == (200, b"ok")


async def test_a_body_in_small_chunks_may_be_as_long_as_any_other(listening: Listening) -> None:
    head = CHUNKED.replace(b"Host", b"Connection: close\r\nHost")
    assert await listening.ask(head + b"1\r\na\r\n" * 50_000 + b"0\r\n\r\n") == (200, b"ok")


async def test_who_was_answered_and_sends_trailers_for_ever_is_cut_off_without_a_second_answer(
    listening: Listening,
) -> None:
    async with listening.talk() as (reader, writer):
        writer.write(CHUNKED.replace(b"/ ", b"/unread ") + b"0\r\n")
        assert (await reader.readuntil(b"ok")).endswith(b"ok")
        with contextlib.suppress(ConnectionError):
            writer.write(b"X: a\r\n" * 100_000)
            assert await reader.read() == b""
        await turns()
        assert not listening.state.connections


async def test_of_requests_sent_in_one_go_a_bounded_number_is_answered(listening: Listening) -> None:
    async with listening.talk() as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 1000)
        answers = await reader.read()
        assert answers.count(b"200 OK") == patience.MOST_WAITING + 1
        assert answers.count(b"connection: close") == 1


async def test_as_many_requests_as_may_wait_are_all_answered(listening: Listening) -> None:
    async with listening.talk() as (reader, writer):
        for _ in range(3):
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * patience.MOST_WAITING)
            for _ in range(patience.MOST_WAITING):
                await reader.readuntil(b"ok")


async def test_who_does_not_read_an_answer_is_cut_off_and_its_memory_freed(listening: Listening) -> None:
    async with listening.talk() as (reader, writer):
        writer.write(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        await turns()
        now = asyncio.get_running_loop().time()
        patience.hurry(listening.state, now)
        patience.hurry(listening.state, now + patience.STALL_SECONDS - 1)
        assert len(listening.state.connections) == 1
        patience.hurry(listening.state, now + patience.STALL_SECONDS + 1)
        await turns()
        assert not listening.state.connections
        with contextlib.suppress(ConnectionError):
            assert len(await reader.read()) < LARGE


async def test_who_reads_a_long_answer_slowly_gets_all_of_it(listening: Listening) -> None:
    async with listening.talk() as (reader, writer):
        writer.write(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        left = LARGE
        now = asyncio.get_running_loop().time()
        while left:
            now += patience.STALL_SECONDS / 2
            patience.hurry(listening.state, now)
            piece = min(left, patience.SLOWEST * int(patience.STALL_SECONDS))
            await reader.readexactly(piece)
            left -= piece
            await turns()


async def test_only_who_has_not_asked_all_is_given_up_when_the_server_stops(listening: Listening) -> None:
    async with listening.talk() as (idle_reader, idle), listening.talk() as (reader, writer):
        idle.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await idle_reader.readuntil(b"ok")
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
        await turns()
        patience.give_up_half_asked(listening.state)
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        await turns()
        assert len(listening.state.connections) == 1
