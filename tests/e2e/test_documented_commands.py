"""The commands of README, tutorial and how-tos, run as they are written; only ports, hosts and directories differ.

The Chinese pages have the same blocks to the letter (tests/docs/test_parity.py), so the English ones are run.
"""

import os
import re
import shlex
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from subprocess import DEVNULL
from typing import Final

import pytest

from tests.docs import pages
from tests.e2e.conftest import MakeProduct
from tests.e2e.product import IMAGES, PROGRAM, SOURCES, Product, eventually

SECONDS: Final = 60
FAILED: Final = re.compile(r'"kind": ?"Status"')


class Terminal:
    """A person's shell. `instead` says what to write for the addresses and directories of the pages."""

    def __init__(self, product: Product, place: Path, instead: Mapping[str, str]) -> None:
        self._place = place
        self._instead = instead
        self._variables: list[str] = []
        tested = {"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}
        self._environment = {
            **tested,
            "PATH": f"{Path(PROGRAM).parent}:{os.environ['PATH']}",
            "HOME": str(place),
            "IMAGEYARD_DATA_DIR": str(product.directory),
            # The commands are those of the server that runs, in whichever source tree.
            **{name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ},
        }
        default = place / ".local" / "share" / "imageyard"
        default.parent.mkdir(parents=True, exist_ok=True)
        default.symlink_to(product.directory)

    def run(self, commands: str, directory: str = ".") -> str:
        """What the commands of a block printed. The variables they set are there for the next block."""
        cwd = self._place / directory
        cwd.mkdir(exist_ok=True)
        asked = ["bash", "-euo", "pipefail", "-c", self._script(commands)]
        done = subprocess.run(asked, cwd=cwd, env=self._environment, capture_output=True, text=True, timeout=SECONDS)
        assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"
        assert not FAILED.search(done.stdout), f"{commands}\n{done.stdout}"
        self._variables += re.findall(r"^(?:export )?[A-Z]+=.*$", commands, re.MULTILINE)
        return done.stdout

    @contextmanager
    def running(self, commands: str) -> Iterator[None]:
        """What goes on in a terminal of its own for as long as the block runs."""
        asked = ["bash", "-c", self._script(commands)]
        process = subprocess.Popen(
            asked, cwd=self._place, env=self._environment, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
        )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(SECONDS)

    def _script(self, commands: str) -> str:
        script = "\n".join([*self._variables, commands])
        for written, real in self._instead.items():
            script = script.replace(written, real)
        return script


def commands(page: Path) -> list[str]:
    return [block.text for block in pages.blocks(page) if block.info == "bash"]


@pytest.mark.needs("docker-registry")
@pytest.mark.needs("skopeo")
@pytest.mark.needs("curl")
def test_the_tutorial_works_as_it_is_written(make_product: MakeProduct, tmp_path: Path) -> None:
    product = make_product("tutorial").start("--sample")
    plain, own = product.ports["http"], _free_port()
    instead = {
        "127.0.0.1:8080": f"127.0.0.1:{plain}",
        "127.0.0.1:5050": f"127.0.0.1:{own}",
        "127.0.0.1:5051": _sample_registry(product),
        "/tmp/": f"{tmp_path}/",
    }
    terminal = Terminal(product, tmp_path, instead)
    start, prepare, failed, create, wait, sync, registry, copy, restart, source, image, clean = commands(
        pages.EN / "first-image.md"
    )
    assert start == "make run\n"
    terminal.run(prepare)
    for reason in ("TagNotFound", "CredentialRefused", "DNSFailed"):
        eventually(partial(_says, terminal, failed, reason), seconds=SECONDS)
    terminal.run(create)
    assert '"syncStatus": "Success"' in terminal.run(wait)
    assert '"success":true' in terminal.run(sync)
    with terminal.running(registry):
        eventually(lambda: _answers(own), seconds=SECONDS)
        terminal.run(copy)
        product.stop()
        product.start("--sample", "--port", str(plain), *_flags(restart))
        assert '"success":true' in terminal.run(source)
        terminal.run(image)
        assert product.admin.read(f"{IMAGES}/toolbox-local")["status"]["manifest"]["digest"]
        terminal.run(clean)
    for gone in (f"{IMAGES}/my-first", f"{IMAGES}/toolbox-local", f"{SOURCES}/local"):
        assert product.admin.get(gone).status_code == 404
    product.stop()


def _says(terminal: Terminal, command: str, wanted: str) -> bool:
    return wanted in terminal.run(command)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _sample_registry(product: Product) -> str:
    return str(product.admin.read(f"{SOURCES}/sample-token")["spec"]["domain"])


def _flags(command: str) -> list[str]:
    """Those that `make run ARGS="…"` passes on."""
    (flags,) = re.findall(r'^make run ARGS="(.+)"$', command.strip())
    return shlex.split(flags)


HOW_TOS: Final = ("registry-management", "repository-management", "tokens", "backup-restore", "rotate-keys")
OPERATION: Final = ("monitoring", "upgrade")
ELSEWHERE: Final = ("make ", "imageyard serve", "git pull", "imageyard restore", "imageyard keys import")
"""Begin blocks that other tests try: what starts a server, and what wants it stopped."""


@pytest.mark.needs("curl")
def test_readme_and_how_tos_work_as_they_are_written(make_product: MakeProduct, tmp_path: Path) -> None:
    """On one server, in the order in which one page needs what another has made. The registry that the pages speak of
    is an address nobody may reach: that is a result, not a failure, of asking."""
    product = make_product("how-tos").start()
    instead = {"127.0.0.1:8080": f"127.0.0.1:{product.ports['http']}", "harbor.example.com": "127.0.0.1:9"}
    terminal = Terminal(product, tmp_path, instead)
    ran = 0
    for page in (pages.ROOT / "README.md", *(pages.EN / f"{name}.md" for name in (*HOW_TOS, *OPERATION))):
        for block in commands(page):
            if not any(line.startswith(ELSEWHERE) for line in block.splitlines()):
                terminal.run(block, page.stem)
                ran += 1
    assert ran > 15
    product.stop()
