"""Programs from Debian packages that some tests need."""

import asyncio
import os
import shutil
from asyncio.subprocess import PIPE, STDOUT
from typing import Final

import pytest

PACKAGES: Final = {
    "docker-registry": "docker-registry",
    "skopeo": "skopeo",
    "htpasswd": "apache2-utils",
    "chromium": "chromium",
    "kubectl": "kubernetes-client",
}
SBIN: Final = "/usr/sbin:/usr/local/sbin"


def need(program: str) -> str:
    """The program's path. Without it the test is skipped, or fails when IMAGEYARD_TEST_ALL=1."""
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:{SBIN}")
    if found:
        return found
    message = f"{program} is not installed: apt-get install {PACKAGES.get(program, program)}"
    if os.environ.get("IMAGEYARD_TEST_ALL") == "1":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


async def run(program: str, *arguments: str, check: bool = True, seconds: float = 60) -> str:
    """Run a needed program to its end and answer what it printed. A failure raises AssertionError with the output."""
    process = await asyncio.create_subprocess_exec(need(program), *arguments, stdout=PIPE, stderr=STDOUT)
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    text = output.decode(errors="replace")
    if check and process.returncode:
        raise AssertionError(f"{program} {arguments[0]} ended with {process.returncode}:\n{text[-2000:]}")
    return text
