"""Programs of this folder that serve on loopback: each gets a folder of its own and writes its port there."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.product import until


@contextmanager
def running(name: str, folder: str, *arguments: str) -> Iterator[str]:
    """Start one, give its address, end it with the block."""
    process = subprocess.Popen([sys.executable, str(Path(__file__).with_name(name)), folder, *arguments])
    port = Path(folder, "port")
    try:
        yield f"127.0.0.1:{until(lambda: port.exists() and port.read_text(), 30)}"
    finally:
        process.terminate()
        process.wait(timeout=20)
