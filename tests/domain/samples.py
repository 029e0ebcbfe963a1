"""Valid objects to change one thing in."""

from typing import Any

from imageyard.domain.kinds.registry_secret import RegistrySecret, RegistrySecretSpec
from imageyard.domain.kinds.repository import RegistryRef, Repository, RepositorySpec
from imageyard.domain.objects import ObjectMeta
from imageyard.domain.secret import Secret


def source(**spec: Any) -> RegistrySecret:
    """A RegistrySecret as it comes in, with its password."""
    given = {"domain": "harbor.example.com", "username": "admin", "password": Secret("Harbor12345"), **spec}
    return RegistrySecret(
        metadata=ObjectMeta(name="harbor-prod", namespace="default"),
        spec=RegistrySecretSpec(**{"provider": "harbor", **given}),
    )


def image(**spec: Any) -> Repository:
    """A Repository as it comes in."""
    given = {"repository": "library/nginx", "tag": "latest", "registry_ref": RegistryRef("harbor-prod", "default")}
    return Repository(
        metadata=ObjectMeta(name="nginx-latest", namespace="default"),
        spec=RepositorySpec(**{**given, **spec}),
    )
