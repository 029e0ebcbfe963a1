"""What a run was made on and with: no figure says anything without it."""

import os
import platform
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

import apsw

from bench import product, static
from bench.profile import Profile


def told(profile: Profile) -> dict[str, object]:
    """As it is before the run begins."""
    return {
        "profile": profile.name,
        "cpus": len(os.sched_getaffinity(0)),
        "cpu model": _field("/proc/cpuinfo", "model name"),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB",
        "kernel": platform.release(),
        "load average before": load(),
        "python": platform.python_version(),
        "sqlite": apsw.sqlite_lib_version(),
        "server": ", ".join(f"{name} {version(name)}" for name in ("uvicorn", "httptools", "uvloop", "starlette")),
        "product": version("imageyard"),
        "revision": _revision(),
        "load": _version_of("wrk"),
        "registry": _version_of("docker-registry"),
        "product's flags": " ".join(product.FLAGS),
        "more flags": f"{static.FLAG} where it syncs, --audit-strict where the figure says so; all else by default",
        "objects": f"{profile.few:,} and {profile.many:,}",
        "seconds of a rate": profile.seconds,
        "seconds of warm-up": profile.warm_up,
    }


def load() -> str:
    """Of the last one, five and fifteen minutes."""
    return "{:.2f} {:.2f} {:.2f}".format(*os.getloadavg())


def _field(file: str, name: str) -> str:
    for line in Path(file).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return platform.machine()


def _revision() -> str:
    """Of the source, with a mark where it was changed since."""
    program = shutil.which("git")
    if program is None:
        return "unknown"
    command = [program, "describe", "--always", "--dirty"]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _version_of(program: str) -> str:
    """The first line that it says of itself; these programs say it with an exit code of their own choice."""
    path = shutil.which(program)
    if path is None:
        return f"no {program}"
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip().splitlines()[0].partition(" Copyright")[0]
