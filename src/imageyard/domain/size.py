"""Sizes for people: decimal units, three significant digits, no space."""


def human(count: int) -> str:
    """`512B`, `3.99kB`, `142MB`, `1.2GB`."""
    raise NotImplementedError
