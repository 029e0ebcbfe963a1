"""kubeconfig files (v1 Config): made new, and merged into what somebody has already.

Source: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

from imageyard.domain.secret import Secret

User = Mapping[str, Any]
"""A `user` of a kubeconfig; holds secrets."""


def by_token(token: Secret) -> User:
    return {"token": token.reveal()}


def by_certificate(certificate: bytes, key: Secret) -> User:
    return {"client-certificate-data": _base64(certificate), "client-key-data": _base64(key.reveal().encode())}


def cluster(server: str, ca: bytes | None) -> dict[str, Any]:
    """`ca` (PEM) None where the system's roots are enough."""
    return {"server": server, **({} if ca is None else {"certificate-authority-data": _base64(ca)})}


def complete(server: str, ca: bytes, name: str, user: User) -> bytes:
    """A kubeconfig of one cluster, one user, one context. JSON is YAML."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "imageyard", "cluster": cluster(server, ca)}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": "imageyard", "context": {"cluster": "imageyard", "user": name}}],
        "current-context": "imageyard",
    }
    return json.dumps(document, indent=2).encode() + b"\n"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
