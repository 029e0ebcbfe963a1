"""The bill of materials, CycloneDX 1.6: what an installed imageyard consists of, by name, version and hash.

`python -m tools.sbom`, run by `make sbom`, writes `dist/sbom.cdx.json`. It is made from the pinned requirements alone:
the same tree gives the same bytes. Where packages were downloaded from is the builder's business and is left out.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

PINS: Final = Path("requirements/runtime.txt")
WRITTEN: Final = Path("dist/sbom.cdx.json")
PRODUCT: Final = "imageyard"
_PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)
_REQUIRED_BY: Final = re.compile(r"^    # +(?:via )?(?!via$)(.+)$", re.MULTILINE)

Document = dict[str, Any]


def make() -> Document:
    """The document, checked against the schema. Raises ValueError for one that is not valid."""
    document = cleaned(_generated(), PINS.read_text(encoding="utf-8"))
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document))
    if wrong is not None:
        raise ValueError(f"the bill of materials is no valid CycloneDX: {wrong}")
    return document


def cleaned(document: Document, pins: str) -> Document:
    """Without the hosts of package indexes; hashes at the components themselves; the graph of who needs whom."""
    root = document["metadata"]["component"]
    references = {root["name"]: root["bom-ref"]} | {each["name"]: each["purl"] for each in document["components"]}
    edges = requirements(pins)
    return {
        **document,
        "metadata": {"component": {key: root[key] for key in ("bom-ref", "name", "type", "version", "licenses")}},
        "components": [_component(each) for each in document["components"]],
        "dependencies": [
            {"ref": reference, "dependsOn": sorted(references[each] for each in edges.get(name, ()))}
            for name, reference in references.items()
        ],
    }


def requirements(pins: str) -> dict[str, set[str]]:
    """What each package needs, from the comments that say for whom a pin is there."""
    needs: dict[str, set[str]] = {}
    _, *parts = _PIN.split(pins)
    for name, rest in zip(parts[::2], parts[1::2], strict=True):
        for by in _REQUIRED_BY.findall(rest):
            needs.setdefault(PRODUCT if by.startswith("-r ") else by, set()).add(name)
    return needs


def _component(component: Document) -> Document:
    hashes = [each for reference in component["externalReferences"] for each in reference["hashes"]]
    kept = {key: component[key] for key in ("name", "version", "purl", "type")}
    return {"bom-ref": component["purl"], **kept, "hashes": hashes}


def _generated() -> Document:
    asked = ["--pyproject", "pyproject.toml", "--output-reproducible", "--sv", "1.6", str(PINS)]
    program = [sys.executable, "-W", "ignore", "-m", "cyclonedx_py", "requirements"]
    done = subprocess.run([*program, *asked], stdout=subprocess.PIPE, check=True)
    document: Document = json.loads(done.stdout)
    return document


def main() -> None:
    document = make()
    WRITTEN.parent.mkdir(exist_ok=True)
    WRITTEN.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(f"{WRITTEN}: {len(document['components'])} components")


if __name__ == "__main__":
    main()
