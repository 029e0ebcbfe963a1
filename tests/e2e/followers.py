"""Clients that list and then watch, as controllers do, and keep what they were told.

Each goes on from the last resourceVersion when its connection ends, and lists again when that is gone (410).
"""

import json
import threading
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import requests
import urllib3
from kubernetes.client import ApiException
from kubernetes.dynamic import DynamicClient

from tests.e2e.product import JSON, Product

PATH: Final = "/apis/image.theriseunion.io/v1alpha1/namespaces/default/repositories"
API_VERSION: Final = "image.theriseunion.io/v1alpha1"
LAST: Final = "the-last-one"
"""Name of the object whose creation ends a follower."""
LONGEST: Final = 20
"""Seconds after which a watch ends by itself and another begins."""


class Seen(NamedTuple):
    """An event. `mark` tells one from all others: the version that a write made, or the uid that a deletion ended."""

    type: str
    name: str
    mark: str


class Gone(Exception):
    """The history does not reach back to where the follower stopped."""


def seen(type_: str, object_: JSON) -> Seen:
    meta = object_["metadata"]
    return Seen(type_, meta["name"], meta["uid"] if type_ == "DELETED" else meta["resourceVersion"])


class Follower(threading.Thread):
    """What all have in common. `product` may be stopped and started at the same address meanwhile."""

    def __init__(self, product: Product) -> None:
        super().__init__(name=type(self).__name__, daemon=True)
        self.events: list[Seen] = []
        self.versions: list[int] = []
        """Of all events, in the order in which they came."""
        self.objects: dict[str, JSON] = {}
        """What there is, as far as it was told."""
        self.lists = self.watches = self.bookmarks = 0
        self._product = product
        self._version = ""
        self._pause = threading.Event()

    def list(self) -> JSON:
        raise NotImplementedError

    def watch(self, version: str) -> Iterator[JSON]:
        """Raises Gone, or what its client raises when it is cut off."""
        raise NotImplementedError

    def run(self) -> None:
        while LAST not in self.objects:
            try:
                self._go_on()
            except Gone:
                self._version = ""
            except (requests.RequestException, urllib3.exceptions.HTTPError, ApiException, OSError):
                self._pause.wait(0.05)  # it is being restarted

    def _go_on(self) -> None:
        if not self._version:
            listed = self.list()
            self.lists += 1
            self.objects = {item["metadata"]["name"]: item for item in listed["items"]}
            self._version = listed["metadata"]["resourceVersion"]
        for event in self.watch(self._version):
            self._take(event["type"], event["object"])
            if LAST in self.objects:
                return

    def _take(self, type_: str, object_: JSON) -> None:
        if type_ == "ERROR":
            assert object_["code"] == 410, object_
            raise Gone
        meta = object_["metadata"]
        self._version = meta["resourceVersion"]
        if type_ == "BOOKMARK":
            self.bookmarks += 1
            return
        self.events.append(seen(type_, object_))
        self.versions.append(int(self._version))
        if type_ == "DELETED":
            self.objects.pop(meta["name"], None)
        else:
            self.objects[meta["name"]] = object_


class Informer(Follower):
    """By the Python client, as its own informer does it."""

    def __init__(self, product: Product, client: DynamicClient) -> None:
        super().__init__(product)
        self._images = client.resources.get(api_version=API_VERSION, kind="Repository")

    def list(self) -> JSON:
        listed: JSON = self._images.get(namespace="default").to_dict()
        return listed

    def watch(self, version: str) -> Iterator[JSON]:
        self.watches += 1
        try:
            for event in self._images.watch(
                namespace="default", resource_version=version, timeout=LONGEST, allow_watch_bookmarks=True
            ):
                yield {"type": event["type"], "object": event["raw_object"]}
        except ApiException as failure:
            if failure.status == 410:
                raise Gone from None
            raise


class Operator(Follower):
    """By plain HTTP, as kopf does it."""

    def __init__(self, product: Product) -> None:
        super().__init__(product)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {product.token}"
        self._session.verify = str(product.directory / "tls" / "ca.crt")
        self._url = product.secure_url + PATH

    def list(self) -> JSON:
        answer = self._session.get(self._url, timeout=30)
        answer.raise_for_status()
        listed: JSON = answer.json()
        return listed

    def watch(self, version: str) -> Iterator[JSON]:
        self.watches += 1
        asked: dict[str, Any] = {"watch": "true", "resourceVersion": version, "timeoutSeconds": LONGEST}
        with self._session.get(self._url, params=asked, stream=True, timeout=30) as answer:
            answer.raise_for_status()
            for line in answer.iter_lines(chunk_size=None):
                yield json.loads(line)
