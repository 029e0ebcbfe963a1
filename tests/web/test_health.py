"""Probes, version and metrics."""

import pytest

from tests.fakes.asgi import Client
from tests.web.conftest import Yard
from tests.web.samples import IMAGES


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz"])
async def test_probes_answer_ok_as_plain_text_without_a_token(stranger: Client, path: str) -> None:
    answer = await stranger.get(path)
    assert (answer.status, answer.text) == (200, "ok")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


async def test_verbose_lists_the_checks(stranger: Client) -> None:
    answer = await stranger.get("/readyz?verbose")
    assert answer.text == "[+]ping ok\n[+]storage-write ok\nreadyz check passed\n"


async def test_a_failing_check_is_named(stranger: Client, yard: Yard) -> None:
    yard.checks["storage-write"] = False
    answer = await stranger.get("/readyz")
    assert (answer.status, answer.text) == (
        500,
        "[+]ping ok\n[-]storage-write failed: reason withheld\nreadyz check failed\n",
    )
    assert (await stranger.get("/livez")).status == 200


async def test_a_check_can_be_left_out(stranger: Client, yard: Yard) -> None:
    yard.checks["storage-write"] = False
    assert (await stranger.get("/readyz?exclude=storage-write")).text == "ok"
    verbose = await stranger.get("/readyz?verbose&exclude=storage-write&exclude=other")
    assert verbose.text == (
        "[+]ping ok\n[+]storage-write excluded: ok\n"
        'warn: some health checks cannot be excluded: no matches for "other"\nreadyz check passed\n'
    )


async def test_the_version_names_the_kubernetes_version_that_is_kept(stranger: Client) -> None:
    answer = (await stranger.get("/version")).json()
    assert answer["gitVersion"] == "v1.36.0+imageyard.1.2.3"
    assert (answer["major"], answer["minor"]) == ("1", "36")
    assert (answer["emulationMajor"], answer["emulationMinor"]) == ("1", "36")
    assert (answer["minCompatibilityMajor"], answer["minCompatibilityMinor"]) == ("1", "35")
    assert {"gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler", "platform"} <= answer.keys()


async def test_requests_are_counted_by_verb_resource_and_code_only(admin: Client, yard: Yard) -> None:
    await admin.get(IMAGES)
    await admin.get(f"{IMAGES}/nowhere")
    await admin.get("/some/path/of/ours")
    text = yard.metrics.render().decode()
    assert 'apiserver_request_total{code="200",resource="repositories",verb="list"} 1.0' in text
    assert 'apiserver_request_total{code="404",resource="repositories",verb="get"} 1.0' in text
    assert 'apiserver_request_total{code="404",resource="",verb="read"} 1.0' in text
    assert "some" not in text
