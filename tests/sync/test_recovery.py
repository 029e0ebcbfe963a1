"""What a source that changes or goes does to the images that refer to it, and what it tells nobody else."""

import pytest

from imageyard.domain.kinds import REGISTRY_SECRET
from imageyard.domain.reasons import Reason
from imageyard.service.fetch import Unresolved
from tests.sync.fakes import WORDS, World, good

NOT_FOUND = Unresolved(Reason.RegistryNotFound, WORDS)
NOT_PERMITTED = Unresolved(Reason.ReferenceNotPermitted, WORDS)


async def outcome(yard: World, name: str, namespace: str = "default") -> tuple[str, str]:
    status = (await yard.get(name, namespace)).status
    return status.sync_status, status.reason


async def test_when_a_source_is_deleted_all_its_images_report_it_long_before_their_interval(yard: World) -> None:
    await yard.grant("hub", "team-a")
    await yard.start()
    for number in range(20):
        await yard.add(f"i{number}")
    await yard.add("guest", namespace="team-a")
    await yard.pass_time(5)
    assert await outcome(yard, "guest", "team-a") == ("Success", "Synced")
    yard.registries.denied |= {"default/hub": NOT_FOUND, "team-a/hub": NOT_PERMITTED}
    asked = yard.registries.asked.total()
    await yard.store.delete(REGISTRY_SECRET, "default", "hub")
    await yard.pass_time(5)
    assert {await outcome(yard, f"i{number}") for number in range(20)} == {("Failed", "RegistryNotFound")}
    assert await outcome(yard, "guest", "team-a") == ("Failed", "ReferenceNotPermitted")
    assert (await yard.get("i0")).status.manifest is not None
    assert yard.registries.asked.total() == asked


async def test_an_image_that_runs_while_its_source_is_deleted_reports_it_too(yard: World) -> None:
    yard.registries.delay = lambda host: 3.0
    await yard.start()
    await yard.add("nginx")
    await yard.pass_time(1)
    yard.registries.denied["hub"] = NOT_FOUND
    await yard.store.delete(REGISTRY_SECRET, "default", "hub")
    await yard.pass_time(5)
    assert await outcome(yard, "nginx") == ("Failed", "RegistryNotFound")


@pytest.mark.parametrize("before", ["team-a", "*"])
async def test_a_namespace_that_is_no_longer_let_in_has_its_images_report_it_and_no_others(
    yard: World, before: str
) -> None:
    await yard.grant("hub", before, "team-b")
    await yard.start()
    await yard.add("own")
    await yard.add("out", namespace="team-a")
    await yard.add("in", namespace="team-b")
    await yard.pass_time(2)
    yard.registries.denied["team-a/hub"] = NOT_PERMITTED
    asked = yard.registries.asked.total()
    await yard.grant("hub", "team-b")
    await yard.pass_time(5)
    assert await outcome(yard, "out", "team-a") == ("Failed", "ReferenceNotPermitted")
    assert await outcome(yard, "own") == await outcome(yard, "in", "team-b") == ("Success", "Synced")
    assert yard.registries.asked.total() == asked


async def test_a_source_that_lets_a_namespace_in_heals_its_images(yard: World) -> None:
    yard.registries.denied["team-a/hub"] = NOT_PERMITTED
    await yard.start()
    await yard.add("guest", namespace="team-a")
    await yard.pass_time(2)
    yard.registries.denied.clear()
    await yard.grant("hub", "team-a")
    await yard.pass_time(2)
    assert await outcome(yard, "guest", "team-a") == ("Success", "Synced")


async def test_what_happens_to_a_source_moves_nothing_in_namespaces_that_may_not_use_it(yard: World) -> None:
    """Or else they would learn that it exists."""
    yard.registries.denied["team-a/hub"] = NOT_PERMITTED
    await yard.start()
    await yard.add("nosy", namespace="team-a")
    await yard.pass_time(2)
    before = (await yard.get("nosy", "team-a")).status
    assert (before.failures, before.domain) == (1, "")
    await yard.grant("hub", "team-b")
    await yard.pass_time(5)
    await yard.store.delete(REGISTRY_SECRET, "default", "hub")
    await yard.pass_time(5)
    await yard.add_source("hub")
    await yard.pass_time(5)
    assert (await yard.get("nosy", "team-a")).status == before


async def test_only_images_that_may_use_a_source_are_counted_as_its_users(yard: World) -> None:
    yard.registries.denied["team-a/hub"] = NOT_PERMITTED
    await yard.start()
    await yard.add("own")
    await yard.add("guest", namespace="team-a")
    await yard.pass_time(5)
    assert (await yard.source("hub")).status.used_by == 1
    await yard.grant("hub", "team-a")
    await yard.pass_time(5)
    assert (await yard.source("hub")).status.used_by == 2
    await yard.grant("hub")
    await yard.pass_time(5)
    assert (await yard.source("hub")).status.used_by == 1


async def test_a_host_that_is_down_answers_nothing_to_namespaces_that_may_not_use_its_source(yard: World) -> None:
    yard.registries.denied["team-a/hub"] = NOT_PERMITTED
    await down(yard)
    await yard.add("nosy", namespace="team-a")
    await yard.pass_time(2)
    assert await outcome(yard, "nosy", "team-a") == ("Failed", "ReferenceNotPermitted")
    assert (await yard.get("nosy", "team-a")).status.domain == ""


async def test_an_image_that_was_never_fetched_names_its_domain_where_its_reference_may_be_used(yard: World) -> None:
    """The alert on `domain/repository:tag` keeps its name."""
    await yard.add_source("refused")
    yard.registries.denied["refused"] = Unresolved(Reason.CredentialRefused, WORDS)
    await down(yard)
    asked = yard.registries.asked.total()
    await yard.add("locked", "refused")
    await yard.add("unreached")
    await yard.pass_time(0.5)
    assert yard.registries.asked.total() == asked
    assert (await yard.get("locked")).status.domain == "refused.example.com"
    assert (await yard.get("unreached")).status.domain == "hub.example.com"
    labels = {name: label for label, _, name, _ in yard.engine.failing_images()}
    assert labels["locked"] == "refused.example.com/locked:latest"
    assert labels["unreached"] == "hub.example.com/unreached:latest"


async def down(yard: World) -> None:
    """The host of `hub` has failed so often that it is no longer asked."""
    yard.registries.answer = lambda host, spec: good()._replace(reason=Reason.ConnectionRefused, manifest=None)
    await yard.start()
    for number in range(20):
        await yard.add(f"i{number}")
    await yard.pass_time(20)
