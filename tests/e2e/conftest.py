"""What the end-to-end tests share: one server with loopback open, one private CA, and what they leave behind."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e import browser
from tests.e2e.background import Background
from tests.e2e.evidence import Evidence
from tests.e2e.kubectl import Kubectl
from tests.e2e.product import LOOPBACK, Client, Product
from tests.fakes.authority import Authority

LAST = "test_canary.py"
"""Judges what the others left behind."""

MakeProduct = Callable[[str], Product]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name == LAST)


@pytest.fixture(scope="session")
def evidence() -> Iterator[Evidence]:
    """Of all tests of this process, judged once more when every server has stopped."""
    evidence = Evidence()
    yield evidence
    assert evidence.findings() == []
    assert evidence.alarms() == []


@pytest.fixture(scope="session")
def background() -> Iterator[Background]:
    with Background() as background:
        yield background


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The private CA that the shared server trusts by --registry-ca."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def make_product(tmp_path_factory: pytest.TempPathFactory, evidence: Evidence) -> Iterator[MakeProduct]:
    """Servers on data directories of their own, not started yet; whichever still runs is stopped at the end."""
    made: list[Product] = []

    def make(name: str) -> Product:
        made.append(Product(tmp_path_factory.mktemp(name) / "data", evidence))
        return made[-1]

    yield make
    codes = [product.ended() for product in made if product.runs]
    assert not any(codes), codes


@pytest.fixture(scope="session")
def product(make_product: MakeProduct, authority: Authority) -> Product:
    """The server that most tests share. They name their objects apart."""
    return make_product("shared").start(*LOOPBACK, "--registry-ca", str(authority.ca))


@pytest.fixture(scope="session")
def admin(product: Product) -> Client:
    return product.admin


@pytest.fixture(scope="session")
def kubectl(make_product: MakeProduct, tmp_path_factory: pytest.TempPathFactory, evidence: Evidence) -> Kubectl:
    """The real kubectl, for a server of its own with the sample objects. Tests name their objects apart."""
    return Kubectl(make_product("kubectl").start("--sample"), tmp_path_factory.mktemp("kubectl-home"), evidence)


@pytest.fixture(scope="session")
def yard(make_product: MakeProduct) -> Product:
    """A server with the sample objects, for the tests of the console."""
    return make_product("console").start("--sample")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for the tests of a file: what drives it keeps an event loop in this thread, and leaves no room for
    those of other files. They ask for it first: where it is missing they are skipped before a server starts."""
    with browser.chromium() as found:
        yield found


@pytest.fixture
def place(tmp_path: Path, evidence: Evidence) -> Path:
    """A directory for what a test has the product write; it is searched for secrets in the end."""
    evidence.watch(tmp_path)
    return tmp_path
