"""What a registry says when it will not do something (OCI distribution-spec 1.1, "Error Codes")."""

from collections.abc import Iterable

from starlette.responses import JSONResponse

Headers = tuple[tuple[str, str], ...]
API_VERSION = ("docker-distribution-api-version", "registry/2.0")


class Refused(Exception):
    """A request that is answered with an error body. `headers` may repeat a name (several challenges)."""

    def __init__(self, status: int, code: str, message: str, headers: Headers = ()) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers


def respond(refused: Refused) -> JSONResponse:
    """The error as an answer: `{"errors": [{"code", "message"}]}`."""
    body = {"errors": [{"code": refused.code, "message": refused.message}]}
    response = JSONResponse(body, status_code=refused.status)
    add_headers(response, (API_VERSION, *refused.headers))
    return response


def add_headers(response: JSONResponse, headers: Iterable[tuple[str, str]]) -> None:
    """Append, so that a name may stand several times."""
    for name, value in headers:
        response.headers.append(name, value)


def unknown_name(repository: str) -> Refused:
    return Refused(404, "NAME_UNKNOWN", f"repository {repository} is not known to this registry")


def unknown_manifest(message: str = "manifest unknown") -> Refused:
    return Refused(404, "MANIFEST_UNKNOWN", message)


def unknown_blob() -> Refused:
    return Refused(404, "BLOB_UNKNOWN", "blob unknown to this repository")


def invalid_digest(message: str) -> Refused:
    return Refused(400, "DIGEST_INVALID", message)
