"""Who runs on which core while tails are measured: what the scheduler of a small machine does to three busy programs is
not the server's doing. In life the clients are elsewhere."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def apart(pid: int) -> Iterator[str]:
    """The first thread of that process, which is the server's event loop, has a core to itself; this process and what
    it starts have the others. Yields in words what holds."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) == 1:
        yield "all on one core"
        return
    os.sched_setaffinity(pid, cores[:1])
    os.sched_setaffinity(0, cores[1:])
    try:
        yield "the server's event loop on a core of its own, load on the others, the client first where it may"
    finally:
        os.sched_setaffinity(pid, cores)
        os.sched_setaffinity(0, cores)


@contextmanager
def ahead() -> Iterator[None]:
    """This thread goes ahead of all others of its cores (sched(7), SCHED_FIFO), where that is permitted."""
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    try:
        yield
    finally:
        if os.sched_getscheduler(0) != os.SCHED_OTHER:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
