"""Which file system a directory lies on. SQLite's write-ahead log needs shared memory and locks that hold, and over a
network there is neither (https://www.sqlite.org/wal.html, "Overview", disadvantages)."""

import re
from pathlib import Path
from typing import Final

MOUNTS: Final = Path("/proc/self/mountinfo")
_NETWORK: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "gpfs", "beegfs", "davfs"}
)
_LOCAL_FUSE: Final = frozenset({"fuse.fuse-overlayfs", "fuse.lxcfs"})
_ESCAPED: Final = re.compile(r"\\([0-7]{3})")


def network(directory: Path, mounts: str) -> str:
    """The type of the network file system that `directory` lies on, "" for a local one. `mounts` is the text of
    /proc/self/mountinfo (proc(5)). FUSE counts as a network but for the kinds that are known to be local."""
    kind = _kind(directory.resolve(), mounts)
    fuse = kind.startswith("fuse.") and kind not in _LOCAL_FUSE
    return kind if fuse or kind in _NETWORK else ""


def _kind(directory: Path, mounts: str) -> str:
    """Of the deepest mount point above; the last one when several are stacked there."""
    deepest, kind = -1, ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) > 4 and after:
            point = Path(_ESCAPED.sub(lambda match: chr(int(match[1], 8)), fields[4]))
            if directory.is_relative_to(point) and len(point.parts) >= deepest:
                deepest, kind = len(point.parts), after.split(" ")[0]
    return kind
