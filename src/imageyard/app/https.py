"""One HTTPS exchange of the command line with a server, in the words of the command line."""

import http.client
import json
import ssl
from typing import Any, Final, NamedTuple, NoReturn

from imageyard.domain import errors
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text

_LONGEST: Final = 64 * 1024 * 1024
"""Bytes of an answer: a command lists what a server has and is no place for more."""


class Answer(NamedTuple):
    status: int
    body: bytes

    def json(self) -> dict[str, Any]:
        """{} for what is no JSON object."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


def send(
    address: str,
    trust: ssl.SSLContext,
    method: str,
    path: str,
    *,
    token: Secret | None = None,
    body: object = None,
    timeout: float = 60,
) -> Answer:
    """`address` is host:port; the body goes as JSON. Raises OSError, HTTPException."""
    connection = http.client.HTTPSConnection(address, context=trust, timeout=timeout)
    headers = {"Content-Type": "application/json", "Accept": "application/json, */*", "Accept-Language": "en"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token.reveal()}"
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        return Answer(response.status, response.read(_LONGEST))
    finally:
        connection.close()


def refuse(answer: Answer) -> NoReturn:
    """What the server says as a failure. Raises errors.Failure."""
    told = answer.json()
    message = str(told.get("message", f"the server answered {answer.status}"))
    text = Text(message, message)
    details = told.get("details") or {}
    match answer.status:
        case 404:
            raise errors.NotFound(details.get("kind", "token"), details.get("name", ""))
        case 409 if told.get("reason") == "AlreadyExists":
            raise errors.AlreadyExists(details.get("kind", "token"), details.get("name", ""))
        case 409:
            raise errors.Conflict(details.get("kind", "token"), details.get("name", ""), text)
        case 401 | 403:
            raise errors.Forbidden(text)
        case 400 if causes := details.get("causes"):
            raise errors.Invalid([_cause(cause) for cause in causes], kind="accesstoken")
        case 400:
            raise errors.BadRequest(text)
        case _:
            raise errors.Unavailable(text)


def _cause(told: dict[str, str]) -> errors.Cause:
    message = told.get("message", "")
    return errors.Cause(told.get("field", ""), told.get("reason", ""), Text(message, message))
