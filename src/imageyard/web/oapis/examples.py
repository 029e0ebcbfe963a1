"""What the documented requests and answers look like: the API reference's own examples, completed.

A test reads each of them back through the product's types.
"""

from typing import Any, Final

from imageyard.domain.kind import Kind

Example = dict[str, Any]

DIGEST: Final = "sha256:6b0f0e3b7c1b4f2bb52ec6d1f1c1dcd1a9a3c0c3f7c0f9f9d1f0a8e6b7d4c3a2"
_LAYER: Final = "sha256:0a9a5dfd008f05ebc27e4790db0709a29e527690c21bcbcd01481eaeb6bb49dc"

_METADATA: Final[Example] = {
    "uid": "0d9f3c1e-6f0a-4b6e-9a55-1f4f1d2c7b10",
    "resourceVersion": "42",
    "generation": 1,
    "creationTimestamp": "2024-01-08T10:00:00Z",
}
_SOURCE_NAMES: Final[Example] = {
    "theriseunion.io/display-name": "生产环境 Harbor",
    "theriseunion.io/description": "生产环境主镜像仓库",
}
_SOURCE_SPEC: Final[Example] = {"domain": "harbor.example.com", "username": "admin", "provider": "harbor"}
_IMAGE_NAMES: Final[Example] = {
    "theriseunion.io/display-name": "Nginx 最新版本",
    "theriseunion.io/description": "Nginx web 服务器",
}
_IMAGE_SPEC: Final[Example] = {
    "repository": "library/nginx",
    "tag": "latest",
    "registryRef": {"name": "harbor-prod", "namespace": "default"},
    "syncInterval": "1h",
}

_SENT: Final[dict[str, Example]] = {
    "registrysecrets": {
        "metadata": {"name": "harbor-prod", "namespace": "default", "annotations": _SOURCE_NAMES},
        "spec": {**_SOURCE_SPEC, "password": "Harbor12345"},  # nosec B105 # an example
    },
    "repositories": {
        "metadata": {"name": "nginx-latest", "namespace": "default", "annotations": _IMAGE_NAMES},
        "spec": _IMAGE_SPEC,
    },
}
_ANSWERED: Final[dict[str, Example]] = {
    "registrysecrets": {
        "metadata": {
            "name": "harbor-prod",
            "namespace": "default",
            **_METADATA,
            "annotations": {
                **_SOURCE_NAMES,
                "theriseunion.io/domain": "harbor.example.com",
                "theriseunion.io/username": "admin",
                "theriseunion.io/provider": "harbor",
                "theriseunion.io/verify-status": "success",
            },
        },
        "spec": _SOURCE_SPEC,
        "status": {"observedGeneration": 1, "passwordSet": True, "passwordUpdatedTime": "2024-01-08T10:00:00Z"},
    },
    "repositories": {
        "metadata": {"name": "nginx-latest", "namespace": "default", **_METADATA, "annotations": _IMAGE_NAMES},
        "spec": {**_IMAGE_SPEC, "syncTimeout": "10m", "retryCount": 3, "suspend": False},
        "status": {
            "syncStatus": "Success",
            "domain": "harbor.example.com",
            "lastSynced": "2024-01-08T10:30:00Z",
            "nextSync": "2024-01-08T11:31:12Z",
            "reason": "Synced",
            "observedGeneration": 1,
            "manifest": {
                "digest": DIGEST,
                "mediaType": "application/vnd.oci.image.index.v1+json",
                "architecture": "amd64",
                "os": "linux",
                "size": "142MB",
                "sizeBytes": 142012345,
                "created": "2024-01-05T08:00:00Z",
                "layers": [{"digest": _LAYER, "size": "29124181"}],
                "platforms": [{"os": "linux", "architecture": "amd64"}, {"os": "linux", "architecture": "arm64"}],
            },
        },
    },
}
_PATCHES: Final[dict[str, Example]] = {
    "registrysecrets": {"spec": {"password": "NewHarbor12345"}},  # nosec B105 # an example
    "repositories": {"spec": {"tag": "1.27.0"}},
}

_CREATED: Final[dict[str, Example]] = {
    "registrysecrets": {
        "metadata": _ANSWERED["registrysecrets"]["metadata"]
        | {
            "annotations": _ANSWERED["registrysecrets"]["metadata"]["annotations"]
            | {"theriseunion.io/verify-status": "untested"}
        },
        "status": {
            "conditions": [
                {
                    "type": "Verified",
                    "status": "Unknown",
                    "reason": "Pending",
                    "observedGeneration": 1,
                    "lastTransitionTime": "2024-01-08T10:00:00Z",
                }
            ],
            "passwordSet": True,
            "passwordUpdatedTime": "2024-01-08T10:00:00Z",
            "nextVerify": "2024-01-08T10:00:00Z",
        },
    },
    "repositories": {"status": {"syncStatus": "", "nextSync": "2024-01-08T10:00:00Z"}},
}
"""What is not yet known when an object has just been made."""

VERIFY_BODY: Final[Example] = {"domain": "harbor.example.com", "username": "admin", "password": "Harbor12345"}  # nosec B105 # an example
VERIFICATION: Final[Example] = {
    "success": True,
    "message": "连接成功",
    "reason": "Verified",
    "steps": [{"name": "address", "outcome": "ok", "message": "harbor.example.com:443", "milliseconds": 12}],
}
_OUTCOMES: Final[dict[str, Example]] = {
    "SyncHistoryList": {
        "result": "Success",
        "reason": "Synced",
        "message": "同步成功",
        "digestBefore": "",
        "digestAfter": DIGEST,
    },
    "VerifyHistoryList": VERIFICATION,
}
SUBMISSION: Final[Example] = {"success": True, "message": "同步任务已提交"}
NAMESPACES: Final[Example] = {
    "apiVersion": "image.theriseunion.io/v1alpha1",
    "kind": "NamespaceList",
    "items": [{"metadata": {"name": "default"}}],
    "totalItems": 1,
}
MANIFEST: Final[Example] = {
    "digest": DIGEST,
    "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "manifest": {"schemaVersion": 2},
    "config": {"architecture": "amd64", "os": "linux", "config": {"Env": ["PATH"]}},
    "layers": [{"digest": _LAYER, "size": "29124181"}],
}


def _envelope(kind: Kind[Any]) -> Example:
    return {"apiVersion": kind.api_version, "kind": kind.name}


def sent(kind: Kind[Any]) -> Example:
    """What to POST."""
    return _envelope(kind) | _SENT.get(kind.plural, {"metadata": {"name": "example", "namespace": "default"}})


def answered(kind: Kind[Any]) -> Example:
    """What is answered."""
    return _envelope(kind) | _ANSWERED.get(kind.plural, sent(kind))


def created(kind: Kind[Any]) -> Example:
    """What is answered to who has just made it."""
    return answered(kind) | _CREATED.get(kind.plural, {})


def name(kind: Kind[Any]) -> str:
    found: str = sent(kind)["metadata"]["name"]
    return found


def listed(kind: Kind[Any]) -> Example:
    return {
        "apiVersion": kind.api_version,
        "kind": f"{kind.name}List",
        "items": [answered(kind)],
        "totalItems": 1,
    }


def merge_patch(kind: Kind[Any]) -> Example:
    return _PATCHES.get(kind.plural, {"metadata": {"labels": {"team": "web"}}})


def json_patch() -> list[Example]:
    return [{"op": "add", "path": "/metadata/labels", "value": {"team": "web"}}]


def history(kind: Kind[Any], list_kind: str) -> Example:
    entry = {"time": "2024-01-08T10:30:00Z", "trigger": "schedule", "durationMs": 412}
    entry |= _OUTCOMES[list_kind]
    return {"apiVersion": kind.api_version, "kind": list_kind, "items": [entry], "totalItems": 1}


def status(code: int, reason: str, message: str) -> Example:
    return {
        "apiVersion": "image.theriseunion.io/v1alpha1",
        "kind": "Status",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "details": {"name": "nginx-latest", "kind": "repository"},
        "code": code,
    }
