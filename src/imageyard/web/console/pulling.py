"""How to pull an image with the tools people have, ready to copy. Pure."""

import json
import shlex
from typing import NamedTuple

import yaml

from imageyard.domain.kinds.repository import Repository

DOCKER_HUB = "docker.io"


class Pull(NamedTuple):
    tool: str
    command: str


def reference(image: Repository, domain: str) -> str:
    """`domain/path:tag`. What Docker Hub calls `nginx` other tools call `docker.io/library/nginx`."""
    path = image.spec.repository
    if domain == DOCKER_HUB and "/" not in path:
        path = f"library/{path}"
    return f"{domain}/{path}:{image.spec.tag}"


def commands(image: Repository, domain: str) -> tuple[Pull, ...]:
    named = reference(image, domain)
    quoted = shlex.quote(named)
    return (
        Pull("docker", f"docker pull {quoted}"),
        Pull("nerdctl", f"nerdctl pull {quoted}"),
        Pull("podman", f"podman pull {quoted}"),
        Pull("crictl", f"crictl pull {quoted}"),
        Pull("Pod", _pod(image, named)),
    )


def pinned(image: Repository, domain: str) -> str:
    """`domain/path@digest`: the very content that was synced, "" where there is none."""
    if image.status.manifest is None or not image.status.manifest.digest:
        return ""
    return f"{reference(image, domain).rpartition(':')[0]}@{image.status.manifest.digest}"


def _pod(image: Repository, named: str) -> str:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": image.metadata.name[:63].rstrip("-.")},
        "spec": {"containers": [{"name": "main", "image": named}]},
    }
    text: str = yaml.safe_dump(json.loads(json.dumps(pod)), sort_keys=False)
    return text.rstrip()
