"""Order statistics against a sorted list."""

from bisect import bisect_left, insort

from hypothesis import given, settings
from hypothesis import strategies as st

from imageyard.store.sqlite.rank import SIZE, Rank

steps = st.lists(st.tuples(st.sampled_from(["add", "remove", "seek"]), st.integers(0, 10**6)), max_size=300)


class Names:
    """What the rank is about: sorted names per namespace."""

    def __init__(self, counts: dict[str, int]) -> None:
        self.names = {namespace: [f"n{number:07}" for number in range(count)] for namespace, count in counts.items()}
        self.looked_up = 0

    def all(self) -> list[tuple[str, str]]:
        return [(namespace, name) for namespace in sorted(self.names) for name in self.names[namespace]]

    def at(self, rank: Rank, position: int) -> tuple[str, str]:
        """Goes where the rank says, as a query would."""
        namespace, inside = rank.locate(position)
        known = rank.known(namespace, inside)
        first, skip = rank.seek(namespace, inside, lambda start, places: self._lookup(namespace, start, places))
        assert known in (None, (first, skip))
        assert skip <= 2 * SIZE
        return namespace, self.names[namespace][bisect_left(self.names[namespace], first) + skip]

    def _lookup(self, namespace: str, first: str, places: int) -> str:
        self.looked_up += 1
        return self.names[namespace][bisect_left(self.names[namespace], first) + places]


@settings(max_examples=60, deadline=None)
@given(counts=st.dictionaries(st.sampled_from("abc"), st.integers(1, 9 * SIZE), min_size=1), steps=steps)
def test_it_finds_every_position_however_names_come_and_go(
    counts: dict[str, int], steps: list[tuple[str, int]]
) -> None:
    names, rank = Names(counts), Rank(counts)
    for action, value in steps:
        everything = names.all()
        if action == "add":
            namespace, name = "abcd"[value % 4], f"m{value}"
            if name not in names.names.setdefault(namespace, []):
                insort(names.names[namespace], name)
                rank.add(namespace, name)
        elif everything and action == "remove":
            namespace, name = everything[value % len(everything)]
            names.names[namespace].remove(name)
            rank.remove(namespace, name)
        elif everything:
            position = value % len(everything)
            assert names.at(rank, position) == everything[position]
    assert rank.total() == len(names.all())
    assert {namespace: rank.total(namespace) for namespace in "abcd"} == {
        namespace: len(names.names.get(namespace, [])) for namespace in "abcd"
    }


def test_blocks_are_walked_once() -> None:
    names = Names({"a": 100 * SIZE})
    rank = Rank({"a": 100 * SIZE})
    names.at(rank, 50 * SIZE)
    walked = names.looked_up
    for position in range(0, 100 * SIZE, 7):
        names.at(rank, position)
    assert names.looked_up == walked


def test_blocks_that_empty_are_merged() -> None:
    names = Names({"a": 20 * SIZE})
    rank = Rank({"a": 20 * SIZE})
    names.at(rank, 10 * SIZE)
    for name in names.names["a"][5:-5]:
        rank.remove("a", name)
    names.names["a"] = names.names["a"][:5] + names.names["a"][-5:]
    assert [names.at(rank, position)[1] for position in range(10)] == names.names["a"]
