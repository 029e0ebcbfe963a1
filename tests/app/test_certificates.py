"""The server's own certificates: made once, renewed in time, trusted by the kubeconfig."""

import base64
import json
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from imageyard.app import kubeconfig
from imageyard.app.certificates import Certificates
from imageyard.domain.secret import Secret

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ["localhost", "127.0.0.1", "yard.example.com"]


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    issued = Certificates(tmp_path / "tls")
    issued.ensure(NAMES, NOW)
    before = {path.name: path.read_bytes() for path in (tmp_path / "tls").iterdir()}
    issued.ensure(NAMES, NOW + timedelta(days=100))
    assert {path.name: path.read_bytes() for path in (tmp_path / "tls").iterdir()} == before


def test_a_certificate_about_to_expire_is_made_again_under_the_same_ca(tmp_path: Path) -> None:
    issued = Certificates(tmp_path)
    issued.ensure(NAMES, NOW)
    ca, server = issued.ca.read_bytes(), issued.server.read_bytes()
    issued.ensure(NAMES, NOW + timedelta(days=340))
    assert issued.ca.read_bytes() == ca
    assert issued.server.read_bytes() != server


def test_new_names_make_a_new_certificate(tmp_path: Path) -> None:
    issued = Certificates(tmp_path)
    issued.ensure(NAMES, NOW)
    issued.ensure([*NAMES, "10.0.0.7"], NOW)
    certificate = x509.load_pem_x509_certificate(issued.server.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == [*NAMES, "10.0.0.7"]


def test_the_certificate_verifies_against_the_ca_and_keys_are_private(tmp_path: Path) -> None:
    issued = Certificates(tmp_path)
    issued.ensure(NAMES, NOW)
    context = ssl.create_default_context(cafile=str(issued.ca))
    context.load_cert_chain(issued.server, issued.server_key)
    ca = x509.load_pem_x509_certificate(issued.ca.read_bytes())
    x509.load_pem_x509_certificate(issued.server.read_bytes()).verify_directly_issued_by(ca)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_the_kubeconfig_embeds_ca_and_token() -> None:
    user = kubeconfig.by_token(Secret("iy_x"))
    config = json.loads(kubeconfig.complete("https://127.0.0.1:8443", b"PEM", "admin", user))
    assert base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]) == b"PEM"
    assert config["users"][0]["user"]["token"] == "iy_x"
    assert config["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:8443"
