"""The type of values that must never be seen: it prints stars and refuses to be encoded."""

import hmac
from typing import NoReturn


class Secret:
    """A password or token. Every way of showing it by accident (`str`, `repr`, f-strings, msgspec, pickle,
    tracebacks with locals) gives stars or a TypeError; `reveal()` is the one way to the value. How long it takes to
    compare two tells nothing of where they differ."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        # Surrogates too: a value need not be text that UTF-8 knows.
        return hmac.compare_digest(*(each._value.encode("utf-8", "surrogatepass") for each in (self, other)))

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled or copied")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled or copied")
