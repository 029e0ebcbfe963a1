"""The documents of the kube door: discovery and OpenAPI, by their paths. Each changes only with the program."""

from functools import lru_cache

from imageyard.web import errors
from imageyard.web.exchange import Exchange
from imageyard.web.kube import discovery, document
from imageyard.web.kube.discovery import Format
from imageyard.web.kube.document import Document
from imageyard.web.kube.negotiation import LONGEST
from imageyard.web.kube.openapi import v2, v3
from imageyard.web.reply import Reply


def find(exchange: Exchange) -> Reply | None:
    """The document at the request's path, None when there is none. Raises MethodNotAllowed."""
    path = exchange.path.rstrip("/") or "/"
    found = _at(path, exchange.header(b"accept"))
    if found is None:
        return None
    if exchange.method not in ("GET", "HEAD"):
        raise errors.MethodNotAllowed(exchange.method, ("GET", "HEAD"))
    exchange.resource, exchange.verb = "openapi" if path.startswith("/openapi") else "discovery", "get"
    return document.answer(found, exchange.query, exchange.header(b"if-none-match"))


def _at(path: str, accept: str) -> Document | None:
    if path == v2.PATH:
        return (
            v2.protobuf() if any(each.strip() in v2.ASKED_AS for each in accept[:LONGEST].split(",")) else v2.swagger()
        )
    if path.startswith(v3.INDEX):
        return v3.documents().get(path)
    if path in ("/api", "/apis") and (asked := aggregated(accept)) is not None:
        return discovery.aggregated(asked)[path]
    return discovery.plain().get(path)


@lru_cache(maxsize=64)
def aggregated(accept: str) -> Format | None:
    """The version of aggregated discovery that is asked for before anything else; None for plain discovery."""
    for clause in accept[:LONGEST].split(","):
        name, *rest = (part.strip() for part in clause.split(";"))
        told = dict(part.partition("=")[::2] for part in rest)
        if told.get("as") == "APIGroupDiscoveryList" and told.get("g") == "apidiscovery.k8s.io":
            match told.get("v"):
                case "v2":
                    return "v2"
                case "v2beta1":
                    return "v2beta1"
        elif name in ("application/json", "*/*", "application/*"):
            return None
    return None
