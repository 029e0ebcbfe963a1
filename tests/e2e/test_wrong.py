"""Everything that can be wrong with a source: each ends in time, with its own reason, in both languages."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

import pytest

from imageyard.sample.listener import Listener
from imageyard.sample.registry import Registry
from tests.e2e.background import Background
from tests.e2e.evidence import Evidence
from tests.e2e.product import IMAGES, JSON, SOURCES, Client, image, source
from tests.egress import servers
from tests.fakes import registries
from tests.fakes.authority import Authority

VERIFY_SECONDS: Final = 30
TIMEOUT: Final = 5
"""syncTimeout of the images, seconds."""
SLACK: Final = 3
"""Seconds for storing and reading what became of a sync, on a busy machine."""
PAGE: Final = servers.answer("200 OK", b"<!DOCTYPE html><html>Welcome</html>", "Content-Type: text/html")


@dataclass(frozen=True)
class Wrong:
    """What is wrong, and what is to be said about it."""

    verify: str
    steps: str
    """Outcomes of address, tls, registry, login by their first letters; f, u and s for failed, unproven, skipped."""
    zh: str
    en: str
    sync: str = ""
    """The sync's reason where it is not the verification's."""
    told: str = ""
    """What the sync's message says where it does not say the same."""


CASES: Final = {
    "password": Wrong(
        "Unauthorized",
        "osof",
        "用户名或密码错误",
        "wrong user name or password",
        "CredentialRefused",
        "暂停同步以免锁定账号",
    ),
    "host": Wrong("DNSFailed", "fsss", "registry.imageyard-e2e.invalid 的域名无法解析", "invalid cannot be resolved"),
    "port": Wrong("ConnectionRefused", "fsss", "拒绝连接。请检查端口", "refuses connections; check the port"),
    "plain": Wrong("TLSInvalid", "ofss", "请设置 spec.insecure: true", "set spec.insecure: true"),
    "expired": Wrong("TLSInvalid", "ofss", "证书已过期", "certificate that has expired"),
    "unknown-ca": Wrong("TLSInvalid", "ofss", "证书的签发者不受信任", "issuer is not trusted"),
    "page": Wrong("NotARegistry", "osfs", "该地址不是镜像仓库", "no registry at this address"),
    "silent": Wrong("Timeout", "osfs", "未在时限内应答", "did not answer in time", told="spec.syncTimeout"),
}


@pytest.fixture(scope="module")
def sources(
    background: Background, authority: Authority, evidence: Evidence, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, JSON]]:
    """The spec of a source for each case."""
    stranger = Authority(tmp_path_factory.mktemp("stranger"))
    with ExitStack() as stack:

        def running(neighbour: Any) -> Any:
            return stack.enter_context(background.running(neighbour))

        sample = running(registries.sample(registries.basic_access()))
        expired = running(Listener(Registry(), certificate=authority.issue(expired=True)))
        unknown = running(Listener(Registry(), certificate=stranger.issue()))
        page = running(servers.serving(PAGE))
        silent = running(servers.serving(servers.silence))
        closed = stack.enter_context(socket.socket())
        closed.bind(("127.0.0.1", 0))  # and never listens, so that nobody else is given the port
        yield {
            "password": {"domain": sample.address, "insecure": True},
            "host": {"domain": "registry.imageyard-e2e.invalid"},
            "port": {"domain": f"127.0.0.1:{closed.getsockname()[1]}"},
            "plain": {"domain": sample.address},
            "expired": {"domain": expired.address},
            "unknown-ca": {"domain": unknown.address},
            "page": {"domain": f"127.0.0.1:{page.port}", "insecure": True},
            "silent": {"domain": f"127.0.0.1:{silent.port}", "insecure": True},
        }


@dataclass(frozen=True)
class Outcome:
    """What became of a case, and how many seconds it took."""

    chinese: JSON
    english: JSON
    verify_seconds: float
    status: JSON
    sync_seconds: float


@pytest.fixture(scope="module")
def outcomes(admin: Client, sources: dict[str, JSON], evidence: Evidence) -> dict[str, Outcome]:
    """All cases at once: a source that does not answer holds up none of the others."""
    password = evidence.secret("wrong")
    for name, spec in sources.items():
        admin.make(SOURCES, source(f"wrong-{name}", spec["domain"], "tester", password, insecure="insecure" in spec))
    with ThreadPoolExecutor(3 * len(CASES)) as pool:
        running = {name: pool.submit(_outcome, pool, admin, name) for name in sources}
        return {name: future.result() for name, future in running.items()}


def _outcome(pool: ThreadPoolExecutor, admin: Client, name: str) -> Outcome:
    began = monotonic()
    asked = [pool.submit(_verify, admin, name, language) for language in ("zh-CN", "en")]
    if CASES[name].sync:  # it is the verification that tells the image
        wait(asked)
    status, sync_seconds = _sync(admin, name)
    chinese, english = (each.result() for each in asked)
    return Outcome(chinese[0], english[0], max(chinese[1], english[1]) - began, status, sync_seconds)


def _verify(admin: Client, name: str, language: str) -> tuple[JSON, float]:
    answer = admin.post(f"{SOURCES}/wrong-{name}/verify", {}, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    return answer.json(), monotonic()


def _sync(admin: Client, name: str) -> tuple[JSON, float]:
    began = monotonic()
    admin.make(IMAGES, image(f"wrong-{name}", f"wrong-{name}", syncTimeout=f"{TIMEOUT}s"))
    found = admin.until(f"{IMAGES}/wrong-{name}", 2 * TIMEOUT + SLACK, syncStatus="Failed")
    return found["status"], monotonic() - began


@pytest.mark.parametrize("name", CASES)
def test_a_verification_ends_in_time_and_says_why(outcomes: dict[str, Outcome], name: str) -> None:
    expected, outcome = CASES[name], outcomes[name]
    for answer in (outcome.chinese, outcome.english):
        assert (answer["success"], answer["reason"]) == (False, expected.verify)
        assert [step["name"] for step in answer["steps"]] == ["address", "tls", "registry", "login"]
    assert "".join(step["outcome"][0] for step in outcome.chinese["steps"]) == expected.steps
    assert outcome.chinese["message"].startswith("连接失败：")
    assert expected.zh in outcome.chinese["message"]
    assert outcome.english["message"].startswith("connection failed: ")
    assert expected.en in outcome.english["message"]
    assert outcome.verify_seconds <= VERIFY_SECONDS


@pytest.mark.parametrize("name", CASES)
def test_a_sync_ends_within_its_timeout_and_says_why(outcomes: dict[str, Outcome], name: str) -> None:
    expected, outcome = CASES[name], outcomes[name]
    assert outcome.status["reason"] == (expected.sync or expected.verify)
    assert outcome.sync_seconds <= TIMEOUT + SLACK
    assert (expected.told or expected.zh) in outcome.status["message"]


def test_the_source_remembers_what_was_found(admin: Client, outcomes: dict[str, Outcome]) -> None:
    for name, expected in CASES.items():
        found = admin.read(f"{SOURCES}/wrong-{name}")
        notes = found["metadata"]["annotations"]
        assert notes["theriseunion.io/verify-status"] == "failed"
        assert expected.zh in notes["theriseunion.io/verify-message"]
        verified = found["status"]["conditions"][0]
        assert (verified["type"], verified["status"], verified["reason"]) == ("Verified", "False", expected.verify)
    assert outcomes


def test_failures_are_what_the_alert_rules_read(admin: Client, sources: dict[str, JSON], outcomes: object) -> None:
    lines = admin.get("//metrics").text.splitlines()
    of_source = 'image_registry_connection_failures{name="wrong-port",namespace="default",registry_name="wrong-port"} '
    domain = sources["port"]["domain"]
    of_image = f'image_sync_failures{{image="{domain}/app/web:v1",name="wrong-port",namespace="default"}} '
    for beginning in (of_source, of_image):
        (line,) = [line for line in lines if line.startswith(beginning)]
        assert float(line.removeprefix(beginning)) >= 1
    assert outcomes
