"""Requests made to hurt: what each is answered, how long that takes, and what it leaves in the server's memory.

Each is sent once by somebody who may write, on a connection of its own; a slow one is cut by the server's own limits,
which is what is measured then.
"""

import contextlib
import gzip
import json
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple

from bench import product
from bench.figure import Figure
from bench.product import Product
from bench.profile import Profile
from bench.world import Worlds

OBJECTS: Final = "/apis/image.theriseunion.io/v1alpha1/namespaces/hostile/repositories"
_REST: Final = f"{product.API}/hostile/repositories"
_PATIENCE: Final = 3_000.0
"""Milliseconds to an answer: the largest bodies wait for their turn in a thread."""
_HEAD_PATIENCE: Final = 12_000.0
"""The same for a head that never ends, which has ten seconds."""
_GROWN: Final = 128
"""MiB that one request may leave behind at most."""
_MOST_BODY: Final = 3 * 1024 * 1024


class Case(NamedTuple):
    """`codes` are the answers that are right; 0 is a connection closed without one."""

    label: str
    head: str
    body: bytes
    codes: tuple[int, ...]
    patience: float = _PATIENCE


def _post(label: str, body: bytes, *codes: int, type_: str = "application/json", more: str = "") -> Case:
    return Case(label, f"POST {_REST} HTTP/1.1\r\nContent-Type: {type_}\r\n{more}", body, codes)


def _patch(label: str, operations: Sequence[Mapping[str, object]], *codes: int) -> Case:
    head = f"PATCH {OBJECTS}/victim HTTP/1.1\r\nContent-Type: application/json-patch+json\r\n"
    return Case(label, head, json.dumps(operations, separators=(",", ":")).encode(), codes)


def _filled(opening: bytes, piece: bytes, closing: bytes) -> bytes:
    """As much of `piece` as a body may hold."""
    return opening + piece * ((_MOST_BODY - len(opening) - len(closing)) // len(piece)) + closing


def _note(number: int) -> str:
    return f"/metadata/annotations/n{number}"


def cases() -> Iterator[Case]:
    object_ = b'{"metadata":{"name":"x","annotations":{'
    yield _post("oversized, by Content-Length", bytes(_MOST_BODY + 1), 413)
    yield _post("nested 3 MiB deep", _filled(b"", b'{"a":[', b""), 400)
    yield _post("an object of 100,000 keys", json.dumps({f"k{n}": n for n in range(100_000)}).encode(), 400)
    many = ",".join(f'"n{n}":"v"' for n in range(150_000)).encode()
    yield _post("150,000 annotations", object_ + many + b"}}}", 400)
    yield _post("3 MiB of values", _filled(b"[", b"1,", b"1]"), 400)
    yield _post("a number of 3 MiB", _filled(b'{"a":', b"9", b"}"), 400)
    yield _post("3 MiB of escapes", _filled(b'{"a":"', b"\\u0041", b'"}'), 400)
    yield _post("a key given 100,000 times", _filled(b"{", b'"a":1,', b'"a":1}'), 400)
    laughs = b'a: &a ["x","x"]\n' + b"".join(b"%c: &%c [*%c,*%c]\n" % (n, n, n - 1, n - 1) for n in range(98, 123))
    yield _post("YAML aliases that double 25 times", laughs, 400, type_="application/yaml")
    yield _post("YAML, 3 MiB of brackets", _filled(b"", b"[", b""), 400, type_="application/yaml")
    yield _post("YAML, 3 MiB of values", _filled(b"a:\n", b"- 1\n", b""), 400, type_="application/yaml")
    yield _post("YAML, 3 MiB of keys", _filled(b"", b"? a\n", b""), 400, type_="application/yaml")
    yield _post("YAML, a text of 3 MiB", _filled(b'a: "', b"\\x41", b'"'), 400, type_="application/yaml")
    bomb = gzip.compress(bytes(200 * 1024 * 1024), 9)
    yield _post("200 MiB in gzip", bomb, 415, more="Content-Encoding: gzip\r\n")
    head = "POST /apis/rbac.authorization.k8s.io/v1/clusterroles HTTP/1.1\r\n"
    role = b"k8s\0\x0a\x2b\x0a\x1crbac.authorization.k8s.io/v1\x12\x0bClusterRole"
    fields = _filled(role, b"\x12\0", b"")
    yield Case(
        "protobuf, 3 MiB of fields", f"{head}Content-Type: application/vnd.kubernetes.protobuf\r\n", fields, (400,)
    )
    yield _patch("JSON patch, 10,001 operations", [{"op": "remove", "path": "/a"}] * 10_001, 400)
    add = [{"op": "add", "path": _note(n), "value": "v"} for n in range(10_000)]
    yield _patch("JSON patch, 10,000 additions", add, 200, 422)
    doubling: list[Mapping[str, object]] = [{"op": "add", "path": "/metadata/annotations/n", "value": "x" * 1000}]
    doubling += [{"op": "copy", "from": "/metadata", "path": f"/metadata/annotations/c{n}"} for n in range(40)]
    yield _patch("JSON patch, copies that double 40 times", [*doubling], 422)
    front: list[Mapping[str, object]] = [{"op": "add", "path": "/spec/list", "value": [0] * 100_000}]
    yield _patch(
        "JSON patch, 9,999 insertions in front of 100,000",
        [*front, *[{"op": "add", "path": "/spec/list/0", "value": 0}] * 9_999],
        422,
    )
    deep = "/a" * 20_000
    yield _patch("JSON patch, paths of 20,000 parts", [{"op": "test", "path": deep, "value": 1}] * 70, 422)
    tests = [{"op": "test", "path": "/metadata", "value": {}}] * 10_000
    yield _patch("JSON patch, 10,000 failing tests", [*tests], 422)
    selector = ",".join(f"a{n}=b" for n in range(1_500))
    yield Case("a selector of 1,500 terms", f"GET {OBJECTS}?labelSelector={selector} HTTP/1.1\r\n", b"", (400,))
    yield Case(
        "a continue token of 16,000 characters", f"GET {OBJECTS}?continue={'A' * 16_000} HTTP/1.1\r\n", b"", (400, 410)
    )
    yield Case("a URL of 1 MB", f"GET /{'a' * 1_000_000} HTTP/1.1\r\n", b"", (414, 0))
    yield Case("a header of 1 MB", f"GET / HTTP/1.1\r\nX: {'a' * 1_000_000}\r\n", b"", (431, 0))
    yield Case("100,000 headers", "GET / HTTP/1.1\r\n" + "X: a\r\n" * 100_000, b"", (431, 0))


def measure(profile: Profile, worlds: Worlds) -> Iterator[Figure]:
    """Each case once, then connections whose heads do not end."""
    with worlds.serving(0) as server:
        reference = {"name": "harbor", "namespace": "hostile"}
        spec = {"repository": "team/app", "tag": "v1", "registryRef": reference, "suspend": True}
        notes = {"name": "victim", "annotations": {"a": "b"}}
        server.ask("POST", "/hostile/repositories", {"metadata": notes, "spec": spec})
        yield from (_sent(server, case) for case in islice(cases(), profile.hostile))
        if profile.slow_heads:
            yield _slow(server, profile.slow_heads)


def _sent(server: Product, case: Case) -> Figure:
    before, begun = server.memory(), time.perf_counter()
    code = _code(server, case)
    taken, grown = (time.perf_counter() - begun) * 1000, server.memory() - before
    if code not in case.codes or grown > _GROWN:
        raise RuntimeError(f"{case.label}: answered {code}, {grown} MiB more memory")
    told = str(code) if code else "closed"
    remark = f"{told}; {len(case.head) + len(case.body):,} bytes sent, server {grown:+} MiB"
    return Figure.within(f"time to answer: {case.label}", taken, case.patience, "ms", remark)


def _code(server: Product, case: Case) -> int:
    host, _, port = server.url.removeprefix("http://").partition(":")
    head = f"{case.head}Host: {host}\r\nAuthorization: Bearer {server.token}\r\nContent-Length: {len(case.body)}\r\n"
    with socket.create_connection((host, int(port)), timeout=60) as sock:
        with contextlib.suppress(ConnectionError):  # it may be refused before it is read
            sock.sendall(head.encode() + b"\r\n" + case.body)
        try:
            answer = sock.recv(4096)
        except ConnectionError:
            answer = b""
    return int(answer.split(b" ", 2)[1]) if answer else 0


def _slow(server: Product, connections: int) -> Figure:
    """How long it takes until the last of many half-asked requests is closed, and what they cost meanwhile."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    before, begun = server.memory(), time.perf_counter()
    socks = [socket.create_connection((host, int(port)), timeout=30) for _ in range(connections)]
    for sock in socks:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nX: ")
    grown = server.memory() - before
    for sock in socks:
        with contextlib.suppress(ConnectionError):
            while sock.recv(4096):
                pass
        sock.close()
    taken = (time.perf_counter() - begun) * 1000
    remark = f"{connections:,} connections, closed one and all; server {grown:+} MiB while they were open"
    return Figure.within("time to close: heads that do not end", taken, _HEAD_PATIENCE, "ms", remark)
