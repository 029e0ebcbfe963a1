"""The whole way, gate and TLS included, against Debian's docker-registry in each of its modes."""

from dataclasses import replace
from pathlib import Path

import pytest

from imageyard.domain.reasons import Reason
from imageyard.domain.secret import Secret
from imageyard.egress.client import EgressClient
from imageyard.egress.policy import Policy
from imageyard.registry import RegistryError, Source
from imageyard.registry.client import RegistryClient
from imageyard.sample import images
from tests.fakes import registries
from tests.fakes.clock import FakeClock
from tests.fakes.networks import networks
from tests.fakes.registries import Mode
from tests.registry.neighbour import nothing

IMAGE = images.multi_platform("web", [images.Step("COPY a /", 300), images.Step("ENV SECRET=swordfish")])


@pytest.mark.needs("docker-registry")
@pytest.mark.needs("skopeo")
@pytest.mark.parametrize(
    ("mode", "tls", "reason"),
    [("none", False, Reason.AnonymousOnly), ("htpasswd", False, Reason.Verified), ("token", True, Reason.Verified)],
)
async def test_a_real_registry_is_read_and_verified(tmp_path: Path, mode: Mode, tls: bool, reason: Reason) -> None:
    async with registries.docker_registry(tmp_path / "registry", mode, tls=tls) as registry:
        await registry.push(IMAGE, "app/web", "v1")
        roots = registry.ca.read_text() if registry.ca else ""
        source = Source(registry.address, "other", registry.user, registry.password, "ns/a@1", insecure=not tls)
        async with EgressClient(Policy(allow=networks("127.0.0.0/8")), roots=roots) as gate:
            client = RegistryClient(gate, FakeClock())
            head = await client.head(source, "app/web", "v1")
            found = await client.inspect(source, "app/web", "v1", head, platform="linux/arm64", lookup=nothing)
            probed = await client.probe(source)
            wrong = await client.probe(replace(source, password=Secret("wrong")))
            with pytest.raises(RegistryError) as missing:
                await client.head(source, "app/web", "v2")

    assert found.manifest.digest == head.digest == IMAGE.digest
    assert (found.manifest.architecture, len(found.manifest.platforms)) == ("arm64", 3)
    assert probed.reason is reason
    assert wrong.reason is (reason if mode == "none" else Reason.Unauthorized)
    assert missing.value.reason is Reason.TagNotFound
