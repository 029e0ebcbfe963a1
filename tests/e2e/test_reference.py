"""Example 1 of the API reference, run with real curl against real registries, with nothing changed but host, token
and `insecure`."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from imageyard.domain.secret import Secret
from imageyard.sample import images
from tests.e2e.background import Background
from tests.e2e.evidence import Evidence
from tests.e2e.product import IMAGES, JSON, SOURCES, Client, Product, eventually, image, source
from tests.fakes import programs, registries
from tests.fakes.authority import Authority
from tests.fakes.registries import DockerRegistry, Login, Mode

EXAMPLE: Final = """
# 1. 创建镜像源
curl -X POST "http://platform.example.com/oapis/image.theriseunion.io/v1alpha1/namespaces/default/registry-secrets" \\
  -H "Authorization: Bearer <token>" \\
  -H "Content-Type: application/json" \\
  -d '{
    "apiVersion": "image.theriseunion.io/v1alpha1",
    "kind": "RegistrySecret",
    "metadata": {
      "name": "harbor-prod",
      "namespace": "default"
    },
    "spec": {
      "domain": "harbor.example.com",
      "username": "admin",
      "password": "Harbor12345",
      "provider": "harbor"
    }
  }'

# 2. 验证镜像源连接
curl -X POST "http://platform.example.com/oapis/image.theriseunion.io/v1alpha1/namespaces/default/registry-secrets/harbor-prod/verify" \\
  -H "Authorization: Bearer <token>" \\
  -H "Content-Type: application/json" \\
  -d '{}'

# 3. 创建镜像仓库
curl -X POST "http://platform.example.com/oapis/image.theriseunion.io/v1alpha1/namespaces/default/repositories" \\
  -H "Authorization: Bearer <token>" \\
  -H "Content-Type: application/json" \\
  -d '{
    "apiVersion": "image.theriseunion.io/v1alpha1",
    "kind": "Repository",
    "metadata": {
      "name": "myapp-v1.0.0",
      "namespace": "default"
    },
    "spec": {
      "repository": "myapp/myapp",
      "tag": "v1.0.0",
      "registryRef": {
        "name": "harbor-prod",
        "namespace": "default"
      }
    }
  }'

# 4. 查看同步状态
curl -X GET "http://platform.example.com/oapis/image.theriseunion.io/v1alpha1/namespaces/default/repositories/myapp-v1.0.0" \\
  -H "Authorization: Bearer <token>"

# 5. 手动触发同步
curl -X POST "http://platform.example.com/oapis/image.theriseunion.io/v1alpha1/namespaces/default/repositories/myapp-v1.0.0/sync" \\
  -H "Authorization: Bearer <token>"

# 删除
curl -X DELETE "http://platform.example.com/oapis/image.theriseunion.io/v1alpha1/namespaces/default/repositories/myapp-v1.0.0" \\
  -H "Authorization: Bearer <token>"
curl -X DELETE "http://platform.example.com/oapis/image.theriseunion.io/v1alpha1/namespaces/default/registry-secrets/harbor-prod" \\
  -H "Authorization: Bearer <token>"
"""  # noqa: E501 - word for word
ADMIN: Final = Login("admin", Secret("Harbor12345"))
OLD: Final = images.single("old", [images.Step("COPY a /", 7_000), images.Step("COPY b /", 90_000)])
NEW: Final = images.multi_platform("new", [images.Step("COPY a /", 40_000), images.Step('CMD ["run"]')])
SIZE: Final = re.compile(r"([0-9.]+)(B|kB|MB|GB)")
UNITS: Final = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}


class Answered(NamedTuple):
    code: int
    body: JSON


class Curl:
    """The example's commands for one site, in their order, as a shell runs them."""

    def __init__(self, product: Product, registry: DockerRegistry, evidence: Evidence) -> None:
        text = EXAMPLE.replace("http://platform.example.com", product.url).replace("<token>", product.token)
        text = text.replace("harbor.example.com", registry.address)
        if registry.ca is None:
            text = text.replace('"provider": "harbor"', '"provider": "harbor", "insecure": true')
        self.commands = [part for part in re.split(r"(?m)^(?=curl )", text) if part.startswith("curl ")]
        self._evidence = evidence

    def run(self, number: int) -> Answered:
        """Run the command of this number, from 1."""
        program = programs.need("curl")
        script = f"curl() {{ {program} -sS -w '\\n%{{http_code}}' \"$@\"; }}\n{self.commands[number - 1]}"
        environment = {"PATH": os.environ["PATH"], "NO_PROXY": "*"}
        done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, timeout=60, env=environment)
        assert done.returncode == 0, done.stderr
        self._evidence.answered(f"curl {number}", done.stdout)
        body, _, code = done.stdout.decode().rpartition("\n")
        return Answered(int(code), json.loads(body or "{}"))


class Skopeo:
    """A second opinion on what a registry holds."""

    def __init__(self, background: Background, registry: DockerRegistry) -> None:
        self._background = background
        self._registry = registry

    def push(self, what: images.Image) -> None:
        self._background.run(self._registry.push(what, "myapp/myapp", "v1.0.0"))

    def inspect(self, reference: str, *how: str) -> bytes:
        who = f"{self._registry.user}:{self._registry.password.reveal()}"
        where = f"docker://{self._registry.address}/myapp/myapp{reference}"
        work = programs.run("skopeo", "inspect", *how, "--tls-verify=false", "--creds", who, where)
        return self._background.run(work).encode()

    def expected(self) -> JSON:
        """What `status.manifest` must say of the tag, by what skopeo reads for linux/amd64."""
        top = raw = self.inspect(":v1.0.0", "--raw")
        for entry in json.loads(top).get("manifests", []):
            if entry.get("platform", {}).get("architecture") == "amd64":
                raw = self.inspect(f"@{entry['digest']}", "--raw")
                break
        manifest = json.loads(raw)
        config = json.loads(self.inspect(f"@sha256:{sha256(raw).hexdigest()}", "--config", "--raw"))
        layers = [(layer["digest"], str(layer["size"]), layer["mediaType"]) for layer in manifest["layers"]]
        return {
            "digest": f"sha256:{sha256(top).hexdigest()}",
            "architecture": config["architecture"],
            "os": config["os"],
            "created": config["created"],
            "sizeBytes": manifest["config"]["size"] + sum(layer["size"] for layer in manifest["layers"]),
            "layers": layers,
        }


def held(manifest: JSON) -> JSON:
    """The same of a `status.manifest`."""
    names = ("digest", "architecture", "os", "created", "sizeBytes")
    layers = [(layer["digest"], layer["size"], layer["mediaType"]) for layer in manifest["layers"]]
    return {**{name: manifest[name] for name in names}, "layers": layers}


@contextmanager
def docker_registry(
    background: Background, directory: Path, mode: Mode, authority: Authority, *, tls: bool, port: int = 0
) -> Iterator[DockerRegistry]:
    """Debian's docker-registry with the account of the example."""
    starting = registries.docker_registry(directory, mode, tls=tls, port=port, login=ADMIN, authority=authority)
    with background.running(starting) as registry:
        yield registry


@pytest.mark.needs("skopeo")
@pytest.mark.parametrize(
    ("mode", "tls"), [("htpasswd", False), ("htpasswd", True), ("token", True)], ids=["http", "tls", "token"]
)
def test_example_1_runs_word_for_word(
    product: Product,
    admin: Client,
    background: Background,
    authority: Authority,
    evidence: Evidence,
    tmp_path: Path,
    mode: Mode,
    tls: bool,
) -> None:
    """Over TLS not even `insecure` is added; the private CA comes with --registry-ca."""
    evidence.keep("the example's password", ADMIN.password.reveal())
    with docker_registry(background, tmp_path, mode, authority, tls=tls) as registry:
        skopeo, curl = Skopeo(background, registry), Curl(product, registry, evidence)
        skopeo.push(OLD)
        created = curl.run(1)
        assert (created.code, created.body["kind"]) == (201, "RegistrySecret")
        verified = curl.run(2)
        assert (verified.code, verified.body["success"], verified.body["message"]) == (200, True, "连接成功")
        assert [step["outcome"] for step in verified.body["steps"]] == ["ok", "ok" if tls else "skipped", "ok", "ok"]
        made = curl.run(3)
        assert (made.code, made.body["status"]["syncStatus"]) == (201, "")
        admin.until(f"{IMAGES}/myapp-v1.0.0", 10, syncStatus="Success")
        status = curl.run(4).body["status"]
        assert held(status["manifest"]) == skopeo.expected()
        assert (status["domain"], status["manifest"]["digest"]) == (registry.address, OLD.digest)
        assert readable(status["manifest"]["size"]) == pytest.approx(status["manifest"]["sizeBytes"], rel=0.005)

        skopeo.push(NEW)
        asked = curl.run(5)
        assert (asked.code, asked.body) == (200, {"success": True, "message": "同步任务已提交"})
        eventually(lambda: curl_digest(curl) == NEW.digest, seconds=10)
        status = curl.run(4).body["status"]
        assert held(status["manifest"]) == skopeo.expected()
        last = admin.read(f"{IMAGES}/myapp-v1.0.0/history")["items"][0]
        assert (last["trigger"], last["digestBefore"], last["digestAfter"]) == ("manual", OLD.digest, NEW.digest)
        assert [curl.run(6), curl.run(7)] == [(204, {}), (204, {})]


def curl_digest(curl: Curl) -> Any:
    return curl.run(4).body["status"]["manifest"]["digest"]


def readable(size: str) -> float:
    """`97.5kB` as bytes."""
    found = SIZE.fullmatch(size)
    assert found, size
    return float(found[1]) * UNITS[found[2]]


@pytest.mark.needs("skopeo")
def test_a_registry_that_was_down_heals_by_itself(
    admin: Client, background: Background, authority: Authority, evidence: Evidence, tmp_path: Path
) -> None:
    """Real time: the host is probed after some 3 s and then every 20 s, and whatever happens the image is tried again
    after 30 s."""
    path = f"{IMAGES}/healing"
    with docker_registry(background, tmp_path, "htpasswd", authority, tls=False) as registry:
        background.run(registry.push(OLD, "app/web", "v1"))
        login = source("healing", registry.address, ADMIN.user, ADMIN.password.reveal(), insecure=True)
        admin.make(SOURCES, login)
        admin.make(IMAGES, image("healing", "healing", retryCount=0))
        before = admin.until(path, 10, syncStatus="Success")["status"]
    assert admin.post(f"{path}/sync").status_code == 200
    failed = admin.until(path, 10, syncStatus="Failed")["status"]
    assert (failed["reason"], failed["failures"]) == ("ConnectionRefused", 1)
    assert failed["manifest"] == before["manifest"]
    assert failed["lastSynced"] == before["lastSynced"]
    conditions = {condition["type"]: condition for condition in failed["conditions"]}
    assert (conditions["Synced"]["status"], conditions["Ready"]["status"]) == ("False", "True")
    assert conditions["Synced"]["lastTransitionTime"] in failed["message"], "it says since when the manifest is old"
    port = int(registry.address.rpartition(":")[2])
    with docker_registry(background, tmp_path, "htpasswd", authority, tls=False, port=port):
        healed = admin.until(path, 60, syncStatus="Success")["status"]
    assert ("failures" in healed, healed["manifest"]["digest"]) == (False, OLD.digest)


@pytest.mark.parametrize("content_type", [None, "application/json", "application/x-www-form-urlencoded"])
def test_verify_and_sync_want_no_body_and_no_content_type(admin: Client, content_type: str | None) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    name = f"bodyless-{(content_type or 'none').rpartition('/')[2]}"
    admin.make(SOURCES, source(name, "127.0.0.1:9", "", "", insecure=True))
    admin.make(IMAGES, image(name, name, retryCount=0))
    for path in (f"{SOURCES}/{name}/verify", f"{IMAGES}/{name}/sync"):
        assert admin.post(path, headers=headers).status_code == 200
