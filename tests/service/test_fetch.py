"""Fetching: which reference may be used, what one attempt asks, what is kept."""

import pytest

from imageyard.domain.kinds import REGISTRY_SECRET
from imageyard.domain.kinds.repository import Manifest, RegistryRef, RepositorySpec
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Text
from imageyard.registry import Quota, RegistryError
from imageyard.registry.client import RegistryClient
from imageyard.service.fetch import Fetched, Resolved, Unresolved
from tests.fakes.registry import probe
from tests.service.conftest import CANARY, Service


def spec(name: str = "harbor", namespace: str = "default", tag: str = "1.27") -> RepositorySpec:
    return RepositorySpec(repository="library/nginx", tag=tag, registry_ref=RegistryRef(name, namespace))


async def resolved(service: Service, namespace: str = "default", name: str = "harbor") -> Resolved:
    answer = await service.fetcher.resolve(namespace, spec(name))
    assert isinstance(answer, Resolved)
    return answer


async def unresolved(service: Service, namespace: str, name: str = "harbor") -> Unresolved:
    answer = await service.fetcher.resolve(namespace, spec(name))
    assert isinstance(answer, Unresolved)
    return answer


async def fetch(service: Service, held: Manifest | None = None, name: str = "harbor") -> Fetched:
    """One attempt, and its documents kept, as a sync does."""
    fetched = await service.fetcher.fetch((await resolved(service, name=name)).source, spec(name), held)
    await service.fetcher.keep(fetched)
    return fetched


async def test_a_reference_answers_the_source_with_its_credential(service: Service) -> None:
    made = await service.add_source(trustedRealmHosts=["auth.example.com"], insecureSkipVerify=True)
    answer = await resolved(service)
    assert (answer.uid, answer.generation) == (made["metadata"]["uid"], 1)
    source = answer.source
    assert (source.domain, source.provider, source.username) == ("harbor.example.com", "harbor", "robot")
    assert source.password.reveal() == CANARY
    assert (source.skip_verify, source.trusted_realm_hosts) == (True, ("auth.example.com",))


async def test_a_missing_source_in_the_own_namespace_is_not_found(service: Service) -> None:
    assert (await unresolved(service, "default")).reason is Reason.RegistryNotFound


async def test_another_namespace_is_refused_in_the_same_words_whether_the_source_exists_or_not(
    service: Service,
) -> None:
    await service.add_source()
    exists, missing = await unresolved(service, "team-a"), await unresolved(service, "team-a", "missing")
    assert exists == missing
    assert exists.reason is Reason.ReferenceNotPermitted
    assert "allowedNamespaces" in exists.message.zh
    assert "allowedNamespaces" in exists.message.en


@pytest.mark.parametrize("allowed", ["team-a", "*"])
async def test_another_namespace_may_use_a_source_that_lists_it(service: Service, allowed: str) -> None:
    await service.add_source(allowedNamespaces=[allowed])
    await resolved(service, "team-a")


async def test_a_grant_heals_a_reference(service: Service) -> None:
    await service.add_source()
    await unresolved(service, "team-a")
    await service.merge_source({"spec": {"allowedNamespaces": ["team-a"]}})
    await resolved(service, "team-a")


@pytest.mark.parametrize("reason", [Reason.Unauthorized, Reason.Forbidden])
async def test_a_refused_credential_is_not_tried_until_it_changes(service: Service, reason: Reason) -> None:
    await service.add_source()
    service.registry.outcome = probe(reason)
    await service.verifier.stored("default", "harbor")
    assert (await unresolved(service, "default")).reason is Reason.CredentialRefused
    await service.merge_source({"spec": {"allowedNamespaces": ["team-a"]}})
    assert (await unresolved(service, "default")).reason is Reason.CredentialRefused
    await service.merge_source({"spec": {"password": "another"}})
    await resolved(service)


async def test_a_registry_out_of_reach_is_no_refused_credential(service: Service) -> None:
    await service.add_source()
    service.registry.outcome = probe(Reason.Timeout)
    await service.verifier.stored("default", "harbor")
    await resolved(service)


async def test_a_changed_credential_goes_by_another_name(service: Service) -> None:
    await service.add_source()
    service.registry.accounts = {"robot": CANARY}
    before = (await resolved(service)).source
    await service.verifier.stored("default", "harbor")
    assert (await resolved(service)).source.credential == before.credential
    await service.merge_source({"spec": {"password": "another"}})
    after = (await resolved(service)).source
    assert after.credential != before.credential
    assert after.password.reveal() == "another"


async def test_a_password_that_does_not_decrypt_is_told_to_its_own_namespace_only(service: Service) -> None:
    await service.add_source()
    await service.store.replace(REGISTRY_SECRET, await service.source(), sealed=b"broken")
    assert (await unresolved(service, "default")).reason is Reason.InvalidSpec
    assert (await unresolved(service, "team-a")).reason is Reason.ReferenceNotPermitted


async def test_a_new_digest_is_read_and_kept(service: Service) -> None:
    await service.add_source()
    digest = service.registry.push("library/nginx", "1.27")
    fetched = await fetch(service)
    assert (fetched.reason, fetched.domain, fetched.unchanged) == (Reason.Synced, "harbor.example.com", False)
    assert fetched.manifest is not None
    assert fetched.manifest.digest == digest
    assert len(fetched.digests) == 2
    assert service.registry.calls["download"] == 2


async def test_a_digest_that_is_held_costs_one_head(service: Service) -> None:
    await service.add_source()
    service.registry.push("library/nginx", "1.27")
    held = (await fetch(service)).manifest
    service.registry.calls.clear()
    fetched = await fetch(service, held)
    assert fetched.unchanged
    assert fetched.manifest == held
    assert service.registry.calls == {"head": 1}


async def test_documents_are_shared_within_one_repository_of_one_origin(service: Service) -> None:
    await service.add_source()
    await service.add_source("other", domain="elsewhere.example.com")
    service.registry.push("library/nginx", "1.27")
    await fetch(service)
    await fetch(service)
    assert service.registry.calls["download"] == 2
    await fetch(service, name="other")
    assert service.registry.calls["download"] == 4


async def test_a_failure_is_an_outcome(service: Service) -> None:
    await service.add_source()
    words, step = Text("太快", "too fast"), Text("请等待", "wait")
    advised = Text("太快。请等待", "too fast; wait")
    quota = Quota(100, 0)
    service.registry.failure = RegistryError(
        Reason.RateLimited, words, retry_after=7.0, quota=quota, unauthorized=True, next_step=step
    )
    assert await fetch(service) == Fetched(
        Reason.RateLimited, advised, "harbor.example.com", retry_after=7.0, quota=quota, unauthorized=True
    )


@pytest.mark.parametrize(
    ("quota", "spared"),
    [(Quota(100, 9, 21_600), True), (Quota(100, 10, 21_600), False), (Quota(None, 1), False), (None, False)],
    ids=["scarce", "enough", "no limit told", "no quota"],
)
async def test_a_thrifty_attempt_pulls_nothing_new_while_the_quota_is_scarce(
    service: Service, quota: Quota | None, spared: bool
) -> None:
    await service.add_source()
    service.registry.push("library/nginx", "1.27")
    service.registry.quota = quota
    source = (await resolved(service)).source
    thrifty = await service.fetcher.fetch(source, spec(), None, thrifty=True)
    assert (thrifty.spared, thrifty.manifest is None) == (spared, spared)
    assert thrifty.reason is (Reason.RateLimited if spared else Reason.Synced)
    asked = await service.fetcher.fetch(source, spec(), None)
    assert asked.manifest is not None
    unchanged = await service.fetcher.fetch(source, spec(), asked.manifest, thrifty=True)
    assert (unchanged.unchanged, unchanged.reason) == (True, Reason.Synced)


@pytest.mark.parametrize("domain", ["harbor.example.com", "docker.io", "localhost:5000"])
async def test_contents_are_found_where_the_registry_client_says_they_are(service: Service, domain: str) -> None:
    await service.add_source(domain=domain)
    source = (await resolved(service)).source
    assert service.registry.scope(source, "nginx") == RegistryClient.scope(None, source, "nginx")  # type: ignore[arg-type]
