"""Clients in Python: the dynamic client, and programs that list, watch and go on where they stopped.

Seconds here; `make soak` sets IMAGEYARD_SOAK_SECONDS for a long run.
"""

import os
import time
from itertools import count, pairwise, takewhile
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import ConflictError, NotFoundError
from kubernetes.informer import ADDED, DELETED, SharedInformer

from tests.e2e.conftest import MakeProduct
from tests.e2e.followers import API_VERSION, LAST, Follower, Informer, Operator, Seen, seen
from tests.e2e.product import JSON, Product, eventually, image

SECONDS = float(os.environ.get("IMAGEYARD_SOAK_SECONDS", "4"))
BETWEEN_RESTARTS = max(2.0, min(SECONDS / 4, 20.0))
"""Seconds for which one server runs in the long test."""
MAY_LAG = 60.0


def connected(product: Product) -> DynamicClient:
    return DynamicClient(_api(product))


def _api(product: Product) -> client.ApiClient:
    api: client.ApiClient = config.new_client_from_config(str(product.directory / "kubeconfig"), persist_config=False)
    return api


def restarted(product: Product) -> None:
    """Stop it and start it again at the same address."""
    ports = product.ports
    product.stop()
    product.start("--port", str(ports["http"]), "--tls-port", str(ports["https"]))


def quiet(name: str, tag: str = "v1") -> JSON:
    """An image that no sync touches."""
    return image(name, "none", "team/app", tag, suspend=True)


@pytest.fixture(scope="module")
def running(make_product: MakeProduct) -> Product:
    return make_product("clients").start()


@pytest.fixture
def images(running: Product) -> Any:
    return connected(running).resources.get(api_version=API_VERSION, kind="Repository")


def test_the_dynamic_client_discovers_every_kind(running: Product) -> None:
    resources = connected(running).resources
    found = resources.get(api_version=API_VERSION, kind="RegistrySecret")
    assert (found.name, found.singular_name, found.short_names) == ("registrysecrets", "registrysecret", ["regsec"])
    assert {"create", "delete", "get", "list", "patch", "update", "watch"} <= set(found.verbs)
    assert found.categories == ["imageyard"]
    assert resources.get(group="image.theriseunion.io", kind="Repository").short_names == ["imgs"]
    assert resources.get(api_version="v1", kind="Namespace").namespaced is False


def test_the_dynamic_client_writes_and_reads(images: Any) -> None:
    made = images.create(quiet("dynamic"), namespace="default")
    assert made.spec.retryCount == 3
    merged = images.patch({"spec": {"tag": "v2"}}, "dynamic", "default", content_type="application/merge-patch+json")
    assert merged.spec.tag == "v2"
    listed = images.get(namespace="default", label_selector="!none", field_selector="metadata.name=dynamic")
    assert [item.metadata.name for item in listed.items] == ["dynamic"]
    written = eventually(lambda: _retagged(images, "dynamic", "v3"), seconds=10)
    assert (written.spec.tag, written.metadata.generation) == ("v3", 3)
    with pytest.raises(ConflictError):
        images.replace(merged, namespace="default")
    assert images.delete("dynamic", "default").status == "Success"
    with pytest.raises(NotFoundError):
        images.get("dynamic", "default")


def _retagged(images: Any, name: str, tag: str) -> Any:
    """Read, change, write; None when somebody else wrote meanwhile, as the engine may."""
    found = images.get(name, "default").to_dict()
    try:
        return images.replace({**found, "spec": {**found["spec"], "tag": tag}}, namespace="default")
    except ConflictError:
        return None


def test_the_dynamic_client_applies(images: Any) -> None:
    config = quiet("applied")
    assert images.server_side_apply(config, namespace="default", field_manager="first").spec.tag == "v1"
    changed = quiet("applied", "v2")
    with pytest.raises(ConflictError, match=r"\.spec\.tag"):
        images.server_side_apply(changed, namespace="default", field_manager="second")
    forced = images.server_side_apply(changed, namespace="default", field_manager="second", force_conflicts=True)
    assert forced.spec.tag == "v2"
    images.delete("applied", "default")


def test_the_dynamic_client_watches(images: Any) -> None:
    since = images.get(namespace="default").metadata.resourceVersion
    images.create(quiet("watched"), namespace="default")
    images.delete("watched", "default")
    told = images.watch(namespace="default", resource_version=since, timeout=20, allow_watch_bookmarks=True)
    events = [(event["type"], event["object"].metadata.name) for event in takewhile(_is_no_bookmark, told)]
    assert (events[0], events[-1]) == (("ADDED", "watched"), ("DELETED", "watched"))


def _is_no_bookmark(event: Any) -> bool:
    """A bookmark comes as soon as a watch has caught up."""
    return bool(event["type"] != "BOOKMARK")


def test_the_clients_own_informer_keeps_up_with_namespaces(running: Product) -> None:
    core = client.CoreV1Api(_api(running))
    informer, told = SharedInformer(core.list_namespace), list[tuple[str, str]]()
    informer.add_event_handler(ADDED, lambda namespace: told.append(("added", namespace.metadata.name)))
    informer.add_event_handler(DELETED, lambda namespace: told.append(("deleted", namespace.metadata.name)))
    informer.start()
    try:
        eventually(lambda: ("added", "default") in told, seconds=20)
        core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name="informed")))
        core.delete_namespace("informed")
        eventually(lambda: ("deleted", "informed") in told, seconds=20)
    finally:
        informer.stop()
    assert told == [("added", "default"), ("added", "informed"), ("deleted", "informed")]


class Writer:
    """Creates, changes and deletes a dozen images over and over, and keeps what each write must be told as."""

    def __init__(self) -> None:
        self.written: list[Seen] = []
        self._numbers = count()
        self._uids: dict[str, str] = {}

    def write(self, images: Any, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            number = next(self._numbers)
            self._write(images, f"app-{number % 12}", number)

    def end(self, images: Any) -> None:
        self._created(images, LAST, "v1")

    def _write(self, images: Any, name: str, number: int) -> None:
        if name not in self._uids:
            self._created(images, name, f"v{number}")
        elif number % 5 == 4:
            images.delete(name, "default")
            self.written.append(Seen("DELETED", name, self._uids.pop(name)))
        else:
            patch = {"spec": {"tag": f"v{number}"}}
            changed = images.patch(patch, name, "default", content_type="application/merge-patch+json")
            self.written.append(seen("MODIFIED", changed.to_dict()))

    def _created(self, images: Any, name: str, tag: str) -> None:
        made = images.create(quiet(name, tag), namespace="default").to_dict()
        self._uids[name] = made["metadata"]["uid"]
        self.written.append(seen("ADDED", made))


@pytest.fixture
def own(make_product: MakeProduct) -> Product:
    return make_product("followed").start()


def test_no_event_is_missed_or_doubled_over_restarts(own: Product) -> None:
    followers: list[Follower] = [Informer(own, connected(own)), Operator(own)]
    for follower in followers:
        follower.start()
    eventually(lambda: all(follower.watches for follower in followers), seconds=20)
    writer, end = Writer(), time.monotonic() + SECONDS
    while True:
        images = connected(own).resources.get(api_version=API_VERSION, kind="Repository")
        writer.write(images, BETWEEN_RESTARTS)
        if time.monotonic() >= end:
            break
        restarted(own)
    writer.end(images)
    for follower in followers:
        follower.join(MAY_LAG)
        wanted = set(writer.written)
        assert [event for event in follower.events if event in wanted] == writer.written
        assert all(one < next_ for one, next_ in pairwise(follower.versions))
        assert (follower.lists, follower.watches > 1) == (1, True)
    assert followers[0].bookmarks > 0


def test_a_follower_whose_history_is_gone_lists_again(own: Product, place: Path) -> None:
    """The server's database was put back from a backup."""
    images = connected(own).resources.get(api_version=API_VERSION, kind="Repository")
    images.create(quiet("kept"), namespace="default")
    own.cli("backup", str(place / "backup.db"))
    images.create(quiet("lost"), namespace="default")
    followers: list[Follower] = [Informer(own, connected(own)), Operator(own)]
    for follower in followers:
        follower.start()
    eventually(lambda: all(follower.watches for follower in followers), seconds=20)
    ports = own.ports
    own.stop()
    own.cli("restore", str(place / "backup.db"))
    own.start("--port", str(ports["http"]), "--tls-port", str(ports["https"]))
    images = connected(own).resources.get(api_version=API_VERSION, kind="Repository")
    eventually(lambda: all(follower.lists == 2 for follower in followers), seconds=20)
    images.create(quiet(LAST), namespace="default")
    for follower in followers:
        follower.join(MAY_LAG)
        assert set(follower.objects) == {"kept", LAST}
