"""Keeps this process's memory to itself: passwords and keys are in it.

A crash leaves no core file, and no other process of the same user may attach, or read `/proc/PID/mem` and
`/proc/PID/environ` (prctl(2), PR_SET_DUMPABLE; core(5)). What is public of a process (`/proc/PID/stat`, `statm`,
`status`) stays readable, and root may do what root may.
"""

import ctypes
import resource
import sys
from typing import Final

_SET_DUMPABLE: Final = 4
_NOT: Final = 0


def keep_private() -> bool:
    """Whether the kernel keeps the memory from others now. Children that run other programs are not concerned."""
    # The limit alone does not do: a core_pattern that is a pipe passes over it.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return False
    try:
        return bool(ctypes.CDLL(None).prctl(_SET_DUMPABLE, _NOT, 0, 0, 0) == 0)
    except (OSError, AttributeError):  # a C library without it
        return False
