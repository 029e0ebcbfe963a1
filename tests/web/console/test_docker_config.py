"""Logins out of what docker and Kubernetes keep them in."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain.errors import BadRequest
from imageyard.web.console import docker_config

CANARY = "Canary-77"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


CONFIG: dict[str, Any] = {
    "auths": {
        "https://index.docker.io/v1/": {"auth": encoded("ann:p:with:colons")},
        "harbor.example.com/team": {"username": "robot$team+pull", "password": "s"},
        "HARBOR.example.com": {"auth": encoded("second:counts-not")},
        "ghcr.io": {},
        "quay.io": {"identitytoken": "t"},
        "registry.example.com:5000": {"auth": "!"},
    },
    "credsStore": "desktop",
}
FOUND = [
    ("docker.io", "ann", "p:with:colons", False),
    ("harbor.example.com", "robot$team+pull", "s", False),
    ("ghcr.io", "", "", True),
    ("quay.io", "", "", True),
    ("registry.example.com:5000", "", "", True),
]
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pull"}, "type": "kubernetes.io/dockerconfigjson"}
TEXTS = {
    "docker, indented by tabs": json.dumps(CONFIG, indent="\t"),
    "the older file": json.dumps(
        CONFIG["auths"] | {"ghcr.io": {"auth": ""}, "quay.io": {"auth": "", "identitytoken": "t"}}
    ),
    "a Secret": json.dumps({**SECRET, "data": {".dockerconfigjson": encoded(json.dumps(CONFIG))}}),
    "a List": json.dumps(
        {"kind": "List", "items": [{**SECRET, "stringData": {".dockerconfigjson": json.dumps(CONFIG)}}]}
    ),
    "a Secret as YAML": f"apiVersion: v1\nkind: Secret\ndata:\n  .dockerconfigjson: {encoded(json.dumps(CONFIG))}\n",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_every_registry_is_found_once_with_its_login_or_why_there_is_none(text: str) -> None:
    if text == TEXTS["the older file"]:
        text = text.replace('"username"', '"auth": "", "username"')
    found = [
        (login.domain, login.username, login.password.reveal(), login.fault is not None)
        for login in docker_config.read(text)
    ]
    assert found == FOUND


@pytest.mark.parametrize(
    "text",
    ["", "[]", "hello", "{", "a: b", '{"auths": 3}', '{"auths": {}}', f"{CANARY}: {CANARY}",
     '{"kind": "Secret", "data": {".dockerconfigjson": "!"}}', f'{{"{CANARY}": 1, "{CANARY}": 2}}', "x" * 300_000,
     json.dumps({"auths": {f"r{n}.example.com": {} for n in range(101)}})],
)  # fmt: skip
def test_what_holds_no_login_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(BadRequest) as refused:
        docker_config.read(text)
    assert CANARY not in f"{refused.value.text} {refused.value.causes}"


KEYS = st.sampled_from(["auths", "auth", "items", "kind", "data", "username", "password"]) | st.text()
LEAVES = st.none() | st.booleans() | st.text() | st.just("Secret")
DOCUMENTS = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner))


@given(DOCUMENTS)
def test_whatever_is_pasted_gives_logins_or_a_refusal(document: Any) -> None:
    try:
        found = docker_config.read(json.dumps(document))
    except BadRequest:
        return
    assert all(login.fault is not None or login.password for login in found)
