"""What a HEAD tells: the digest, or that a GET has to tell it. Pure."""

from datetime import datetime
from typing import Final, NamedTuple

from imageyard.domain import reference
from imageyard.egress import Response
from imageyard.registry import Head, errors, ratelimit
from imageyard.registry.wire import Landed

_NOT_KNOWN: Final = frozenset({405, 501})


class GetInstead(NamedTuple):
    """HEAD did not tell. `unusable`: it never will at this registry."""

    unusable: bool


def read(landed: Landed, now: datetime) -> Head | GetInstead:
    """Interpret an answer to HEAD, which never has a body. Raises RegistryError."""
    response = landed.response
    if response.status == 200:
        media_type = errors.media_type(response)
        told = digest(response)
        if told and media_type != "text/html":
            return Head(told, media_type, ratelimit.quota(response))
        return GetInstead(unusable=media_type != "text/html")
    if response.status in (400, 404):
        # What is missing or wrong stands in the body that HEAD does not have.
        return GetInstead(unusable=False)
    if response.status in _NOT_KNOWN or (response.status == 403 and landed.crossed):
        # A redirect to storage whose URL is signed for GET answers 403 to HEAD (moby#50065).
        return GetInstead(unusable=True)
    raise errors.of_status(response, now)


def digest(response: Response) -> str:
    """The digest that the header claims; "" where it claims none."""
    try:
        return reference.parse_digest(response.header("docker-content-digest").strip())
    except reference.InvalidReference:
        return ""
