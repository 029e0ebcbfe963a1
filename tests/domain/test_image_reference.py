"""A whole image reference: taken apart as container tools do, refused with the fix."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain import image_reference
from imageyard.domain.reference import InvalidReference

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "host", "path", "tag", "asked"),
    [
        ("nginx", "docker.io", "nginx", "latest", "library/nginx"),
        ("nginx:1.27", "docker.io", "nginx", "1.27", "library/nginx"),
        ("team/app:v1", "docker.io", "team/app", "v1", "team/app"),
        ("docker.io/nginx:1", "docker.io", "nginx", "1", "library/nginx"),
        ("registry-1.docker.io/library/nginx:1", "docker.io", "library/nginx", "1", "library/nginx"),
        ("Harbor.Example.com:5000/team/app:v1", "harbor.example.com:5000", "team/app", "v1", "team/app"),
        ("localhost:5000/app:v1", "localhost:5000", "app", "v1", "app"),
        (f"ghcr.io/team/app:v1@{DIGEST}", "ghcr.io", "team/app", "v1", "team/app"),
        ("my.project/app:v1", "docker.io", "my.project/app", "v1", "my.project/app"),
        ("  nginx:1  ", "docker.io", "nginx", "1", "library/nginx"),
    ],
)
def test_a_reference_is_taken_apart(text: str, host: str, path: str, tag: str, asked: str) -> None:
    found = image_reference.parse(text)
    assert (found.host, found.repository, found.tag) == (host, path, tag)
    assert image_reference.asked_as(found.host, found.repository) == asked


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("", "must not be empty"),
        ("https://harbor.example.com/a:1", "drop the scheme"),
        ("harbor.example.com", "the path comes after it"),
        ("harbor.example.com:5000", "the path comes after it"),
        (f"nginx@{DIGEST}", "write the tag to follow"),
        ("nginx:1@sha256:beef", "a digest is"),
        ("Team/app:1", "lower-case"),
        ("team/app:", "must not be empty"),
        ("team/app:.x", "does not begin with"),
        ("${REGISTRY}/app:1", "in place of the variable"),
        ("a b", "white space"),
        ("a" * 2000, "has at most 1000"),
        ("ex_ample.com/app:1", "underscore"),
    ],
)
def test_what_is_none_is_refused_with_the_fix(text: str, fix: str) -> None:
    with pytest.raises(InvalidReference) as refused:
        image_reference.parse(text)
    assert fix in refused.value.text.en


def test_a_refusal_quotes_nothing() -> None:
    with pytest.raises(InvalidReference) as refused:
        image_reference.parse("robot:canary@harbor.example.com/app:1")
    assert "canary" not in refused.value.text.en + refused.value.text.zh


@given(st.text(max_size=60) | st.from_regex(r"[a-z.:/@_-]{1,40}", fullmatch=True))
def test_any_text_is_taken_or_refused(text: str) -> None:
    try:
        found = image_reference.parse(text)
    except InvalidReference:
        return
    again = f"{found.host}/{found.repository}:{found.tag}"
    assert image_reference.parse(again)._replace(domain=None)[1:3] == (found.repository, found.tag)
