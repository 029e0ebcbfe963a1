"""What tells damaged bytes from good ones: CRC-32 of the bytes, begun with a number they belong to.

It answers bit rot, not an attacker; one who can write the file can write the checksum.
"""

import zlib

from imageyard.domain.errors import Corrupt, called
from imageyard.domain.text import Text


def of(body: bytes, number: int = 0) -> int:
    """The checksum. `number` (an object's resourceVersion) keeps good bytes of another row from passing."""
    return zlib.crc32(body, number & 0xFFFFFFFF)


def damaged(kind: str, namespace: str, name: str) -> Corrupt:
    """Names the object, never its bytes."""
    where = f"{namespace}/{name}" if namespace else name
    text = Text(
        f"{called(kind)}“{where}”的存储数据已损坏，请从备份恢复，或删除后重新创建",
        f'the stored data of {kind} "{where}" is damaged; restore a backup, or delete and create it again',
    )
    return Corrupt(text, kind=kind, name=name)
