"""Users and groups of tokens: names that people can tell apart by sight."""

import pytest

from imageyard.domain.kinds import ACCESS_TOKEN
from imageyard.domain.kinds.access_token import AccessToken, AccessTokenSpec
from imageyard.domain.objects import ObjectMeta


def told(user: str, *groups: str) -> dict[str, str]:
    """Field by field, what is wrong."""
    token = AccessToken(
        api_version=ACCESS_TOKEN.api_version,
        kind=ACCESS_TOKEN.name,
        metadata=ObjectMeta(name="ci"),
        spec=AccessTokenSpec(user=user, groups=[*groups], token_hash="00"),
    )
    return {cause.field: cause.text.en for cause in ACCESS_TOKEN.validate(token, None)}


@pytest.mark.parametrize("name", ["alice", "system:masters", "张三", "Zoë Müller", "a@b.example", "x" * 256])
def test_names_of_people_and_programs_are_taken(name: str) -> None:
    assert told(name, name) == {}


@pytest.mark.parametrize(
    "name",
    ["a\nb", "a\x1b[31mb", "a\x9bb", "a\u202eb", "a\u200bb", "a\xadb", "a\u2028b", "a\u2029b", "\ufeffa"],
)
def test_what_people_do_not_see_is_refused_by_field(name: str) -> None:
    why = "drop the control characters, line separators and invisible format characters"
    assert told(name, "g", name) == {"spec.user": why, "spec.groups[1]": why}


@pytest.mark.parametrize("name", [" a", "a ", "\u3000a", "a\xa0", " "])
def test_white_space_at_the_edges_is_refused_by_field(name: str) -> None:
    why = "drop the white space at the beginning and the end"
    assert told(name, name) == {"spec.user": why, "spec.groups[0]": why}


def test_what_no_table_has_room_for_is_refused_by_field() -> None:
    why = "has at most 256 characters"
    assert told("x" * 257, "y" * 257) == {"spec.user": why, "spec.groups[0]": why}
