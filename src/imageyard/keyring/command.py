"""Keys from an operator's command, so that a KMS or a vault delivers them and nothing of them is on this disk.

The command's standard output is the document of `imageyard keys export`. It runs without a shell, its time and output
are bounded, and what it writes to standard error is not read: a tool that fails may show there what it was given.
"""

import os
import selectors
import shlex
import signal
import time
from contextlib import suppress
from subprocess import DEVNULL, PIPE, Popen, TimeoutExpired
from typing import Final

from imageyard.keyring import KeyringError
from imageyard.keyring.keys import LARGEST, Keys

SECONDS: Final = 30.0
"""How long the command may take: some ask a person's hardware, none should hold a start for ever."""


class CommandKeys:
    """`command` is split as a shell would (shlex), and run anew by each `load`. See `KeySource`."""

    name = "command"
    remedy = "have it deliver that key as well"

    def __init__(self, command: str, seconds: float = SECONDS) -> None:
        self._argv = shlex.split(command)
        self._seconds = seconds
        # Its arguments are not shown: they may name what is nobody's business.
        self.place = f"what the key command ({self._argv[0]}) delivers"

    def load(self) -> Keys:
        output = self._output()
        try:
            return Keys.parse(output)
        except KeyringError as error:
            raise self._failed(str(error), error.key_id) from None

    def renewed(self) -> Keys:
        return self.load()

    def drop(self, key_id: str) -> bool:
        return False

    def _output(self) -> bytes:
        end = time.monotonic() + self._seconds
        try:
            # A group of its own, so that what it started ends with it.
            process = Popen(self._argv, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, start_new_session=True)  # noqa: S603 - the operator's own
        except OSError as error:
            raise self._failed(f"it cannot be run ({error.strerror})") from None
        with process:
            try:
                output = self._read(process, end)
                code = process.wait(max(0.0, end - time.monotonic()))
            except TimeoutExpired:
                raise self._late() from None
            finally:
                if process.poll() is None:
                    with suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
        if code:
            raise self._failed(f"it ended with {code}; run it by hand to see why")
        return output

    def _read(self, process: "Popen[bytes]", end: float) -> bytes:
        output = bytearray()
        assert process.stdout is not None  # noqa: S101 - PIPE
        with selectors.DefaultSelector() as ready:
            ready.register(process.stdout, selectors.EVENT_READ)
            while ready.select(max(0.0, end - time.monotonic())):
                chunk = os.read(process.stdout.fileno(), LARGEST)
                if not chunk:
                    return bytes(output)
                output += chunk
                if len(output) > LARGEST:
                    raise self._failed(f"it delivers more than {LARGEST} bytes")
        raise self._late()

    def _late(self) -> KeyringError:
        return self._failed(f"it takes longer than {self._seconds:g} s")

    def _failed(self, why: str, key_id: str = "") -> KeyringError:
        return KeyringError(f"the key command ({self._argv[0]}): {why}", key_id)
