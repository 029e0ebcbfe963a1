"""What a bare GET of `/v2/` tells: whether a registry answers there, and how callers sign in. Pure."""

from datetime import datetime

from imageyard.domain.reasons import Reason
from imageyard.domain.text import Text
from imageyard.egress import Response
from imageyard.registry import RegistryError, errors, origin, strictjson, wire


def judge(hello: Response, now: datetime) -> RegistryError | None:
    """Whether the answer comes from a registry; None when it does. Evidence is the API version header, a challenge
    that we speak, or JSON: a web page answers 200 too (docker/for-linux#802)."""
    named = hello.header("docker-distribution-api-version").startswith("registry/2")
    if hello.status == 429 or hello.status >= 500 or errors.wants_https(hello):
        return errors.of_status(hello, now, "api")
    if hello.status == 200 and (named or (_is_json(hello) and not errors.is_html(hello))):
        return None
    if hello.status == 401 and (named or wire.asked(hello) is not None):
        return None
    if hello.status == 403:
        # A registry that admits nobody, or a gateway in front of it: either way an answer, and a refusal.
        return errors.of_status(hello, now, "api")
    host = origin.parse(hello.url).origin.authority
    detail = Text(f"{host}/v2/ 应答 HTTP {hello.status}", f"{host}/v2/ answers HTTP {hello.status}")
    return errors.error(Reason.NotARegistry, detail)


def strange() -> RegistryError:
    """A registry asks for a login by none of the ways that we speak."""
    return errors.error(Reason.Unsupported, Text("没有可用的登录方式", "it offers no way to sign in that we know"))


def _is_json(response: Response) -> bool:
    try:
        strictjson.read(response.body)
    except strictjson.BadJSON:
        return False
    return True
