"""What the console promises of each of its routes: what one has to be allowed to, and what is sent to try it.

A new route is one line in PROMISES. Source of the promise: everything a role may not do is absent and refused; pages
show only what one may see.
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from imageyard.web.console import routes
from tests.rights.yard import DIGEST

OPEN: Final = "open"
"""To everybody, known or not."""
KNOWN: Final = "known"
"""To everybody who has signed in."""
MASTERS: Final = "masters"
"""To operators of this server, members of system:masters."""
FORM: Final = {"content_type": "application/x-www-form-urlencoded"}
_FIELDS: Final = ("{namespace}", "{name}", "{digest}")


class Promise(NamedTuple):
    """`right` is one of the words above, or a verb and what it is about: `delete repositories`, `get /metrics`. `sends`
    is a query or a form, in which `%N` stands for the name; `answer` comes to who may, 303 after a POST if not said
    otherwise; `refused` to who may not."""

    right: str
    sends: str = ""
    answer: int = 0
    refused: int = 403
    where: str = ""
    """The namespace in which the right is asked for, where the path names none."""
    name: str = ""
    """Likewise the object."""


PROMISES: Final[Mapping[str, Promise]] = {
    "GET /console": Promise(OPEN, answer=303),
    "GET /console/": Promise(KNOWN),
    "GET /console/sign-in": Promise(OPEN),
    "POST /console/sign-in": Promise(OPEN, "token=iy_wrong", 401),
    "POST /console/sign-out": Promise(KNOWN),
    "POST /console/preferences": Promise(OPEN, "theme=dark"),
    "GET /console/events": Promise("watch repositories", "on=repositories%20team-a", where="team-a"),
    "GET /console/patterns": Promise(MASTERS, refused=404),
    "GET /console/access": Promise("get /admin/v1/tokens"),
    "GET /console/access/tokens/new": Promise("create /admin/v1/tokens"),
    "POST /console/access/tokens/new": Promise("create /admin/v1/tokens", "name=free&user=ann&group=image-viewer"),
    "GET /console/access/tokens/{}/created": Promise("create /admin/v1/tokens"),
    "GET /console/access/tokens/{}/revoke": Promise("delete /admin/v1/tokens"),
    "POST /console/access/tokens/{}/revoke": Promise("delete /admin/v1/tokens"),
    "GET /console/access/roles": Promise("list clusterroles"),
    "GET /console/access/clusterroles/{}": Promise("get clusterroles"),
    "GET /console/access/clusterrolebindings/{}": Promise("get clusterrolebindings"),
    "GET /console/access/roles/{}/{}": Promise("get roles"),
    "GET /console/access/rolebindings/{}/{}": Promise("get rolebindings"),
    "GET /console/access/check": Promise("create subjectaccessreviews", "user=ann&what=repositories"),
    "GET /console/audit": Promise("get /admin/v1/audit"),
    "GET /console/audit/export": Promise("get /admin/v1/audit"),
    "GET /console/activity": Promise(KNOWN),
    "GET /console/settings": Promise(MASTERS),
    "POST /console/settings/egress": Promise(MASTERS, "host=127.0.0.1", 200),
    "GET /console/settings/keys/rotate": Promise(MASTERS),
    "POST /console/settings/keys/rotate": Promise(MASTERS),
    "GET /console/about": Promise(KNOWN),
    "POST /console/about/support": Promise(MASTERS, answer=200),
    "GET /console/api": Promise(KNOWN),
    "GET /console/images": Promise(KNOWN),
    "GET /console/images/new": Promise("create repositories", where="team-a"),
    "POST /console/images/new": Promise("create repositories", "namespace=team-a&name=free", 200, where="team-a"),
    "GET /console/images/import": Promise("create repositories", where="team-a"),
    "POST /console/images/import": Promise("create repositories", "namespace=team-a&text=", 200, where="team-a"),
    "POST /console/images/bulk": Promise(
        "patch repositories", "item=team-a/held&action=suspend", where="team-a", name="held"
    ),
    "GET /console/images/{}/{}/edit": Promise("patch repositories"),
    "POST /console/images/{}/{}/edit": Promise("patch repositories", answer=200),
    "GET /console/images/{}/{}": Promise("get repositories"),
    "GET /console/images/{}/{}/row": Promise("get repositories"),
    "GET /console/images/{}/{}/compare": Promise("get repositories"),
    "GET /console/images/{}/{}/manifest.json": Promise("get repositories", f"digest={DIGEST}"),
    "GET /console/images/{}/{}/config.json": Promise("get repositories", f"digest={DIGEST}", 404),
    "POST /console/images/{}/{}/sync": Promise("create repositories/sync"),
    "POST /console/images/{}/{}/suspend": Promise("patch repositories"),
    "POST /console/images/{}/{}/resume": Promise("patch repositories"),
    "GET /console/images/{}/{}/delete": Promise("delete repositories"),
    "POST /console/images/{}/{}/delete": Promise("delete repositories", "confirmed=%N"),
    "GET /console/sources": Promise(KNOWN),
    "GET /console/sources/new": Promise("create registrysecrets", where="team-a"),
    "POST /console/sources/new": Promise(
        "create registrysecrets", "namespace=team-a&name=free&domain=r.test&provider=other&anonymous=1", where="team-a"
    ),
    "GET /console/sources/import": Promise("create registrysecrets", where="team-a"),
    "POST /console/sources/import": Promise("create registrysecrets", "namespace=team-a&text={}", 422, where="team-a"),
    "POST /console/sources/selection": Promise(
        "delete registrysecrets", "item=team-a/held&do=delete", 200, where="team-a"
    ),
    "GET /console/sources/{}/{}/edit": Promise("patch registrysecrets"),
    "POST /console/sources/{}/{}/edit": Promise("patch registrysecrets", answer=409),
    "GET /console/sources/{}/{}/password": Promise("patch registrysecrets"),
    "POST /console/sources/{}/{}/password": Promise("patch registrysecrets", answer=422),
    "POST /console/sources/{}/{}/grants": Promise("patch registrysecrets", "grant=team-b"),
    "GET /console/sources/{}/{}": Promise("get registrysecrets"),
    "GET /console/sources/{}/{}/row": Promise("get registrysecrets"),
    "POST /console/sources/{}/{}/verify": Promise("create registrysecrets/verify"),
    "GET /console/sources/{}/{}/delete": Promise("delete registrysecrets"),
    "POST /console/sources/{}/{}/delete": Promise("delete registrysecrets", "confirmed=%N"),
}


def all_of() -> Iterator[tuple[str, str, str]]:
    """Method, path with named places, and the key in PROMISES, of every route of the console."""
    for route in routes.ROUTES:
        for method in route.methods:
            yield method, named(route.template), f"{method} {route.template}"


def named(template: str) -> str:
    """`{}` of the console's table as the other tables have it: a namespace, a name, a digest; or a name alone."""
    fields = _FIELDS if template.count("{}") > 1 else _FIELDS[1:]
    for field in fields:
        template = template.replace("{}", field, 1)
    return template


def promise(method: str, template: str) -> Promise:
    """Raises LookupError, with the line to add."""
    for field in _FIELDS:
        template = template.replace(field, "{}")
    key = f"{method} {template}"
    if key not in PROMISES:
        raise LookupError(f'no promise for {key}: add `"{key}": Promise("VERB RESOURCE"),` in {__name__}.PROMISES')
    return PROMISES[key]
