"""Whatever names images is read, whichever of three forms it has; what names none is refused with the reason."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain.errors import BadRequest
from imageyard.web import yaml_body
from imageyard.web.console.importing import reading
from imageyard.web.console.importing.reading import Candidate

COMPOSE = """
name: shop
services:
  web:
    image: "harbor.example.com/shop/web:1.2"
    ports: ["80:80"]
  db: {image: postgres:16}
  built:
    build: .
"""
MANIFESTS = """\
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  jobTemplate:
    spec:
      template:
        spec:
          initContainers: [{name: wait, image: busybox:1}]
          containers:
          - name: job
            image: ghcr.io/team/job:v2
            env: [{name: image, value: not/an:image}]
---
---
apiVersion: v1
kind: List
items:
- kind: Pod
  metadata: {name: one}
  spec:
    containers: [{image: nginx:1.27}]
    ephemeralContainers: [{name: debug, image: alpine}]
- kind: Service
  spec: {ports: []}
"""


def refs(text: str) -> list[str]:
    return [each.reference for each in reading.read(text).candidates]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("nginx:1.27", Candidate("1", "nginx:1.27")),
        ("nginx:1.27 web", Candidate("1", "nginx:1.27", "web")),
        ("nginx:1.27\tweb  官网 前端", Candidate("1", "nginx:1.27", "web", "官网 前端")),
        ("nginx:1.27 官网", Candidate("1", "nginx:1.27", "", "官网")),
        ("nginx:1.27 - web frontend", Candidate("1", "nginx:1.27", "", "web frontend")),
        ("  - nginx:1.27", Candidate("1", "nginx:1.27")),
        ("- image: 'nginx:1.27'", Candidate("1", "nginx:1.27")),
        ("kind:v1", Candidate("1", "kind:v1")),
        ("\ufeffnginx", Candidate("1", "nginx")),
    ],
)
def test_a_line_is_an_image_with_a_name_and_an_alias(line: str, expected: Candidate) -> None:
    assert reading.read(line) == reading.Read("lines", (expected,))


def test_comments_and_blank_lines_are_passed_over_and_lines_keep_their_numbers() -> None:
    found = reading.read("# ours\r\n\r\nnginx:1\rredis:7\n").candidates
    assert [(each.place, each.reference) for each in found] == [("3", "nginx:1"), ("4", "redis:7")]


def test_a_compose_file_is_read_by_its_services() -> None:
    found = reading.read(COMPOSE)
    assert found.form == "compose"
    assert found.candidates == (
        Candidate("web", "harbor.example.com/shop/web:1.2"),
        Candidate("db", "postgres:16"),
    )


@pytest.mark.parametrize("text", [COMPOSE, MANIFESTS, "nginx:1\nredis:7"])
def test_lines_may_end_as_browsers_end_them(text: str) -> None:
    assert reading.read(text.replace("\n", "\r\n")) == reading.read(text)


def test_manifests_are_read_wherever_their_containers_are() -> None:
    found = reading.read(MANIFESTS)
    assert found.form == "manifests"
    assert [(each.place, each.reference) for each in found.candidates] == [
        ("CronJob/nightly wait", "busybox:1"),
        ("CronJob/nightly job", "ghcr.io/team/job:v2"),
        ("Pod/one", "nginx:1.27"),
        ("Pod/one debug", "alpine"),
    ]


def test_json_is_read_as_well_tabs_and_all() -> None:
    pod = {"kind": "Pod", "spec": {"containers": [{"name": "a", "image": "nginx"}]}}
    assert refs(json.dumps(pod, indent="\t")) == ["nginx"]
    assert refs(json.dumps([pod, pod])) == ["nginx", "nginx"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "write one a line"),
        ("# nothing\n", "write one a line"),
        ("services: {web: {build: .}}", "has an image"),
        ("kind: Service\nspec: {}", "no container"),
        ("kind: Pod\nspec: &x {}\nother: *x", "docker compose config"),
        ("kind: Pod\n\tspec: 1", "line 2"),
        ("kind: !!python/object:os.system x", "tags"),
        ("nginx\n" * 1001, "more than 1000 images"),
        ("x" * 1_048_577, "1 MiB"),
        ("kind: Pod\n---\n" * 1001, "1000 YAML documents"),
    ],
)
def test_what_names_no_image_or_too_many_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(BadRequest) as refused:
        reading.read(text)
    assert said in refused.value.text.en


def test_parts_stand_in_one_line() -> None:
    (found,) = reading.read('kind: Pod\nmetadata: {name: "a\\tb\\nc"}\ncontainers: [{image: "x\\ny"}]').candidates
    assert found == Candidate("Pod/a b c", "x y")


def test_a_body_still_holds_one_document() -> None:
    assert yaml_body.parse("") is None
    with pytest.raises(BadRequest, match="one YAML document only"):
        yaml_body.parse("a: 1\n---\nb: 2\n")
    assert yaml_body.parse_all("a: 1\n---\n---\n- b\n", 3) == [{"a": 1}, None, ["b"]]


@given(
    st.text(max_size=200) | st.lists(st.sampled_from([*COMPOSE, *MANIFESTS, "kind: ", "\n"]), max_size=80).map("".join)
)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = reading.read(text)
    except BadRequest:
        return
    for each in found.candidates:
        assert not any(sign in "".join(each) for sign in "\t\r\n")
