"""What a stranger checks before trusting a repository, as OpenSSF Scorecard does, but without a network."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from tools import findings, sbom, vulnerabilities

from tests.tree.files import ROOT, files, shown

BINARIES: Final = (b"\x7fELF", b"MZ", b"PK\x03\x04", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\x1f\x8b", b"\0asm")
"""Programs and archives, by how they begin."""
PICTURES: Final = {".png", ".ico", ".woff2"}
PINS: Final = sorted((ROOT / "requirements").glob("*.txt"))
_HOST: Final = re.compile(r"https?://|--(?:extra-)?index-url|--find-links|--trusted-host")


def pins(path: Path) -> Iterator[str]:
    """Requirements, each with its hashes."""
    text = re.sub(r"^ *#.*\n", "", path.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    yield from filter(None, text.splitlines())


def test_there_are_no_programs_and_archives_in_the_tree() -> None:
    assert [shown(path) for path in files() if path.read_bytes()[:4].startswith(BINARIES)] == []


def test_whatever_is_no_picture_can_be_read_in_review() -> None:
    assert [shown(path) for path in files() if path.suffix not in PICTURES and b"\0" in path.read_bytes()] == []


def test_the_licence_is_there_and_named() -> None:
    assert (ROOT / "LICENSE").read_text().lstrip().startswith("Apache License")
    assert 'license = "Apache-2.0"' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize("path", PINS, ids=lambda path: path.name)
def test_each_dependency_is_pinned_by_version_and_hash(path: Path) -> None:
    lines = [*pins(path)]
    assert lines
    assert [
        line for line in lines if not re.match(r"[A-Za-z0-9._-]+==\S+ ", line) or "--hash=sha256:" not in line
    ] == []


@pytest.mark.parametrize("path", [*PINS, *(ROOT / "requirements").glob("*.in")], ids=lambda path: path.name)
def test_requirements_name_no_host(path: Path) -> None:
    assert _HOST.findall(path.read_text()) == []


def test_no_lock_file_names_hosts() -> None:
    assert [shown(path) for path in files() if path.name in {"uv.lock", "poetry.lock", "Pipfile.lock"}] == []


def test_installing_demands_the_hashes() -> None:
    installs = re.findall(r"pip install .*-r .*", (ROOT / "Makefile").read_text())
    assert installs
    assert all("--require-hashes" in line for line in installs)


def test_make_help_tells_every_target() -> None:
    text = (ROOT / "Makefile").read_text()
    targets = {name for line in re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE) for name in line.split()}
    asked = ["make", "--no-print-directory", "help"]
    told = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {line.split()[0] for line in told.splitlines()} == targets
    assert {*re.findall(r"^([a-z-]+):", text, re.MULTILINE)} == targets


def test_each_exception_from_a_security_rule_says_why() -> None:
    lines = (
        f"{shown(path)}:{number}: {line.strip()}"
        for path in files(ROOT / "src")
        if path.suffix == ".py"
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"# (noqa: (\w+, )*S\d|nosec\b)", line)
    )
    why = re.compile(r"# noqa: [A-Z0-9, ]+(?: - | \()\S|# nosec B\d+ # \S")
    assert [line for line in lines if not why.search(line)] == []


def test_security_reports_have_an_address_and_a_time() -> None:
    text = (ROOT / "SECURITY.md").read_text()
    assert "14 days" in text
    assert "14 天" in text


def test_a_finding_is_answered_under_either_number_of_its_rule() -> None:
    found = {"filename": "a.py", "line_number": 1, "test_id": "B608", "issue_text": "SQL"}
    assert findings.unanswered([found], lambda _file, _number: "x  # noqa: E501, S608 - a constant") == []
    assert findings.unanswered([found], lambda _file, _number: "x  # noqa: S60 - a constant") == ["a.py:1: B608 SQL"]


def test_a_package_that_was_not_looked_up_is_no_proof() -> None:
    good = {"name": "a", "version": "1", "vulns": []}
    bad = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
    unknown = {"name": "c", "version": "1", "skip_reason": "not found"}
    assert vulnerabilities.judge([good]) == []
    assert vulnerabilities.judge([good, bad]) == ["b 2: PYSEC-1, mended in 3"]
    assert "1 of 2 packages" in vulnerabilities.judge([good, unknown])[0]
    assert vulnerabilities.judge([]) != []


def test_the_bill_of_materials_lists_every_pin_with_its_hashes_and_no_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    document = sbom.make()  # which validates it
    pinned = {line.split("==")[0]: {*re.findall("sha256:([0-9a-f]{64})", line)} for line in pins(sbom.PINS)}
    listed = {each["name"]: {digest["content"] for digest in each["hashes"]} for each in document["components"]}
    assert listed == pinned
    assert {*re.findall(r"https?://[^\"]+", json.dumps(document))} == {document["$schema"]}
    [root] = [each["dependsOn"] for each in document["dependencies"] if each["ref"] == "root-component"]
    assert {"starlette", "cryptography"} <= {reference.split("/")[1].split("@")[0] for reference in root}


def test_the_graph_follows_the_comments_of_the_pins() -> None:
    text = (
        "a==1 \\\n    --hash=sha256:0\n    # via -r requirements/runtime.in\nb==2 \\\n    # via\n    #   a\n    #   c\n"
    )
    assert sbom.requirements(text) == {"imageyard": {"a"}, "a": {"b"}, "c": {"b"}}
