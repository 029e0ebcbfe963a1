"""HEAD and inspect against registries without a login, with Basic and with Bearer."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from imageyard.domain.reasons import Reason
from imageyard.domain.secret import Secret
from imageyard.egress import EgressError
from imageyard.registry import Document, Head, Inspection, Quota, Registry, RegistryError, Source, errors, manifest
from imageyard.registry.client import RegistryClient
from tests.fakes.clock import FakeClock
from tests.registry import neighbour
from tests.registry.neighbour import Incoming, Reply, Shelf, World, nothing, source


def client_for(world: World, clock: FakeClock | None = None) -> RegistryClient:
    return RegistryClient(world, clock or FakeClock())


async def inspect(
    client: Registry,
    who: Source,
    path: str = "app/web",
    tag: str = "v1",
    *,
    platform: str = "",
    held: Shelf | None = None,
) -> Inspection:
    head = await client.head(who, path, tag)
    return await client.inspect(who, path, tag, head, platform=platform, lookup=held or nothing)


async def failure(
    client: Registry, who: Source, path: str = "app/web", tag: str = "v1", **options: Any
) -> RegistryError:
    with pytest.raises(RegistryError) as raised:
        await inspect(client, who, path, tag, **options)
    return raised.value


def plain() -> tuple[World, neighbour.Registry]:
    registry = neighbour.Registry()
    return World().at("https://registry.test", registry), registry


async def test_head_costs_one_request_and_tells_the_digest() -> None:
    world, registry = plain()
    pushed = registry.image("app/web", "v1")

    head = await client_for(world).head(source(), "app/web", "v1")

    assert head == Head(pushed["digest"], neighbour.OCI_MANIFEST, None)
    assert world.lines() == ["HEAD https://registry.test/v2/app/web/manifests/v1"]


async def test_head_and_get_ask_for_the_same_media_types_on_lines_of_their_own() -> None:
    world, registry = plain()
    registry.image("app/web", "v1")

    await inspect(client_for(world), source())

    accepts = [[value for name, value in seen.headers if name == "Accept"] for seen in world.seen[:2]]
    assert accepts[0] == accepts[1]
    assert len(accepts[0]) > 4
    assert not any("," in value for value in accepts[0])


async def test_an_image_becomes_a_manifest() -> None:
    world, registry = plain()
    pushed = registry.image("app/web", "v1")

    found = (await inspect(client_for(world), source())).manifest

    assert found.digest == pushed["digest"]
    assert (found.os, found.architecture, found.variant) == ("linux", "amd64", "")
    assert found.created == datetime(2024, 1, 8, 10, 30, tzinfo=UTC)
    assert [(layer.size, layer.instruction) for layer in found.layers] == [
        ("1000", "COPY layer0 /"),
        ("2000", "COPY layer1 /"),
    ]
    config_size = len(next(iter(registry.blobs.values())))
    assert found.size_bytes == 3000 + config_size
    assert [(p.os, p.size_bytes, p.digest) for p in found.platforms] == [
        ("linux", 3000 + config_size, pushed["digest"])
    ]


async def test_an_index_is_read_through_its_linux_amd64_child() -> None:
    world, registry = plain()
    arm, amd = registry.image("app/web", architecture="arm64"), registry.image("app/web", layers=(5,))
    attestation = registry.image("app/web", os="unknown", architecture="unknown") | {
        "annotations": {"vnd.docker.reference.type": "attestation-manifest"}
    }
    pushed = registry.index("app/web", "v1", arm, amd, attestation)

    found = await inspect(client_for(world), source())

    assert (found.manifest.digest, found.manifest.media_type) == (pushed["digest"], neighbour.OCI_INDEX)
    assert (found.manifest.architecture, found.manifest.layers[0].size) == ("amd64", "5")
    assert [(p.architecture, p.digest, p.size_bytes) for p in found.manifest.platforms] == [
        ("arm64", arm["digest"], None),
        ("amd64", amd["digest"], found.manifest.size_bytes),
    ]
    assert [document.digest for document in found.documents[:2]] == [pushed["digest"], amd["digest"]]


async def test_a_platform_asked_for_is_chosen() -> None:
    world, registry = plain()
    registry.index(
        "app/web", "v1", registry.image("app/web"), registry.image("app/web", architecture="arm", variant="v7")
    )

    found = await inspect(client_for(world), source(), platform="linux/arm")

    assert (found.manifest.architecture, found.manifest.variant) == ("arm", "v7")


@pytest.mark.parametrize("single", [True, False], ids=["single image", "index"])
async def test_a_missing_platform_is_an_error_that_names_the_others(single: bool) -> None:
    world, registry = plain()
    if single:
        registry.image("app/web", "v1")
    else:
        registry.index("app/web", "v1", registry.image("app/web"))

    error = await failure(client_for(world), source(), platform="windows/amd64")

    assert error.reason is Reason.UnsupportedManifest
    assert "linux/amd64" in error.message.zh
    assert "linux/amd64" in error.message.en


async def test_what_is_held_by_digest_is_not_fetched_again() -> None:
    world, registry = plain()
    registry.index("app/web", "v1", registry.image("app/web"))
    client = client_for(world)
    first = await inspect(client, source())
    del world.seen[:]

    again = await inspect(client, source(), held=Shelf(*first.documents))

    assert world.lines() == ["HEAD https://registry.test/v2/app/web/manifests/v1"]
    assert again.manifest == first.manifest
    assert again.documents == first.documents


async def test_held_bytes_that_do_not_match_their_digest_are_fetched_again() -> None:
    world, registry = plain()
    pushed = registry.image("app/web", "v1")
    shelf = Shelf(Document(pushed["digest"], neighbour.OCI_MANIFEST, b"{}"))

    found = await inspect(client_for(world), source(), held=shelf)

    assert found.manifest.digest == pushed["digest"]


async def test_the_kept_config_holds_names_of_variables_and_no_values() -> None:
    world, registry = plain()
    registry.image("app/web", "v1")

    found = await inspect(client_for(world), source())

    config = json.loads(found.documents[-1].body)
    assert config["config"]["Env"] == ["PATH", "SECRET"]
    assert b"swordfish" not in b"".join(document.body for document in found.documents)


async def test_a_config_whose_digest_is_another_images_manifest_leaves_that_manifest_alone() -> None:
    world, registry = plain()
    registry.image("app/web", "v1")
    shelf, client = Shelf(), client_for(world)
    for document in (await inspect(client, source(), held=shelf)).documents:
        shelf.held[document.digest] = document
    _, manifest = registry.manifests["app/web", registry.tags["app/web", "v1"]]
    config = registry.blob("app/web", manifest, neighbour.OCI_CONFIG)
    registry.manifest(
        "app/web",
        {"schemaVersion": 2, "mediaType": neighbour.OCI_MANIFEST, "config": config, "layers": []},
        neighbour.OCI_MANIFEST,
        "v2",
    )
    for document in (await inspect(client, source(), tag="v2", held=shelf)).documents:
        shelf.held[document.digest] = document

    held = await shelf(neighbour.digest(manifest))
    assert held is not None
    assert held.body == manifest


async def test_a_helm_chart_is_an_artifact_and_its_config_is_not_read() -> None:
    world, registry = plain()
    helm = "application/vnd.cncf.helm.config.v1+json"
    registry.manifest(
        "charts/app",
        {
            "schemaVersion": 2,
            "config": {"mediaType": helm, "digest": neighbour.digest(b"c"), "size": 10},
            "layers": [{"mediaType": "application/tar+gzip", "digest": neighbour.digest(b"l"), "size": 990}],
            "annotations": {"org.opencontainers.image.created": "2025-05-05T00:00:00Z"},
        },
        neighbour.OCI_MANIFEST,
        "1.0.0",
    )

    found = (await inspect(client_for(world), source(), "charts/app", "1.0.0")).manifest

    assert (found.artifact_type, found.size, found.os) == (helm, "1kB", "")
    assert found.created == datetime(2025, 5, 5, tzinfo=UTC)
    assert len(world.seen) == 2


async def test_a_sparse_index_is_read_through_the_next_real_platform() -> None:
    world, registry = plain()
    gone, here = registry.image("app/web"), registry.image("app/web", architecture="arm64")
    registry.index("app/web", "v1", gone, here)
    del registry.manifests["app/web", gone["digest"]]

    found = (await inspect(client_for(world), source())).manifest

    assert found.architecture == "arm64"
    assert [platform.architecture for platform in found.platforms] == ["amd64", "arm64"]


async def test_an_index_whose_children_are_all_missing_still_tells_its_platforms() -> None:
    world, registry = plain()
    gone = registry.image("app/web")
    registry.index("app/web", "v1", gone)
    del registry.manifests["app/web", gone["digest"]]

    found = (await inspect(client_for(world), source())).manifest

    assert (found.os, found.architecture, found.size_bytes, len(found.platforms)) == ("linux", "amd64", 0, 1)


async def test_an_index_inside_an_index_is_descended_into() -> None:
    world, registry = plain()
    inner = registry.index("app/web", "inner", registry.image("app/web"))
    registry.index("app/web", "v1", inner)

    found = (await inspect(client_for(world), source())).manifest

    assert (found.architecture, len(found.platforms)) == ("amd64", 1)


async def test_an_empty_index_is_no_error() -> None:
    world, registry = plain()
    registry.index("app/web", "v1")

    found = (await inspect(client_for(world), source())).manifest

    assert (found.digest, found.platforms, found.size_bytes) == (registry.tags["app/web", "v1"], [], 0)


async def test_an_embedded_config_is_not_fetched() -> None:
    world, registry = plain()
    registry.image("app/web", "v1")
    (path, key), blob = next(iter(registry.blobs.items()))
    manifest = json.loads(registry.manifests["app/web", registry.tags["app/web", "v1"]][1])
    manifest["config"]["data"] = base64.b64encode(blob).decode()
    registry.manifest("app/web", manifest, neighbour.OCI_MANIFEST, "v1")
    del registry.blobs[path, key]

    found = (await inspect(client_for(world), source())).manifest

    assert found.architecture == "amd64"


@pytest.mark.parametrize("quirk", ["head-405", "no-digest"])
async def test_a_registry_without_useful_head_is_asked_by_get_and_remembered(quirk: str) -> None:
    world, registry = plain()
    registry.quirks = frozenset({quirk})
    pushed = registry.image("app/web", "v1")
    clock = FakeClock()
    client = client_for(world, clock)

    first = await client.head(source(), "app/web", "v1")
    second = await client.head(source(), "app/web", "v1")
    await clock.advance(3601)
    await client.head(source(), "app/web", "v1")

    assert first.digest == second.digest == pushed["digest"]
    assert [seen.method for seen in world.seen] == ["HEAD", "GET", "GET", "HEAD", "GET"]


async def test_a_head_redirected_to_a_url_signed_for_get_falls_back_to_get() -> None:
    registry = neighbour.Registry()
    pushed = registry.image("app/web", "v1")

    def front(asked: Incoming) -> Reply:
        return Reply(307, headers=(("Location", f"https://storage.test{asked.path}?Signature=x"),))

    def storage(asked: Incoming) -> Reply:
        return registry(asked) if asked.method == "GET" else Reply(403)

    world = World().at("https://registry.test", front).at("https://storage.test", storage)

    head = await client_for(world).head(source(), "app/web", "v1")

    assert head.digest == pushed["digest"]


async def test_a_tag_that_moves_between_head_and_get_does_not_tear_the_view() -> None:
    world, registry = plain()
    old = registry.image("app/web", "v1")
    client = client_for(world)
    head = await client.head(source(), "app/web", "v1")
    registry.image("app/web", "v1", layers=(7,))

    found = await client.inspect(source(), "app/web", "v1", head, platform="", lookup=nothing)

    assert found.manifest.digest == old["digest"]


async def test_a_digest_that_is_gone_after_head_is_read_by_tag() -> None:
    world, registry = plain()
    old = registry.image("app/web", "v1")
    client = client_for(world)
    head = await client.head(source(), "app/web", "v1")
    new = registry.image("app/web", "v1", layers=(7,))
    del registry.manifests["app/web", old["digest"]]

    found = await client.inspect(source(), "app/web", "v1", head, platform="", lookup=nothing)

    assert found.manifest.digest == new["digest"]


@pytest.mark.parametrize("kind", ["manifests", "blobs"])
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
async def test_an_answer_by_digest_whose_header_names_another_digest_is_refused(kind: str, algorithm: str) -> None:
    world, registry = plain()
    registry.image("app/web", "v1")
    other = manifest.digest_of(b"another", algorithm)

    def lying(asked: Incoming) -> Reply:
        reply = registry(asked)
        if f"/{kind}/sha256:" not in asked.path:
            return reply
        kept = tuple(pair for pair in reply.headers if pair[0] != "Docker-Content-Digest")
        return reply._replace(headers=(*kept, ("Docker-Content-Digest", other)))

    assert (await failure(client_for(world.at("https://registry.test", lying)), source())).reason is (
        Reason.ManifestInvalid
    )


async def test_the_header_may_name_the_same_bytes_by_another_algorithm() -> None:
    world, registry = plain()
    pushed = registry.image("app/web", "v1")

    def modern(asked: Incoming) -> Reply:
        reply = registry(asked)
        kept = tuple(pair for pair in reply.headers if pair[0] != "Docker-Content-Digest")
        told = pushed["digest"] if asked.method == "HEAD" else manifest.digest_of(reply.body, "sha512")
        return reply._replace(headers=(*kept, ("Docker-Content-Digest", told)))

    found = await inspect(client_for(world.at("https://registry.test", modern)), source())

    assert found.manifest.digest == pushed["digest"]


async def test_a_get_by_tag_goes_by_the_bytes_and_not_by_the_header() -> None:
    world, registry = plain()
    pushed = registry.image("app/web", "v1")
    lie = neighbour.digest(b"another")

    def headless(asked: Incoming) -> Reply:
        if asked.method == "HEAD":
            return Reply(405)
        reply = registry(asked)
        if not asked.path.endswith("/v1"):
            return reply
        kept = tuple(pair for pair in reply.headers if pair[0] != "Docker-Content-Digest")
        return reply._replace(headers=(*kept, ("Docker-Content-Digest", lie)))

    found = await inspect(client_for(world.at("https://registry.test", headless)), source())

    assert found.manifest.digest == pushed["digest"]


async def test_bytes_that_do_not_hash_to_the_digest_asked_for_are_refused() -> None:
    world, registry = plain()
    pushed = registry.image("app/web", "v1")
    media_type, body = registry.manifests["app/web", pushed["digest"]]
    registry.manifests["app/web", pushed["digest"]] = (media_type, body + b" ")

    head = Head(pushed["digest"], media_type, None)
    with pytest.raises(RegistryError) as raised:
        await client_for(world).inspect(source(), "app/web", "v1", head, platform="", lookup=nothing)

    assert raised.value.reason is Reason.ManifestInvalid


async def test_a_config_of_another_size_than_described_is_refused() -> None:
    world, registry = plain()
    registry.image("app/web", "v1")
    key = next(iter(registry.blobs))
    registry.blobs[key] += b" "

    assert (await failure(client_for(world), source())).reason is Reason.ManifestInvalid


async def test_docker_hub_is_asked_at_its_own_host_for_library_images() -> None:
    world, registry, _ = neighbour.bearer_world(
        host="https://registry-1.docker.io", realm="https://auth.docker.io/token"
    )
    registry.image("library/nginx", "latest")
    registry.headers = (("RateLimit-Limit", "100;w=21600"), ("RateLimit-Remaining", "76;w=21600"))
    client = client_for(world)

    head = await client.head(source("docker.io"), "nginx", "latest")

    assert head.quota == Quota(100, 76, 21_600)
    assert client.host(source("index.docker.io")) == "registry-1.docker.io:443"
    assert client.scope(source("docker.io"), "nginx") == "https://registry-1.docker.io/library/nginx"


async def test_basic_is_learnt_once_and_sent_at_once_afterwards() -> None:
    world, registry = plain()
    registry.auth = "basic"
    registry.image("app/web", "v1")
    client = client_for(world)

    await client.head(source(), "app/web", "v1")
    await client.head(source(), "app/web", "v1")

    assert [seen.login is not None for seen in world.seen] == [False, True, True]


async def test_a_token_is_fetched_once_and_used_until_shortly_before_it_ends() -> None:
    world, registry, service = neighbour.bearer_world()
    registry.image("app/web", "v1")
    clock = FakeClock()
    client = client_for(world, clock)

    await client.head(source(), "app/web", "v1")
    await clock.advance(280)
    await client.head(source(), "app/web", "v1")
    assert service.count == 1
    await clock.advance(15)
    await client.head(source(), "app/web", "v1")

    assert service.count == 2
    assert world.lines() == [
        "HEAD https://registry.test/v2/app/web/manifests/v1",
        "GET https://registry.test/token",
        "HEAD https://registry.test/v2/app/web/manifests/v1",
        "HEAD https://registry.test/v2/app/web/manifests/v1",
        "GET https://registry.test/token",
        "HEAD https://registry.test/v2/app/web/manifests/v1",
    ]
    assert {tuple(seen.query.get("scope", [])) for seen in world.seen if seen.path == "/token"} == {
        ("repository:app/web:pull",)
    }


async def test_a_token_refused_before_its_end_is_exchanged_again_though_harbor_flips_to_basic() -> None:
    world, registry, service = neighbour.bearer_world()
    registry.quirks = frozenset({"flip"})
    registry.image("app/web", "v1")
    client = client_for(world)
    await client.head(source(), "app/web", "v1")
    registry.tokens.clear()

    head = await client.head(source(), "app/web", "v1")

    assert head.digest
    assert service.count == 2


async def test_a_fresh_token_that_is_refused_is_final_and_marked_for_verify() -> None:
    world, registry, _ = neighbour.bearer_world()
    registry.quirks = frozenset({"flip"})

    class Blind(dict[str, str]):
        def __contains__(self, key: object) -> bool:
            return False

    registry.tokens = Blind()
    error = await failure(client_for(world), source())

    assert (error.reason, error.unauthorized) == (Reason.Unauthorized, True)
    assert not any(seen.login for seen in world.seen if seen.path != "/token")
    assert len(world.seen) == 3


async def test_harbors_empty_challenge_for_an_unknown_project_is_answered_from_v2() -> None:
    world, registry, _ = neighbour.bearer_world()
    registry.quirks = frozenset({"empty-challenge"})
    registry.image("app/web", "v1")

    head = await client_for(world).head(source(), "app/web", "v1")

    assert head.digest
    assert "GET https://registry.test/v2/" in world.lines()


async def test_an_anonymous_source_exchanges_without_credentials() -> None:
    world, registry, _ = neighbour.bearer_world(private=False)
    registry.image("app/web", "v1")

    await client_for(world).head(neighbour.anonymous(), "app/web", "v1")

    assert [seen.login for seen in world.seen] == [None, None, None]


async def test_an_anonymous_source_at_a_private_registry_is_told_to_sign_in() -> None:
    world, registry = plain()
    registry.auth = "basic"

    error = await failure(client_for(world), neighbour.anonymous())

    assert (error.reason, error.unauthorized) == (Reason.Unauthorized, True)
    assert "匿名" in error.message.zh


async def test_a_wrong_password_is_unauthorized_after_one_exchange() -> None:
    world, registry, _ = neighbour.bearer_world()
    registry.users = {neighbour.USER: "another"}
    registry.image("app/web", "v1")

    error = await failure(client_for(world), source())

    assert (error.reason, error.unauthorized) == (Reason.Unauthorized, True)
    assert [seen.path for seen in world.seen].count("/token") == 1


@pytest.mark.parametrize("mended_by", ["a minute", "a verification"])
async def test_a_refused_login_is_not_repeated_before_there_is_hope(mended_by: str) -> None:
    world, registry, _ = neighbour.bearer_world()
    registry.users = {neighbour.USER: "another"}
    registry.image("app/web", "v1")
    clock = FakeClock()
    client = client_for(world, clock)
    for _ in range(5):
        assert (await failure(client, source())).unauthorized
        await clock.advance(10)
    assert len([seen for seen in world.seen if seen.path == "/token"]) == 1
    registry.users = {neighbour.USER: neighbour.PASSWORD}
    if mended_by == "a minute":
        await clock.advance(11)
    else:
        client.forget(source().credential)

    assert (await client.head(source(), "app/web", "v1")).digest


async def test_an_untrusted_realm_is_asked_anonymously_and_that_may_suffice() -> None:
    world, registry, _ = neighbour.bearer_world(realm="https://tokens.elsewhere.test/auth", private=False)
    registry.image("app/web", "v1")

    head = await client_for(world).head(source(), "app/web", "v1")

    assert head.digest
    assert not any("authorization" in dict(seen.headers) for seen in world.seen if seen.path == "/auth")


async def test_an_untrusted_realm_that_wants_a_login_is_named() -> None:
    world, registry, _ = neighbour.bearer_world(realm="https://tokens.elsewhere.test/auth")
    registry.image("app/web", "v1")

    error = await failure(client_for(world), source())

    assert error.reason is Reason.RealmRefused
    assert "tokens.elsewhere.test" in error.message.zh
    assert "add tokens.elsewhere.test to spec.trustedRealmHosts" in errors.advised(error).en


@pytest.mark.parametrize(
    "failure_there",
    [EgressError(Reason.DNSFailed, "address"), EgressError(Reason.TLSInvalid, "tls", "unknown_issuer")],
    ids=["unresolvable", "bad certificate"],
)
async def test_an_untrusted_realm_that_cannot_be_reached_is_named_as_a_verify_names_it(
    failure_there: EgressError,
) -> None:
    world, registry, _ = neighbour.bearer_world(realm="https://auth.evil.example/token")
    registry.image("app/web", "v1")
    world.failures["https://auth.evil.example"] = failure_there

    error = await failure(client_for(world), source())
    found = await client_for(world).probe(source())

    assert (error.reason, found.reason) == (Reason.RealmRefused, Reason.RealmRefused)
    assert "auth.evil.example" in errors.advised(error).zh
    assert not error.elsewhere


async def test_an_untrusted_realm_that_is_down_for_now_is_tried_again() -> None:
    world, _, _ = neighbour.bearer_world(realm="https://tokens.elsewhere.test/auth")
    world.at("https://tokens.elsewhere.test", lambda _: Reply(503))

    assert (await failure(client_for(world), source())).reason is Reason.ServerError


async def test_a_token_service_elsewhere_that_cannot_be_reached_is_named_and_is_not_the_registrys_failure() -> None:
    world, _, _ = neighbour.bearer_world(realm="https://auth.evil.example/token")
    del world.hosts["https://auth.evil.example"]
    trusting = source(trusted_realm_hosts=("auth.evil.example",))

    for who in (trusting, neighbour.anonymous()):
        error, found = await failure(client_for(world), who), await client_for(world).probe(who)
        assert (error.reason, error.elsewhere) == (Reason.DNSFailed, True)
        assert error.message.en == "the token service auth.evil.example cannot be resolved"
        assert (found.reason, found.elsewhere) == (Reason.DNSFailed, True)
        assert "令牌服务 auth.evil.example 的域名无法解析" in found.message.zh


async def test_a_redirects_target_that_refuses_connections_is_named_and_is_not_the_registrys_failure() -> None:
    world, registry = plain()
    registry.image("app/web", "v1")

    def redirecting(asked: Incoming) -> Reply:
        if "/blobs/" in asked.path:
            return Reply(307, headers=(("Location", "https://storage.test:9/blob?signature=swordfish"),))
        return registry(asked)

    world.at("https://registry.test", redirecting)
    world.failures["https://storage.test:9"] = EgressError(Reason.ConnectionRefused, "address")

    error = await failure(client_for(world), source())

    assert (error.reason, error.elsewhere) == (Reason.ConnectionRefused, True)
    assert error.message.en == "the registry redirects to storage.test:9, which refuses connections"
    assert error.message.zh == "镜像仓库重定向到的 storage.test:9 拒绝连接"


async def test_the_registrys_own_host_that_gives_no_answer_is_its_own_failure() -> None:
    world, registry, _ = neighbour.bearer_world()
    registry.image("app/web", "v1")
    world.failures["https://registry.test"] = EgressError(Reason.ConnectionRefused, "address")

    error = await failure(client_for(world), source())

    assert (error.elsewhere, error.message.en) == (False, "the registry registry.test:443 refuses connections")


@pytest.mark.parametrize(
    ("hello", "reason"),
    [
        (Reply(401), Reason.NotARegistry),
        (Reply(401, headers=(("Docker-Distribution-Api-Version", "registry/2.0"),)), Reason.Unsupported),
        (Reply(404, b"<html>"), Reason.NotARegistry),
        (Reply(503), Reason.ServerError),
    ],
    ids=["no challenge", "a registry without a challenge", "a web page", "down"],
)
async def test_a_401_without_a_challenge_means_what_it_means_to_a_verify(hello: Reply, reason: Reason) -> None:
    world = World().at("https://registry.test", lambda asked: hello if asked.path == "/v2/" else Reply(401))

    error, found = await failure(client_for(world), source()), await client_for(world).probe(source())

    assert (error.reason, found.reason) == (reason, reason)
    assert not any(seen.header("authorization") for seen in world.seen)


async def test_a_tls_port_that_was_spoken_to_in_plain_http_says_what_to_drop() -> None:
    go = Reply(400, b"Client sent an HTTP request to an HTTPS server.\n")
    world = World().at("http://registry.test", lambda _: go)
    who = source(insecure=True)

    error, found = await failure(client_for(world), who), await client_for(world).probe(who)

    assert (error.reason, found.reason) == (Reason.NotARegistry, Reason.NotARegistry)
    assert "drop spec.insecure" in errors.advised(error).en
    assert "去掉 spec.insecure" in found.message.zh


def identity(**changes: Any) -> Source:
    return source(username="<token>", password=Secret("identity-1"), **changes)


async def test_an_identity_token_is_exchanged_by_post_and_stands_in_no_url_and_no_header() -> None:
    world, registry, _ = neighbour.bearer_world(identity="identity-1")
    registry.image("app/web", "v1")

    assert (await client_for(world).head(identity(), "app/web", "v1")).digest
    assert (await client_for(world).probe(identity(provider="harbor"))).reason is Reason.Verified

    posts = [seen for seen in world.seen if seen.path == "/token"]
    assert [(seen.method, seen.form.get("scope")) for seen in posts] == [
        ("POST", ["repository:app/web:pull"]),
        ("POST", None),
    ]
    assert not any("identity-1" in seen.url + str(seen.headers) for seen in world.seen)


async def test_a_token_service_that_takes_no_post_is_asked_by_get() -> None:
    world, registry, _ = neighbour.bearer_world()
    registry.users = {"<token>": "identity-1"}
    registry.image("app/web", "v1")

    assert (await client_for(world).head(identity(), "app/web", "v1")).digest
    assert [seen.method for seen in world.seen if seen.path == "/token"] == ["POST", "GET"]


async def test_an_identity_token_that_is_refused_is_sent_once() -> None:
    world, _, _ = neighbour.bearer_world(identity="another")

    found = await client_for(world).probe(identity())

    assert found.reason is Reason.Unauthorized
    assert [seen.method for seen in world.seen if seen.path == "/token"] == ["POST"]


async def test_an_identity_token_goes_to_no_untrusted_realm() -> None:
    world, registry, _ = neighbour.bearer_world(realm="https://tokens.elsewhere.test/auth", identity="identity-1")
    registry.image("app/web", "v1")

    assert (await failure(client_for(world), identity())).reason is Reason.RealmRefused
    assert not any(seen.form for seen in world.seen)

    trusting = identity(trusted_realm_hosts=("tokens.elsewhere.test",))
    assert (await client_for(world).head(trusting, "app/web", "v1")).digest


@pytest.mark.parametrize("target", ["https://thief.test/token", "http://registry.test/token"])
async def test_an_identity_token_follows_no_redirect_away(target: str) -> None:
    registry = neighbour.Registry(auth="bearer", realm="https://registry.test/token")
    away = Reply(307, headers=(("Location", target),))
    world = World().at("https://registry.test", lambda asked: away if asked.path == "/token" else registry(asked))

    assert (await failure(client_for(world), identity())).reason is Reason.RedirectRefused
    assert [seen.origin for seen in world.seen if seen.form] == ["https://registry.test"]


async def test_a_trusted_realm_host_gets_the_credential() -> None:
    world, registry, _ = neighbour.bearer_world(realm="https://tokens.elsewhere.test/auth")
    registry.image("app/web", "v1")

    head = await client_for(world).head(source(trusted_realm_hosts=("tokens.elsewhere.test",)), "app/web", "v1")

    assert head.digest


@pytest.mark.parametrize(
    ("tag", "path", "reason"),
    [("gone", "app/web", Reason.TagNotFound), ("v1", "app/none", Reason.RepositoryNotFound)],
)
async def test_what_is_missing_is_told_by_one_get(tag: str, path: str, reason: Reason) -> None:
    world, registry = plain()
    registry.image("app/web", "v1")

    error = await failure(client_for(world), source(), path, tag)

    assert error.reason is reason
    assert [seen.method for seen in world.seen] == ["HEAD", "GET"]


async def test_a_blob_redirected_to_storage_is_followed_without_the_credential() -> None:
    registry = neighbour.Registry(auth="basic")
    registry.image("app/web", "v1")

    def front(asked: Incoming) -> Reply:
        answer = registry(asked)
        if "/blobs/" in asked.path and answer.status == 200:
            return Reply(307, headers=(("Location", f"https://storage.test{asked.path}?Signature=s3cr3t"),))
        return answer

    def storage(asked: Incoming) -> Reply:
        if asked.header("authorization"):
            return Reply(400, b"Only one auth mechanism allowed")
        return Reply(200, next(iter(registry.blobs.values())))

    world = World().at("https://registry.test", front).at("https://storage.test", storage)

    assert (await inspect(client_for(world), source())).manifest.architecture == "amd64"


async def test_a_redirect_loop_ends() -> None:
    world = World().at("https://registry.test", lambda asked: Reply(302, headers=(("Location", asked.path),)))

    error = await failure(client_for(world), source())

    assert error.reason is Reason.RedirectRefused
    assert len(world.seen) == 4


async def test_a_gate_failure_becomes_its_reason_and_is_observed() -> None:
    world = World()
    world.failures["https://registry.test"] = EgressError(Reason.TLSInvalid, "tls", "plain_http")
    observed: list[str] = []
    client = RegistryClient(world, FakeClock(), observed.append)

    error = await failure(client, source())

    assert error.reason is Reason.TLSInvalid
    assert "spec.insecure" in errors.advised(error).zh
    assert observed == ["TLSInvalid"]


async def test_forgetting_a_credential_drops_its_tokens() -> None:
    world, registry, service = neighbour.bearer_world()
    registry.image("app/web", "v1")
    client = client_for(world)
    await client.head(source(), "app/web", "v1")

    client.forget(source().credential)
    await client.head(source(), "app/web", "v1")

    assert service.count == 2


@pytest.mark.parametrize(
    ("path", "tag"),
    [
        ("../etc", "v1"),
        ("app/web?x=", "v1"),
        ("App/Web", "v1"),
        ("app/web", "v1/../x"),
        ("app/web", "v1\n"),
        ("app/web", ""),
    ],
)
async def test_a_path_or_tag_that_is_none_never_becomes_a_url(path: str, tag: str) -> None:
    world, _ = plain()

    assert (await failure(client_for(world), source(), path, tag)).reason is Reason.InvalidSpec
    assert world.seen == []


async def test_a_registry_that_moved_its_token_service_is_learnt_anew() -> None:
    world, registry, service = neighbour.bearer_world()
    registry.image("app/web", "v1")
    clock = FakeClock()
    client = client_for(world, clock)
    await client.head(source(), "app/web", "v1")
    service.path, registry.realm = "/moved", "https://registry.test/moved"
    world.at("https://registry.test", lambda asked: service(asked) if asked.path == "/moved" else registry(asked))
    await clock.advance(400)

    await failure(client, source())

    assert (await client.head(source(), "app/web", "v1")).digest


async def test_a_status_code_that_nobody_registered_is_observed_by_its_class() -> None:
    observed: list[str] = []
    client = RegistryClient(World().at("https://registry.test", lambda _: Reply(599)), FakeClock(), observed.append)

    await failure(client, source())

    assert observed == ["5xx"]
