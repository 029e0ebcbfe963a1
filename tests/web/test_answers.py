"""What every answer promises, and what each failure looks like."""

import pytest

from imageyard.domain import errors
from imageyard.domain.errors import Failure
from imageyard.domain.kinds import KINDS
from imageyard.domain.text import Text
from tests.fakes.asgi import Client
from tests.web.conftest import Yard
from tests.web.samples import DIGEST, IMAGES, NAMESPACES, PREFIX, SECRETS, image
from tests.web.test_objects import fields, is_status

WORDS = Text("一句话", "a sentence")


@pytest.mark.parametrize(
    ("failure", "code", "reason"),
    [
        (errors.Invalid([errors.Cause("spec.tag", errors.INVALID, WORDS)]), 400, "Invalid"),
        (errors.BadRequest(WORDS), 400, "Invalid"),
        (errors.Forbidden(WORDS), 403, "Forbidden"),
        (errors.NotFound("repository", "x"), 404, "NotFound"),
        (errors.AlreadyExists("repository", "x"), 409, "AlreadyExists"),
        (errors.Conflict("repository", "x"), 409, "Conflict"),
        (errors.Gone(), 410, "Expired"),
        (errors.TooLarge(WORDS), 413, "RequestEntityTooLarge"),
        (errors.UnsupportedMediaType(WORDS), 415, "UnsupportedMediaType"),
        (errors.TooManyRequests(WORDS, 7), 429, "TooManyRequests"),
        (errors.Corrupt(WORDS), 500, "InternalError"),
        (errors.Unavailable(WORDS, 5), 503, "ServiceUnavailable"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Failure) else None,
)
async def test_each_failure_has_its_code_and_reason(
    admin: Client, yard: Yard, failure: Failure, code: int, reason: str
) -> None:
    yard.objects.fail = failure
    answer = await admin.get(f"{IMAGES}/x")
    is_status(answer, code, reason)
    assert answer.headers.get("retry-after") == {429: "7", 503: "5"}.get(code)


async def test_every_bad_field_is_a_cause_in_the_callers_language(admin: Client) -> None:
    wrong = image()
    wrong["spec"] |= {"tag": 1, "colour": "red"}
    del wrong["spec"]["repository"]
    status = is_status(await admin.post(IMAGES, wrong), 400, "Invalid")
    assert {"spec.tag", "spec.repository"} <= {*fields(status)}
    assert status["details"]["kind"] == "repository"
    english = is_status(await admin.post(IMAGES, wrong, headers={"accept-language": "en"}), 400, "Invalid")
    assert english["message"].isascii()
    assert fields(english) == fields(status)
    assert not status["message"].isascii()


async def test_chinese_sentences_call_a_kind_by_its_chinese_name(admin: Client) -> None:
    for collection, called in ((SECRETS, "镜像源"), (IMAGES, "镜像")):
        status = is_status(await admin.get(f"{collection}/x"), 404, "NotFound")
        assert status["message"] == f"未找到{called}“x”"
        assert status["details"]["kind"].isascii()


def test_every_kind_has_a_chinese_name() -> None:
    assert [kind.singular for kind in KINDS if errors.called(kind.singular).isascii()] == []


async def test_an_unknown_field_is_400_and_named(admin: Client) -> None:
    wrong = image()
    wrong["spec"]["colour"] = "red"
    assert fields(is_status(await admin.post(IMAGES, wrong), 400, "Invalid")) == ["spec.colour"]


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Basic YWRtaW46YWRtaW4=", "Bearer", "", "Bearer a b"])
async def test_without_a_good_token_it_is_401_with_a_challenge(stranger: Client, authorization: str | None) -> None:
    for path in (IMAGES, NAMESPACES, f"{PREFIX}/nothing", "/metrics", "//", "/nothing"):
        answer = await stranger.get(path, headers={"authorization": authorization})
        is_status(answer, 401, "Unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_who_may_not_gets_403(viewer: Client) -> None:
    is_status(await viewer.get(IMAGES), 403, "Forbidden")
    is_status(await viewer.post(IMAGES, image()), 403, "Forbidden")
    is_status(await viewer.get("/metrics"), 403, "Forbidden")


@pytest.mark.parametrize(
    "path",
    [
        "/oapis",
        "/oapis/",
        "/oapis/other.group/v1",
        PREFIX,
        f"{PREFIX}/",
        f"{PREFIX}x/namespaces",
        f"{PREFIX}/namespaces/default",
        f"{PREFIX}/namespaces/",
        f"{PREFIX}/namespaces//repositories",
        f"{PREFIX}/namespaces/default/registrysecrets",
        f"{PREFIX}/namespaces/default/accesstokens",
        f"{PREFIX}/namespaces/default/namespaces",
        f"{PREFIX}/repositories",
        f"{IMAGES}/",
        f"{IMAGES}/one/",
        f"{IMAGES}/one/verify",
        f"{IMAGES}/one/status",
        f"{IMAGES}/one/sync/now",
        f"{IMAGES}/one/manifests",
        f"{IMAGES}/one/manifests/",
        f"{IMAGES}/one/manifests/{DIGEST}/more",
        f"{SECRETS}/one/sync",
        f"{SECRETS}/one/manifests/{DIGEST}",
        "/nothing",
        "/livez/nothing",
        "/metrics/nothing",
    ],
)
async def test_unknown_paths_are_404(admin: Client, path: str) -> None:
    is_status(await admin.get(path), 404, "NotFound")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", IMAGES, "GET, HEAD, POST, DELETE"),
        ("PATCH", SECRETS, "GET, HEAD, POST, DELETE"),
        ("OPTIONS", IMAGES, "GET, HEAD, POST, DELETE"),
        ("POST", f"{IMAGES}/one", "GET, HEAD, PUT, PATCH, DELETE"),
        ("GET", f"{IMAGES}/one/sync", "POST"),
        ("HEAD", f"{SECRETS}/one/verify", "POST"),
        ("DELETE", f"{IMAGES}/one/history", "GET, HEAD"),
        ("POST", f"{IMAGES}/one/manifests/{DIGEST}", "GET, HEAD"),
        ("POST", NAMESPACES, "GET, HEAD"),
        ("BREW", NAMESPACES, "GET, HEAD"),
        ("POST", "/metrics", "GET, HEAD"),
        ("DELETE", "/readyz", "GET, HEAD"),
        ("POST", "/", "GET, HEAD"),
    ],
)
async def test_wrong_methods_are_405_and_told_the_right_ones(
    admin: Client, method: str, path: str, allowed: str
) -> None:
    answer = await admin.request(method, path)
    assert (answer.status, answer.headers["allow"]) == (405, allowed)
    if method != "HEAD":
        is_status(answer, 405, "MethodNotAllowed")


async def test_what_nobody_foresaw_is_500_and_tells_nothing(
    admin: Client, yard: Yard, logged: list[dict[str, object]]
) -> None:
    yard.objects.fail = RuntimeError("password is hunter2")
    answer = await admin.get(f"{IMAGES}/x", headers={"x-request-id": "asked-1"})
    status = is_status(answer, 500, "InternalError")
    assert "asked-1" in status["message"]
    assert "hunter2" not in answer.text
    entry = next(entry for entry in logged if entry["event"] == "request_failed")
    assert (entry["request_id"], entry["exception"]) == ("asked-1", "RuntimeError")
    assert "standin.py" in str(entry["places"])
    assert "hunter2" not in str(logged)


async def test_every_answer_carries_a_request_id_and_forbids_sniffing(admin: Client, stranger: Client) -> None:
    answers = [await admin.get(IMAGES), await admin.get("/nothing"), await stranger.get(IMAGES)]
    answers += [await stranger.get("/livez"), await admin.request("BREW", IMAGES), await admin.post(IMAGES, b"{")]
    identifiers = [answer.headers["x-request-id"] for answer in answers]
    assert len({*identifiers}) == len(answers)
    assert {answer.headers["x-content-type-options"] for answer in answers} == {"nosniff"}


@pytest.mark.parametrize(("given", "kept"), [("trace-1.a_B", True), ("x" * 65, False), ("a b", False), ("<b>", False)])
async def test_a_sane_request_id_is_kept(stranger: Client, given: str, kept: bool) -> None:
    answer = await stranger.get("/livez", headers={"x-request-id": given})
    assert (answer.headers["x-request-id"] == given) is kept


@pytest.mark.parametrize(
    ("header", "chinese"),
    [
        (None, True),
        ("", True),
        ("*", True),
        ("fr", True),
        ("zh-CN,zh;q=0.9,en;q=0.8", True),
        ("en-US,en;q=0.9,zh;q=0.8", False),
        ("en", False),
        ("en;q=0.5", False),
        ("en;q=0", True),
        ("zh;q=0.1, en;q=0.2", False),
        ("en, zh", True),
        ("*;q=0.5, en;q=0.4", True),
        ("zh;q=0, *", False),
        ("EN-gb", False),
        ("en;q=nonsense", True),
        ("en" * 1000, True),
    ],
)
async def test_answers_speak_chinese_unless_english_is_preferred(
    stranger: Client, header: str | None, chinese: bool
) -> None:
    status = is_status(await stranger.get(IMAGES, headers={"accept-language": header}), 401, "Unauthorized")
    assert (not status["message"].isascii()) is chinese


async def test_objects_are_the_same_in_every_language(admin: Client) -> None:
    await admin.post(IMAGES, image("one"))
    chinese, english = [await admin.get(f"{IMAGES}/one", headers={"accept-language": lang}) for lang in ("zh", "en")]
    assert chinese.body == english.body


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8080", "LOCALHOST", "[::1]:8443", "yard.example.com."])
async def test_the_servers_own_names_are_served(admin: Client, host: str) -> None:
    assert (await admin.get(IMAGES, headers={"host": host})).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1:evil.example",
        "127.0.0.1:80:80",
        "[::1]evil.example",
        "[::1",
        "localhost..",
        "localhost/",
        "a@localhost",
        "",
        None,
        "[::2]",
        "::1",
    ],
)
async def test_a_foreign_host_is_421_before_anything_else(admin: Client, host: str | None) -> None:
    is_status(await admin.get(IMAGES, headers={"host": host}), 421, "MisdirectedRequest")


async def test_probes_are_answered_under_any_host(stranger: Client) -> None:
    assert (await stranger.get("/readyz", headers={"host": "10.0.0.7:8080"})).status == 200


async def test_changes_and_failures_are_logged_without_query_or_body(
    admin: Client, logged: list[dict[str, object]]
) -> None:
    await admin.get(f"{IMAGES}?name=quiet")
    await admin.post(f"{IMAGES}?secret=hunter2", image())
    await admin.get(f"{IMAGES}/nowhere")
    assert [(entry["method"], entry["code"]) for entry in logged] == [("POST", 201), ("GET", 404)]
    assert {"path": IMAGES, "user": "admin", "address": "192.0.2.1"}.items() <= logged[0].items()
    assert "hunter2" not in str(logged)


async def test_a_logged_request_tells_who_did_what_to_which_object(
    admin: Client, logged: list[dict[str, object]]
) -> None:
    """Scripts read these keys."""
    await admin.post(f"{IMAGES}/one/sync", headers={"x-request-id": "asked-1"})
    [entry] = logged
    assert [*entry] == [
        *("request_id", "user", "verb", "resource", "namespace", "name", "code", "duration_ms"),
        *("method", "path", "address", "event", "log_level"),
    ]
    told = (entry["request_id"], entry["user"], entry["verb"], entry["resource"], entry["namespace"], entry["name"])
    assert told == ("asked-1", "admin", "create", "repositories/sync", "default", "one")
    assert isinstance(entry["duration_ms"], float)


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "code"),
    [
        ("PUT", "/one", b"{", {}, 400),
        ("PUT", "/one", b"", {}, 400),
        ("PUT", "/one", b'{"spec": NaN}', {}, 400),
        ("PUT", "/one", b'{"a": 1, "a": 2}', {}, 400),
        ("PATCH", "/one", b"{}", {"content-type": "text/plain"}, 415),
        ("POST", "/one", b"", {}, 405),
        ("PUT", "/one", b"x" * (3 * 1024 * 1024 + 1), {}, 413),
        ("GET", "/one", b"", {"authorization": "Bearer wrong"}, 401),
        ("POST", "", b"{", {}, 400),
        ("DELETE", "", b"{}", {}, 400),
        ("GET", "?limit=0", b"", {}, 400),
    ],
)
async def test_details_name_what_the_path_names(
    admin: Client, method: str, path: str, body: bytes, headers: dict[str, str | None], code: int
) -> None:
    await admin.post(IMAGES, image("one"))
    answer = await admin.request(method, f"{IMAGES}{path}", body, headers=headers)
    assert answer.status == code
    details = answer.json()["details"]
    assert (details["kind"], details.get("name")) == ("repository", "one" if path == "/one" else None)


async def test_a_body_that_is_missing_is_told_without_a_field(admin: Client) -> None:
    assert is_status(await admin.put(f"{IMAGES}/one"), 400, "Invalid")["message"] == "请求体不能为空"


async def test_of_a_long_path_the_log_shows_the_beginning(stranger: Client, logged: list[dict[str, object]]) -> None:
    await stranger.get("/" + "a" * 60_000)
    assert [len(str(entry["path"])) for entry in logged] == [1_000]
