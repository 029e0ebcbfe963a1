"""The API against its own document: every operation of the OpenAPI document gets generated data, right and wrong.

No server error, no undocumented status, content type or header, no answer that breaks its schema, and nothing that
breaks the document's rules is accepted. What only the server can know (that a name is taken, that a password is due)
may be refused, so acceptance of all valid data is not demanded.
"""

import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.conftest import MakeProduct

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
SECONDS = 300


def test_generated_requests_meet_only_documented_answers(make_product: MakeProduct, tmp_path: Path) -> None:
    product = make_product("schemathesis").start("--sample")
    program = Path(sys.executable).with_name("schemathesis")
    asked = [
        str(program),
        "run",
        f"{product.url}/oapis/openapi.json",
        *("--header", f"Authorization: Bearer {product.token}"),
        *("--checks", ",".join(CHECKS)),
        *("--phases", "examples,coverage,fuzzing"),
        *("--max-examples", EXAMPLES),
        *("--seed", "20261123", "--no-color"),
    ]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=SECONDS, cwd=tmp_path)
    assert done.returncode == 0, done.stdout.partition(" FAILURES ")[2][:4000] or done.stdout[-4000:]
    product.stop()
