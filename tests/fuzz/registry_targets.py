"""What registries, token services and whoever sits between them may answer."""

import json
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from imageyard.domain import reference
from imageyard.domain.reference import InvalidReference
from imageyard.egress import Response
from imageyard.egress import target as egress
from imageyard.registry import (
    RegistryError,
    auth,
    challenge,
    config,
    errors,
    exchange,
    hello,
    manifest,
    origin,
    ratelimit,
    strictjson,
    timestamps,
)
from imageyard.registry.challenge import MalformedChallenge
from imageyard.registry.origin import URL, BadURL, Origin
from imageyard.registry.strictjson import BadJSON
from tests.fuzz.target import Target, header, text
from tests.registry.neighbour import OCI_INDEX, OCI_MANIFEST, USER, Registry

NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
HOME: Final = Origin("https", "registry.test", 443)
URL_OF_HOME: Final = f"{HOME}/v2/"
STATUSES: Final = (200, 307, 400, 401, 403, 404, 405, 429, 500)
MANIFESTS: Final = ("", OCI_MANIFEST, OCI_INDEX, "text/plain")


def _answers(body: bytes, *headers: tuple[str, str]) -> list[Response]:
    return [Response(URL_OF_HOME, status, headers, body) for status in STATUSES]


def _challenge(data: bytes) -> None:
    value = header(data)
    challenge.choose(value.split("\n"))
    challenge.parse(value)


def _url(data: bytes) -> None:
    """What is judged is what is dialled: three readers of URLs see the same host and port, or there is no URL."""
    url = origin.parse(header(data))
    try:
        split = urlsplit(str(url))
        _, dialled = egress.parse(str(url))
    except ValueError:
        return
    assert (split.username, f"{split.hostname}") == (None, url.origin.host.strip("[]"))
    assert (dialled.host, dialled.port) == (url.origin.host.strip("[]"), url.origin.port)
    assert dialled.secure == (url.origin.scheme == "https")


def _location(data: bytes) -> None:
    hop = auth.redirect(URL(HOME, "/v2/app/manifests/v1"), header(data))
    assert hop is None or hop.url.origin.scheme == "https"
    if hop is not None:
        _url(str(hop.url).encode())


def _realm(data: bytes) -> None:
    realm = auth.realm(header(data), HOME, ("tokens.test", "*.example.com"))
    assert realm is None or not realm.trusted or realm.url.origin.host in ("registry.test", "tokens.test")


def _dialled(data: bytes) -> None:
    egress.parse(header(data))


def _strict_json(data: bytes) -> None:
    json.dumps(strictjson.read(data), allow_nan=False)


def _manifest(data: bytes) -> None:
    taken = 0
    for media_type in MANIFESTS:
        try:
            manifest.parse(data, media_type)
            taken += 1
        except RegistryError as error:
            refused = error
    if not taken:
        raise refused


def _config(data: bytes) -> None:
    read = config.parse(data)
    config.instructions(read, 2)
    again = config.parse(read.body)
    assert again.body == read.body
    assert (again.platform, again.created) == (read.platform, read.created)


def _errors(data: bytes) -> None:
    for answer in _answers(data, ("content-type", "application/json")):
        errors.of_status(answer, NOW)
        errors.of_status(answer, NOW, "token")
        hello.judge(answer, NOW)


def _token(data: bytes) -> None:
    read = exchange.read(Response(URL_OF_HOME, 200, (), data), NOW)
    assert read.value.reveal().isprintable()
    assert read.lifetime > 0


def _pace(data: bytes) -> None:
    value = header(data)
    told = (("retry-after", value), ("ratelimit-limit", value), ("ratelimit-remaining", value))
    answer = Response(URL_OF_HOME, 429, told, b"")
    ratelimit.quota(answer)
    wait = ratelimit.retry_after(answer, NOW)
    assert wait is None or ratelimit.MIN_WAIT <= wait <= ratelimit.MAX_WAIT


def _built(data: bytes) -> None:
    moment = timestamps.meaningful(text(data))
    assert moment is None or moment.year >= timestamps.FIRST_YEAR


def _domain(data: bytes) -> None:
    domain = reference.parse_domain(text(data))
    assert reference.parse_domain(str(domain)) == domain
    try:
        _, dialled = egress.parse(f"https://{domain}/v2/")
    except ValueError:
        raise AssertionError("a domain that the gate cannot read") from None
    assert (dialled.host, dialled.port) == (domain.host.strip("[]"), domain.port or 443)


def _reference(data: bytes) -> None:
    read = (reference.parse_repository, reference.parse_tag, reference.parse_digest, reference.parse_platform)
    refused = []
    for parse in read:
        try:
            parse(text(data))
        except InvalidReference as error:
            refused.append(error)
    if len(refused) == len(read):
        raise refused[0]


def _pushed() -> tuple[bytes, ...]:
    registry = Registry()
    registry.index("app", "v1", registry.image("app"), registry.image("app", architecture="arm64", variant="v8"))
    return (*(body for _, body in registry.manifests.values()), *registry.blobs.values())


_BODIES: Final = _pushed()
_MANIFESTS: Final = tuple(body for body in _BODIES if b"schemaVersion" in body)
_CONFIGS: Final = (
    *(body for body in _BODIES if b"rootfs" in body),
    b'{"history":[{"created_by":"|1 A=b /bin/sh -c #(nop)  ENV A=b # buildkit"}],"config":{"OnBuild":["ARG x=y"]}}',
)
_BEARER: Final = b'Bearer realm="https://registry.test/token",service="registry",scope="repository:a/b:pull,push"'
_URLS: Final = (
    *(b"https://registry.test/token?a=b", b"http://[2001:db8::1]:5000/", b"https://tokens.test:443", b"HTTPS://A.B/"),
    *(b"https://registry.test\\@evil.test/", b"//evil.test/x", b"/v2/", b"https://a@b/#c", b"https://127.1/"),
)
_ERROR: Final = b'{"errors":[{"code":"NOT_FOUND","message":"artifact a/b:v1 not found","detail":{}},{"code":"DENIED"}]}'
_TOKENS: Final = (
    b'{"token":"a.b.c","expires_in":300,"issued_at":"2026-01-01T00:00:00Z"}',
    b'{"access_token":"x","expires_in":1e300}',
)

TARGETS: Final = (
    Target("challenge", _challenge, (_BEARER, b'Basic realm="x\\"y", Bearer realm=https://a/b', b"Negotiate abc=="),
           (MalformedChallenge,), 16_384),
    Target("url", _url, _URLS, (BadURL,), 16_384),
    Target("location", _location, _URLS, (BadURL,), 16_384),
    Target("realm", _realm, _URLS, (), 16_384),
    Target("dialled-url", _dialled, _URLS, (ValueError,), 16_384),
    Target("strict-json", _strict_json, (*_MANIFESTS, _ERROR, b"[[1e9,null,-0.0,\"\\ud800\"]]"), (BadJSON,),
           manifest.MAX_BODY),
    Target("manifest", _manifest, _MANIFESTS, (RegistryError,), manifest.MAX_BODY),
    Target("config", _config, _CONFIGS, (RegistryError,), manifest.MAX_BODY),
    Target("registry-errors", _errors, (_ERROR, b"<html>", b"Client sent an HTTP request to an HTTPS server.")),
    Target("token-answer", _token, _TOKENS, (RegistryError,)),
    Target("pace", _pace, (b"120", b"100;w=21600", b"Wed, 21 Oct 2026 07:28:00 GMT", b"7; w=1; q=1"), (), 16_384),
    Target("build-time", _built, (b"2024-01-08T10:30:00.123456789Z", b"2024-01-08T10:30:00+23:59"), (), 4_096),
    Target("domain", _domain, (b"harbor.example.com:8443", b"[2001:db8::1]:5000", b"10.0.0.5", b"xn--a.test"),
           (InvalidReference,)),
    Target("reference", _reference,
           (b"library/nginx", b"v1.2_3-rc.1", b"sha256:" + b"a" * 64, b"linux/arm/v7", b"a__b/c-d.e", USER.encode()),
           (InvalidReference,)),
)  # fmt: skip
"""Of a target: its name, its reader, seeds, what it may raise, and how long an input may be."""
