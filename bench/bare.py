"""Ceilings: a bare ASGI app on the same server, and raw SQLite."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import apsw

from bench.product import until

_APP = """
import asyncio, os, socket, sys
import uvicorn, uvloop
BODY = open(sys.argv[1], "rb").read()
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})
async def main():
    sock = socket.socket(); sock.bind(("127.0.0.1", 0)); sock.listen(2048)
    config = uvicorn.Config(app, loop="none", http="httptools", ws="none", lifespan="off", log_config=None,
                            access_log=False, proxy_headers=False, server_header=False)
    temporary = sys.argv[2] + ".new"
    open(temporary, "w").write(str(sock.getsockname()[1])); os.replace(temporary, sys.argv[2])
    await uvicorn.Server(config).serve(sockets=[sock])
uvloop.run(main())
"""


@contextmanager
def asgi(body: bytes) -> Iterator[str]:
    """A bare ASGI app on uvicorn (httptools, uvloop) that answers every request with `body`; gives its URL."""
    with tempfile.TemporaryDirectory() as folder:
        answer, port = Path(folder, "body"), Path(folder, "port")
        answer.write_bytes(body)
        process = subprocess.Popen([sys.executable, "-c", _APP, str(answer), str(port)])
        try:
            yield f"http://127.0.0.1:{until(lambda: port.exists() and port.read_text(), 30)}/"
        finally:
            process.terminate()
            process.wait(timeout=20)


def sqlite(directory: Path, bodies: Sequence[bytes], seconds: float, group: int = 16) -> float:
    """Rows a second written straight into SQLite, durably, in groups."""
    connection = apsw.Connection(os.fspath(directory / "raw.db"))
    connection.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE objects (resource TEXT, namespace TEXT, name TEXT, uid TEXT, version INTEGER, body BLOB, "
        "PRIMARY KEY (resource, namespace, name)) WITHOUT ROWID"
    )
    written, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        with connection:
            for _ in range(group):
                written += 1
                row = ("repositories", "default", f"image-{written:09}", f"uid-{written}", written)
                connection.execute("INSERT INTO objects VALUES (?,?,?,?,?,?)", (*row, bodies[written % len(bodies)]))
    rate = written / (time.perf_counter() - start)
    connection.close()
    return rate
