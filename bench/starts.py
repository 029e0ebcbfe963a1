"""From a process that was killed while it wrote to one that serves: what a crash of the server costs its users."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench import creates, product, wrk
from bench.figure import Figure
from bench.product import API
from bench.profile import Profile
from bench.world import Worlds

_MOST_SECONDS: Final = 5.0
_PATH: Final = f"{API}/starts/repositories"


def measure(profile: Profile, worlds: Worlds) -> Iterator[Figure]:
    """At the large size."""
    with worlds.copy(profile.many) as folder:
        log = _killed(folder, profile)
        begun = time.perf_counter()
        process = product.launched(folder)
        try:
            server = product.reached(folder, process)
            taken = time.perf_counter() - begun
            held = server.total("/_all_/repositories")
        finally:
            product.ended(process)
    if held < profile.many:
        raise RuntimeError(f"{profile.many - held} objects are gone")
    remark = f"kill -9 among creates of 16 clients, {log / 2**20:.0f} MiB of write-ahead log; files in the page cache"
    name = f"start to ready with {profile.many:,} after kill -9"
    yield Figure.within(name, taken, _MOST_SECONDS, "s", remark)


def _killed(folder: Path, profile: Profile) -> int:
    """Have a server write, and kill it in the midst of it; answers how long a log it left."""
    process = product.launched(folder)
    try:
        server = product.reached(folder, process)
        script = wrk.creates(_PATH, "killed-", creates.document())
        # Longer than needed: the end has to come while it writes.
        with wrk.loading(server.url + _PATH, server.token, seconds=60, connections=16, script=script):
            time.sleep(profile.seconds)
            process.send_signal(signal.SIGKILL)
            process.wait(timeout=20)
    except BaseException:
        product.ended(process)
        raise
    return (folder / "imageyard.db-wal").stat().st_size
