"""kubectl as its users have it, with the kubeconfig that the server wrote.

kubectl("get", "repositories", "-A")                       # what it printed; it ended with 0
kubectl("get", "repository", "nope", exits=1)
kubectl("apply", "-f", "-", sent=image("app", "src"))
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from tests.e2e.evidence import Evidence
from tests.e2e.product import JSON, Product

PROGRAM: Final = str(Path(sys.executable).with_name("kubectl"))
SECONDS: Final = 60


class Kubectl:
    """Calls for one server. All share a cache directory below `home`, and leave what they print as evidence."""

    def __init__(self, product: Product, home: Path, evidence: Evidence) -> None:
        self.product = product
        self._home = home
        self._evidence = evidence
        self._started = 0
        evidence.watch(home)

    def __call__(self, *arguments: str, exits: int = 0, sent: object = None, editor: str = "") -> str:
        """Both standard output and, after it, what it complained of. `sent` goes to standard input; `editor` is a shell
        command that is given the file to edit."""
        done = subprocess.run(
            [*self.command, *arguments],
            input=_text(sent),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            env=self.environment | ({"EDITOR": self._editor(editor)} if editor else {}),
        )
        printed = done.stdout + done.stderr
        self._evidence.answered(f"kubectl {' '.join(arguments)}", printed.encode())
        assert done.returncode == exits, f"kubectl {arguments} ended with {done.returncode}:\n{printed}"
        return printed

    def read(self, *arguments: str) -> JSON:
        """`kubectl get ARGUMENTS -o json`."""
        found: JSON = json.loads(self("get", *arguments, "--show-managed-fields", "-o", "json"))
        return found

    def start(self, *arguments: str) -> "Running":
        """One that goes on by itself."""
        self._started += 1
        return Running([*self.command, *arguments], self.environment, self._home / f"printed-{self._started}")

    @property
    def command(self) -> list[str]:
        return [PROGRAM, f"--cache-dir={self._home / 'cache'}"]

    @property
    def environment(self) -> dict[str, str]:
        directories = f"{Path(PROGRAM).parent}:{os.environ['PATH']}"
        return {
            "PATH": directories,
            "HOME": str(self._home),
            "KUBECONFIG": str(self.product.directory / "kubeconfig"),
            "NO_PROXY": "*",
        }

    def _editor(self, command: str) -> str:
        script = self._home / "editor.sh"
        script.write_text(f"#!/bin/sh\n{command}\n")
        script.chmod(0o700)
        return str(script)


class Running:
    """A call that goes on; what it prints is in a file."""

    def __init__(self, command: list[str], environment: dict[str, str], file: Path) -> None:
        self._file = file
        with file.open("wb") as out:
            self._process = subprocess.Popen(command, stdout=out, stderr=out, env=environment)

    @property
    def printed(self) -> str:
        return self._file.read_text()

    def ended(self, exits: int = 0) -> str:
        """What it has printed, when it comes to its end by itself."""
        try:
            code = self._process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        assert code == exits, f"ended with {code}:\n{self.printed}"
        return self.printed


def manifests(*documents: JSON) -> str:
    """Several objects as one file has them."""
    return "\n---\n".join(json.dumps(document, ensure_ascii=False) for document in documents)


def _text(sent: Any) -> str | None:
    return sent if sent is None or isinstance(sent, str) else json.dumps(sent)
