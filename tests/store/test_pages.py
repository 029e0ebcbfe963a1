"""Remembered pages: given out as long as they are true, and within their bound of memory."""

from hypothesis import given, settings
from hypothesis import strategies as st

from imageyard.domain.objects import Key
from imageyard.store import Bodies, Change, Page, Query
from imageyard.store.sqlite.pages import Pages

RESOURCE = "repositories"
ALL, HERE = Query(offset=0, limit=2), Query(namespaces=frozenset({"a"}), offset=0, limit=2)


def page(*names: str, version: int = 1, namespace: str = "a", padding: int = 0) -> Page:
    bodies = [
        b'{"metadata":{"name":"%s","uid":"u","namespace":"%s"}}' % (name.encode(), namespace.encode()) + b" " * padding
        for name in names
    ]
    return Page(Bodies(RESOURCE, [version] * len(names), bodies), len(names), version, "")


def change(type_: str, name: str, version: int, namespace: str = "a", resource: str = RESOURCE) -> Change:
    return Change(type_, version, Key(resource, namespace, name), "u", b"")  # type: ignore[arg-type]


def held(query: Query = HERE) -> Pages:
    pages = Pages(1)
    pages.put(RESOURCE, query, page("f", "m"))
    return pages


def test_what_does_not_concern_a_page_leaves_it_and_only_moves_its_version() -> None:
    pages = held()
    others = [
        change("MODIFIED", "e", 2),
        change("MODIFIED", "n", 3),
        change("ADDED", "g", 4, namespace="b"),
        change("DELETED", "g", 5, resource="registrysecrets"),
    ]
    pages.tell(others, ["registrysecrets"], 5)
    found = pages.get(RESOURCE, HERE)
    assert found == page("f", "m")._replace(resource_version=5)


def test_a_change_within_a_page_ends_it() -> None:
    for name in ("f", "g", "m"):
        pages = held()
        pages.tell([change("MODIFIED", name, 2)], [], 2)
        assert pages.get(RESOURCE, HERE) is None


def test_what_comes_or_goes_moves_every_page_of_its_namespace_and_of_all() -> None:
    for type_ in ("ADDED", "DELETED"):
        for query in (HERE, ALL):
            pages = held(query)
            pages.tell([change(type_, "z", 2)], [], 2)
            assert pages.get(RESOURCE, query) is None


def test_a_search_ends_with_any_change_of_texts() -> None:
    query = Query(offset=0, limit=2, search="m")
    pages = held(query)
    pages.tell([change("MODIFIED", "z", 2)], [], 2)
    assert pages.get(RESOURCE, query) is not None
    pages.tell([change("MODIFIED", "z", 3)], [RESOURCE], 3)
    assert pages.get(RESOURCE, query) is None


def test_a_page_that_was_read_before_its_commit_was_told_keeps_its_version() -> None:
    pages = Pages(1)
    pages.put(RESOURCE, HERE, page("f", "m", version=3))
    found = pages.get(RESOURCE, HERE)
    assert found is not None
    assert found.resource_version == 3


def test_a_page_that_missed_too_much_is_given_up() -> None:
    pages = held()
    for version in range(2, 1002):
        pages.tell([change("MODIFIED", "z", version)], [], version)
    assert pages.get(RESOURCE, HERE) is None


@settings(max_examples=60, deadline=None)
@given(asked=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 400)), max_size=60))
def test_the_pages_asked_for_longest_ago_go_first_and_memory_is_bounded(asked: list[tuple[int, int]]) -> None:
    pages, bound = Pages(1, 4_000), 4_000
    for number, padding in asked:
        query = Query(offset=number, limit=1)
        if pages.get(RESOURCE, query) is None:
            pages.put(RESOURCE, query, page("f", padding=padding))
            assert pages.get(RESOURCE, query) is not None or padding > bound // 8 - 200
        assert pages.size <= bound
