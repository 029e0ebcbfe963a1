"""What others may do with the secrets of a data directory: nothing, after a start."""

import stat
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from imageyard.app import privacy, server
from imageyard.app.files import DataDir
from imageyard.settings import Settings

SECRET = (
    "admin-token",
    "kubeconfig",
    "sample.json",
    "imageyard.db",
    "imageyard.db-wal",
    "imageyard.db.replaced",
    "tls/ca.key",
    "tls/server.key",
    "keys/current",
    "keys/abc.key",
    "audit/audit.jsonl",
    "audit/audit-20260101T000000.000000Z.jsonl",
)
FOR_ALL = ("tls/ca.crt", "ports.json")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def tightened(directory: Path) -> list[Any]:
    with capture_logs() as logged:
        privacy.tighten(DataDir(directory))
    return logged


@pytest.fixture
def loose(tmp_path: Path) -> Path:
    """As `chmod -R a+rX,g+w` leaves a data directory."""
    for name in (*SECRET, *FOR_ALL):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(0o664)
        (tmp_path / name).parent.chmod(0o775)
    return tmp_path


def test_files_with_secrets_become_their_owners_alone_and_each_is_warned_of(loose: Path) -> None:
    logged = tightened(loose)
    assert {name: mode(loose / name) for name in SECRET} == dict.fromkeys(SECRET, 0o600)
    assert [mode(loose / name) for name in ("keys", "audit")] == [0o700, 0o700]
    assert [mode(loose / name) for name in FOR_ALL] == [0o664, 0o664]
    assert {each["event"] for each in logged} == {"permissions_tightened"}
    assert sorted(each["path"] for each in logged) == sorted(str(loose / name) for name in (*SECRET, "keys", "audit"))
    assert tightened(loose) == []


def test_nothing_is_loosened(tmp_path: Path) -> None:
    (tmp_path / "admin-token").touch(0o400)
    (tmp_path / "kubeconfig").touch(0o440)
    tightened(tmp_path)
    assert [mode(tmp_path / name) for name in ("admin-token", "kubeconfig")] == [0o400, 0o400]


def test_what_a_link_leads_to_is_warned_of_and_left_alone(tmp_path: Path) -> None:
    """As a mounted secret looks; it may as well lead to any file of the machine."""
    (tmp_path / "mounted").touch(0o644)
    (tmp_path / "admin-token").symlink_to(tmp_path / "mounted")
    (tmp_path / "kubeconfig").symlink_to(tmp_path / "nowhere")
    (warning,) = tightened(tmp_path)
    assert (warning["event"], warning["path"]) == ("permissions_loose", str(tmp_path / "admin-token"))
    assert mode(tmp_path / "mounted") == 0o644


def test_a_mount_that_cannot_be_changed_stops_nothing(loose: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, mode: int) -> None:
        raise OSError(30, "Read-only file system", str(self))

    monkeypatch.setattr(Path, "chmod", refuse)
    logged = tightened(loose)
    assert {(each["event"], each["problem"]) for each in logged} == {("permissions_loose", "Read-only file system")}
    assert {each["path"] for each in logged} >= {str(loose / name) for name in SECRET}


async def test_a_start_tightens_what_somebody_has_loosened(tmp_path: Path) -> None:
    async with server.running(Settings(data_dir=tmp_path, port=0, tls_port=0)):
        pass
    for name in ("admin-token", "imageyard.db", "keys", "audit"):
        (tmp_path / name).chmod(0o755)
    with capture_logs() as logged:
        async with server.running(Settings(data_dir=tmp_path, port=0, tls_port=0)):
            pass
    warned = {each["path"] for each in logged if each["event"] == "permissions_tightened"}
    assert warned == {str(tmp_path / name) for name in ("admin-token", "imageyard.db", "keys", "audit")}
    assert not any(mode(tmp_path / name) & 0o077 for name in ("admin-token", "imageyard.db", "keys", "audit"))
