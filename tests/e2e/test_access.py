"""Who may do what, by tokens that the command line makes while the server runs and while it does not."""

import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Final

import pytest
import requests
from requests.adapters import HTTPAdapter

from tests.e2e.conftest import MakeProduct
from tests.e2e.product import IMAGES, SOURCES, Client, Product, eventually, image, source

GUESSER: Final = "127.0.0.77"
"""Failed guesses count for the address they come from; this one is nobody else's."""


class From(HTTPAdapter):
    """Connects from an address of our choice."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options, source_address=(self._address, 0))


def status(answer: requests.Response) -> tuple[int, str]:
    """Code and reason of a Status, its shape checked on the way."""
    body = answer.json()
    assert (body["apiVersion"], body["kind"]) == ("image.theriseunion.io/v1alpha1", "Status")
    assert (body["status"], body["code"]) == ("Failure", answer.status_code)
    assert body["message"]
    return answer.status_code, body["reason"]


@pytest.fixture(scope="module")
def tokens(product: Product) -> dict[str, str]:
    """One for each role, made while the server runs; the command line is slow to start, so all at once."""
    wanted = {
        "viewer": ("image-viewer", ""),
        "operator": ("image-operator", ""),
        "short": ("image-viewer", "3s"),
        "nobody": ("", ""),
    }
    with ThreadPoolExecutor(len(wanted)) as pool:
        making = {
            name: pool.submit(product.new_token, name, f"{name}-user", *([group] if group else []), ttl=ttl)
            for name, (group, ttl) in wanted.items()
        }
        return {name: token.result() for name, token in making.items()}


@pytest.fixture(scope="module")
def objects(admin: Client) -> Iterator[None]:
    admin.make(SOURCES, source("access", "127.0.0.1:9", "", "", insecure=True))
    admin.make(IMAGES, image("access", "access", suspend=True))
    yield
    admin.delete(f"{IMAGES}/access")
    admin.delete(f"{SOURCES}/access")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_nothing_is_served_without_a_token_but_what_probes_ask(product: Product, scheme: str) -> None:
    url = product.url if scheme == "http" else product.secure_url
    nobody = product.client("", url)
    nobody.session.verify = str(product.directory / "tls" / "ca.crt")
    for path in (IMAGES, SOURCES, f"{IMAGES}/x", "//metrics", "//admin/v1/tokens", "/nothing", "/namespaces"):
        answer = nobody.get(path)
        assert (answer.status_code, answer.headers["WWW-Authenticate"].split()[0]) == (401, "Bearer"), path
        assert answer.headers["X-Request-Id"]
    assert status(nobody.get(IMAGES)) == (401, "Unauthorized")
    for path, text in (("//livez", "ok"), ("//readyz", "ok"), ("//healthz", "ok")):
        assert nobody.get(path).text == text
    assert nobody.get("//version").json()["gitVersion"].startswith("v1.36.0+imageyard.")


@pytest.mark.parametrize("authorization", ["Bearer wrong", "Basic YWRtaW46YWRtaW4=", "Bearer", "Bearer iy_" + "A" * 43])
def test_a_wrong_token_is_refused_in_the_callers_language(product: Product, authorization: str) -> None:
    stranger = product.client("")
    chinese = stranger.get(IMAGES, headers={"Authorization": authorization})
    assert status(chinese) == (401, "Unauthorized")
    assert chinese.headers["WWW-Authenticate"].startswith("Bearer")
    assert "令牌" in chinese.json()["message"]
    english = stranger.get(IMAGES, headers={"Authorization": authorization, "Accept-Language": "en"})
    assert "token" in english.json()["message"]


@pytest.mark.usefixtures("objects")
def test_a_viewer_reads_everything_and_changes_nothing(product: Product, tokens: dict[str, str]) -> None:
    viewer = product.client(tokens["viewer"])
    assert viewer.read(f"{IMAGES}/access")["metadata"]["name"] == "access"
    assert viewer.read(f"{SOURCES}/access")["spec"]["domain"] == "127.0.0.1:9"
    assert viewer.get("/namespaces/_all_/repositories").status_code == 200
    refused = [
        viewer.post(IMAGES, image("mine", "access")),
        viewer.post(SOURCES, source("mine", "127.0.0.1:9", "", "")),
        viewer.post(f"{IMAGES}/access/sync"),
        viewer.post(f"{SOURCES}/access/verify", {}),
        viewer.send("PUT", f"{IMAGES}/access", json=image("access", "access")),
        viewer.send("PATCH", f"{IMAGES}/access", json={"spec": {"tag": "v2"}}),
        viewer.delete(f"{IMAGES}/access"),
        viewer.delete(f"{SOURCES}/access"),
        viewer.send("DELETE", IMAGES, json={"names": ["access"]}),
        viewer.get("//metrics"),
        viewer.get("//admin/v1/tokens"),
    ]
    assert {status(answer) for answer in refused} == {(403, "Forbidden")}
    assert viewer.read(f"{IMAGES}/access")["spec"]["tag"] == "v1"


@pytest.mark.usefixtures("objects")
def test_an_operator_asks_for_syncs_and_touches_no_source(product: Product, tokens: dict[str, str]) -> None:
    operator = product.client(tokens["operator"])
    assert operator.post(f"{IMAGES}/access/sync").status_code == 200
    assert operator.send("PATCH", f"{IMAGES}/access", json={"spec": {"tag": "v2"}}).status_code == 200
    assert status(operator.delete(f"{IMAGES}/access")) == (403, "Forbidden")
    assert status(operator.post(f"{SOURCES}/access/verify", {})) == (403, "Forbidden")


def test_a_bearer_without_a_role_is_known_and_may_nothing(product: Product, tokens: dict[str, str]) -> None:
    nobody = product.client(tokens["nobody"])
    assert status(nobody.get(IMAGES)) == (403, "Forbidden")
    assert nobody.read("/namespaces")["items"] == []


def test_a_token_ends_with_its_time(product: Product, tokens: dict[str, str]) -> None:
    listed = product.admin.read("//admin/v1/tokens")["items"]
    (expires,) = [datetime.fromisoformat(each["expires"]) for each in listed if each["name"] == "short"]
    eventually(lambda: datetime.now(UTC) > expires, seconds=10)
    assert status(product.client(tokens["short"]).get(IMAGES)) == (401, "Unauthorized")


def test_revoking_takes_effect_at_once(product: Product, tokens: dict[str, str]) -> None:
    revoked = product.client(product.new_token("revoked", "robot", "image-viewer"))
    assert revoked.get(IMAGES).status_code == 200
    assert product.cli("token", "revoke", "revoked") == "token/revoked revoked\n"
    assert status(revoked.get(IMAGES)) == (401, "Unauthorized")
    assert product.client(tokens["viewer"]).get(IMAGES).status_code == 200


def test_the_command_line_tells_what_went_wrong_by_its_exit_code(
    product: Product, make_product: MakeProduct, tokens: dict[str, str]
) -> None:
    listed = product.cli("token", "list")
    assert "viewer-user" in listed
    assert "image-viewer" in listed
    assert not any(token in listed for token in tokens.values())
    calls = {
        ("token", "create", "viewer", "--user", "again"): 7,
        ("token", "revoke", "unheard-of"): 5,
        ("token", "create", "Not A Name", "--user", "u"): 2,
        ("token", "create", "eternal", "--user", "u", "--ttl", "soon"): 2,
    }
    elsewhere = make_product("never-started")
    with ThreadPoolExecutor(2) as pool:
        empty = pool.submit(elsewhere.cli, "token", "create", "early", "--user", "u", exits=3)
        said = list(pool.map(lambda call: product.cli(*call[0], exits=call[1]), calls.items()))
    assert empty.result().startswith("imageyard: no imageyard database in ")
    assert all(said)
    assert not any("Traceback" in each for each in said)


def test_guessing_is_slowed_down_and_a_valid_token_is_served_all_the_same(product: Product) -> None:
    guesser, bearer = product.client("guess"), product.client(product.token)
    for client in (guesser, bearer):
        client.session.mount("http://", From(GUESSER))
    codes = [guesser.get(IMAGES).status_code for _ in range(20)]
    assert set(codes) == {401}
    refused = guesser.get(IMAGES)
    assert status(refused) == (429, "TooManyRequests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert bearer.get(IMAGES).status_code == 200


def test_tokens_are_made_and_revoked_while_no_server_runs(make_product: MakeProduct) -> None:
    """In the file, under its lock; the server knows them when it starts."""
    product = make_product("offline")
    assert product.cli("token", "create", "early", "--user", "u", exits=3).startswith(
        "imageyard: no imageyard database"
    )
    product.start()
    product.stop()
    kept = product.new_token("kept", "robot", "image-viewer")
    gone = product.new_token("gone", "robot", "image-viewer")
    assert product.cli("token", "revoke", "gone") == "token/gone revoked\n"
    product.start()
    assert product.client(kept).get(IMAGES).status_code == 200
    assert product.client(gone).get(IMAGES).status_code == 401
    secret = product.directory / "admin-token"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    product.stop()
