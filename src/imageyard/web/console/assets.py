"""Static files under URLs that carry a hash of their content: a browser keeps each for ever and asks for it once."""

from functools import cache
from importlib import resources
from typing import Final, NamedTuple

from imageyard.web import errors, hygiene, reply
from imageyard.web.exchange import Exchange
from imageyard.web.reply import Reply

PREFIX: Final = "/console/static/"
FILES: Final = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "focus.js": "text/javascript; charset=utf-8",
    "once.js": "text/javascript; charset=utf-8",
    "insight.js": "text/javascript; charset=utf-8",
    "sources.js": "text/javascript; charset=utf-8",
    "picks.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "vendor/htmx.min.js": "text/javascript; charset=utf-8",
}


class Asset(NamedTuple):
    type: str
    body: bytes
    url: str


@cache
def held() -> dict[str, Asset]:
    """Every asset by its name."""
    return {name: _read(name, media_type) for name, media_type in FILES.items()}


def url(name: str) -> str:
    return held()[name].url


@cache
def _by_url() -> dict[str, Asset]:
    return {asset.url: asset for asset in held().values()}


def answer(exchange: Exchange) -> Reply:
    """Raises UnknownPath, also for a hash of another version; MethodNotAllowed."""
    asset = _by_url().get(exchange.path)
    if asset is None:
        raise errors.UnknownPath
    if exchange.method not in ("GET", "HEAD"):
        raise errors.MethodNotAllowed(exchange.method, ("GET", "HEAD"))
    return reply.asset(asset.body, asset.type)


def _read(name: str, media_type: str) -> Asset:
    body = resources.files(__package__).joinpath("static", *name.split("/")).read_bytes()
    return Asset(media_type, body, f"{PREFIX}{hygiene.fingerprint(body)}/{name}")
