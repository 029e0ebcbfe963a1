"""What the sample registry holds from the start: one image of each sort that people meet."""

from typing import Final

from imageyard.sample import images
from imageyard.sample.images import AMD64, ARM64, ARMV7, WINDOWS, Step
from imageyard.sample.storage import Storage

NGINX: Final = "library/nginx"
TOOLBOX: Final = "library/toolbox"
REDIS: Final = "classic/redis"
CHART: Final = "charts/web-gateway"

BASIC: Final = ("classic/*",)
"""Repositories that ask for Basic; all others ask for a Bearer token."""

_NGINX_STEPS: Final = (
    Step("/bin/sh -c #(nop) ADD file:rootfs.tar.xz in / ", 180_000),
    Step('/bin/sh -c #(nop)  CMD ["bash"]'),
    Step("ENV NGINX_VERSION=1.27.3"),
    Step("RUN /bin/sh -c apt-get update && apt-get install -y nginx # buildkit", 120_000),
    Step("COPY docker-entrypoint.sh / # buildkit", 1_600),
    Step("COPY 30-tune-worker-processes.sh /docker-entrypoint.d # buildkit", 4_600),
    Step("EXPOSE map[80/tcp:{}]"),
    Step('CMD ["nginx" "-g" "daemon off;"]'),
)
_REDIS_STEPS: Final = (
    Step("/bin/sh -c #(nop) ADD file:alpine.tar.gz in / ", 90_000),
    Step("/bin/sh -c apk add --no-cache redis", 60_000),
    Step('/bin/sh -c #(nop)  CMD ["redis-server"]'),
)
_TOOLBOX_STEPS: Final = (Step("COPY toolbox /usr/bin/ # buildkit", 40_000), Step('ENTRYPOINT ["toolbox"]'))


def fill(storage: Storage) -> None:
    """Put everything that does not move."""
    for tag in ("1.25", "1.26"):
        storage.put(NGINX, tag, images.multi_platform(f"nginx {tag}", _NGINX_STEPS))
    nginx = images.multi_platform("nginx 1.27", _NGINX_STEPS, platforms=(AMD64, ARM64, ARMV7, WINDOWS))
    for tag in ("1.27", "latest"):
        storage.put(NGINX, tag, nginx)
    storage.put(TOOLBOX, "1.0", images.single("toolbox", _TOOLBOX_STEPS))
    storage.put(REDIS, "7.2", images.single("redis", _REDIS_STEPS, docker=True))
    storage.put(CHART, "0.4.2", images.helm_chart("web-gateway", "0.4.2", "A gateway in front of the sample shop"))
