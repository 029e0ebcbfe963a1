"""The API against its own document: every operation of the OpenAPI document gets generated data, right and wrong.

No server error, no undocumented status, content type or header, no answer that breaks its schema, and nothing that
breaks the document's rules is accepted. What only the server can know (that a name is taken, that a password is due)
may be refused, so acceptance of all valid data is not demanded.

Viewer, operator and admin of images send such data too, at the names of objects that are there; then the world is
looked at: a viewer changed nothing, an operator deleted nothing and left every source alone, an admin of images moved
nothing but images and sources.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.e2e.conftest import MakeProduct
from tests.e2e.product import IMAGES, JSON, SOURCES, Product, eventually, image, source

EXAMPLES = os.environ.get("IMAGEYARD_EXAMPLES", "8")
"""Generated cases an operation; more in the long run."""
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)
SECONDS = 1800
IS_LONG = "IMAGEYARD_EXAMPLES" in os.environ
ROLE_EXAMPLES = EXAMPLES if IS_LONG else "2"
KUBE = "/openapi/v3/apis/image.theriseunion.io/v1alpha1"
CORE = "/openapi/v3/api/v1"
DOCUMENTS = ("/oapis/openapi.json", KUBE, *((CORE,) if IS_LONG else ()))
"""What those who hold a role are tried with."""
KINDS: Final = (
    "apis/image.theriseunion.io/v1alpha1/registrysecrets",
    "apis/image.theriseunion.io/v1alpha1/repositories",
    "api/v1/namespaces",
    "apis/rbac.authorization.k8s.io/v1/roles",
    "apis/rbac.authorization.k8s.io/v1/clusterroles",
    "apis/rbac.authorization.k8s.io/v1/rolebindings",
    "apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
)
"""All that is stored and shown, but for events: those are told by the server."""


def test_generated_requests_meet_only_documented_answers(make_product: MakeProduct, tmp_path: Path) -> None:
    product = make_product("schemathesis").start("--sample")
    _run(product, [f"{product.url}/oapis/openapi.json"], CHECKS, "examples,coverage,fuzzing", tmp_path)
    product.stop()


def test_generated_requests_meet_no_error_of_the_server_at_the_kube_door(
    make_product: MakeProduct, tmp_path: Path
) -> None:
    """Kubernetes' documents tell the success of an operation and no more, so nothing else is held against them."""
    product = make_product("schemathesis-kube").start("--sample")
    documents = [_without_watches(product.admin.read(f"/{path}")) for path in (KUBE, CORE)]
    _run_all(product, documents, tmp_path)
    product.stop()


class World:
    """Every object, by its kind, namespace and name."""

    def __init__(self, product: Product) -> None:
        self.objects = {
            (kind.rpartition("/")[2], item["metadata"].get("namespace", ""), item["metadata"]["name"]): item
            for kind in KINDS
            for item in product.admin.read(f"//{kind}")["items"]
        }
        self.tokens = {token["name"] for token in product.admin.read("//admin/v1/tokens")["items"]}

    def of(self, *kinds: str) -> dict[tuple[str, str, str], JSON]:
        return {key: item for key, item in self.objects.items() if key[0] in kinds}

    def versions(self, *kinds: str) -> dict[tuple[str, str, str], str]:
        return {key: item["metadata"]["resourceVersion"] for key, item in self.of(*kinds).items()}

    def sources(self) -> dict[tuple[str, str, str], JSON]:
        """As people write them, and what their last test found. How many images use one is the server's to write."""
        return {
            key: {
                "spec": item["spec"],
                "metadata": {**item["metadata"], "resourceVersion": "", "managedFields": []},
                "conditions": item["status"]["conditions"],
            }
            for key, item in self.of("registrysecrets").items()
        }


RBAC: Final = ("roles", "clusterroles", "rolebindings", "clusterrolebindings")
ALL: Final = tuple(kind.rpartition("/")[2] for kind in KINDS)


class Role(NamedTuple):
    """A product with objects in it, and the token of somebody who holds the role."""

    product: Product
    token: str


@pytest.fixture(scope="module")
def furnished(make_product: MakeProduct) -> Iterator[dict[str, Role]]:
    """Nothing here moves by itself: images are suspended, and the source's only test is over."""
    product = make_product("schemathesis-roles").start()
    groups = ("image-viewer", "image-operator", "image-admin")
    product.admin.make(SOURCES, source("held", "127.0.0.1:9", "", ""))
    product.admin.make(IMAGES, image("held", "held", suspend=True))
    eventually(lambda: _verify_status(product) == "failed", seconds=30)
    eventually(lambda: product.admin.read(f"{SOURCES}/held")["status"].get("usedBy") == 1, seconds=60)
    yield {group: Role(product, product.posted_token(f"{group}-user", group)) for group in groups}
    product.stop()


def _verify_status(product: Product) -> str:
    annotations: JSON = product.admin.read(f"{SOURCES}/held")["metadata"]["annotations"]
    return str(annotations["theriseunion.io/verify-status"])


def test_whatever_a_viewer_sends_changes_nothing(furnished: dict[str, Role], tmp_path: Path) -> None:
    before, after = _between(furnished["image-viewer"], tmp_path)
    assert after.versions(*ALL) == before.versions(*ALL)
    assert after.tokens == before.tokens


def test_whatever_an_operator_sends_deletes_nothing_and_touches_no_source(
    furnished: dict[str, Role], tmp_path: Path
) -> None:
    before, after = _between(furnished["image-operator"], tmp_path)
    assert before.objects.keys() <= after.objects.keys()
    assert after.sources() == before.sources()
    assert after.versions(*RBAC) == before.versions(*RBAC)
    assert after.tokens == before.tokens
    assert after.versions("repositories") != before.versions("repositories")
    came = {kind for kind, *_ in after.objects.keys() - before.objects.keys()}
    assert came <= {"repositories", "namespaces"}


def test_whatever_an_admin_of_images_sends_touches_images_and_sources_alone(
    furnished: dict[str, Role], tmp_path: Path
) -> None:
    before, after = _between(furnished["image-admin"], tmp_path)
    assert after.versions("repositories", "registrysecrets") != before.versions("repositories", "registrysecrets")
    assert after.versions(*RBAC) == before.versions(*RBAC)
    assert after.tokens == before.tokens
    assert before.versions("namespaces").items() <= after.versions("namespaces").items()


def _between(role: Role, directory: Path) -> tuple[World, World]:
    """The world before and after a run by somebody."""
    before, product = World(role.product), role.product
    documents = [_at_what_is_there(_without_watches(product.admin.read(f"/{path}"))) for path in DOCUMENTS]
    _run_all(product, documents, directory, role.token, ROLE_EXAMPLES)
    return before, World(product)


def _run_all(
    product: Product, documents: list[JSON], directory: Path, token: str = "", examples: str = EXAMPLES
) -> None:
    """Side by side, fuzzing alone, looking for errors of the server alone."""

    def run(number: int, document: JSON) -> None:
        place = directory / str(number)
        place.mkdir()
        (place / "openapi.json").write_text(json.dumps(document))
        asked = [str(place / "openapi.json"), "--url", product.url]
        _run(product, asked, ("not_a_server_error",), "fuzzing", place, token, examples)

    with ThreadPoolExecutor() as pool:
        list(pool.map(run, range(len(documents)), documents))


def _at_what_is_there(document: JSON) -> JSON:
    """Names and namespaces of paths are those of objects that are there, mostly: what is refused at others would be
    refused for want of them."""
    places = {"name": ["held", "other"], "namespace": ["default", "elsewhere"]}
    for operations in document["paths"].values():
        for told in (operations, *(each for each in operations.values() if isinstance(each, dict))):
            for parameter in told.get("parameters", []):
                if parameter.get("in") == "path" and parameter["name"] in places:
                    parameter["schema"] = {"type": "string", "enum": places[parameter["name"]]}
                    parameter.pop("example", None)
    return document


def _without_watches(document: JSON) -> JSON:
    """A watch has no end to wait for."""
    for operations in document["paths"].values():
        for told in (operations, *(each for each in operations.values() if isinstance(each, dict))):
            told["parameters"] = [each for each in told.get("parameters", []) if each.get("name") != "watch"]
    return document


def _run(
    product: Product,
    document: list[str],
    checks: tuple[str, ...],
    phases: str,
    directory: Path,
    token: str = "",
    examples: str = EXAMPLES,
) -> None:
    """As the operator, unless another one's `token` is given."""
    program = Path(sys.executable).with_name("schemathesis")
    asked = [
        str(program),
        "run",
        *document,
        *("--header", f"Authorization: Bearer {token or product.token}"),
        *("--checks", ",".join(checks)),
        *("--phases", phases),
        *("--max-examples", examples),
        *("--seed", "20261123", "--no-color"),
    ]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=SECONDS, cwd=directory)
    assert done.returncode == 0, done.stdout.partition(" FAILURES ")[2][:4000] or done.stdout[-4000:]
