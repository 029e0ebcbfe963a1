"""The least that a create takes: HTTP, the document's decoding, and the product's store. Nobody is recognised, no rule
is looked at, nothing is recorded.

A program of its own: `least_app.py FOLDER` makes what is posted, durably, in a new store in FOLDER, answers its bytes,
and writes its port to FOLDER/port.
"""

import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import msgspec
import uvicorn
import uvloop
from starlette.types import Receive, Scope, Send

from imageyard.domain.kinds import KINDS, REPOSITORY
from imageyard.domain.kinds.repository import Repository, RepositorySpec
from imageyard.domain.objects import ObjectMeta
from imageyard.store.sqlite.store import SQLiteStore


class Posted(msgspec.Struct):
    metadata: ObjectMeta
    spec: RepositorySpec


def made(document: bytes) -> Repository:
    """The object that is stored of it."""
    posted = msgspec.json.decode(document, type=Posted)
    metadata = msgspec.structs.replace(
        posted.metadata,
        namespace="creates",
        uid=str(uuid4()),
        generation=1,
        creation_timestamp=datetime.now(UTC).replace(microsecond=0),
    )
    return Repository(api_version=REPOSITORY.api_version, kind=REPOSITORY.name, metadata=metadata, spec=posted.spec)


async def main(folder: Path) -> None:
    async with SQLiteStore.open(folder, KINDS, now=lambda: datetime.now(UTC)) as store:

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            stored = await store.create(REPOSITORY, made((await receive())["body"]))
            length = str(len(stored.body)).encode()
            headers = [(b"content-type", b"application/json"), (b"content-length", length)]
            await send({"type": "http.response.start", "status": 201, "headers": headers})
            await send({"type": "http.response.body", "body": stored.body})

        sock = socket.socket()
        sock.bind(("127.0.0.1", 0))
        sock.listen(2048)
        config = uvicorn.Config(
            answer, loop="none", http="httptools", ws="none", lifespan="off", log_config=None, access_log=False
        )
        new = folder / "port.new"
        new.write_text(str(sock.getsockname()[1]))
        os.replace(new, folder / "port")
        await uvicorn.Server(config).serve(sockets=[sock])


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1])))
