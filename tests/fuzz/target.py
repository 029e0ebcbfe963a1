"""One reader of hostile input, as fuzzing sees it."""

from collections.abc import Callable
from typing import NamedTuple


class Target(NamedTuple):
    """`read` takes any bytes. It may raise what is in `refusals` and nothing else; a broken promise of what it read is
    an AssertionError. `seeds` are inputs to begin with, one at least of those that are taken."""

    name: str
    read: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    refusals: tuple[type[Exception], ...] = ()
    longest: int = 65_536
    """Bytes of the longest input that reaches this reader in the product, or that is worth trying."""

    def take(self, data: bytes) -> bool:
        """Read, and tell whether it was taken. Raises whatever no caller foresees."""
        try:
            self.read(data)
        except self.refusals:
            return False
        return True


def header(data: bytes) -> str:
    """As a header's value comes from the wire."""
    return data.decode("latin-1")


def text(data: bytes) -> str:
    """As a text comes out of a body that was read."""
    return data.decode("utf-8", "replace")
