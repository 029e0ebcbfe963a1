"""List parameters: what each takes, and that a bad one is told with its rule."""

import contextlib
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain.errors import BadRequest, Invalid
from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY
from imageyard.store import Query
from imageyard.web.oapis import parameters
from tests.fakes.asgi import Client
from tests.web.samples import IMAGES
from tests.web.test_objects import fields, is_status

NAMES = ["page", "limit", "search", "name", "sortBy", "ascending", "labelSelector", "fieldSelector", "status", "other"]


def images(query: str) -> Query:
    return parameters.listing(REPOSITORY, "default", query.encode())


def sources(query: str) -> Query:
    return parameters.listing(REGISTRY_SECRET, "default", query.encode())


def test_nothing_said_means_the_first_ten_by_name() -> None:
    assert images("") == Query(namespaces=frozenset({"default"}), offset=0, limit=10)


def test_page_and_limit_say_where_a_page_begins() -> None:
    query = images("page=3&limit=1000")
    assert (query.offset, query.limit) == (2000, 1000)


def test_all_namespaces_is_no_restriction() -> None:
    assert parameters.listing(REPOSITORY, "_all_", b"").namespaces is None


def test_each_kind_searches_under_its_own_name_and_ignores_the_other() -> None:
    assert images("name=nginx&search=x").search == "nginx"
    assert sources("name=x&search=%E7%94%9F%E4%BA%A7").search == "生产"


def test_status_filters_images_only() -> None:
    assert images("status=Failed").status == "Failed"
    assert images("status=").status is None
    assert sources("status=failed").status is None


def test_sorting() -> None:
    query = images("sortBy=lastSynced&ascending=false")
    assert (query.sort_by, query.ascending) == ("lastSynced", False)
    assert sources("sortBy=createTime&ascending=TRUE").ascending is True


def test_selectors_are_parsed() -> None:
    query = images("labelSelector=app%3Dweb&fieldSelector=status.syncStatus%3DFailed")
    assert query.labels is not None
    assert query.labels.matches({"app": "web"})
    assert query.fields is not None
    assert query.fields.matches({"status.syncStatus": "Failed"})


def test_of_a_repeated_parameter_the_first_counts() -> None:
    assert images("limit=5&limit=6").limit == 5


@pytest.mark.parametrize("value", ["0", "-1", "", "a", "1.5", "１", "0x1", "+1", "1e3", "null", "true"])
async def test_a_page_or_limit_that_is_no_number_from_1_is_400(admin: Client, value: str) -> None:
    for name in ("page", "limit"):
        answer = await admin.get(f"{IMAGES}?{name}={quote(value)}")
        assert fields(is_status(answer, 400, "Invalid")) == [name]


async def test_a_limit_over_1000_is_400(admin: Client) -> None:
    assert fields(is_status(await admin.get(f"{IMAGES}?limit=1001"), 400, "Invalid")) == ["limit"]
    assert (await admin.get(f"{IMAGES}?limit=1000")).status == 200


async def test_every_bad_parameter_is_told(admin: Client) -> None:
    bad = "page=0&limit=0&sortBy=size&ascending=maybe&labelSelector=%3D%3D&fieldSelector=spec.tag%3Dx"
    status = is_status(await admin.get(f"{IMAGES}?{bad}"), 400, "Invalid")
    assert fields(status) == ["page", "limit", "sortBy", "ascending", "labelSelector", "fieldSelector"]
    assert status["details"]["kind"] == "repository"


async def test_sources_do_not_sort_by_what_only_images_have(admin: Client) -> None:
    path = IMAGES.replace("repositories", "registry-secrets")
    assert fields(is_status(await admin.get(f"{path}?sortBy=lastSynced"), 400, "Invalid")) == ["sortBy"]


async def test_unknown_parameters_are_ignored(admin: Client) -> None:
    assert (await admin.get(f"{IMAGES}?colour=red&watch=true")).status == 200


async def test_a_flood_of_parameters_is_400(admin: Client) -> None:
    is_status(await admin.get(f"{IMAGES}?{'a=1&' * 200}"), 400, "Invalid")


@given(st.dictionaries(st.sampled_from(NAMES), st.text(st.characters(exclude_categories=["Cs"]), max_size=30)))
def test_any_parameters_give_a_bounded_query_or_are_invalid(given_: dict[str, str]) -> None:
    with contextlib.suppress(Invalid):
        query = images(urlencode(given_))
        assert query.limit is not None
        assert 1 <= query.limit <= parameters.MAX_LIMIT
        assert query.offset is not None
        assert 0 <= query.offset < 2**63


@given(st.binary(max_size=200))
def test_any_query_string_is_a_query_or_a_bad_request(raw: bytes) -> None:
    with contextlib.suppress(BadRequest, Invalid):
        parameters.listing(REPOSITORY, "default", raw)


@pytest.mark.parametrize("name", ["labelSelector", "fieldSelector"])
async def test_a_selector_of_too_many_terms_is_400(admin: Client, name: str) -> None:
    terms = ",".join(["metadata.name!=x"] * 1000)
    assert fields(is_status(await admin.get(f"{IMAGES}?{name}={quote(terms)}"), 400, "Invalid")) == [name]
