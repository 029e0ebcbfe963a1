"""Who asks, on the product itself: tokens of an issuer on loopback, client certificates, signing in."""

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from imageyard.sample.listener import Listener
from tests.e2e.background import Background
from tests.e2e.conftest import MakeProduct
from tests.e2e.evidence import Evidence
from tests.e2e.kubectl import PROGRAM as KUBECTL
from tests.e2e.product import IMAGES, LOOPBACK, PROGRAM, Product, eventually
from tests.fakes.authority import Authority
from tests.fakes.issuer import Issuer


class House:
    """A server with an issuer beside it, and the file of a person who uses it."""

    def __init__(self, product: Product, issuer: Issuer, home: Path, evidence: Evidence) -> None:
        self.product = product
        self.issuer = issuer
        self.home = home
        self._evidence = evidence

    def token(self, name: str, **claims: Any) -> str:
        return self._evidence.keep(name, self.issuer.token(**claims))

    def kubectl(self, file: Path, *arguments: str, exits: int = 0) -> str:
        return self._run(KUBECTL, f"--kubeconfig={file}", *arguments, exits=exits)

    def imageyard(self, *arguments: str, sent: str = "", exits: int = 0) -> str:
        return self._run(PROGRAM, *arguments, sent=sent, exits=exits)

    def _run(self, *command: str, sent: str = "", exits: int = 0) -> str:
        environment = {**self.product.environment, "HOME": str(self.home), "NO_PROXY": "*"}
        done = subprocess.run(command, input=sent, capture_output=True, text=True, env=environment, timeout=60)
        printed = done.stdout + done.stderr
        self._evidence.answered(" ".join(command[1:]), printed.encode())
        assert done.returncode == exits, printed
        return printed


@pytest.fixture(scope="module")
def house(
    make_product: MakeProduct,
    background: Background,
    authority: Authority,
    evidence: Evidence,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    issuer = Issuer("")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await issuer.app()(scope, receive, send)

    with background.running(Listener(app)) as listener:
        issuer.url = f"http://127.0.0.1:{listener.port}/realms/yard"
        product = make_product("identity")
        product.directory.mkdir(parents=True)
        settings = {"oidc_issuer": issuer.url, "oidc_groups_prefix": "-", "oidc_username_prefix": "corp:"}
        lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
        lines += ['oidc_audience = ["imageyard"]', "client_certificates = true"]
        (product.directory / "config.toml").write_text("\n".join(lines))
        product.start(*LOOPBACK)
        yield House(product, issuer, tmp_path_factory.mktemp("person"), evidence)
        product.stop()


def test_a_token_of_the_issuer_has_the_rights_of_its_groups(house: House) -> None:
    viewer = house.product.client(house.token("viewer", groups=["image-viewer"]))
    assert eventually(lambda: viewer.get(IMAGES).status_code == 200, seconds=20)
    assert house.product.client(house.token("nobody")).get(IMAGES).status_code == 403
    assert house.product.client(house.token("late", exp=1)).get(IMAGES).status_code == 401


def test_an_issuer_cannot_make_an_operator(house: House) -> None:
    client = house.product.client(house.token("usurper", groups=["system:masters"]))
    assert client.get("//admin/v1/tokens").status_code == 403
    assert client.get("//metrics").status_code == 403


def test_the_metrics_tell_of_the_issuer(house: House) -> None:
    text = house.product.admin.get("//metrics").text
    assert 'imageyard_oidc_refreshes_total{result="success"}' in text
    assert 'imageyard_oidc_tokens_total{result="accepted"}' in text


def test_a_person_signs_in_by_a_token_of_the_issuer_and_kubectl_works(house: House) -> None:
    token = house.token("alice", sub="alice", groups=["image-operator"])
    address = house.product.secure_url.removeprefix("https://")
    ca = house.product.directory / "tls" / "ca.crt"
    told = house.imageyard("login", address, "--ca", str(ca), "--token-stdin", sent=token)
    assert "as corp:alice (groups: image-operator, system:authenticated)" in told
    file = house.home / ".kube" / "config"
    assert "corp:alice" in house.kubectl(file, "auth", "whoami")
    assert house.kubectl(file, "get", "repositories") == "No resources found in default namespace.\n"
    assert "corp:alice" in house.imageyard("whoami")
    assert "is gone from" in house.imageyard("logout")
    # A token that is good and readable by its owner alone is no leak; what the person leaves behind is.
    assert token not in file.read_text()


def certificate(house: House, name: str, *groups: str) -> Path:
    """A kubeconfig with a client certificate."""
    more = [part for group in groups for part in ("--group", group)]
    printed = house.product.cli("certificate", "create", name, "--user", "carol", *more, "--kubeconfig")
    file = house.home / name
    file.write_text(printed)
    return file


def test_kubectl_works_by_a_client_certificate_until_it_is_revoked(house: House) -> None:
    file = certificate(house, "laptop", "image-viewer")
    assert "token" not in json.loads(file.read_text())["users"][0]["user"]
    assert "carol" in house.kubectl(file, "auth", "whoami")
    assert house.kubectl(file, "get", "repositories") == "No resources found in default namespace.\n"
    assert "laptop" in (listed := house.product.cli("token", "list"))
    assert "certificate" in listed
    house.product.cli("token", "revoke", "laptop")
    assert "Unauthorized" in house.kubectl(file, "get", "repositories", exits=1)


def test_the_servers_own_certificate_is_no_clients(house: House) -> None:
    tls = house.product.directory / "tls"
    config: Any = json.loads((house.product.directory / "kubeconfig").read_text())
    config["users"][0]["user"] = {
        "client-certificate-data": base64.b64encode((tls / "server.crt").read_bytes()).decode(),
        "client-key-data": base64.b64encode((tls / "server.key").read_bytes()).decode(),
    }
    file = house.home / "impostor"
    file.write_text(json.dumps(config))
    # TLS 1.3 has shaken hands, as the client sees it, before the server judges: what it hears of it is the end.
    house.kubectl(file, "get", "--raw", "/version", exits=1)
    file.unlink()


def test_the_server_is_ready_although_its_issuer_is_down(house: House) -> None:
    house.issuer.status = 500
    house.issuer.rotate()
    assert house.product.client(house.token("unknown key")).get(IMAGES).status_code == 401
    assert house.product.client("").get("//readyz").text == "ok"
