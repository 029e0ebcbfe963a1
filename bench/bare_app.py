"""The ceiling of every read: a bare ASGI app on uvicorn with httptools and uvloop, as the product is served.

A program of its own: `bare_app.py FOLDER [CERTIFICATE KEY]` answers `/N` with the bytes of FOLDER/N, over TLS where
there is a certificate, and writes its port to FOLDER/port.
"""

import os
import socket
import sys
from pathlib import Path

import uvicorn
import uvloop
from starlette.types import ASGIApp, Receive, Scope, Send


def app(folder: Path) -> ASGIApp:
    answers = {}
    for file in folder.iterdir():
        body = file.read_bytes()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        start = {"type": "http.response.start", "status": 200, "headers": headers}
        answers[f"/{file.name}"] = start, {"type": "http.response.body", "body": body}

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        start, body = answers[scope["path"]]
        await send(start)
        await send(body)

    return answer


async def main(folder: Path, certificate: str | None = None, key: str | None = None) -> None:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(2048)
    config = uvicorn.Config(
        app(folder),
        loop="none",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    new = folder / "port.new"
    new.write_text(str(sock.getsockname()[1]))
    os.replace(new, folder / "port")
    await uvicorn.Server(config).serve(sockets=[sock])


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), *sys.argv[2:]))
