"""Whether a pinned package has a known vulnerability: `python -m tools.vulnerabilities`, run by `make vulnerabilities`.

It asks a database on the internet. A package that the database was not asked about counts as a failure: silence is no
proof.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final

PINS: Final = "requirements/runtime.txt"
UNREACHED: Final = (
    "the vulnerability database could not be asked about {} of {} packages: this needs the network, and nothing is "
    "proven without it"
)


def judge(packages: Iterable[Mapping[str, Any]]) -> list[str]:
    """What is wrong, one line each; empty when every package was looked up and none is known to be vulnerable."""
    looked = [*packages]
    found = [
        f"{package['name']} {package['version']}: {vulnerability['id']}, mended in "
        f"{', '.join(vulnerability['fix_versions']) or 'no version yet'}"
        for package in looked
        for vulnerability in package.get("vulns", ())
    ]
    skipped = sum("skip_reason" in package for package in looked)
    return [*found, UNREACHED.format(skipped, len(looked))] if skipped or not looked else found


def main() -> int:
    asked = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "-r", PINS, "-f", "json"]
    done = subprocess.run([*asked, "--progress-spinner", "off"], capture_output=True, text=True, check=False)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except ValueError:
        print(done.stderr.strip().rpartition("\n")[2], UNREACHED.format("any", "the"), sep="\n")
        return 1
    wrong = judge(packages)
    print(*wrong or [f"{len(packages)} packages, no known vulnerability"], sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
