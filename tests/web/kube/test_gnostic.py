"""OpenAPI v2 as protobuf: what client-go decodes."""

import struct
from collections.abc import Iterator
from typing import Any

import pytest

from imageyard.web.kube.openapi import gnostic, v2

DOCUMENT = v2.protobuf()
IMAGES = "/apis/image.theriseunion.io/v1alpha1/namespaces/{namespace}/repositories"
SPEC = "io.theriseunion.image.v1alpha1.RepositorySpec"


def fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """The wire format, read: numbers and values, each message still as its bytes."""
    rest = iter(message)

    def varint() -> int:
        value = shift = 0
        for byte in rest:
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
        raise EOFError

    while rest.__length_hint__():  # type: ignore[attr-defined]  # the iterator of bytes has one
        number, wire_type = divmod(varint(), 8)
        match wire_type:
            case 0:
                yield number, varint()
            case 1:
                yield number, struct.unpack("<d", bytes(next(rest) for _ in range(8)))[0]
            case 2:
                length = varint()
                yield number, bytes(next(rest) for _ in range(length))


def at(message: bytes, *numbers: int) -> list[Any]:
    """The values that stand under these numbers, one inside the other."""
    found: list[Any] = [message]
    for number in numbers:
        found = [value for each in found for field, value in fields(each) if field == number]
    return found


def named(pairs: list[bytes]) -> dict[str, bytes]:
    return {at(pair, 1)[0].decode(): at(pair, 2)[0] for pair in pairs}


def test_it_has_every_path_and_definition_of_the_json_document() -> None:
    swagger = v2.written()
    assert at(DOCUMENT.body, 1) == [b"2.0"]
    assert {*named(at(DOCUMENT.body, 8, 2))} == {*swagger["paths"]}
    assert {*named(at(DOCUMENT.body, 9, 1))} == {*swagger["definitions"]}


def test_a_definition_tells_its_fields() -> None:
    spec = named(at(DOCUMENT.body, 9, 1))[SPEC]
    properties = named(at(spec, 25, 1))
    assert at(spec, 22, 1) == [b"object"]
    assert at(spec, 19) == [b"registryRef", b"repository", b"tag"]
    assert at(properties["registryRef"], 1) == [b"#/definitions/io.theriseunion.image.v1alpha1.RegistryRef"]
    assert at(properties["retryCount"], 7) == [10.0]
    assert at(properties["retryCount"], 5, 2) == [b"3"]
    assert at(properties["repository"], 11) == [255]


def test_a_patch_tells_its_parameters_content_types_and_kind() -> None:
    item = named(at(DOCUMENT.body, 8, 2))[f"{IMAGES}/{{name}}"]
    [patch] = at(item, 8)
    assert b"application/apply-patch+yaml" in at(patch, 7)
    assert b"dryRun" in at(patch, 8, 1, 2, 3, 4)
    assert at(patch, 8, 1, 1, 3) == [b"body"]
    assert at(item, 9, 1, 2, 4, 4) == [b"name", b"namespace"]
    kind = named(at(patch, 13))["x-kubernetes-group-version-kind"]
    assert at(kind, 2) == [b'{"group":"image.theriseunion.io","kind":"Repository","version":"v1alpha1"}']


def test_what_the_message_has_no_field_for_is_not_lost_in_silence() -> None:
    with pytest.raises(KeyError, match="host"):
        gnostic.encode({"swagger": "2.0", "host": "example.com"})


def test_it_is_known_by_both_names_that_clients_ask_by() -> None:
    assert DOCUMENT.media_type in v2.ASKED_AS
    assert "application/com.github.proto-openapi.spec.v2@v1.0+protobuf" in v2.ASKED_AS
