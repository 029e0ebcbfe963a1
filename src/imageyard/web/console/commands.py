"""The same by REST and by kubectl: the exact commands for what a page shows. Pure."""

import json
import shlex
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

from imageyard.domain.kind import Kind
from imageyard.domain.objects import API_VERSION
from imageyard.web.console import documents

_BEARER: Final = '-H "Authorization: Bearer $TOKEN"'
ALL: Final = "_all_"
"""The list scope of the REST door."""


class Commands(NamedTuple):
    """One action, twice. `kubectl` is "" for what only REST has."""

    title: str
    curl: str
    kubectl: str = ""


def rest(
    origin: str,
    method: str,
    kind: Kind[Any],
    namespace: str,
    below: str = "",
    *,
    query: Mapping[str, str] | None = None,
    body: object = None,
) -> str:
    """A curl command about a kind, each argument quoted for a POSIX shell."""
    path = f"/oapis/{API_VERSION}/namespaces/{quote(namespace or ALL)}/{kind.rest_path}{below}"
    return curl(origin, method, path, query=query, body=body)


def curl(origin: str, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None) -> str:
    """The same for any path."""
    asked = {name: value for name, value in (query or {}).items() if value}
    url = f"{origin}{path}?{urlencode(asked)}" if asked else f"{origin}{path}"
    parts = ["curl", _BEARER] if method == "GET" else ["curl", "-X", method, _BEARER]
    if body is not None:
        parts += ["-H", shlex.quote("Content-Type: application/json"), "-d", shlex.quote(json.dumps(body))]
    return " ".join([*parts, shlex.quote(url)])


def kubectl(*arguments: str, namespace: str | None = None) -> str:
    """`namespace` "" asks for all of them, None for none."""
    where = [] if namespace is None else ["-n", namespace] if namespace else ["-A"]
    return shlex.join(["kubectl", *arguments, *where])


def events(origin: str, namespace: str, selector: str) -> str:
    """A curl command for events, which the door for Kubernetes clients alone has."""
    path = f"/api/v1/namespaces/{quote(namespace)}/events" if namespace else "/api/v1/events"
    query = f"?{urlencode({'fieldSelector': selector})}" if selector else ""
    return f"curl {_BEARER} {shlex.quote(origin + path + query)}"


def applied(kind: Kind[Any], document: Mapping[str, Any]) -> str:
    """`kubectl apply` of a whole object from standard input."""
    whole = {"apiVersion": kind.api_version, "kind": kind.name, **document}
    return f"kubectl apply --server-side -f - <<'EOF'\n{documents.yaml_of(whole)}EOF"


def patch(kind: Kind[Any], namespace: str, name: str, change: object) -> str:
    """`kubectl patch` with a merge patch."""
    return kubectl("patch", kind.singular, name, "--type=merge", "-p", json.dumps(change), namespace=namespace)


def exported(kubeconfig: str) -> str:
    """The line that makes kubectl use a kubeconfig, "" for none."""
    return f"export KUBECONFIG={shlex.quote(kubeconfig)}" if kubeconfig else ""
