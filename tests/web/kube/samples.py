"""Paths, objects, and what an answer must look like."""

from typing import Any, Final

from tests.fakes.asgi import Answer

GROUP: Final = "/apis/image.theriseunion.io/v1alpha1"
IMAGES: Final = f"{GROUP}/namespaces/default/repositories"
SOURCES: Final = f"{GROUP}/namespaces/default/registrysecrets"
NAMESPACES: Final = "/api/v1/namespaces"
TABLE: Final = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
METADATA: Final = {"accept": "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"}
MERGE: Final = {"content-type": "application/merge-patch+json"}
JSON_PATCH: Final = {"content-type": "application/json-patch+json"}
APPLY: Final = {"content-type": "application/apply-patch+yaml"}
STRATEGIC: Final = {"content-type": "application/strategic-merge-patch+json"}
CANARY: Final = "canary-0f3a-password"

Json = dict[str, Any]


def image(name: str = "one", *, labels: dict[str, str] | None = None, **spec: Any) -> Json:
    metadata: Json = {"name": name, "namespace": "default"}
    if labels:
        metadata["labels"] = labels
    fields = {"repository": "team/app", "tag": "v1", "registryRef": {"name": "src", "namespace": "default"}, **spec}
    return {
        "apiVersion": "image.theriseunion.io/v1alpha1",
        "kind": "Repository",
        "metadata": metadata,
        "spec": fields,
    }


def source(name: str = "src", **spec: Any) -> Json:
    fields = {"domain": "harbor.example.com", "username": "robot", "password": CANARY, "provider": "harbor", **spec}
    return {
        "apiVersion": "image.theriseunion.io/v1alpha1",
        "kind": "RegistrySecret",
        "metadata": {"name": name, "namespace": "default"},
        "spec": fields,
    }


def failure(answer: Answer, code: int, reason: str) -> Json:
    """The Status of an answer, which has the shape of Kubernetes' own."""
    status: Json = answer.json()
    assert answer.status == code, answer.text
    assert (status["kind"], status["apiVersion"], status["status"]) == ("Status", "v1", "Failure")
    assert (status["code"], status["reason"], status["metadata"]) == (code, reason, {})
    return status


def names(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.text
    return [item["metadata"]["name"] for item in answer.json()["items"]]
