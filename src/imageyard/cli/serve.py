"""`imageyard serve`: the product."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from imageyard import app as application
from imageyard import logs
from imageyard.cli import exits, options


def serve(
    data_dir: options.DataDirOption = None,
    config: Annotated[Path | None, Option(help="Settings file (default: config.toml in the data directory).")] = None,
    host: Annotated[str | None, Option(help="Address both listeners bind to [127.0.0.1].")] = None,
    port: Annotated[int | None, Option(help="Plain-HTTP port, 0 = any free one [8080].")] = None,
    tls_port: Annotated[int | None, Option(help="HTTPS port, 0 = any free one [8443].")] = None,
    tls_san: Annotated[list[str] | None, Option(help="More names for the server certificate.")] = None,
    public_host: Annotated[list[str] | None, Option(help="Further Host names callers may use.")] = None,
    trusted_proxy: Annotated[list[str] | None, Option(help="Networks whose forwarded headers count.")] = None,
    insecure_http: Annotated[bool, Option("--insecure-http", help="Offer plain HTTP beyond loopback.")] = False,
    sample: Annotated[bool, Option("--sample", help="Start the sample registry and make sample objects.")] = False,
    egress_allow: Annotated[
        list[str] | None, Option(help="CIDR outbound requests may reach though loopback or reserved.")
    ] = None,
    egress_private: Annotated[str | None, Option(help="allow or deny private networks [allow].")] = None,
    registry_ca: Annotated[Path | None, Option(help="PEM file of CAs trusted for all sources.")] = None,
    language: Annotated[str | None, Option(help="Language of texts in objects, zh or en [zh].")] = None,
    log_level: Annotated[str | None, Option(help="debug, info, warning or error [info].")] = None,
    log_format: Annotated[str | None, Option(help="json or console [json].")] = None,
) -> None:
    """Start the server. Everything it needs is made in the data directory on the first start."""
    with exits.told():
        settings = options.read(
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
            registry_ca=registry_ca,
            language=language,
            log_level=log_level,
            log_format=log_format,
        )
        _check_registry_ca(settings.registry_ca)
        logs.configure(settings.log_level, settings.log_format)
        application.run(settings, announce=typer.echo)


def _check_registry_ca(file: Path | None) -> None:
    """Name the setting, not only the file; what the file holds is judged where it is used."""
    try:
        if file:
            file.read_bytes()
    except OSError as error:
        exits.fail(f"registry_ca: {file} cannot be read ({error.strerror})", exits.Exit.ENVIRONMENT)
