"""Settings: defaults are promises, precedence is flag > environment > file > default, mistakes are named."""

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from imageyard import settings
from imageyard.service import jws
from imageyard.settings import InvalidSettings, Settings


def test_defaults_are_what_scripts_of_others_rely_on() -> None:
    values = Settings(data_dir=Path("/x"))
    assert (values.host, values.port, values.tls_port, values.language, values.egress_private) == (
        "127.0.0.1",
        8080,
        8443,
        "zh",
        "allow",
    )
    assert (values.sample, values.insecure_http, values.auto_create_namespaces) == (False, False, True)
    assert values.egress_allow == ()
    assert (values.audit_strict, values.audit_max_size, values.audit_keep) == (False, 100, 10)


def load(
    tmp_path: Path, flags: dict[str, object] | None = None, env: dict[str, str] | None = None, file: str = ""
) -> Settings:
    (tmp_path / "config.toml").write_text(file)
    return settings.load({"data_dir": tmp_path, **(flags or {})}, env or {})[0]


def test_a_flag_beats_the_environment_which_beats_the_file(tmp_path: Path) -> None:
    file, env = "port = 1\ntls_port = 1\nhost = 'a'", {"IMAGEYARD_PORT": "2", "IMAGEYARD_TLS_PORT": "2"}
    values = load(tmp_path, {"port": 3}, env, file)
    assert (values.port, values.tls_port, values.host) == (3, 2, "a")


def test_the_origin_of_each_setting_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("host = 'a'")
    origins = settings.load({"data_dir": tmp_path, "port": 3}, {"IMAGEYARD_LANGUAGE": "en"})[1]
    assert (origins["port"], origins["language"], origins["host"], origins["sample"]) == (
        "flag",
        "environment",
        str(tmp_path / "config.toml"),
        "default",
    )


def test_an_unknown_file_key_is_an_error_with_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="did you mean egress_allow"):
        load(tmp_path, file="egres_allow = []")


def test_an_unknown_environment_variable_is_an_error_with_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="did you mean IMAGEYARD_TLS_PORT"):
        load(tmp_path, env={"IMAGEYARD_TLSPORT": "1"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "65536"),
        ("port", "-1"),
        ("port", "http"),
        ("audit_max_size", "0"),
        ("audit_max_size", "10MiB"),
        ("audit_keep", "0"),
        ("audit_strict", "perhaps"),
        ("egress_allow", "127.0.0.1/8"),
        ("tls_san", "bad/name"),
        ("tls_san", "*.*.example.com"),
        ("public_host", "http://yard.example.com"),
        ("public_host", "yard.example.com:8443"),
        ("public_host", "*.example.com"),
        ("egress_private", "maybe"),
        ("egress_proxy", "https://proxy.corp:3128"),
        ("egress_proxy", "http://proxy.corp"),
        ("egress_proxy", "http://proxy.corp:3128/path"),
        ("egress_proxy", "http://proxy.corp:99999"),
        ("egress_proxy", "proxy.corp:3128"),
        ("egress_proxy", "http://:3128"),
        ("egress_no_proxy", "http://registry.corp"),
        ("egress_no_proxy", "*.corp"),
        ("egress_no_proxy", "10.0.0.1/8"),
        ("oidc_issuer", "http://id.example.com"),
        ("oidc_issuer", "id.example.com"),
        ("oidc_issuer", "https://id.example.com/?realm=main"),
        ("oidc_issuer", "https://id.example.com/#main"),
        ("oidc_issuer", "https://user@id.example.com"),
        ("oidc_issuer", "https://id.example.com:port"),
        ("oidc_issuer", "http://[::1"),
        ("oidc_username_claim", ""),
        ("oidc_username_prefix", "system:"),
        ("oidc_groups_prefix", "system:serviceaccounts:"),
        ("oidc_algorithms", ""),
        ("oidc_algorithms", "RS256,HS256"),
        ("oidc_algorithms", "none"),
        ("client_certificates", "maybe"),
        ("language", "fr"),
        ("sample", "perhaps"),
        ("verify_interval", "1"),
        ("verify_interval", "10s"),
        ("verify_interval", "99999999999999h"),
        ("sync_per_host", "0"),
        ("log_level", "loud"),
    ],
)
def test_a_bad_value_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(InvalidSettings, match=name):
        load(tmp_path, env={f"IMAGEYARD_{name.upper()}": value})


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("port = 'x'", "port .*: 'x' is no port .0 to 65535.$"),
        ("port = 80.5", "port .*: 80.5 is no port"),
        ("port = []", r"port .*: \[\] is no port"),
        ("sync_total = 'many'", "sync_total .*: 'many' is no number from 1 to 1024$"),
        ("tls_san = 5", "tls_san .*: 5 is no list$"),
        ("port = ", r"config\.toml is not valid TOML: Invalid value \(at end of document\)$"),
        ("port = 1\nport", r"config\.toml is not valid TOML: .*"),
    ],
)
def test_a_bad_file_is_told_in_the_words_of_settings(tmp_path: Path, file: str, told: str) -> None:
    with pytest.raises(InvalidSettings, match=told):
        load(tmp_path, file=file)


def test_a_file_in_another_encoding_is_no_toml(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes("host = '主机'".encode("gbk"))
    with pytest.raises(InvalidSettings, match=r"is not valid TOML: it is not UTF-8 \(byte 9\)$"):
        settings.load({"data_dir": tmp_path}, {})


def test_a_proxy_is_read_and_its_login_is_shown_nowhere(tmp_path: Path) -> None:
    values = load(tmp_path, env={"IMAGEYARD_EGRESS_PROXY": "http://yard:p%40ss@proxy.corp:3128/"})
    assert values.egress_proxy is not None
    assert (values.egress_proxy.host, values.egress_proxy.port) == ("proxy.corp", 3128)
    assert values.egress_proxy.login == "yard:p@ss"
    assert settings.plain(values.egress_proxy) == "http://***@proxy.corp:3128"
    assert "p@ss" not in f"{values!r} {values}"
    with pytest.raises(InvalidSettings) as caught:
        load(tmp_path, env={"IMAGEYARD_EGRESS_PROXY": "http://yard:hunter2@proxy.corp"})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "issuer",
    [
        "https://id.example.com",
        "https://id.example.com:8443/realms/main/",
        "http://127.0.0.1:9000",
        "http://localhost:1/",
    ],
)
def test_an_issuer_is_kept_to_the_letter_and_plain_http_is_for_loopback(tmp_path: Path, issuer: str) -> None:
    values = load(tmp_path, env={"IMAGEYARD_OIDC_ISSUER": issuer, "IMAGEYARD_OIDC_AUDIENCE": "a, b"})
    assert (values.oidc_issuer, values.oidc_audience) == (issuer, ("a", "b"))


def test_defaults_for_an_issuer_are_kubernetes_own_where_it_has_them() -> None:
    values = Settings()
    assert (values.oidc_username_claim, values.oidc_username_prefix, values.oidc_groups_claim) == ("sub", "", "groups")
    assert (values.oidc_groups_prefix, values.oidc_algorithms) == ("oidc:", ("RS256", "ES256"))
    assert set(settings._ASYMMETRIC) == set(jws.ALGORITHMS)


def test_what_goes_without_the_proxy_are_hosts_domains_and_networks(tmp_path: Path) -> None:
    values = load(tmp_path, env={"IMAGEYARD_EGRESS_NO_PROXY": "registry.corp, .intra, 10.0.0.0/8, 10.1.2.3, fd00::5"})
    networks = (ip_network("10.0.0.0/8"), ip_network("10.1.2.3/32"), ip_network("fd00::5/128"))
    assert values.egress_no_proxy == ("registry.corp", ".intra", *networks)


def test_the_data_directory_is_the_users_unless_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert settings.load({}, {})[0].data_dir == tmp_path / ".local" / "share" / "imageyard"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    assert settings.load({}, {})[0].data_dir == tmp_path / "xdg" / "imageyard"
    assert settings.load({}, {"IMAGEYARD_DATA_DIR": "/var/yard"})[0].data_dir == Path("/var/yard")
    assert settings.load({"data_dir": tmp_path}, {"IMAGEYARD_DATA_DIR": "/var/yard"})[0].data_dir == tmp_path


def test_lists_are_written_with_commas_in_the_environment_and_as_lists_in_the_file(tmp_path: Path) -> None:
    expected = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    assert load(tmp_path, env={"IMAGEYARD_EGRESS_ALLOW": "127.0.0.0/8, ::1/128"}).egress_allow == expected
    assert load(tmp_path, file='egress_allow = ["127.0.0.0/8", "::1/128"]').egress_allow == expected


def test_an_address_with_host_bits_suggests_its_network(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match=r"did you mean 127\.0\.0\.0/8\?"):
        load(tmp_path, env={"IMAGEYARD_EGRESS_ALLOW": "127.0.0.1/8"})
    with pytest.raises(InvalidSettings, match="'somewhere' is no network such as"):
        load(tmp_path, env={"IMAGEYARD_EGRESS_ALLOW": "somewhere"})


def test_names_and_addresses_are_hosts(tmp_path: Path) -> None:
    names = "yard.example.com, yard, my_host, 10.0.0.5, fd00::5"
    values = load(tmp_path, env={"IMAGEYARD_PUBLIC_HOST": names, "IMAGEYARD_TLS_SAN": f"*.example.com, {names}"})
    assert values.public_host == ("yard.example.com", "yard", "my_host", "10.0.0.5", "fd00::5")
    assert values.tls_san == ("*.example.com", *values.public_host)


def test_the_log_level_has_a_common_name_too_and_ours_wins(tmp_path: Path) -> None:
    assert load(tmp_path, env={"LOG_LEVEL": "debug"}).log_level == "debug"
    assert load(tmp_path, env={"LOG_LEVEL": "debug", "IMAGEYARD_LOG_LEVEL": "error"}).log_level == "error"


def test_durations_are_read(tmp_path: Path) -> None:
    assert load(tmp_path, file='verify_interval = "45m"').verify_interval == timedelta(minutes=45)


def test_a_file_that_is_asked_for_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="cannot be read"):
        settings.load({"data_dir": tmp_path}, {}, tmp_path / "none.toml")


def test_every_setting_is_described() -> None:
    assert [row[0] for row in settings.describe()] == list(settings.NAMES)
    assert all(row[3].endswith(".") for row in settings.describe())
