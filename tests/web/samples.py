"""Objects and paths of the API reference, as its users send them."""

from typing import Any

PREFIX = "/oapis/image.theriseunion.io/v1alpha1"
NAMESPACES = f"{PREFIX}/namespaces"
SECRETS = f"{NAMESPACES}/default/registry-secrets"
IMAGES = f"{NAMESPACES}/default/repositories"
DIGEST = "sha256:" + "ab" * 32


def secret(name: str = "harbor-prod") -> dict[str, Any]:
    return {
        "apiVersion": "image.theriseunion.io/v1alpha1",
        "kind": "RegistrySecret",
        "metadata": {
            "name": name,
            "namespace": "default",
            "annotations": {"theriseunion.io/display-name": "生产环境 Harbor"},
        },
        "spec": {
            "domain": "harbor.example.com",
            "username": "admin",
            "password": "Harbor12345",
            "provider": "harbor",
        },
    }


def image(name: str = "nginx-latest") -> dict[str, Any]:
    return {
        "apiVersion": "image.theriseunion.io/v1alpha1",
        "kind": "Repository",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "repository": "library/nginx",
            "tag": "latest",
            "registryRef": {"name": "harbor-prod", "namespace": "default"},
            "syncInterval": "1h",
        },
    }


OBJECTS = {SECRETS: secret, IMAGES: image}
