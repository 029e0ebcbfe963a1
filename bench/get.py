"""Reading one object over TLS through all that a request goes through (token, rights, audit, metrics), as a person who
may read and is no administrator, against a bare ASGI app over TLS on the same bytes.
"""

from collections.abc import Iterator

from bench import bare, images, product, wrk
from bench.figure import Figure
from bench.product import Product
from bench.profile import Profile
from bench.world import Worlds

_TARGET = 0.50
_PATH = f"{product.API}/team-%02d/repositories/image-%06d"


def measure(profile: Profile, worlds: Worlds) -> Iterator[Figure]:
    """The same object again and again, as the bare app answers and as clients poll; and random ones among all, at both
    sizes of the world."""
    for count in (profile.few, profile.many):
        with worlds.serving(count) as server:
            token = server.token_of(f"reader-{count}", "image-viewer")
            if count == profile.few:
                yield _figure(server, token, 1, f"get one object of {count:,} over TLS", profile)
            yield _figure(server, token, count, f"get random ones of {count:,} objects over TLS", profile)


def _figure(server: Product, token: str, among: int, name: str, profile: Profile) -> Figure:
    body = server.raw(f"/{images.namespace(0)}/repositories/{images.name(0)}")
    with bare.asgi([body], server.directory / "tls") as url:
        before = _rate(url, "", "/0?%d&%d", among, profile)
        value = _rate(server.secure_url, token, _PATH, among, profile)
        ceiling = (before + _rate(url, "", "/0?%d&%d", among, profile)) / 2
    remark = f"{len(body):,} bytes, 16 connections kept open; bare ASGI on the same server with TLS, before and after"
    return Figure(name, value, ceiling, "requests/s", _TARGET, remark)


def _rate(url: str, token: str, path: str, count: int, profile: Profile) -> float:
    script = wrk.random_paths(path, count)
    return wrk.rate(url, token, seconds=profile.seconds, warm_up=profile.warm_up, script=script)
