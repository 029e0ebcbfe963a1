"""Deleting: one, by names, with finalizers, whole namespaces."""

import asyncio
from typing import Final

import pytest

from imageyard.domain.errors import Forbidden, Invalid, NotFound
from imageyard.domain.kinds import NAMESPACE, REGISTRY_SECRET, REPOSITORY
from imageyard.service.admission import Options
from imageyard.service.objects import Patch
from imageyard.store import Query
from tests.fakes.clock import settle
from tests.service.conftest import ADMIN, Json, Service, an_image, warned

CONTROLLERS: Final = Options(lifecycle="take")
"""A door through which controllers put finalizers on objects and take them off."""


async def hold(service: Service, finalizers: list[str]) -> None:
    patch = Patch("merge", {"metadata": {"finalizers": finalizers}})
    await service.objects.patch(ADMIN, REPOSITORY, "default", "nginx", patch, CONTROLLERS)


def a_held_image() -> Json:
    held = an_image()
    held["metadata"]["finalizers"] = ["example.com/hold"]
    return held


async def test_what_is_deleted_is_gone(service: Service) -> None:
    await service.add_image()
    await service.objects.delete(ADMIN, REPOSITORY, "default", "nginx")
    with pytest.raises(NotFound):
        await service.objects.get(ADMIN, REPOSITORY, "default", "nginx")


async def test_a_source_that_is_referenced_may_be_deleted(service: Service) -> None:
    await service.add_source()
    await service.add_image()
    await service.objects.delete(ADMIN, REGISTRY_SECRET, "default", "harbor")


async def test_deleting_by_names_tells_how_it_went_for_each(service: Service) -> None:
    await service.add_image("a")
    removed = await service.objects.delete_names(ADMIN, REPOSITORY, "default", ["a", "b"])
    assert [(each.name, each.success, each.reason) for each in removed] == [("a", True, ""), ("b", False, "NotFound")]
    assert "b" in removed[1].text.zh


@pytest.mark.parametrize(
    "names", [[], ["x"] * 1001, ["Upper"], ["a", ""]], ids=["none", "too many", "no name", "an empty name"]
)
async def test_deleting_by_names_wants_names(service: Service, names: list[str]) -> None:
    with pytest.raises(Invalid):
        await service.objects.delete_names(ADMIN, REPOSITORY, "default", names)


async def test_an_object_with_finalizers_is_marked_and_goes_with_the_last_of_them(service: Service) -> None:
    await service.objects.create(ADMIN, REPOSITORY, "default", a_held_image(), CONTROLLERS)
    marked = await service.objects.delete(ADMIN, REPOSITORY, "default", "nginx")
    image = await service.image()
    assert image.metadata.deletion_timestamp == service.clock.now()
    assert image.metadata.generation == 2
    assert (await service.objects.delete(ADMIN, REPOSITORY, "default", "nginx")).body == marked.body
    with pytest.raises(Invalid):
        await hold(service, ["example.com/hold", "example.com/more"])
    await hold(service, [])
    with pytest.raises(NotFound):
        await service.image()


async def test_no_finalizer_of_a_rest_body_keeps_an_object_from_being_deleted(service: Service) -> None:
    held = a_held_image()
    held["metadata"]["ownerReferences"] = [{"name": "a"}]
    created = await service.objects.create(ADMIN, REPOSITORY, "default", held)
    assert "metadata.finalizers, metadata.ownerReferences" in warned(created)
    assert "metadata.finalizers" in warned(await service.merge_image({"metadata": {"finalizers": ["example.com/x"]}}))
    metadata = (await service.image()).metadata
    assert (metadata.finalizers, metadata.owner_references) == ([], [])
    await service.objects.delete(ADMIN, REPOSITORY, "default", "nginx")
    with pytest.raises(NotFound):
        await service.image()


async def test_a_rest_body_leaves_the_finalizers_of_controllers_as_they_are(service: Service) -> None:
    await service.objects.create(ADMIN, REPOSITORY, "default", a_held_image(), CONTROLLERS)
    replaced = await service.objects.replace(ADMIN, REPOSITORY, "default", "nginx", an_image(tag="2"))
    again = await service.objects.replace(ADMIN, REPOSITORY, "default", "nginx", a_held_image())
    assert warned(replaced) == warned(again) == ""
    assert (await service.image()).metadata.finalizers == ["example.com/hold"]


async def test_the_default_namespace_cannot_be_deleted(service: Service) -> None:
    with pytest.raises(Forbidden):
        await service.objects.delete(ADMIN, NAMESPACE, "", "default")


async def test_a_bad_name_is_told_by_its_place_in_the_callers_list(service: Service) -> None:
    with pytest.raises(Invalid) as refused:
        await service.objects.delete_names(ADMIN, REPOSITORY, "default", ["a", "a", "b", "Bad_"])
    assert [cause.field for cause in refused.value.causes] == ["names[3]"]


async def test_a_namespace_goes_with_all_that_is_in_it(service: Service) -> None:
    await service.add_source(namespace="team-a")
    await service.add_image(namespace="team-a")
    await service.add_image()
    await service.objects.delete(ADMIN, NAMESPACE, "", "team-a")
    assert await service.objects.namespaces(ADMIN) == ["default"]
    assert [each.key.namespace for each in (await service.objects.list(ADMIN, REPOSITORY, Query())).items] == [
        "default"
    ]


async def test_nothing_resurrects_a_namespace_that_is_being_deleted(service: Service) -> None:
    await service.objects.create(ADMIN, REPOSITORY, "team-a", a_held_image(), CONTROLLERS)
    await service.objects.delete(ADMIN, NAMESPACE, "", "team-a")
    namespace = shown_namespace(await service.store.get(NAMESPACE, "", "team-a"))
    assert namespace == "Terminating"
    with pytest.raises(Forbidden, match="being terminated"):
        await service.add_image("another", namespace="team-a")
    await service.objects.replace(ADMIN, REPOSITORY, "team-a", "nginx", an_image(), CONTROLLERS)
    assert await service.objects.namespaces(ADMIN) == ["default"]


async def test_an_object_that_is_being_created_does_not_outlive_its_namespace(service: Service) -> None:
    await service.add_image("first", namespace="team-a")
    creating = [asyncio.ensure_future(service.add_image(f"i{n}", namespace="team-a")) for n in range(20)]
    await asyncio.sleep(0)
    await service.objects.delete(ADMIN, NAMESPACE, "", "team-a")
    await asyncio.gather(*creating, return_exceptions=True)
    await settle()
    left = await service.objects.list(ADMIN, REPOSITORY, Query())
    known = await service.objects.namespaces(ADMIN)
    assert {each.key.namespace for each in left.items} <= set(known)


async def test_a_deletion_that_a_stop_interrupted_goes_on_at_the_next_start(service: Service) -> None:
    await service.objects.create(ADMIN, REPOSITORY, "team-a", a_held_image(), CONTROLLERS)
    await service.objects.delete(ADMIN, NAMESPACE, "", "team-a")
    await service.store.delete(REPOSITORY, "team-a", "nginx")
    await service.objects.ensure_default()
    assert await service.objects.namespaces(ADMIN) == ["default"]


def shown_namespace(stored: object) -> str:
    body = stored.body if hasattr(stored, "body") else b""
    return str(NAMESPACE.decode(body).status.phase)
