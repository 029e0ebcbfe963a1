"""No password and no token is found where it does not belong, whatever was done with it. Runs last: it judges what the
other end-to-end tests of this process left behind as well (each process judges its own: conftest)."""

import json
import stat
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
import requests
import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from imageyard.sample import images
from imageyard.sample.listener import Listener
from tests.e2e.background import Background
from tests.e2e.conftest import MakeProduct
from tests.e2e.evidence import Evidence, forms
from tests.e2e.product import API, IMAGES, JSON, LOOPBACK, SOURCES, Client, Product, image, source
from tests.fakes import registries

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
MERGE: Final = {"Content-Type": "application/merge-patch+json"}
JSON_PATCH: Final = {"Content-Type": "application/json-patch+json"}


async def reflect(request: Request) -> JSONResponse:
    """A registry that repeats the credential wherever it can: body, realm, digest, location."""
    shown = request.headers.get("authorization", "")
    if not shown:
        return JSONResponse({}, 401, {"WWW-Authenticate": 'Basic realm="x"'})
    headers = {"WWW-Authenticate": f'Basic realm="{shown}"', "Docker-Content-Digest": shown}
    if request.url.path.endswith("/moved"):
        return JSONResponse({}, 307, {"Location": f"/v2/elsewhere?{quote(shown)}"})
    code = 200 if request.url.path in ("/v2/", "/v2/app/web/manifests/read") else 401
    return JSONResponse({"errors": [{"code": shown, "message": shown, "detail": shown}]}, code, headers)


@pytest.fixture(scope="module")
def canary(make_product: MakeProduct, evidence: Evidence) -> Iterator[Product]:
    """A talkative server with the sample registry, whose secrets all count."""
    product = make_product("canary").start(*LOOPBACK, "--sample", "--log-level", "debug")
    evidence.keep("sample's password", json.loads((product.directory / "sample.json").read_bytes())["password"])
    for key in (product.directory / "keys").glob("*.key"):
        evidence.keep("key", key.read_text().strip())
    yield product
    if product.runs:
        product.stop()


@pytest.fixture
def stored(canary: Product, evidence: Evidence) -> Iterator[str]:
    """The name of a source whose password counts."""
    canary.admin.make(SOURCES, source("canary", "127.0.0.1:9", "robot", evidence.secret("stored"), insecure=True))
    yield "canary"
    assert canary.admin.delete(f"{SOURCES}/canary").status_code == 204


@pytest.mark.parametrize("form", sorted(forms('pass "wörd"/+1234567890')))
def test_the_detector_knows_how_a_secret_may_be_written(form: bytes) -> None:
    evidence = Evidence()
    evidence.keep("password", 'pass "wörd"/+1234567890')
    evidence.answered("GET /clean", b"nothing to see")
    evidence.answered("GET /leak", b"before " + form + b" after")
    assert set(evidence.findings()) == {"password in GET /leak"}


@pytest.mark.parametrize("user", ["a", "ab", "abc"])
def test_the_detector_reads_basic_credentials(user: str) -> None:
    evidence = Evidence()
    password = evidence.secret("password")
    evidence.answered("GET /leak", b"Basic " + b64encode(f"{user}:{password}:more".encode()))
    assert evidence.findings() == ["password in GET /leak"]


def documents(secret: str) -> dict[str, tuple[bytes, str]]:
    """Bodies for a create that holds the secret and cannot be taken, with their media types."""

    def of(**spec: object) -> JSON:
        return {"metadata": {"name": "refused"}, "spec": {**source("x", "r.example.com", "u", "p")["spec"], **spec}}

    bad = {
        "object": of(password={"value": secret}),
        "list": of(password=[secret]),
        "misspelled": {**of(), "spec": {**of()["spec"], "pasword": secret}},
        "beside": {**of(), "password": secret},
        "userinfo": of(domain=f"robot:{secret}@r.example.com"),
        "url": of(domain=f"https://robot:{secret}@r.example.com/v2?token={secret}"),
        "provider": of(password=secret, provider="none"),
        "namespace": {**of(password=secret), "metadata": {"name": "refused", "namespace": "other"}},
        "name": {**of(password=secret), "metadata": {"name": "Not A Name"}},
        "kind": {**of(password=secret), "kind": "Repository"},
        "bundle": of(password=secret, caBundle=secret),
    }
    typed = {name: (json.dumps(body).encode(), "application/json") for name, body in bad.items()}
    whole = json.dumps(of(password=secret)).encode()
    return typed | {
        "cut": (whole[:-3], "application/json"),
        "twice": (whole[:-2] + f', "password": "{secret}"}}}}'.encode(), "application/json"),
        "bytes": (whole + b"\xff\xfe", "application/json"),
        "yaml": (yaml.safe_dump(of(password=secret)).encode() + b"\n\t: [", "application/yaml"),
        "tag": (f"spec: !!python/object:os.{secret} {secret}".encode(), "application/yaml"),
        "form": (f"password={secret}".encode(), "application/x-www-form-urlencoded"),
    }


def send(admin: Client, path: str, body: bytes, media_type: str) -> requests.Response:
    return admin.send("POST", path, data=body, headers={"Content-Type": media_type})


def test_a_refused_create_does_not_repeat_what_it_was_sent(canary: Product, evidence: Evidence) -> None:
    for name, (body, media_type) in documents(evidence.secret("refused")).items():
        answer = send(canary.admin, SOURCES, body, media_type)
        assert answer.status_code in (400, 415), (name, answer.text)
        send(canary.admin, f"{SOURCES}/none/verify", body, media_type)
    assert evidence.findings("refused") == []


def test_changes_good_and_bad_do_not_repeat_what_they_were_sent(
    canary: Product, evidence: Evidence, stored: str
) -> None:
    secret, admin = evidence.secret("changed"), canary.admin
    path = f"{SOURCES}/{stored}"
    whole = source(stored, "127.0.0.1:9", "robot", secret, insecure=True)
    whole["metadata"]["annotations"] = {LAST_APPLIED: json.dumps(whole)}
    steps: list[tuple[dict[str, str], Any, int]] = [
        (MERGE, {"spec": {"password": secret}}, 200),
        (MERGE, {"metadata": {"annotations": {LAST_APPLIED: json.dumps(whole)}}}, 200),
        (MERGE, {"spec": {"password": {"a": secret}}}, 400),
        (MERGE, {"spec": {"password": None}}, 400),
        (JSON_PATCH, [{"op": "replace", "path": "/spec/password", "value": secret + "2"}], 200),
        (JSON_PATCH, [{"op": "test", "path": "/spec/password", "value": secret + "2"}], 400),
        (JSON_PATCH, [{"op": "copy", "from": "/spec/password", "path": "/spec/username"}], 400),
        (JSON_PATCH, [{"op": "move", "from": "/spec", "path": "/metadata/labels"}], 400),
        (JSON_PATCH, [{"op": "replace", "path": "/spec/password/x", "value": secret}], 400),
        (JSON_PATCH, [{"op": "replace", "path": "/spec/provider", "value": secret}], 400),
        (JSON_PATCH, {"op": "add", "path": "/spec/password", "value": secret}, 400),
    ]
    for headers, body, code in steps:
        answer = admin.send("PATCH", path, data=json.dumps(body).encode(), headers=headers)
        assert answer.status_code == code, (body[0]["op"] if isinstance(body, list) else body.keys(), answer.text)
    assert admin.send("PUT", path, json=whole).status_code == 200
    assert admin.send("PUT", f"{path}?dryRun=All", json=whole).status_code == 400, "only kubectl has dry runs"
    seen = admin.read(path)
    assert (seen["status"]["passwordSet"], "password" in seen["spec"]) == (True, False)
    assert evidence.findings("changed") == []


def test_a_credential_in_the_wrong_place_is_not_written_down(canary: Product, evidence: Evidence) -> None:
    """In a query, in a path, under another scheme, as a token that nobody knows."""
    secret = evidence.secret("misplaced")
    stranger = canary.client("")
    basic = b64encode(f"admin:{secret}".encode()).decode()
    for authorization in (
        f"Bearer {secret}",
        f"Basic {basic}",
        f"bearer{secret}",
        f"token {secret}",
        f"Bearer {secret}!",
    ):
        assert stranger.get(IMAGES, headers={"Authorization": authorization}).status_code == 401
    canary.admin.get(f"{SOURCES}/none?password={secret}&token={secret}")
    canary.admin.post(f"{SOURCES}/none/verify?password={secret}", {})
    canary.admin.get(SOURCES, headers={"Cookie": f"session={secret}", "Referer": f"https://x/?token={secret}"})
    assert evidence.findings("misplaced") == []


def jwt_like(secret: str) -> str:
    """A token as an issuer would sign it; the signature is the secret."""
    head, claims = ({"alg": "RS256", "kid": "1"}, {"iss": "https://issuer.example.com", "sub": "robot"})
    parts = [urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (head, claims)]
    return ".".join([*parts, urlsafe_b64encode(secret.encode()).decode().rstrip("=")])


def test_tokens_are_not_written_down_wherever_they_are_sent(canary: Product, evidence: Evidence) -> None:
    """One of ours, another issuer's and the value of a session cookie: as a bearer, in other headers, in queries, in
    bodies, and in a path (whose answer may repeat the path to whoever sent it; the log may not)."""
    own = canary.new_token("astray", "robot", "image-viewer")
    foreign = evidence.keep("foreign token", jwt_like(evidence.secret("signature")))
    session = evidence.secret("session")
    admin, stranger = canary.admin, canary.client("")
    assert stranger.get(IMAGES, headers={"Authorization": f"Bearer {own}"}).status_code == 200
    assert stranger.get(IMAGES, headers={"Authorization": f"Bearer {foreign}"}).status_code == 401
    for token in (own, foreign, session):
        cookie = {"Cookie": f"__Host-session={token}; token={token}", "Referer": f"https://x/?code={token}"}
        stranger.get(IMAGES, headers=cookie)
        admin.get(SOURCES, headers={**cookie, "X-Forwarded-For": token, "Accept-Language": token, "User-Agent": token})
        admin.get(f"{SOURCES}/none?token={token}&id_token={token}&continue={token}")
        admin.post(f"{SOURCES}/none/verify?access_token={token}", {"token": token})
        admin.post(SOURCES, {"metadata": {"name": "x"}, "spec": {**source("x", "r", "u", "p")["spec"], "token": token}})
        login = source("borne", "127.0.0.1:9", "<token>", token, insecure=True)
        admin.make(SOURCES, login)
        admin.post(f"{SOURCES}/borne/verify", {})
        assert admin.delete(f"{SOURCES}/borne").status_code == 204
    for token in (own, foreign):
        for path in (f"{API}{SOURCES}/{token}", f"/{token}", f"/admin/v1/tokens/{token}", f"/admin/v1/keys/{token}"):
            for method in ("GET", "DELETE"):
                headers = {"Authorization": f"Bearer {canary.token}"}
                assert requests.request(method, canary.url + path, headers=headers, timeout=30).status_code >= 400
    assert evidence.findings("token astray", "foreign token", "signature", "session") == []


def test_a_registry_that_repeats_the_credential_is_not_listened_to(
    canary: Product, evidence: Evidence, background: Background
) -> None:
    app = Starlette(routes=[Route("/{path:path}", reflect, methods=["GET", "HEAD"])])
    admin = canary.admin
    with background.running(Listener(app)) as listener:
        login = source("mirror", listener.address, "robot", evidence.secret("mirrored"), insecure=True)
        admin.make(SOURCES, login)
        for tag in ("read", "refused", "moved"):
            admin.make(IMAGES, image(f"mirror-{tag}", "mirror", tag=tag, retryCount=0))
            admin.until(f"{IMAGES}/mirror-{tag}", 10, syncStatus="Failed")
            admin.read(f"{IMAGES}/mirror-{tag}/history")
            admin.post(f"{IMAGES}/mirror-{tag}/sync?dryRun=All", image(f"mirror-{tag}", "mirror", tag=tag))
        admin.post(f"{SOURCES}/mirror/verify", {})
        brought = {"domain": listener.address, "username": "robot", "password": evidence.secret("brought")}
        admin.post(f"{SOURCES}/unsaved/verify", {**brought, "insecure": True})
        admin.read(f"{SOURCES}/mirror/history")


def test_values_that_an_image_holds_are_not_kept(canary: Product, evidence: Evidence, background: Background) -> None:
    """Environment and build arguments: names are shown, values are neither shown nor stored."""
    secret, admin = evidence.secret("built-in"), canary.admin
    steps = [
        images.Step("COPY a /", 500),
        images.Step(f"ENV API_KEY={secret}"),
        images.Step(f"RUN |1 TOKEN={secret} /bin/sh -c make # buildkit", 300),
        images.Step(f"ARG TOKEN={secret}"),
    ]
    built = images.single("secretive", steps, env=(f"API_KEY={secret}", "PATH=/bin"))
    with background.running(registries.sample()) as registry:
        registry.registry.storage.put("app/web", "v1", built)
        admin.make(SOURCES, source("builds", registry.address, "", "", insecure=True))
        admin.make(IMAGES, image("builds", "builds"))
        admin.until(f"{IMAGES}/builds", 10, syncStatus="Success")
        shown = admin.read(f"{IMAGES}/builds/manifests/{built.digest}")
    assert "API_KEY" in json.dumps(shown["config"])


def test_files_that_hold_a_secret_hold_it_and_are_the_owners(canary: Product) -> None:
    token, directory = canary.token, canary.directory
    assert json.loads((directory / "kubeconfig").read_bytes())["users"][0]["user"]["token"] == token
    for path in directory.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    sample = json.loads((directory / "sample.json").read_bytes())
    url = f"http://127.0.0.1:{sample['port']}/v2/"
    with requests.Session() as session:
        session.trust_env = False
        assert session.get(url).status_code == 401
        assert session.get(url, auth=(sample["user"], sample["password"])).status_code == 200


def test_no_secret_is_found_anywhere(canary: Product, evidence: Evidence, place: Path) -> None:
    """Answers, metrics, logs, databases with their write-ahead logs, backups, ports.json, of every server that the
    end-to-end tests have run, once as it is while running and once after it has stopped."""
    bearer = canary.client(canary.new_token("seen", "robot", "image-viewer"))
    assert bearer.get(SOURCES).status_code == 200
    canary.cli("backup", str(place / "backup.db"))
    canary.admin.get("//metrics")
    assert canary.admin.post("//admin/v1/keys/rotate").status_code == 200
    canary.admin.get("//admin/v1/tokens")
    canary.admin.get("//admin/v1/keys")
    canary.cli("keys", "list")
    canary.admin.get("/namespaces/_all_/registry-secrets?limit=1000")
    assert evidence.findings() == []
    canary.stop()
    secrets, answers, files = evidence.amount
    assert (secrets >= 8, answers >= 50, files >= 8) == (True, True, True), evidence.amount
    assert evidence.findings() == []


def test_no_server_met_anything_unforeseen(canary: Product, evidence: Evidence) -> None:
    """Whatever the tests did to them: an error in a log is a bug, or a failure that deserves a sentence of its own."""
    assert "stopping" in canary.log.read_text()
    assert evidence.alarms() == []
