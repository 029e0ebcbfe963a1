"""`imageyard serve`: the product."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from imageyard import app as application
from imageyard import logs
from imageyard.cli import exits, options


def serve(
    data_dir: Annotated[Path | None, options.setting("data_dir")] = None,
    config: Annotated[Path | None, Option(help="Settings file (default: config.toml in the data directory).")] = None,
    host: Annotated[str | None, options.setting("host")] = None,
    port: Annotated[int | None, options.setting("port")] = None,
    tls_port: Annotated[int | None, options.setting("tls_port")] = None,
    tls_san: Annotated[list[str] | None, options.setting("tls_san")] = None,
    public_host: Annotated[list[str] | None, options.setting("public_host")] = None,
    trusted_proxy: Annotated[list[str] | None, options.setting("trusted_proxy")] = None,
    insecure_http: Annotated[bool, options.setting("insecure_http", "--insecure-http")] = False,
    sample: Annotated[bool, options.setting("sample", "--sample")] = False,
    egress_allow: Annotated[list[str] | None, options.setting("egress_allow")] = None,
    egress_private: Annotated[str | None, options.setting("egress_private")] = None,
    egress_proxy: Annotated[str | None, options.setting("egress_proxy")] = None,
    egress_no_proxy: Annotated[list[str] | None, options.setting("egress_no_proxy")] = None,
    registry_ca: Annotated[Path | None, options.setting("registry_ca")] = None,
    language: Annotated[str | None, options.setting("language")] = None,
    audit_strict: Annotated[bool, options.setting("audit_strict", "--audit-strict")] = False,
    log_level: Annotated[str | None, options.setting("log_level")] = None,
    log_format: Annotated[str | None, options.setting("log_format")] = None,
) -> None:
    """Start the server. Everything it needs is made in the data directory on the first start."""
    with exits.told():
        settings, origins = options.read_with_origins(
            data_dir=data_dir,
            config=config,
            host=host,
            port=port,
            tls_port=tls_port,
            tls_san=tuple(tls_san or ()),
            public_host=tuple(public_host or ()),
            trusted_proxy=tuple(trusted_proxy or ()),
            insecure_http=insecure_http or None,
            sample=sample or None,
            egress_allow=tuple(egress_allow or ()),
            egress_private=egress_private,
            egress_proxy=egress_proxy,
            egress_no_proxy=tuple(egress_no_proxy or ()),
            registry_ca=registry_ca,
            language=language,
            audit_strict=audit_strict or None,
            log_level=log_level,
            log_format=log_format,
        )
        _check_registry_ca(settings.registry_ca)
        logs.configure(settings.log_level, settings.log_format)
        application.run(settings, announce=typer.echo, origins=origins)


def _check_registry_ca(file: Path | None) -> None:
    """Name the setting, not only the file; what the file holds is judged where it is used."""
    try:
        if file:
            file.read_bytes()
    except OSError as error:
        exits.fail(f"registry_ca: {file} cannot be read ({error.strerror})", exits.Exit.ENVIRONMENT)
