"""OpenAPI v3: an index, and a document for each group and version. `kubectl explain` and `kubectl apply` read these."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from imageyard.web import health
from imageyard.web.kube import document, resources
from imageyard.web.kube.document import Document
from imageyard.web.kube.openapi import meta, operations, schemas
from imageyard.web.kube.resources import RESOURCES, GroupVersion, Resource

INDEX: Final = "/openapi/v3"
INFO: Final = {"title": "imageyard, as Kubernetes", "version": f"v{health.KUBERNETES}"}
SECURITY: Final = {"BearerToken": {"type": "apiKey", "in": "header", "name": "authorization"}}


@lru_cache
def documents(served: tuple[Resource, ...] = RESOURCES) -> Mapping[str, Document]:
    """By path: `/openapi/v3`, and `/openapi/v3/apis/GROUP/VERSION` for each. Paths in the index carry the document's
    hash, so that what was fetched by one never goes stale."""
    found = {INDEX + at.path: document.of(written(at, served)) for at in resources.group_versions(served)}
    index = {
        path.removeprefix(f"{INDEX}/"): {"serverRelativeURL": f"{path}?hash={each.hash}"}
        for path, each in found.items()
    }
    return {INDEX: document.of({"paths": index}), **found}


def written(at: GroupVersion, served: tuple[Resource, ...] = RESOURCES) -> dict[str, Any]:
    """The document of one group and version."""
    paths: dict[str, Any] = {}
    described = schemas.of_structs(at, meta.COMMON)
    for resource in resources.within(at, served):
        paths |= operations.paths(resource)
        described |= schemas.of_resource(resource)
    return {
        "openapi": "3.0.0",
        "info": INFO,
        "security": [{name: []} for name in SECURITY],
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": dict(sorted(described.items())), "securitySchemes": SECURITY},
    }
