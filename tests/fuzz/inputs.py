"""Inputs made by hypothesis: bytes, and seeds that were cut, joined, doubled and salted."""

from collections.abc import Iterator
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.fuzz import mutation
from tests.fuzz.target import Target

SALT: Final = (
    *(bytes([sign]) for sign in b"\x00\xff\r\n\t\\\"',;=:@%/[]{}-0"),
    *(b"9" * 30, b"1e999", b"NaN", b"null", b"\\ud800", b"\xed\xa0\x80", b"\xe2\x80\xae", b"&a ", b"*a", b"xn--"),
    *(b'"a":1,"a":2', b"9223372036854775808", b"0x7f.1", "。".encode(), "１".encode()),
)


@st.composite
def _mutated(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 16)))
        put = draw(st.sampled_from(SALT) | st.just(data[start:end] * 2) | st.binary(max_size=8))
        data = data[:start] + put + data[end:]
    return data


def of(target: Target) -> SearchStrategy[bytes]:
    return _mutated(target.seeds) | st.binary(max_size=64)


STRETCH: Final = 262_144
"""Bytes: what takes quadratic time takes too long here already."""


def stretched(target: Target, most: int = STRETCH) -> Iterator[bytes]:
    """Inputs as long as may be: each seed, and each sign that opens, closes or parts something, again and again;
    and documents of which one value is large."""
    pieces = {*target.seeds, *(bytes([sign]) for seed in target.seeds for sign in seed if not chr(sign).isalnum())}
    pieces |= {b"0", b"a", b"a.", b"[[", b'{"":', b"\\u0041", b'"",'}
    most = min(target.longest, most)
    yield from ((piece * (most // len(piece) + 1))[:most] for piece in sorted(pieces) if piece)
    yield from mutation.swollen(target.seeds[0], most // 2, every=13)
