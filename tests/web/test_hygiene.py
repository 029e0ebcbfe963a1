"""Every answer tells browsers what it may load, who may show it and who may keep it."""

import pytest

from imageyard.web import hygiene, reply
from tests.fakes.asgi import Answer, Client
from tests.web.samples import IMAGES, SECRETS, image

KUBE = "/apis/image.theriseunion.io/v1alpha1/namespaces/default/repositories"
DOCUMENTS = {"/apis", "/openapi/v2"}
"""The same for everybody, and large: clients keep them and ask each time whether they still hold."""
DATA = [
    pytest.param("GET", IMAGES, 200, id="a list"),
    pytest.param("POST", IMAGES, 201, id="a new object"),
    pytest.param("DELETE", f"{IMAGES}/held", 204, id="nothing left"),
    pytest.param("GET", f"{SECRETS}/none", 404, id="an error"),
    pytest.param("PUT", IMAGES, 405, id="another method"),
    pytest.param("OPTIONS", IMAGES, 405, id="options"),
    pytest.param("GET", KUBE, 200, id="a list for kubectl"),
    pytest.param("GET", "/apis/nothing/v1/none", 404, id="an error for kubectl"),
    pytest.param("GET", "/apis", 200, id="discovery"),
    pytest.param("GET", "/openapi/v2", 200, id="the OpenAPI document"),
    pytest.param("GET", "/oapis/openapi.json", 200, id="the OpenAPI document of REST"),
    pytest.param("GET", "/metrics", 200, id="metrics"),
    pytest.param("GET", "/admin/nothing", 404, id="admin"),
    pytest.param("GET", "/readyz", 200, id="a probe"),
    pytest.param("GET", "/version", 200, id="the version"),
    pytest.param("GET", "/", 303, id="a redirect"),
    pytest.param("GET", "/nothing", 404, id="nowhere"),
]


def common(answer: Answer) -> None:
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "server" not in answer.headers
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(("method", "path", "status"), DATA)
async def test_data_is_kept_by_nobody_and_loads_nothing(admin: Client, method: str, path: str, status: int) -> None:
    if path.endswith("/held"):
        assert (await admin.post(IMAGES, image("held"))).status == 201
    answer = await admin.request(method, path, image() if method == "POST" else b"")
    assert answer.status == status
    common(answer)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; ")
    if path in DOCUMENTS:
        assert answer.headers["cache-control"] == "private, no-cache"
    else:
        assert answer.headers["cache-control"] == "no-store"


async def test_the_docs_page_is_a_page_that_is_kept_by_nobody(admin: Client) -> None:
    answer = await admin.get("/oapis/docs")
    common(answer)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in answer.headers["permissions-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_a_page_loads_files_of_this_server_only() -> None:
    policy = dict(reply.page("<!doctype html>").headers)[b"content-security-policy"].decode()
    sources = dict(directive.split(" ", 1) for directive in policy.split("; "))
    assert sources.pop("default-src") == sources.pop("base-uri") == sources.pop("frame-ancestors") == "'none'"
    assert sources.pop("img-src") == "'self' data:"
    assert {*sources.values()} == {"'self'"}


def test_an_asset_is_kept_for_ever_since_its_name_tells_its_content() -> None:
    answer = reply.asset(b"body{}", "text/css")
    assert dict(answer.headers)[b"cache-control"] == b"public, max-age=31536000, immutable"
    assert hygiene.fingerprint(b"body{}") == hygiene.fingerprint(b"body{}") != hygiene.fingerprint(b"body{ }")


def test_no_answer_names_a_header_twice() -> None:
    for headers in (hygiene.DATA, hygiene.ASSET, hygiene.PAGE):
        names = [name for name, _ in (*headers, *hygiene.EVERY)]
        assert sorted(names) == sorted({*names})
