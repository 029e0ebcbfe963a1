"""A store that counts what is asked of it: two questions that take the same steps take the same time."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from imageyard.store import Store


class Counting:
    """`asked` counts calls by their name."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        return self._counted(name, found) if callable(found) else found

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            self.asked[name] += 1
            return call(*arguments, **named)

        return counted
