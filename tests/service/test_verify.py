"""Verifying: which credential is tested, what is stored of it, how often."""

import asyncio
import json
from datetime import timedelta

import pytest

from imageyard.domain.access import AUTHENTICATED, Actor
from imageyard.domain.errors import Invalid, NotFound, TooManyRequests
from imageyard.domain.kinds import REGISTRY_SECRET
from imageyard.domain.objects import Condition
from imageyard.domain.reasons import Reason
from imageyard.registry import Probe
from tests.fakes.registry import probe
from tests.service.conftest import ADMIN, CANARY, Json, Service

OPERATOR = Actor("op", frozenset({"image-admin", AUTHENTICATED}))


@pytest.fixture
async def source(service: Service) -> Json:
    service.registry.accounts = {"robot": CANARY}
    return await service.add_source()


async def ask(service: Service, body: Json, name: str = "harbor", actor: Actor = ADMIN) -> Probe:
    return await service.verifier.by_request(actor, "default", name, body)


async def annotations(service: Service) -> dict[str, str]:
    held = (await service.source()).metadata.annotations
    return {key.rpartition("/")[2]: value for key, value in held.items() if "verify" in key}


async def condition(service: Service) -> Condition:
    return (await service.source()).status.conditions[0]


def bad_fields(raised: pytest.ExceptionInfo[Invalid]) -> set[str]:
    return {cause.field for cause in raised.value.causes}


@pytest.mark.usefixtures("source")
async def test_an_empty_body_tests_the_stored_credential(service: Service) -> None:
    await service.clock.advance(1.5)
    outcome = await ask(service, {})
    assert outcome.success
    assert service.registry.sources[-1].password.reveal() == CANARY
    assert await annotations(service) == {
        "verify-status": "success",
        "verify-message": "连接成功",
        "verify-timestamp": "1767225601500",
    }
    held = await condition(service)
    assert (held.type, held.status, held.reason, held.observed_generation) == ("Verified", "True", "Verified", 1)
    assert (await service.source()).status.observed_generation == 1


@pytest.mark.usefixtures("source")
async def test_a_failure_is_told_and_stored(service: Service) -> None:
    service.registry.accounts = {}
    outcome = await ask(service, {})
    assert (outcome.success, outcome.reason) == (False, Reason.Unauthorized)
    assert (await annotations(service))["verify-status"] == "failed"
    held = await condition(service)
    assert (held.status, held.reason) == ("False", "Unauthorized")


@pytest.mark.usefixtures("source")
async def test_a_registry_that_answers_everybody_is_a_success(service: Service) -> None:
    service.registry.outcome = probe(Reason.AnonymousOnly, success=True)
    await ask(service, {})
    held = await condition(service)
    assert (held.status, held.reason) == ("True", "AnonymousOnly")


@pytest.mark.usefixtures("source")
async def test_a_rate_limit_says_nothing_about_the_credential(service: Service) -> None:
    await ask(service, {})
    service.registry.outcome = probe(Reason.RateLimited)
    await ask(service, {})
    assert (await annotations(service))["verify-status"] == "success"
    assert "RateLimited" in (await annotations(service))["verify-message"]
    assert (await condition(service)).status == "True"


@pytest.mark.usefixtures("source")
async def test_a_refusal_stands_while_the_registry_cannot_be_reached(service: Service) -> None:
    service.registry.outcome = probe(Reason.Unauthorized)
    await ask(service, {})
    service.registry.outcome = probe(Reason.Timeout)
    await ask(service, {})
    assert (await condition(service)).reason == "Unauthorized"
    assert "Timeout" in (await annotations(service))["verify-message"]


@pytest.mark.parametrize(
    ("reason", "pause"),
    [
        (Reason.Verified, timedelta(minutes=30)),
        (Reason.Timeout, timedelta(minutes=30)),
        (Reason.Unauthorized, timedelta(minutes=63)),
        (Reason.Forbidden, timedelta(minutes=63)),
    ],
)
@pytest.mark.usefixtures("source")
async def test_the_next_verification_is_planned(service: Service, reason: Reason, pause: timedelta) -> None:
    """The tests' jitter is in the middle: 0 % around half an hour, +5 % above the hour of a refused credential."""
    service.registry.outcome = probe(reason, success=reason is Reason.Verified)
    await service.verifier.stored("default", "harbor")
    assert (await service.source()).status.next_verify == service.clock.now() + pause


@pytest.mark.usefixtures("source")
async def test_failures_in_a_row_are_counted_and_a_rate_limit_is_none(service: Service) -> None:
    counted = []
    for reason in (Reason.Timeout, Reason.DNSFailed, Reason.RateLimited, Reason.Unauthorized, Reason.Verified):
        service.registry.outcome = probe(reason, success=reason is Reason.Verified)
        await service.verifier.stored("default", "harbor")
        counted.append((await service.source()).status.failures)
    assert counted == [1, 2, 2, 3, 0]


@pytest.mark.usefixtures("source")
async def test_history_keeps_the_last_twenty(service: Service) -> None:
    for _ in range(22):
        await service.verifier.stored("default", "harbor")
    await ask(service, {})
    lines = [json.loads(line) for line in await service.objects.history(ADMIN, REGISTRY_SECRET, "default", "harbor")]
    assert len(lines) == 20
    assert [line["trigger"] for line in lines[:2]] == ["manual", "schedule"]
    newest = lines[0]
    assert set(newest) == {"time", "trigger", "success", "reason", "message", "durationMs", "steps"}
    assert newest["steps"] == [{"name": "address", "outcome": "ok", "message": "正常", "milliseconds": 3}]


@pytest.mark.usefixtures("source")
async def test_a_brought_password_is_tested_and_nothing_is_stored(service: Service) -> None:
    before = await service.source()
    outcome = await ask(service, {"password": "brought"})
    assert not outcome.success
    assert service.registry.sources[-1].password.reveal() == "brought"
    assert await service.source() == before


@pytest.mark.usefixtures("source")
async def test_even_the_right_password_stores_nothing_when_it_is_brought(service: Service) -> None:
    """Else the annotations would tell who guesses whether the guess was right."""
    before = await service.source()
    assert (await ask(service, {"password": CANARY})).success
    assert await service.source() == before


@pytest.mark.usefixtures("source")
async def test_another_user_is_tested_with_the_stored_password(service: Service) -> None:
    service.registry.accounts = {"other": CANARY}
    before = await service.source()
    assert (await ask(service, {"username": "other"})).success
    assert await service.source() == before


@pytest.mark.usefixtures("source")
async def test_a_body_that_repeats_the_address_tests_the_stored_credential(service: Service) -> None:
    await ask(service, {"domain": "harbor.example.com", "username": "robot"})
    assert (await annotations(service))["verify-status"] == "success"


@pytest.mark.parametrize(
    "body",
    [
        {"domain": "evil.example.com"},
        {"insecure": True},
        {"insecureSkipVerify": True},
        {"trustedRealmHosts": ["evil.example.com"]},
        {"provider": "other"},
    ],
    ids=lambda body: next(iter(body)),
)
@pytest.mark.usefixtures("source")
async def test_the_stored_password_goes_to_no_other_address(service: Service, body: Json) -> None:
    with pytest.raises(Invalid) as raised:
        await ask(service, body)
    assert "password" in bad_fields(raised)
    assert service.registry.calls["probe"] == 0


async def test_an_anonymous_source_wants_a_password_for_another_domain_too(service: Service) -> None:
    await service.add_source(username="", password="")
    with pytest.raises(Invalid) as raised:
        await ask(service, {"domain": "other.example.com"})
    assert bad_fields(raised) == {"password"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"surplus": 1}, "surplus"),
        ({"allowedNamespaces": ["*"]}, "allowedNamespaces"),
        ({"domain": "https://x", "password": "x"}, "domain"),
        ({"password": 5}, "password"),
        ({"password": None}, "password"),
    ],
)
@pytest.mark.usefixtures("source")
async def test_a_bad_body_is_invalid(service: Service, body: Json, field: str) -> None:
    with pytest.raises(Invalid) as raised:
        await ask(service, body)
    assert bad_fields(raised) == {field}


async def test_a_source_can_be_tested_before_it_is_saved(service: Service) -> None:
    service.registry.accounts = {"robot": CANARY}
    body = {"domain": "new.example.com", "username": "robot", "password": CANARY}
    assert (await ask(service, body, name="new")).success
    with pytest.raises(NotFound):
        await service.source("new")


@pytest.mark.parametrize("missing", ["domain", "username", "password"])
async def test_a_source_that_is_not_there_wants_the_whole_credential(service: Service, missing: str) -> None:
    body = {"domain": "new.example.com", "username": "robot", "password": CANARY}
    with pytest.raises(Invalid, match="not saved") as refused:
        await ask(service, {key: value for key, value in body.items() if key != missing}, name="new")
    assert [cause.field for cause in refused.value.causes] == [missing]
    with pytest.raises(NotFound):
        await ask(service, {}, name="new")


@pytest.mark.usefixtures("source")
async def test_ten_verifications_a_minute_per_identity(service: Service) -> None:
    for _ in range(10):
        await ask(service, {}, actor=OPERATOR)
    with pytest.raises(TooManyRequests) as raised:
        await ask(service, {}, actor=OPERATOR)
    assert raised.value.retry_after == 60
    await ask(service, {}, actor=Actor("another", OPERATOR.groups))
    await service.clock.advance(60)
    await ask(service, {}, actor=OPERATOR)


@pytest.mark.usefixtures("source")
async def test_masters_are_not_counted(service: Service) -> None:
    for _ in range(15):
        await ask(service, {})


@pytest.mark.usefixtures("source")
async def test_who_asks_meanwhile_shares_the_result(service: Service) -> None:
    outcomes = await asyncio.gather(*(ask(service, {}) for _ in range(5)), service.verifier.stored("default", "harbor"))
    assert service.registry.calls["probe"] == 1
    assert all(outcome is outcomes[0] for outcome in outcomes)


@pytest.mark.usefixtures("source")
async def test_a_caller_that_leaves_does_not_take_the_result_from_the_others(service: Service) -> None:
    first, second = (asyncio.ensure_future(ask(service, {})) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).success


@pytest.mark.usefixtures("source")
async def test_an_outcome_for_a_credential_that_changed_meanwhile_is_dropped(service: Service) -> None:
    async def rotate() -> None:
        service.registry.during_probe = None
        await service.merge_source({"spec": {"password": "rotated"}})

    service.registry.during_probe = rotate
    assert await service.verifier.stored("default", "harbor") is None
    assert (await annotations(service)) == {"verify-status": "untested"}


@pytest.mark.usefixtures("source")
async def test_a_person_who_asked_meanwhile_gets_the_answer_for_the_new_credential(service: Service) -> None:
    async def rotate() -> None:
        service.registry.during_probe = None
        service.registry.accounts = {"robot": "rotated"}
        await service.merge_source({"spec": {"password": "rotated"}})

    service.registry.during_probe = rotate
    assert (await ask(service, {})).success


@pytest.mark.usefixtures("source")
async def test_a_change_that_is_none_of_the_credential_does_not_drop_the_outcome(service: Service) -> None:
    async def label() -> None:
        await service.merge_source({"metadata": {"labels": {"a": "b"}}})

    service.registry.during_probe = label
    assert await service.verifier.stored("default", "harbor") is not None
    held = await service.source()
    assert held.metadata.labels == {"a": "b"}
    assert (await annotations(service))["verify-status"] == "success"


async def test_what_is_gone_has_no_outcome(service: Service) -> None:
    assert await service.verifier.stored("default", "harbor") is None


@pytest.mark.usefixtures("source")
async def test_a_password_that_does_not_decrypt_is_a_failure_with_a_next_step(service: Service) -> None:
    await service.store.replace(REGISTRY_SECRET, await service.source(), sealed=b"broken")
    outcome = await ask(service, {})
    assert (outcome.success, outcome.reason) == (False, Reason.InvalidSpec)
    assert "spec.password" in outcome.message.zh
    assert not (await ask(service, {"username": "other"})).success


@pytest.mark.usefixtures("source")
async def test_a_credential_that_is_good_again_may_log_in_at_once_where_it_was_refused(service: Service) -> None:
    await service.verifier.stored("default", "harbor")
    service.registry.calls.clear()
    await service.verifier.stored("default", "harbor")
    assert service.registry.calls["forget"] == 0, "it was good before"
    await ask(service, {})
    assert service.registry.calls["forget"] == 1, "a person has looked into it"
    service.registry.outcome = probe(Reason.Unauthorized)
    await service.verifier.stored("default", "harbor")
    service.registry.outcome = None
    await service.verifier.stored("default", "harbor")
    assert service.registry.calls["forget"] == 2
