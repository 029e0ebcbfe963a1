"""The golden table of rights (tests/rights) against the real process: a sample of its rows, and paths as they stand."""

import http.client
from collections.abc import Iterator
from typing import Final

import pytest

from tests.e2e.conftest import MakeProduct
from tests.e2e.product import Client, Product
from tests.rights import documents, table
from tests.rights.people import HELD, OTHER, OWN, PEOPLE, Json
from tests.rights.yard import KUBE, RBAC, canary

GROUPS: Final = {
    "nobody": (),
    "viewer": ("image-viewer",),
    "oper": ("image-operator",),
    "admin": ("image-admin",),
    "monit": ("system:monitoring",),
    "a-view": (),
    "a-adm": (),
}
"""Of the people of the table, some; `master` is the operator."""
BOUND: Final = {"a-view": "image-viewer", "a-adm": "image-admin"}
EVERY: Final = 5
"""So many rows are one of the sample."""
REFUSED: Final = ("-", "?")


@pytest.fixture(scope="module")
def people(make_product: MakeProduct) -> Iterator[dict[str, Client]]:
    """On a server that is furnished as the table has it."""
    product = make_product("rights").start()
    for team in (OWN, OTHER):
        _make(product, "//api/v1/namespaces", documents.namespace("", team))
        _make(product, f"/{KUBE}/namespaces/{team}/registrysecrets", documents.source(team, HELD))
        _make(product, f"/{KUBE}/namespaces/{team}/repositories", _marked(team))
        _make(product, f"/{RBAC}/namespaces/{team}/roles", documents.role(team, HELD))
        _make(product, f"/{RBAC}/namespaces/{team}/rolebindings", documents.binding(team, HELD))
        _make(product, f"//api/v1/namespaces/{team}/events", documents.event(team, HELD))
    for name, role in BOUND.items():
        subject = {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": name}
        given = documents.binding(OWN, name, role, [subject])
        _make(product, f"/{RBAC}/namespaces/{OWN}/rolebindings", given)
    clients = {who: product.client(product.posted_token(who, *groups)) for who, groups in GROUPS.items()}
    yield {**clients, "anon": product.client(""), "master": product.admin}
    product.stop()


def _make(product: Product, path: str, body: Json) -> None:
    product.admin.make(path, body)


def _marked(team: str) -> Json:
    made = documents.image(team, HELD)
    made["metadata"]["labels"] = {"canary": canary(team)}
    return made


BEYOND: Final = ("{digest}", "/clusterrole", "/console")
"""What this server does not hold; and pages, which lead strangers to the sign-in page."""


def _rows() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Method, path, and the cell of each person: of what reads, all; of what deletes, those who are refused. What is
    sent with the others is the table's own business."""
    sample = list(table.rows_of(table.FILE.read_text(encoding="utf-8")))[::EVERY]
    for key, cells in sample:
        method, path = key.split()
        found = {person.name: cell for person, cell in zip(PEOPLE, cells, strict=True)}
        if method == "DELETE":
            found = {who: cell for who, cell in found.items() if cell in REFUSED}
        if method in ("GET", "DELETE") and not any(each in path for each in BEYOND):
            yield method, path, found


def test_the_process_answers_as_the_table_says(people: dict[str, Client]) -> None:
    seen = {
        f"{method} {path} by {who}": (people[who].send(method, f"/{path}", allow_redirects=False).status_code, cell)
        for method, path, cells in _rows()
        for who, cell in cells.items()
        if who in people
    }
    assert len(seen) > 300
    wrong = {asked: pair for asked, pair in seen.items() if {403: "-", 401: "?"}.get(pair[0], str(pair[0])) != pair[1]}
    assert not wrong


TRICKS: Final = (
    f"{OWN}/../{OTHER}/repositories/{HELD}",
    f"{OWN}/%2e%2e/{OTHER}/repositories/{HELD}",
    f"{OWN}%2f..%2f{OTHER}/repositories/{HELD}",
    f"{OWN}/repositories/..%2f..%2f{OTHER}%2frepositories%2f{HELD}",
    f"/{OTHER}/repositories/{HELD}",
    f"./{OTHER}/repositories/{HELD}",
    f"{OTHER}%00/repositories/{HELD}",
    f"{OTHER}/repositories/{HELD}%2f",
    f"{OTHER}/repositories/{HELD}#x",
    f"{OTHER}%5crepositories%5c{HELD}",
    f"{OTHER}/repositories/{HELD}/../{HELD}",
    f"{OTHER.upper()}/repositories/{HELD}",
    f"{OTHER}%EF%BC%8Frepositories/{HELD}",
)


def test_no_spelling_of_a_path_leads_into_another_namespace(people: dict[str, Client]) -> None:
    """Sent as they stand: a client of the usual kind would straighten them first."""
    client = people["a-adm"]
    token = str(client.session.headers["Authorization"])
    for base in (f"{KUBE}/namespaces", "/oapis/image.theriseunion.io/v1alpha1/namespaces"):
        for trick in TRICKS:
            for headers, codes in (({"Authorization": token}, {400, 403, 404}), ({}, {400, 401})):
                connection = http.client.HTTPConnection(client.url.removeprefix("http://"), timeout=30)
                connection.putrequest("GET", f"{base}/{trick}", skip_accept_encoding=True)
                for name, value in headers.items():
                    connection.putheader(name, value)
                connection.endheaders()
                answer = connection.getresponse()
                body = answer.read().decode()
                connection.close()
                assert answer.status in codes, (base, trick, answer.status, body)
                assert canary(OTHER) not in body, (base, trick)
