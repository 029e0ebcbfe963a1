"""A data directory on a network file system is recognised."""

from pathlib import Path

import pytest

from imageyard.app import filesystem

MOUNTS = r"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw
40 27 0:40 / /mnt/nfs rw,relatime shared:2 - nfs4 server:/export rw,vers=4.2
41 40 254:1 / /mnt/nfs/local rw - xfs /dev/vdb rw
42 27 0:41 / /mnt/my\040share rw - cifs //server/share rw
43 27 0:42 / /mnt/host rw - 9p host rw
44 27 0:43 / /mnt/ssh rw - fuse.sshfs host: rw
45 27 0:44 / /mnt/overlay rw - fuse.fuse-overlayfs fuse-overlayfs rw
46 27 0:45 / /mnt/stacked rw - ext4 /dev/vdc rw
47 46 0:46 / /mnt/stacked rw - nfs server:/other rw
"""


@pytest.mark.parametrize(
    ("directory", "kind"),
    [
        ("/var/lib/yard", ""),
        ("/mnt/nfs/yard", "nfs4"),
        ("/mnt/nfs", "nfs4"),
        ("/mnt/nfsother", ""),
        ("/mnt/nfs/local/yard", ""),
        ("/mnt/my share/yard", "cifs"),
        ("/mnt/host/yard", "9p"),
        ("/mnt/ssh/yard", "fuse.sshfs"),
        ("/mnt/overlay/yard", ""),
        ("/mnt/stacked/yard", "nfs"),
    ],
)
def test_the_deepest_mount_point_decides(directory: str, kind: str) -> None:
    assert filesystem.network(Path(directory), MOUNTS) == kind


def test_what_is_not_understood_is_local() -> None:
    assert filesystem.network(Path("/x"), "nonsense\n\n1 2 - \n") == ""
