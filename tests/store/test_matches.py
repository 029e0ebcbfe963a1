"""What was found, remembered: true to every commit, and within its bounds."""

from array import array

from imageyard.domain.objects import Key
from imageyard.store import Query
from imageyard.store.sqlite import matches
from imageyard.store.sqlite.matches import Matched, Matches, Part, Question
from imageyard.store.sqlite.moves import Move, Sight

RESOURCE = "repositories"
MOST_PAGES = matches.MOST_IDS // 10
"""Far more than fit, even when they are empty."""
FAILED = Question(RESOURCE, Query(status="Failed"))
HERE = Question(RESOURCE, Query(status="Failed", namespaces=frozenset({"a"})))


def sight(status: str) -> Sight:
    return Sight(status, "", 0, "", "name")


def move(version: int, before: str | None, after: str | None, namespace: str = "a", resource: str = RESOURCE) -> Move:
    seen = [None if status is None else sight(status) for status in (before, after)]
    return Move(version, Key(resource, namespace, "x"), *seen)


def held(question: Question = FAILED, version: int = 1) -> Matches:
    found = Matches(version)
    found.put(question, Matched(3, array("q", [7, 8, 9]), version))
    return found


def test_what_moves_no_object_in_or_out_leaves_the_answer_whole() -> None:
    found = held(HERE)
    others = [
        move(2, "Success", "Syncing"),
        move(3, "Success", "Failed", namespace="b"),
        move(4, None, "Failed", resource="registrysecrets"),
        move(5, "Failed", "Failed"),
    ]
    found.tell(others, 6)
    assert found.get(HERE) == Matched(3, array("q", [7, 8, 9]), 6)


def test_each_move_in_or_out_counts_and_ends_the_order() -> None:
    for before, after, total in (("Success", "Failed", 4), (None, "Failed", 4), ("Failed", None, 2)):
        found = held()
        found.tell([move(2, before, after)], 2)
        assert found.get(FAILED) == Matched(total, None, 2)


def test_an_answer_is_true_from_its_last_move_up_to_the_last_commit_told() -> None:
    found = held()
    found.tell([move(2, "Success", "Failed")], 2)
    found.tell([], 4)
    known = found.get(FAILED)
    assert known is not None
    assert [found.is_true(FAILED, known, version) for version in range(1, 6)] == [False, True, True, True, False]


def test_what_was_read_before_a_move_that_was_told_meanwhile_is_brought_up_to_it() -> None:
    found = Matches(1)
    found.tell([move(2, None, "Failed")], 2)
    found.put(FAILED, Matched(3, array("q", [7, 8, 9]), 1))
    assert found.get(FAILED) == Matched(4, None, 2)


def test_what_was_read_of_a_commit_that_is_yet_to_be_told_does_not_count_it_twice() -> None:
    found = Matches(1)
    found.put(FAILED, Matched(3, array("q", [7, 8, 9]), 2))
    found.tell([move(2, None, "Failed")], 2)
    assert found.get(FAILED) == Matched(3, array("q", [7, 8, 9]), 2)


def test_who_missed_more_than_is_remembered_is_not_believed() -> None:
    found = Matches(1)
    for version in range(2, 1_100):
        found.tell([move(version, None, "Failed")], version)
    found.put(FAILED, Matched(3, array("q", [7, 8, 9]), 5))
    assert found.get(FAILED) is None


def test_an_answer_that_nobody_asks_for_is_given_up() -> None:
    found = held()
    for version in range(2, 1_100):
        found.tell([move(version, "Success", "Failed")], version)
    assert found.get(FAILED) is None


def test_answers_asked_for_longest_ago_go_first_and_memory_is_bounded() -> None:
    found = Matches(1)
    many = array("q", range(matches.MOST_IDS // 4))
    asked = [Question(RESOURCE, Query(status=f"s{number}")) for number in range(6)]
    for question in asked:
        found.put(question, Matched(len(many), many, 1))
        found.get(asked[0])
    assert [found.get(question) is not None for question in asked] == [True, False, False, True, True, True]


def test_a_page_of_too_many_matches_to_keep_is_known_again_until_one_moves_in_or_out() -> None:
    found, page = Matches(1), Part(20, 2, ascending=True)
    found.put(FAILED, Matched(9_000, None, 1))
    assert found.shown(FAILED, page) is None
    found.add(FAILED, page, array("q", [5, 6]))
    found.tell([move(2, "Success", "Syncing")], 2)
    assert found.shown(FAILED, page) == array("q", [5, 6])
    assert found.shown(FAILED, page._replace(ascending=False)) is None
    found.tell([move(3, "Success", "Failed")], 3)
    assert found.shown(FAILED, page) is None
    assert found.get(FAILED) == Matched(9_001, None, 3)


def test_pages_beyond_the_last_match_do_not_fill_the_memory() -> None:
    found = Matches(1)
    found.put(FAILED, Matched(10_000_000, None, 1))
    found.put(HERE, Matched(10_000_000, None, 1))
    for number in range(MOST_PAGES):
        found.add(HERE, Part(10_000_000 + number, 1, ascending=True), array("q"))
    assert found.get(FAILED) is None


def test_pages_that_are_kept_count_towards_the_bound_of_memory() -> None:
    found = Matches(1)
    many = array("q", range(matches.MOST_IDS // 4))
    found.put(FAILED, Matched(10_000_000, None, 1))
    found.put(HERE, Matched(10_000_000, None, 1))
    for number in range(5):
        found.add(HERE, Part(number, len(many), ascending=True), many)
    assert [found.get(question) for question in (FAILED, HERE)] == [None, None]
    found.put(FAILED, Matched(len(many), many, 1))
    assert found.get(FAILED) is not None
