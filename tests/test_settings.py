"""Settings: defaults are promises, precedence is flag > environment > file > default, mistakes are named."""

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from imageyard import settings
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
        ("egress_allow", "127.0.0.1/8"),
        ("tls_san", "bad/name"),
        ("tls_san", "*.*.example.com"),
        ("public_host", "http://yard.example.com"),
        ("public_host", "yard.example.com:8443"),
        ("public_host", "*.example.com"),
        ("egress_private", "maybe"),
        ("language", "fr"),
        ("sample", "perhaps"),
        ("verify_interval", "1"),
        ("verify_interval", "10s"),
        ("sync_per_host", "0"),
        ("log_level", "loud"),
    ],
)
def test_a_bad_value_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(InvalidSettings, match=name):
        load(tmp_path, env={f"IMAGEYARD_{name.upper()}": value})


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
