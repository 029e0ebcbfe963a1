"""The audit trail of a whole server: nothing acknowledged is missing from it, however the server ends."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any, Final

import requests

from imageyard.domain.audit import CREDENTIAL, DOOR
from tests.e2e.conftest import MakeProduct
from tests.e2e.product import API, IMAGES, Product, image

WRITERS: Final = 4


def trail(product: Product) -> Iterator[dict[str, Any]]:
    """Every whole record in the file; a crash may leave half a line at its end."""
    for line in (product.directory / "audit" / "audit.jsonl").read_bytes().splitlines(keepends=True):
        if line.endswith(b"\n"):
            yield json.loads(line)


def made(product: Product) -> set[str]:
    """The names of the images whose making is on record with its end."""
    return {
        event["objectRef"]["name"]
        for event in trail(product)
        if event["stage"] == "ResponseComplete" and event["responseStatus"]["code"] == 201
    }


def test_kill_9_in_strict_mode_loses_no_record_of_what_was_acknowledged(make_product: MakeProduct) -> None:
    product = make_product("audit-strict").start("--audit-strict")
    acknowledged: list[str] = []
    url, token = product.url + API + IMAGES, product.token
    body = image("", "nowhere", suspend=True) | {"metadata": {"generateName": "made-"}}

    def write() -> None:
        with requests.Session() as session:
            session.trust_env = False
            session.headers["Authorization"] = f"Bearer {token}"
            try:
                while True:
                    acknowledged.append(session.post(url, json=body, timeout=30).json()["metadata"]["name"])
            except requests.RequestException:
                return

    threads = [threading.Thread(target=write) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    time.sleep(0.7)  # some moment of a busy server
    product.kill()
    for thread in threads:
        thread.join(30)
    assert len(acknowledged) > WRITERS, "the load wrote next to nothing"
    assert set(acknowledged) - made(product) == set()
    announced = {event["auditID"] for event in trail(product) if event["stage"] == "RequestReceived"}
    assert {event["auditID"] for event in trail(product) if event["stage"] == "ResponseComplete"} <= announced
    product.start("--audit-strict")
    items = product.admin.read("//admin/v1/audit?limit=1000&outcome=success")["items"]
    assert {item["stage"] for item in items} == {"ResponseComplete"}
    product.stop()


def test_everything_is_on_record_when_the_server_has_stopped(make_product: MakeProduct) -> None:
    product = make_product("audit").start()
    product.new_token("robot", "bot", "image-operator")
    product.client("").get(IMAGES)
    product.cli("token", "revoke", "robot")
    product.admin.make(IMAGES, image("last", "nowhere", suspend=True))
    product.stop()
    product.cli("keys", "rotate")
    found = [(each["annotations"][DOOR], each["verb"], each["responseStatus"]["code"]) for each in ended(product)]
    assert found == [
        ("admin", "create", 201),
        ("rest", "list", 401),
        ("admin", "delete", 204),
        ("rest", "create", 201),
        ("cli", "create", 200),
    ]
    by_token = ended(product)[0]["user"]
    assert (by_token["username"], by_token["extra"]) == ("admin", {CREDENTIAL: ["token/bootstrap-admin"]})


def ended(product: Product) -> list[dict[str, Any]]:
    return [event for event in trail(product) if event["stage"] == "ResponseComplete"]
