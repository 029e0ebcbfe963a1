"""Fixtures that tests of several parts share."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.fakes import programs, registries
from tests.fakes.registries import DockerRegistry, Served

TOGETHER = ("tests/e2e/test_console_", "tests/e2e/")
"""Beginnings of what shares servers; the first that fits counts."""

# A machine under load is no flaw of the product; hangs end by pytest-timeout.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.register_profile("long", deadline=None, max_examples=3_000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))


class Together(LoadScopeScheduling):  # type: ignore[misc]
    """What one process runs in one go: end-to-end tests that share servers, and every other file."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((group for group in TOGETHER if file.startswith(group)), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return Together(config, log)


@pytest.fixture
async def sample_registry() -> AsyncIterator[Served]:
    """The sample registry, empty and open to all."""
    async with registries.sample() as served:
        yield served


@pytest.fixture
async def docker_registry(tmp_path: Path) -> AsyncIterator[DockerRegistry]:
    """Debian's docker-registry without sign-in."""
    async with registries.docker_registry(tmp_path / "docker-registry") as registry:
        yield registry


@pytest.fixture
async def docker_registry_htpasswd(tmp_path: Path) -> AsyncIterator[DockerRegistry]:
    """Debian's docker-registry behind Basic."""
    async with registries.docker_registry(tmp_path / "docker-registry", "htpasswd") as registry:
        yield registry


@pytest.fixture
async def docker_registry_token(tmp_path: Path) -> AsyncIterator[DockerRegistry]:
    """Debian's docker-registry behind a token service on another port."""
    async with registries.docker_registry(tmp_path / "docker-registry", "token") as registry:
        yield registry


@pytest.fixture(autouse=True)
def needed_programs(request: pytest.FixtureRequest) -> None:
    """`@pytest.mark.needs("kubectl")` skips the test where the program is missing (see programs.need)."""
    for mark in request.node.iter_markers("needs"):
        programs.need(*mark.args)
