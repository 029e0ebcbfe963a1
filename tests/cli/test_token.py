"""What `imageyard token` and `imageyard certificate` say, beside the credential."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID
from typer.testing import CliRunner, Result

from imageyard.app import kubeconfig
from imageyard.app.certificates import Certificates
from imageyard.app.clock import SystemClock
from imageyard.cli.main import _app
from imageyard.domain.kinds import KINDS, ROLE_BINDING
from imageyard.domain.kinds.role_binding import RoleBinding, RoleRef, Subject
from imageyard.domain.objects import ObjectMeta
from imageyard.domain.secret import Secret
from imageyard.service import builtin_roles
from imageyard.store.sqlite.store import SQLiteStore


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """As a server left it."""

    async def make() -> None:
        async with SQLiteStore.open(tmp_path, KINDS, now=lambda: datetime.now(UTC)) as store:
            await builtin_roles.ensure(store, SystemClock())
            bind = Subject("Group", name="team-a")
            await store.create(ROLE_BINDING, binding("team-a", bind))
        Certificates(tmp_path / "tls").ensure(["localhost"], datetime.now(UTC))
        config = kubeconfig.complete("https://localhost:8443", b"CA", "admin", kubeconfig.by_token(Secret("iy_x")))
        (tmp_path / "kubeconfig").write_bytes(config)
        (tmp_path / "config.toml").write_text("client_certificates = true\n")

    asyncio.run(make())
    return tmp_path


def binding(namespace: str, subject: Subject) -> RoleBinding:
    return RoleBinding(
        api_version=ROLE_BINDING.api_version,
        kind=ROLE_BINDING.name,
        metadata=ObjectMeta(name="images", namespace=namespace, uid="u-1", creation_timestamp=datetime.now(UTC)),
        subjects=[subject],
        role_ref=RoleRef(kind="ClusterRole", name="image-operator"),
    )


def run(directory: Path, *arguments: str) -> Result:
    return CliRunner().invoke(_app, [*arguments, "--data-dir", str(directory)])


def create(directory: Path, *arguments: str) -> Result:
    return CliRunner().invoke(_app, ["token", "create", *arguments, "--data-dir", str(directory)])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("v1", "--user", ""), "imageyard: --user: must not be empty\n"),
        (("v1", "--user", "u", "--group", ""), "imageyard: --group: must not be empty\n"),
        (("Not A Name", "--user", "u"), "imageyard: NAME: "),
    ],
)
def test_what_is_wrong_is_named_as_it_was_typed(directory: Path, arguments: tuple[str, ...], told: str) -> None:
    done = create(directory, *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(told)


def test_a_name_that_is_taken_is_told_with_the_remedy(directory: Path) -> None:
    create(directory, "v1", "--user", "u", "--group", "image-viewer")
    done = create(directory, "v1", "--user", "u")
    assert done.exit_code == 7
    assert done.stderr == (
        'imageyard: a token named "v1" exists already; revoke it first (imageyard token revoke v1)\n'
    )


@pytest.mark.parametrize("group", ["image-admin", "image-operator", "image-viewer", "system:masters", "team-a"])
def test_a_token_with_rights_is_made_without_a_word(directory: Path, group: str) -> None:
    done = create(directory, "v1", "--user", "u", "--group", "bogus", "--group", group)
    assert (done.exit_code, done.stderr) == (0, "")


@pytest.mark.parametrize("groups", [(), ("--group", "bogus")])
def test_a_token_that_may_nothing_is_made_with_a_warning(directory: Path, groups: tuple[str, ...]) -> None:
    done = create(directory, "v1", "--user", "u", *groups)
    assert done.exit_code == 0
    assert done.stdout.startswith("iy_")
    assert done.stderr.startswith(
        "imageyard: warning: this token may do nothing until a binding names its user or groups; "
    )
    assert "image-viewer" in done.stderr


def test_the_list_tells_of_each_what_it_is_and_when_it_ends(directory: Path) -> None:
    create(directory, "ci", "--user", "robot", "--group", "image-viewer", "--ttl", "720h")
    create(directory, "ops", "--user", "olga", "--group", "image-admin")
    run(directory, "certificate", "create", "laptop", "--user", "alice", "--group", "team-a")
    titles, *rows = [line.split() for line in run(directory, "token", "list").stdout.splitlines()]
    assert titles == ["NAME", "TYPE", "USER", "GROUPS", "EXPIRES", "LAST-USED"]
    month = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%d")
    assert [[*row[:4], row[4][:10], row[5]] for row in rows] == [
        ["ci", "token", "robot", "image-viewer", month, "-"],
        ["laptop", "certificate", "alice", "team-a", month, "-"],
        ["ops", "token", "olga", "image-admin", "-", "-"],
    ]


def test_a_token_is_shown_once_and_alone(directory: Path) -> None:
    token = create(directory, "ci", "--user", "robot", "--group", "image-viewer").stdout
    assert re.fullmatch(r"iy_[A-Za-z0-9_-]{43}\n", token)
    assert token.strip() not in run(directory, "token", "list").stdout
    assert not [path for path in directory.rglob("*") if path.is_file() and token.strip().encode() in path.read_bytes()]


def test_a_certificate_is_printed_with_its_key_for_a_month(directory: Path) -> None:
    done = run(directory, "certificate", "create", "laptop", "--user", "alice", "--group", "team-a")
    assert (done.exit_code, done.stderr) == (0, "")
    certificate = x509.load_pem_x509_certificate(done.stdout.encode())
    key = load_pem_private_key(done.stdout.encode(), None)
    assert key.public_key() == certificate.public_key()
    assert certificate.subject.rfc4514_string() == "CN=alice,O=team-a"
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [*usage] == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert timedelta(days=29) < certificate.not_valid_after_utc - datetime.now(UTC) <= timedelta(days=30)
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate((directory / "tls/ca.crt").read_bytes()))


def test_a_certificate_that_counts_for_nothing_yet_is_made_with_a_warning(directory: Path) -> None:
    (directory / "config.toml").unlink()
    done = run(directory, "certificate", "create", "laptop", "--user", "alice", "--group", "team-a")
    assert done.exit_code == 0
    assert done.stderr == (
        "imageyard: warning: certificates count for nothing until client_certificates is set to true\n"
    )


def test_a_certificate_comes_as_a_kubeconfig_too(directory: Path) -> None:
    done = run(directory, "certificate", "create", "laptop", "--user", "alice", "--group", "team-a", "--kubeconfig")
    config = json.loads(done.stdout)
    assert config["clusters"][0]["cluster"]["server"] == "https://localhost:8443"
    assert config["users"][0]["name"] == "alice"
    assert {*config["users"][0]["user"]} == {"client-certificate-data", "client-key-data"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("c", "--user", ""), "imageyard: --user: in a certificate a name has 1 to 64 bytes\n"),
        (("c", "--user", "长" * 22), "imageyard: --user: in a certificate a name has 1 to 64 bytes\n"),
        (("c", "--user", "u", "--group", ""), "imageyard: --group: in a certificate a name has 1 to 64 bytes\n"),
        (
            ("c", "--user", "u", "--ttl", "8761h"),
            "imageyard: --ttl: a client certificate lives 8760h (a year) at most\n",
        ),
        (("Not A Name", "--user", "u"), "imageyard: NAME: "),
    ],
)
def test_what_makes_no_certificate_is_named_as_it_was_typed(
    directory: Path, arguments: tuple[str, ...], told: str
) -> None:
    done = run(directory, "certificate", "create", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(told)


def test_a_certificate_for_somebody_without_rights_is_made_with_a_warning(directory: Path) -> None:
    done = run(directory, "certificate", "create", "laptop", "--user", "alice")
    assert done.stderr.startswith("imageyard: warning: this certificate may do nothing until a binding names ")
