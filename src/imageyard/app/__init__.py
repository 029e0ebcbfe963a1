"""The composition root: Settings in, a running server out. It owns the lifespan and every task."""

import asyncio
import errno
import gc
import shlex
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import uvloop

from imageyard import logs
from imageyard.app import audit_local, keysources
from imageyard.app.administration import Administration, administration
from imageyard.app.files import DataDir, write_private
from imageyard.keyring import KeyringError
from imageyard.keyring.keyfile import KeyFiles
from imageyard.keyring.keys import LARGEST
from imageyard.settings import Settings
from imageyard.store.sqlite import backup as sqlite_backup

if TYPE_CHECKING:
    from imageyard.app.server import Server

SWITCH_SECONDS: Final = 0.0005
"""How long the event loop keeps the interpreter from the writing thread, which asks for it between two statements.
With Python's own 5 ms, durable writes measured a fifth slower; with a tenth of a millisecond, syncs a tenth."""

__all__ = ["Administration", "administration", "backup", "export_keys", "import_keys", "restore", "run"]


def run(settings: Settings, announce: Callable[[str], None], origins: Mapping[str, str]) -> None:
    """Serve until SIGTERM or SIGINT; `origins` tells where settings came from. Raises what stops it from starting."""
    sys.setswitchinterval(SWITCH_SECONDS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(_serve(settings, announce, origins))
        except BaseExceptionGroup as group:
            raise _first(group) from None


async def _serve(settings: Settings, announce: Callable[[str], None], origins: Mapping[str, str]) -> None:
    # Imported here: it takes longer to import than any other command takes to run.
    from imageyard.app import patience, server

    patience.raise_limits()
    logs.take_over(asyncio.get_running_loop())
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with server.running(settings, origins=origins) as running:
        announce(_greeting(running))
        sys.stdout.flush()
        _settle_memory()
        await stop.wait()


def _settle_memory() -> None:
    """What was made at start lives as long as the process: the collector need not look at it again and again. Nor at
    requests that wait: they are gone without it, and looking at a thousand of them holds everything up for longer than
    answering one."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 2, 10)


def _greeting(running: "Server") -> str:
    lines = [
        f"imageyard is running: {running.url}" + (f" (HTTPS on port {running.ports.https})" if running.plain else "")
    ]
    lines.append(
        f"console: {running.url}/console/  (sign in with the token in {_quoted(running.directory.admin_token)})"
    )
    if running.sample:
        lines.append(f"sample registry: {running.sample}, with sources and images in the namespaces default and edge")
    lines += ["next, in another terminal:", *(f"  {command}" for command in _next_commands(running))]
    return "\n".join(["", *lines, ""])


def _next_commands(running: "Server") -> list[str]:
    """What a person may type as it stands, whatever the data directory is called."""
    trust = "" if running.plain else f"--cacert {_quoted(running.directory.tls / 'ca.crt')} "
    curl = f'curl {trust}-H "Authorization: Bearer $TOKEN"'
    return [
        f'export TOKEN="$(cat {_quoted(running.directory.admin_token)})"',
        f'{curl} "{running.url}/oapis/image.theriseunion.io/v1alpha1/namespaces/_all_/repositories"',
        f'{curl} "{running.url}/oapis/docs" > imageyard-docs.html',
        f"export KUBECONFIG={_quoted(running.directory.kubeconfig)}  # then: kubectl get repositories -A",
    ]


def _quoted(path: Path) -> str:
    return shlex.quote(str(path.absolute()))


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The failure a person can read; task groups wrap it."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def backup(directory: DataDir, file: Path) -> None:
    """Copy the database online and verify the copy. Raises OSError, Failure."""
    if not file.absolute().parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such directory", str(file.absolute().parent))
    sqlite_backup.copy(directory.path, file)


def restore(directory: DataDir, file: Path) -> None:
    """Put a verified backup in place of the database. Raises Locked while a server runs, OSError, Failure."""
    with audit_local.recorded(directory.audit, "create", "database/restore"):
        sqlite_backup.restore(file, directory.path)


def export_keys(settings: Settings, file: Path) -> int:
    """Write every key of the source into one private file; answer how many. Raises KeyringError, OSError."""
    with audit_local.recorded(DataDir(settings.data_dir).audit, "get", "keys/export"):
        keys = keysources.of(settings).load()
        write_private(file, keys.document())
        return len(keys.by_id)


def import_keys(directory: DataDir, file: Path) -> int:
    """Take in the keys of an export, into the data directory whatever source is in use; answer how many.
    Raises KeyringError, Conflict for another key of an id that is there, OSError."""
    directory.make()
    with audit_local.recorded(directory.audit, "create", "keys/import"):
        try:
            return KeyFiles(directory.keys).take_in(_document(file))
        except KeyringError as error:
            raise KeyringError(f"{file}: {error}", error.key_id) from None


def _document(file: Path) -> bytes:
    with file.open("rb") as opened:
        document = opened.read(LARGEST + 1)
    if len(document) > LARGEST:
        raise KeyringError(f"it is longer than {LARGEST} bytes, and so no export of keys")
    return document
