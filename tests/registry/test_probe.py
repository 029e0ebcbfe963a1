"""Verify: what each kind of registry proves about address, TLS, registry and login, in one attempt."""

from typing import Any

import pytest

from imageyard.domain.reasons import Reason
from imageyard.domain.text import Text
from imageyard.egress import EgressError
from imageyard.registry import Probe, Source, Step
from imageyard.registry.client import RegistryClient
from tests.fakes.clock import FakeClock
from tests.registry import neighbour
from tests.registry.neighbour import Handler, Incoming, Reply, World, source

HOME = "https://registry.test"


async def probe(world: World, who: Source | None = None) -> Probe:
    return await RegistryClient(world, FakeClock()).probe(who or source())


def at_home(handler: Handler) -> World:
    return World().at(HOME, handler)


def outcomes(found: Probe) -> dict[str, str]:
    return {step.name: step.outcome for step in found.steps}


def steps(address: str, tls: str, registry: str, login: str) -> dict[str, str]:
    return {"address": address, "tls": tls, "registry": registry, "login": login}


ALL_OK = steps("ok", "ok", "ok", "ok")


async def test_a_right_password_at_a_basic_registry_is_verified() -> None:
    world = at_home(neighbour.Registry(auth="basic"))

    found = await probe(world)

    assert (found.success, found.reason, found.message.zh) == (True, Reason.Verified, "连接成功")
    assert outcomes(found) == ALL_OK
    assert [seen.path for seen in world.seen] == ["/v2/", "/v2/"]


async def test_a_wrong_password_at_a_basic_registry_is_sent_once_and_refused() -> None:
    world = at_home(neighbour.Registry(auth="basic", users={}))

    found = await probe(world)

    assert (found.success, found.reason) == (False, Reason.Unauthorized)
    assert found.message.zh.startswith("连接失败：")
    assert outcomes(found) == steps("ok", "ok", "ok", "failed")
    assert len([seen for seen in world.seen if seen.login]) == 1


@pytest.mark.parametrize("provider", ["harbor", "dockerhub", "aliyun", "other"])
async def test_a_right_password_at_a_bearer_registry_is_verified(provider: str) -> None:
    world, _, _ = neighbour.bearer_world()

    found = await probe(world, source(provider=provider))

    assert (found.reason, outcomes(found)) == (Reason.Verified, ALL_OK)
    assert not any("scope" in seen.query for seen in world.seen)


@pytest.mark.parametrize("provider", ["harbor", "other"])
async def test_a_wrong_password_is_found_out_though_harbor_gives_anybody_a_scoped_token(provider: str) -> None:
    world, registry, _ = neighbour.bearer_world(private=False)
    registry.users = {neighbour.USER: "another"}

    found = await probe(world, source(provider=provider))

    assert (found.success, found.reason) == (False, Reason.Unauthorized)
    assert len([seen for seen in world.seen if seen.login]) == 1


async def test_a_token_service_that_takes_anybody_proves_nothing() -> None:
    world, _, _ = neighbour.bearer_world(takes_anybody=True)

    found = await probe(world)

    assert (found.success, found.reason) == (True, Reason.AnonymousOnly)
    assert outcomes(found) == steps("ok", "ok", "ok", "unproven")
    assert "无法验证" in found.message.zh


async def test_the_control_is_a_user_that_cannot_exist_and_is_asked_once() -> None:
    world, _, _ = neighbour.bearer_world()

    await probe(world)

    logins = [seen.login for seen in world.seen if seen.login]
    assert len(logins) == 2
    assert logins[0] == (neighbour.USER, neighbour.PASSWORD)
    assert logins[1][0] != neighbour.USER
    assert logins[1][1] != neighbour.PASSWORD


@pytest.mark.parametrize("provider", ["harbor", "dockerhub", "aliyun"])
async def test_no_wrong_login_is_sent_where_that_may_lock_somebody_out(provider: str) -> None:
    world, _, _ = neighbour.bearer_world()

    await probe(world, source(provider=provider))

    assert [seen.login for seen in world.seen if seen.login] == [(neighbour.USER, neighbour.PASSWORD)]


async def test_a_known_host_is_never_sent_a_wrong_login_whatever_the_provider_says() -> None:
    world, _, _ = neighbour.bearer_world(host="https://registry-1.docker.io", realm="https://auth.docker.io/token")

    found = await probe(world, source("docker.io", provider="other"))

    assert found.reason is Reason.Verified
    assert len([seen for seen in world.seen if seen.login]) == 1


async def test_a_registry_that_answers_anybody_is_a_success_that_proves_nothing() -> None:
    found = await probe(at_home(neighbour.Registry()))

    assert (found.success, found.reason) == (True, Reason.AnonymousOnly)
    assert outcomes(found) == steps("ok", "ok", "ok", "unproven")
    assert found.message.zh.startswith("连接成功，")


@pytest.mark.parametrize(
    ("status", "reason"),
    [(401, Reason.Unauthorized), (403, Reason.Forbidden), (429, Reason.RateLimited), (400, Reason.AnonymousOnly)],
)
async def test_an_open_registry_that_refuses_a_wrong_password_is_believed(status: int, reason: Reason) -> None:
    def zot(asked: Incoming) -> Reply:
        if asked.header("authorization"):
            return Reply(status, headers=(("WWW-Authenticate", 'Basic realm="zot"'),))
        return neighbour.reply_json({})

    assert (await probe(at_home(zot))).reason is reason


async def test_an_open_registry_that_wants_a_token_from_who_signs_in_is_asked_for_one() -> None:
    world, registry, service = neighbour.bearer_world()

    def mixed(asked: Incoming) -> Reply:
        if asked.path == "/v2/" and not asked.header("authorization"):
            return neighbour.reply_json({})
        return service(asked) if asked.path == "/token" else registry(asked)

    assert (await probe(world.at(HOME, mixed))).reason is Reason.Verified


@pytest.mark.parametrize(
    ("info", "status", "reason"),
    [
        ({"harbor_version": "v2.11.0"}, 200, Reason.Verified),
        ({"auth_mode": "db_auth"}, 200, Reason.AnonymousOnly),
        ({"harbor_version": None}, 200, Reason.AnonymousOnly),
        ({}, 404, Reason.AnonymousOnly),
        ({}, 401, Reason.Unauthorized),
        ({}, 403, Reason.Forbidden),
    ],
)
async def test_harbor_behind_an_open_v2_is_asked_who_we_are(info: dict[str, Any], status: int, reason: Reason) -> None:
    def harbor(asked: Incoming) -> Reply:
        if asked.path == "/api/v2.0/systeminfo":
            return neighbour.reply_json(info, status)
        return neighbour.reply_json({})

    assert (await probe(at_home(harbor), source(provider="harbor"))).reason is reason


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(
            Reply(200, b"<html>welcome", (("Content-Type", "text/html"),)), Reason.NotARegistry, id="web page"
        ),
        pytest.param(Reply(200, b"<html>log in", ()), Reason.NotARegistry, id="login page without a type"),
        pytest.param(Reply(200, b"welcome", (("Content-Type", "text/plain"),)), Reason.NotARegistry, id="text"),
        pytest.param(Reply(200), Reason.NotARegistry, id="nothing"),
        pytest.param(Reply(204), Reason.NotARegistry, id="no content"),
        pytest.param(Reply(404, b"404 page not found"), Reason.NotARegistry, id="no such page"),
        pytest.param(neighbour.refusal(404, "NAME_UNKNOWN"), Reason.NotARegistry, id="404 with codes"),
        pytest.param(Reply(405), Reason.NotARegistry, id="405"),
        pytest.param(Reply(401), Reason.NotARegistry, id="401 without a challenge"),
        pytest.param(Reply(401, headers=(("WWW-Authenticate", ""),)), Reason.NotARegistry, id="empty challenge"),
        pytest.param(
            Reply(401, headers=(("WWW-Authenticate", "Negotiate"),)), Reason.NotARegistry, id="Negotiate only"
        ),
        pytest.param(Reply(403, b"<html>captcha", (("Content-Type", "text/html"),)), Reason.Forbidden, id="gateway"),
        pytest.param(neighbour.refusal(403, "DENIED"), Reason.Forbidden, id="denied"),
        pytest.param(Reply(429), Reason.RateLimited, id="429"),
        pytest.param(Reply(502, b"<html>"), Reason.ServerError, id="502"),
        pytest.param(
            Reply(301, headers=(("Location", "https://elsewhere.test/v2/"),)), Reason.RedirectRefused, id="away"
        ),
        pytest.param(
            Reply(301, headers=(("Location", "http://registry.test/v2/"),)), Reason.RedirectRefused, id="down"
        ),
        pytest.param(Reply(301), Reason.RedirectRefused, id="nowhere"),
        pytest.param(Reply(301, headers=(("Location", "/v2/"),)), Reason.RedirectRefused, id="in a circle"),
    ],
)
async def test_what_answers_is_judged_before_any_credential_is_sent(answer: Reply, reason: Reason) -> None:
    world = at_home(lambda _: answer)

    found = await probe(world)

    assert (found.success, found.reason) == (False, reason)
    assert outcomes(found) == steps("ok", "ok", "failed", "skipped")
    assert not any(seen.header("authorization") for seen in world.seen)


async def test_a_registry_with_a_login_that_we_do_not_speak_is_unsupported() -> None:
    registry = (("Docker-Distribution-Api-Version", "registry/2.0"), ("WWW-Authenticate", "Negotiate"))

    found = await probe(at_home(lambda _: Reply(401, headers=registry)))

    assert found.reason is Reason.Unsupported
    assert outcomes(found) == steps("ok", "ok", "ok", "failed")


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (EgressError(Reason.DNSFailed, "address"), steps("failed", "skipped", "skipped", "skipped")),
        (EgressError(Reason.EgressDenied, "address"), steps("failed", "skipped", "skipped", "skipped")),
        (EgressError(Reason.TLSInvalid, "tls", "expired"), steps("ok", "failed", "skipped", "skipped")),
        (EgressError(Reason.Timeout, "registry"), steps("ok", "ok", "failed", "skipped")),
    ],
)
async def test_a_failure_is_told_at_its_step_and_the_rest_is_skipped(
    failure: EgressError, expected: dict[str, str]
) -> None:
    world = World()
    world.failures[HOME] = failure

    found = await probe(world)

    assert (found.success, found.reason, outcomes(found)) == (False, failure.reason, expected)
    assert len(world.seen) == 1


async def test_plain_http_where_tls_was_expected_says_what_to_set() -> None:
    world = World()
    world.failures[HOME] = EgressError(Reason.TLSInvalid, "tls", "plain_http")

    found = await probe(world)

    assert found.reason is Reason.TLSInvalid
    assert "spec.insecure: true" in found.message.zh
    assert "spec.insecure: true" in found.message.en


async def test_https_where_plain_http_was_expected_says_what_to_drop() -> None:
    away = Reply(301, headers=(("Location", "https://registry.test/v2/"),))

    found = await probe(World().at("http://registry.test", lambda _: away), source(insecure=True))

    assert found.reason is Reason.RedirectRefused
    assert "spec.insecure" in found.message.zh


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (401, b"", Reason.Unauthorized),
        (403, b'{"errors":[{"code":"DENIED"}]}', Reason.Forbidden),
        (400, b"unknown service", Reason.Unsupported),
        (404, b"", Reason.Unsupported),
        (429, b"too many failed login attempts", Reason.RateLimited),
        (503, b"", Reason.ServerError),
        (200, b"<html>", Reason.NotARegistry),
        (200, b"{}", Reason.Unsupported),
        (200, b'{"token":""}', Reason.Unsupported),
        (200, b'{"token":7,"access_token":null}', Reason.Unsupported),
    ],
)
async def test_the_token_services_answer_decides(status: int, body: bytes, reason: Reason) -> None:
    registry = neighbour.Registry(auth="bearer", realm=f"{HOME}/token")
    world = at_home(lambda asked: Reply(status, body) if asked.path == "/token" else registry(asked))

    found = await probe(world)

    assert (found.success, found.reason) == (False, reason)
    assert outcomes(found) == steps("ok", "ok", "ok", "failed")
    assert len(world.seen) == 2


async def test_a_token_named_access_token_is_taken() -> None:
    registry = neighbour.Registry(auth="bearer", realm=f"{HOME}/token", tokens={"t": ""})

    def azure(asked: Incoming) -> Reply:
        return neighbour.reply_json({"access_token": "t"}) if asked.path == "/token" else registry(asked)

    assert (await probe(at_home(azure), source(provider="harbor"))).success


@pytest.mark.parametrize(("provider", "reason"), [("harbor", Reason.Verified), ("other", Reason.AnonymousOnly)])
async def test_a_scopeless_token_that_v2_refuses_proves_the_password_only_where_it_is_judged(
    provider: str, reason: Reason
) -> None:
    world, registry, _ = neighbour.bearer_world()
    registry.tokens = _Blind()

    found = await probe(world, source(provider=provider))

    assert (found.success, found.reason) == (True, reason)


class _Blind(dict[str, str]):
    """A registry that knows no token."""

    def __contains__(self, key: object) -> bool:
        return False


async def test_an_untrusted_realm_is_named_and_sees_nothing() -> None:
    world, _, _ = neighbour.bearer_world(realm="https://tokens.elsewhere.test/auth")

    found = await probe(world)

    assert (found.success, found.reason) == (False, Reason.RealmRefused)
    assert "tokens.elsewhere.test" in found.message.zh
    assert [seen.origin for seen in world.seen] == [HOME]


async def test_harbors_http_realm_behind_a_proxy_is_explained() -> None:
    world, _, _ = neighbour.bearer_world(realm="http://registry.test/service/token")

    found = await probe(world, source(provider="harbor"))

    assert found.reason is Reason.RealmRefused
    assert "external_url" in found.message.zh


@pytest.mark.parametrize(
    "without_scope", [True, False], ids=["a token for anybody", "none without a scope (Harbor, Quay)"]
)
async def test_an_anonymous_source_is_verified_when_the_registry_is_reached(without_scope: bool) -> None:
    world, _, _ = neighbour.bearer_world(anonymous_without_scope=without_scope)

    found = await probe(world, neighbour.anonymous())

    assert (found.success, found.reason, found.message.zh) == (True, Reason.Verified, "连接成功")
    assert not any(seen.login for seen in world.seen)


async def test_an_anonymous_source_needs_a_token_service_that_works() -> None:
    world, _, _ = neighbour.bearer_world(realm="https://gone.test/token")
    del world.hosts["https://gone.test"]

    assert (await probe(world, neighbour.anonymous())).reason is Reason.DNSFailed


async def test_an_anonymous_source_at_an_open_registry_is_verified() -> None:
    found = await probe(at_home(neighbour.Registry()), neighbour.anonymous())

    assert (found.success, found.reason) == (True, Reason.Verified)
    assert outcomes(found) == steps("ok", "ok", "ok", "skipped")


async def test_an_anonymous_source_at_a_basic_registry_needs_a_login() -> None:
    found = await probe(at_home(neighbour.Registry(auth="basic")), neighbour.anonymous())

    assert (found.success, found.reason) == (False, Reason.Unauthorized)


async def test_a_probe_neither_uses_nor_leaves_tokens() -> None:
    world, registry, service = neighbour.bearer_world()
    registry.image("app/web", "v1")
    client = RegistryClient(world, FakeClock())
    await client.head(source(), "app/web", "v1")
    await client.probe(source(provider="harbor"))
    await client.probe(source(provider="harbor"))

    assert service.count == 3


async def test_plain_http_and_unchecked_certificates_are_said_so() -> None:
    plain = await probe(World().at("http://registry.test", neighbour.Registry()), source(insecure=True))
    unchecked = await probe(at_home(neighbour.Registry()), source(skip_verify=True))

    assert outcomes(plain)["tls"] == "skipped"
    assert outcomes(unchecked)["tls"] == "unproven"


async def test_time_is_told_in_milliseconds() -> None:
    clock = FakeClock()
    world = at_home(neighbour.Registry(auth="basic"))

    async def pause() -> None:
        await clock.advance(0.25)

    world.pause = pause

    found = await RegistryClient(world, clock).probe(source())

    assert [(step.name, step.milliseconds) for step in found.steps] == [
        ("address", 0),
        ("tls", 0),
        ("registry", 250),
        ("login", 250),
    ]


@pytest.mark.parametrize(
    ("seconds", "redirects", "failed"),
    [(8.0, 0, "login"), (8.0, 2, "login"), (12.0, 3, "registry")],
    ids=["the control login", "redirects, then the login", "redirects alone"],
)
async def test_a_chain_of_slow_answers_ends_within_thirty_seconds_at_the_step_it_had_reached(
    seconds: float, redirects: int, failed: str
) -> None:
    world, registry, service = neighbour.bearer_world()
    clock, hops = FakeClock(), iter(range(redirects))

    def hopping(asked: Incoming) -> Reply:
        if asked.path == "/v2/" and next(hops, None) is not None:
            return Reply(307, headers=(("Location", "/v2/"),))
        return service(asked) if asked.path == "/token" else registry(asked)

    async def slow(allowed: float) -> bool:
        await clock.advance(min(seconds, allowed))
        return seconds <= allowed

    world.at(HOME, hopping).slow = slow

    found = await RegistryClient(world, clock).probe(source())

    assert (found.success, found.reason) == (False, Reason.Timeout)
    assert [step.name for step in found.steps if step.outcome == "failed"] == [failed]
    assert clock.monotonic() == 30.0


async def test_a_message_names_the_host_and_says_what_to_do_and_so_does_the_step() -> None:
    found = await probe(at_home(neighbour.Registry(auth="basic", users={})))

    assert found.message.zh.startswith("连接失败：用户名或密码错误（registry.test，HTTP 401）。请更新 spec.username")
    assert found.message.en.startswith("connection failed: wrong user name or password (registry.test, HTTP 401); upd")
    assert found.steps[-1].message.zh == found.message.zh.removeprefix("连接失败：")
    assert max(map(len, found.message)) <= 210


@pytest.mark.parametrize("media_type", ["text/html", "text/plain", "application/json"])
async def test_a_page_is_no_registry_however_long_it_is(media_type: str) -> None:
    page = Reply(200, b"[" * 70_000, (("Content-Type", media_type),))

    assert (await probe(at_home(lambda _: page))).reason is Reason.NotARegistry


async def test_what_a_stranger_wrote_is_in_no_message() -> None:
    def rude(asked: Incoming) -> Reply:
        body = b'{"errors":[{"code":"swordfish","message":"swordfish"}],"swordfish":1}'
        return Reply(403, body, (("WWW-Authenticate", "swordfish"), ("Server", "swordfish")))

    found = await probe(at_home(rude))

    said = [found.message, *(step.message for step in found.steps)]
    assert all(isinstance(text, Text) and "swordfish" not in text.zh + text.en for text in said)


@pytest.mark.parametrize("users", [{neighbour.USER: neighbour.PASSWORD}, {}], ids=["right", "wrong"])
async def test_each_step_is_told_once_in_order_and_before_the_end(users: dict[str, str]) -> None:
    told: list[Step] = []
    told_at: list[int] = []

    def listen(step: Step) -> None:
        told.append(step)
        told_at.append(len(world.seen))

    world = at_home(neighbour.Registry(auth="basic", users=users))
    found = await RegistryClient(world, FakeClock()).probe(source(), listen)

    assert tuple(told) == found.steps
    assert [step.name for step in told] == ["address", "tls", "registry", "login"]
    assert told_at == [1, 1, 1, 2]


async def test_steps_that_do_not_happen_are_told_too() -> None:
    told: list[Step] = []
    found = await RegistryClient(World(), FakeClock()).probe(source(), told.append)
    assert tuple(told) == found.steps
    assert not found.success
