"""The API against its own document: every operation of the OpenAPI document gets generated data, right and wrong.

No server error, no undocumented status, content type or header, no answer that breaks its schema, and nothing that
breaks the document's rules is accepted. What only the server can know (that a name is taken, that a password is due)
may be refused, so acceptance of all valid data is not demanded.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.conftest import MakeProduct
from tests.e2e.product import JSON, Product

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


def test_generated_requests_meet_only_documented_answers(make_product: MakeProduct, tmp_path: Path) -> None:
    product = make_product("schemathesis").start("--sample")
    _run(product, [f"{product.url}/oapis/openapi.json"], CHECKS, "examples,coverage,fuzzing", tmp_path)
    product.stop()


def test_generated_requests_meet_no_error_of_the_server_at_the_kube_door(
    make_product: MakeProduct, tmp_path: Path
) -> None:
    """Kubernetes' documents tell the success of an operation and no more, so nothing else is held against them."""
    product = make_product("schemathesis-kube").start("--sample")
    for number, path in enumerate(("/openapi/v3/apis/image.theriseunion.io/v1alpha1", "/openapi/v3/api/v1")):
        document = product.admin.get(f"/{path}").json()
        file = tmp_path / f"{number}.json"
        file.write_text(json.dumps(_without_watches(document)))
        _run(product, [str(file), "--url", product.url], ("not_a_server_error",), "fuzzing", tmp_path)
    product.stop()


def _without_watches(document: JSON) -> JSON:
    """A watch has no end to wait for."""
    for operations in document["paths"].values():
        for told in (operations, *(each for each in operations.values() if isinstance(each, dict))):
            told["parameters"] = [each for each in told.get("parameters", []) if each.get("name") != "watch"]
    return document


def _run(product: Product, document: list[str], checks: tuple[str, ...], phases: str, directory: Path) -> None:
    program = Path(sys.executable).with_name("schemathesis")
    asked = [
        str(program),
        "run",
        *document,
        *("--header", f"Authorization: Bearer {product.token}"),
        *("--checks", ",".join(checks)),
        *("--phases", phases),
        *("--max-examples", EXAMPLES),
        *("--seed", "20261123", "--no-color"),
    ]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=SECONDS, cwd=directory)
    assert done.returncode == 0, done.stdout.partition(" FAILURES ")[2][:4000] or done.stdout[-4000:]
