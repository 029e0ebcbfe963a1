"""Nobody gives himself, or anybody else, a right that he does not hold: whatever he may write of roles and bindings."""

from typing import Any, Final

import pytest

from tests.rights import documents
from tests.rights.people import HELD, IMAGES_GROUP, OTHER, OWN, Json, Person, subject
from tests.rights.rows import APPLY, MERGE, Call
from tests.rights.yard import KUBE, RBAC, Yard

GROUP: Final = "rbac.authorization.k8s.io"
EVERYTHING: Final = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
MASTERS: Final = [{"kind": "Group", "apiGroup": GROUP, "name": "system:masters"}]
_READ: Final[Json] = {"apiGroups": [IMAGES_GROUP], "resources": ["repositories"], "verbs": ["get"]}
_RBAC: Final[Json] = {"apiGroups": [GROUP], "verbs": ["get", "create", "update", "patch"]}
GRANTER: Final = [_READ, {**_RBAC, "resources": ["roles", "rolebindings"]}]
"""May write roles and bindings, and read images: so that is all he may give."""
BINDER: Final = [
    {**_RBAC, "resources": ["rolebindings"]},
    {"apiGroups": [GROUP], "resources": ["clusterroles"], "resourceNames": ["image-viewer"], "verbs": ["bind"]},
]
"""May bind one role, which he does not hold."""
ESCALATOR: Final = [
    {**_RBAC, "resources": ["roles"]},
    {"apiGroups": [GROUP], "resources": ["roles"], "verbs": ["escalate"]},
]
CLUSTER_GRANTER: Final = [_READ, {**_RBAC, "resources": ["clusterroles", "clusterrolebindings"]}]

_ROLES: Final = f"{RBAC}/namespaces/{OWN}/roles"
_BINDINGS: Final = f"{RBAC}/namespaces/{OWN}/rolebindings"


def _me(name: str) -> list[Json]:
    return [{"kind": "User", "apiGroup": GROUP, "name": name}]


def _role_ref(kind: str, name: str, who: str, binding: str = "mine") -> Json:
    made = documents.binding(OWN, binding, subjects=_me(who))
    made["roleRef"] = {"apiGroup": GROUP, "kind": kind, "name": name}
    return made


def _role(rules: list[Json], name: str = "mine") -> Json:
    return documents.role(OWN, name, rules)


def _rule(**changed: Any) -> list[Json]:
    return [{**_READ, **changed}]


def _gathering() -> Json:
    made = documents.role("", "mine", [])
    made["aggregationRule"] = {"clusterRoleSelectors": [{"matchLabels": {}}]}
    return made


_APPLY_HELD: Final = f"{_ROLES}/{HELD}?fieldManager=x&force=true"
_ESCALATED: Final = [{"op": "add", "path": "/rules/-", "value": EVERYTHING[0]}]
ATTEMPTS: Final[dict[str, tuple[str, Call]]] = {
    "a role with everything": ("granter", Call("POST", _ROLES, _role(EVERYTHING))),
    "a role with one verb more": ("granter", Call("POST", _ROLES, _role(_rule(verbs=["get", "list"])))),
    "a role with every verb": ("granter", Call("POST", _ROLES, _role(_rule(verbs=["*"])))),
    "a role with one resource more": ("granter", Call("POST", _ROLES, _role(_rule(resources=["registrysecrets"])))),
    "a role with a subresource": ("granter", Call("POST", _ROLES, _role(_rule(resources=["repositories/sync"])))),
    "a role with every subresource": ("granter", Call("POST", _ROLES, _role(_rule(resources=["*/sync"])))),
    "a role with every group": ("granter", Call("POST", _ROLES, _role(_rule(apiGroups=["*"])))),
    "a role that may bind": (
        "granter",
        Call("POST", _ROLES, _role([{**_RBAC, "resources": ["roles"], "verbs": ["bind"]}])),
    ),
    "a role that may escalate": (
        "granter",
        Call("POST", _ROLES, _role([{**_RBAC, "resources": ["roles"], "verbs": ["escalate"]}])),
    ),
    "a rehearsed role": ("granter", Call("POST", f"{_ROLES}?dryRun=All", _role(EVERYTHING))),
    "an applied role": ("granter", Call("PATCH", f"{_ROLES}/mine?fieldManager=x", _role(EVERYTHING), APPLY)),
    "an applied rule": ("granter", Call("PATCH", _APPLY_HELD, _role(EVERYTHING, HELD), APPLY)),
    "a patched rule": ("granter", Call("PATCH", f"{_ROLES}/{HELD}", {"rules": EVERYTHING}, MERGE)),
    "an added rule": (
        "granter",
        Call("PATCH", f"{_ROLES}/{HELD}", _ESCALATED, {"content_type": "application/json-patch+json"}),
    ),
    "a strategic patch": (
        "granter",
        Call(
            "PATCH",
            f"{_ROLES}/{HELD}",
            {"rules": EVERYTHING},
            {"content_type": "application/strategic-merge-patch+json"},
        ),
    ),
    "a binding to cluster-admin": (
        "granter",
        Call("POST", _BINDINGS, _role_ref("ClusterRole", "cluster-admin", "granter")),
    ),
    "a binding to image-admin": (
        "granter",
        Call("POST", _BINDINGS, _role_ref("ClusterRole", "image-admin", "granter")),
    ),
    "a binding for others": ("granter", Call("POST", _BINDINGS, _role_ref("ClusterRole", "image-admin", "somebody"))),
    "a binding for the masters": (
        "granter",
        Call("POST", _BINDINGS, documents.binding(OWN, "mine", "cluster-admin", MASTERS)),
    ),
    "a binding by generated name": (
        "granter",
        Call(
            "POST",
            _BINDINGS,
            {**_role_ref("ClusterRole", "image-admin", "granter"), "metadata": {"generateName": "x-"}},
        ),
    ),
    "myself in another's binding": (
        "granter",
        Call("PATCH", f"{_BINDINGS}/a-adm", {"subjects": _me("granter")}, MERGE),
    ),
    "a cluster role": ("granter", Call("POST", f"{RBAC}/clusterroles", documents.role("", "mine", [_READ]))),
    "a cluster binding": (
        "granter",
        Call("POST", f"{RBAC}/clusterrolebindings", documents.binding("", "mine", "image-viewer", _me("granter"))),
    ),
    "a role elsewhere": ("granter", Call("POST", f"{RBAC}/namespaces/{OTHER}/roles", documents.role(OTHER, "mine"))),
    "a binding to what may not be bound": (
        "binder",
        Call("POST", _BINDINGS, _role_ref("ClusterRole", "image-admin", "binder")),
    ),
    "a binding to a role of that name": ("binder", Call("POST", _BINDINGS, _role_ref("Role", HELD, "binder"))),
    "a binding elsewhere": (
        "binder",
        Call("POST", f"{RBAC}/namespaces/{OTHER}/rolebindings", documents.binding(OTHER, "mine")),
    ),
    "a binding to an escalated role": ("escalator", Call("POST", _BINDINGS, _role_ref("Role", HELD, "escalator"))),
    "a cluster role with everything": (
        "cluster-granter",
        Call("POST", f"{RBAC}/clusterroles", documents.role("", "mine", EVERYTHING)),
    ),
    "a cluster role that gathers": ("cluster-granter", Call("POST", f"{RBAC}/clusterroles", _gathering())),
    "a URL of the operator's door": (
        "cluster-granter",
        Call(
            "POST",
            f"{RBAC}/clusterroles",
            documents.role("", "mine", [{"nonResourceURLs": ["/admin/*"], "verbs": ["create"]}]),
        ),
    ),
    "a cluster binding to cluster-admin": (
        "cluster-granter",
        Call(
            "POST",
            f"{RBAC}/clusterrolebindings",
            documents.binding("", "mine", "cluster-admin", _me("cluster-granter")),
        ),
    ),
    "a label by which others gather": (
        "cluster-granter",
        Call("PATCH", f"{RBAC}/clusterroles/image-admin", {"metadata": {"labels": {"x": "y"}}}, MERGE),
    ),
    "cluster-admin of the own namespace beyond it": (
        "a-owner",
        Call("POST", f"{RBAC}/clusterrolebindings", documents.binding("", "mine", "cluster-admin", _me("a-owner"))),
    ),
    "a token of a master": (
        "a-owner",
        Call("POST", "/admin/v1/tokens", {"name": "mine", "user": "x", "groups": ["system:masters"]}),
    ),
    "a token by an image-admin": (
        "admin",
        Call("POST", "/admin/v1/tokens", {"name": "mine", "user": "x", "groups": ["system:masters"]}),
    ),
    "a role by an image-admin": ("admin", Call("POST", _ROLES, _role([_READ]))),
    "a binding by an image-admin": (
        "a-adm",
        Call("POST", _BINDINGS, _role_ref("ClusterRole", "image-viewer", "a-adm")),
    ),
}


@pytest.fixture
async def peopled(furnished: Yard) -> Yard:
    """With some who may write roles or bindings, and not more."""
    roles = {"granter": GRANTER, "binder": BINDER, "escalator": ESCALATOR, "cluster-granter": CLUSTER_GRANTER}
    for name, rules in roles.items():
        person = Person(name, name, bound=name != "cluster-granter")
        root = furnished.people["root"]
        await root.post(f"{RBAC}/clusterroles", documents.role("", name, rules))
        where = _BINDINGS if person.bound else f"{RBAC}/clusterrolebindings"
        given = documents.binding(OWN if person.bound else "", name, name, [subject(person)])
        assert (await root.post(where, given)).status == 201
        furnished.people[name] = await furnished.server.client(name)
    return furnished


async def test_nobody_gives_a_right_that_he_does_not_hold(peopled: Yard) -> None:
    before = await peopled.store.resource_version()
    answers = {
        title: await peopled.ask(who, call.method, call.url, call.body, **call.headers)
        for title, (who, call) in ATTEMPTS.items()
    }
    given = {title: answer.text for title, answer in answers.items() if answer.status != 403}
    assert not given
    assert await peopled.store.resource_version() == before


async def test_what_is_held_may_be_given(peopled: Yard) -> None:
    """So that the refusals above are those of the rule, and not of a mistake in the requests."""
    given = {
        "granter": (_ROLES, _role([_READ])),
        "binder": (_BINDINGS, _role_ref("ClusterRole", "image-viewer", "somebody", "viewing")),
        "escalator": (_ROLES, _role(EVERYTHING, "more")),
        "cluster-granter": (f"{RBAC}/clusterroles", documents.role("", "mine", [_READ])),
        "a-owner": (_BINDINGS, _role_ref("ClusterRole", "image-admin", "somebody", "administering")),
    }
    for who, (path, body) in given.items():
        answer = await peopled.ask(who, "POST", path, body)
        assert answer.status == 201, (who, answer.text)


async def test_a_refused_name_and_an_unheard_one_of_a_role_are_alike_to_who_may_not_bind(peopled: Yard) -> None:
    """Of roles in other namespaces a binding knows nothing: it names those beside it."""
    await peopled.ask("root", "POST", f"{RBAC}/namespaces/{OTHER}/roles", documents.role(OTHER, "there"))
    told = set()
    for name in ("there", "where"):
        answer = await peopled.ask("granter", "POST", _BINDINGS, _role_ref("Role", name, "granter"))
        told.add((answer.status, answer.text.replace(name, "<name>")))
    assert len(told) == 1, told


async def test_losing_a_role_counts_at_once(peopled: Yard) -> None:
    path = f"{KUBE}/namespaces/{OWN}/repositories"
    assert (await peopled.ask("a-view", "GET", path)).status == 200
    assert (await peopled.ask("a-owner", "DELETE", f"{_BINDINGS}/a-view")).status == 200
    assert (await peopled.ask("a-view", "GET", path)).status == 403


async def test_headers_do_not_make_somebody_of_anybody(furnished: Yard) -> None:
    """Proxies in front of other servers say who asks by such headers; here a token does."""
    named = {
        "x_remote_user": "admin",
        "x_remote_group": "system:masters",
        "x_forwarded_user": "admin",
        "x_forwarded_email": "admin",
        "x_original_url": "/livez",
        "x_rewrite_url": "/livez",
        "x_http_method_override": "GET",
    }
    secret = f"{KUBE}/namespaces/{OTHER}/registrysecrets/{HELD}"
    for header, value in named.items():
        assert (await furnished.ask("a-adm", "GET", secret, **{header: value})).status == 403, header
        assert (await furnished.ask("anon", "GET", secret, **{header: value})).status == 401, header
        assert (
            await furnished.ask("a-view", "DELETE", f"{KUBE}/namespaces/{OWN}/repositories/{HELD}", **{header: value})
        ).status == 403
