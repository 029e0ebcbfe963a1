"""Discovery: which groups, versions and resources there are, plain (a document each) and aggregated (all in one).

Source: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from functools import lru_cache
from hashlib import sha256
from itertools import groupby
from typing import Any, Final, Literal

from imageyard.web.kube import document, resources
from imageyard.web.kube.document import Document
from imageyard.web.kube.resources import RESOURCES, GroupVersion, Resource, Subresource

Format = Literal["v2", "v2beta1"]

MEDIA_TYPES: Final[Mapping[Format, str]] = {
    "v2": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
    "v2beta1": "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
}
"""What `/api` and `/apis` answer aggregated when a client prefers it. client-go asks by these very words."""


@lru_cache
def plain(served: tuple[Resource, ...] = RESOURCES) -> Mapping[str, Document]:
    """By path: `/api`, `/apis`, `/apis/GROUP`, and the resources of each group and version."""
    groups = _groups(served)
    documents: dict[str, dict[str, Any]] = {
        "/api": {
            "kind": "APIVersions",
            "versions": [at.version for at in groups.pop("", [])],
            # Which address a client should take instead of the one it came by: none.
            "serverAddressByClientCIDRs": [],
        },
        "/apis": {
            "kind": "APIGroupList",
            "apiVersion": "v1",
            "groups": [_group(name, versions) for name, versions in groups.items()],
        },
    }
    for name, versions in groups.items():
        documents[f"/apis/{name}"] = {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)}
    for at in resources.group_versions(served):
        documents[at.path] = _resource_list(at, served)
    return {path: document.of(content) for path, content in documents.items()}


@lru_cache
def aggregated(format_: Format, served: tuple[Resource, ...] = RESOURCES) -> Mapping[str, Document]:
    """`/api` and `/apis` with everything below them."""
    groups = _groups(served)
    below = {
        "/api": [{"metadata": {}, "versions": _versions(groups.pop("", []), served)}],
        "/apis": [
            {"metadata": {"name": name}, "versions": _versions(versions, served)} for name, versions in groups.items()
        ],
    }
    head = {"kind": "APIGroupDiscoveryList", "apiVersion": f"apidiscovery.k8s.io/{format_}", "metadata": {}}
    return {path: document.of({**head, "items": items}, MEDIA_TYPES[format_]) for path, items in below.items()}


def storage_version_hash(at: GroupVersion, kind: str) -> str:
    """Tells clients when an object is stored as another version: 8 bytes of a SHA-256, as Kubernetes has it."""
    return b64encode(sha256(f"{at.group}/{at.version}/{kind}".encode()).digest()[:8]).decode()


def _groups(served: tuple[Resource, ...]) -> dict[str, list[GroupVersion]]:
    return {name: [*versions] for name, versions in groupby(resources.group_versions(served), lambda at: at.group)}


def _group(name: str, versions: list[GroupVersion]) -> dict[str, Any]:
    listed = [{"groupVersion": at.name, "version": at.version} for at in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def _resource_list(at: GroupVersion, served: tuple[Resource, ...]) -> dict[str, Any]:
    listed = [entry for resource in resources.within(at, served) for entry in _entries(resource)]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": at.name, "resources": listed}


def _entries(resource: Resource) -> Iterator[dict[str, Any]]:
    """An APIResource, and one for each of its subresources."""
    yield {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": resource.verbs,
        **_names(resource),
        **({"storageVersionHash": storage_version_hash(resource.at, resource.kind)} if resource.row else {}),
    }
    for subresource in resource.subresources:
        yield {
            "name": f"{resource.plural}/{subresource.name}",
            "singularName": "",
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": subresource.verbs,
        }


def _versions(versions: list[GroupVersion], served: tuple[Resource, ...]) -> list[dict[str, Any]]:
    return [
        {
            "version": at.version,
            "resources": [_aggregated(resource) for resource in resources.within(at, served)],
            "freshness": "Current",
        }
        for at in versions
    ]


def _aggregated(resource: Resource) -> dict[str, Any]:
    kind = {"group": resource.at.group, "version": resource.at.version, "kind": resource.kind}
    below = [_aggregated_subresource(subresource, kind) for subresource in resource.subresources]
    return {
        "resource": resource.plural,
        "responseKind": kind,
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": resource.verbs,
        **_names(resource),
        **({"subresources": below} if below else {}),
    }


def _aggregated_subresource(subresource: Subresource, kind: Mapping[str, str]) -> dict[str, Any]:
    return {"subresource": subresource.name, "responseKind": kind, "verbs": subresource.verbs}


def _names(resource: Resource) -> dict[str, tuple[str, ...]]:
    """Both are left out where there are none."""
    given = {"shortNames": resource.short_names, "categories": resource.categories}
    return {name: values for name, values in given.items() if values}
