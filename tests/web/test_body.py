"""Bodies: any bytes give a value or a 400, 413, 415; never a 500."""

import contextlib
import gzip
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain.errors import BadRequest, Failure, Invalid, UnsupportedMediaType
from imageyard.web import body
from imageyard.web import values as limits
from tests.fakes.asgi import Client
from tests.web.samples import IMAGES, image
from tests.web.test_objects import fields, is_status

MIB = 1024 * 1024
KUBE_IMAGES = "/apis/image.theriseunion.io/v1alpha1/namespaces/default/repositories"
YAML_TYPE = {"content-type": "application/yaml"}

scalars = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
)


def values(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        scalars | texts,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
        max_leaves=20,
    )


@given(values(st.text(st.characters(exclude_categories=["Cs"]))))
def test_json_is_read_as_it_was_written(value: Any) -> None:
    assert body.parse(json.dumps(value).encode(), body.JSON) == value


@given(values(st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0xFFFF), max_size=100)))
def test_json_is_yaml(value: Any) -> None:
    """What JSON writers write (escaped to ASCII) means the same as YAML, but for YAML's lack of surrogate pairs and
    its limit of 1024 characters for a key on one line (YAML 1.2.2 section 7.4.2)."""
    assert body.parse(json.dumps(value).encode(), body.YAML) == value


@given(st.binary() | st.text().map(str.encode), st.sampled_from([body.JSON, body.YAML]))
def test_any_bytes_give_a_value_or_a_failure_of_ours(raw: bytes, media_type: str) -> None:
    with contextlib.suppress(BadRequest, Invalid):
        json.dumps(body.parse(raw, media_type)).encode()


@given(st.text("[]{},:\"'&*!|>-?%@#a1e.~\n \t\\u0d8", max_size=60), st.sampled_from([body.JSON, body.YAML]))
def test_any_punctuation_gives_a_value_or_a_failure_of_ours(text: str, media_type: str) -> None:
    with contextlib.suppress(BadRequest, Invalid):
        json.dumps(body.parse(text.encode(), media_type), allow_nan=False).encode()


@given(st.text(max_size=40))
def test_any_content_type_is_taken_or_415(text: str) -> None:
    with contextlib.suppress(UnsupportedMediaType):
        assert body.media_type_of(text, body.OBJECTS) in body.OBJECTS


BILLION_LAUGHS = b'a: &a ["x","x"]\nb: &b [*a,*a]\nc: [*b,*b]\n'
WRONG_JSON = {
    "nothing": b"",
    "blank": b" \n",
    "no JSON": b"{",
    "trailing": b'{"a":1} x',
    "a list": b"[]",
    "a text": b'"a"',
    "null": b"null",
    "NaN": b'{"a":NaN}',
    "infinity": b'{"a":-Infinity}',
    "overflow": b'{"a":1e999}',
    "65 bits": b'{"a":18446744073709551616}',
    "5000 digits": b'{"a":' + b"9" * 5000 + b"}",
    "deep": b'{"a":' * 65 + b"1" + b"}" * 65,
    "very deep": b'{"a":[' * 100_000,
    "wide": b"[" + b"1," * 300_000 + b"1]",
    "lone surrogate": b'{"a":"\\ud800"}',
    "lone surrogate key": b'{"\\udfff":1}',
    "no UTF-8": b'{"a":"\xff"}',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "single quotes": b"{'a':1}",
}
WRONG_YAML = {
    "nothing": b"",
    "a text": b"hello",
    "tabs": b"a:\n\t- b",
    "alias": BILLION_LAUGHS,
    "self": b"&a [*a]",
    "merge": b"a: &a {b: 1}\nc:\n  <<: *a\n",
    "tag": b"a: !!python/object/apply:os.system [id]",
    "scalar tag": b"a: !!binary aGk=",
    "two documents": b"a: 1\n---\nb: 2\n",
    "deep": b"{a: " * 65 + b"1" + b"}" * 65,
    "very deep": b"[" * 100_000,
    "infinity": b"a: .inf",
    "not a number": b"a: .NaN",
    "overflow": b"a: 1e999",
    "big": b"a: 0x1ffffffffffffffff",
    "number as key": b"1: a",
    "list as key": b"? [a]\n: b",
    "lone surrogate": b'a: "\\ud800"',
    "control character": b"a: \x07",
}


@pytest.mark.parametrize("raw", WRONG_JSON.values(), ids=WRONG_JSON)
async def test_wrong_json_is_400(admin: Client, raw: bytes) -> None:
    is_status(await admin.post(IMAGES, raw, headers={"content-type": "application/json"}), 400, "Invalid")


@pytest.mark.parametrize("raw", WRONG_YAML.values(), ids=WRONG_YAML)
async def test_wrong_yaml_is_400(admin: Client, raw: bytes) -> None:
    is_status(await admin.post(IMAGES, raw, headers=YAML_TYPE), 400, "Invalid")


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"a":['])
@pytest.mark.parametrize("depth", [64, 65, 900, 1100, 20_000])
def test_no_depth_gets_past_its_limit(opening: str, depth: int) -> None:
    closing = opening.replace("[", "]").replace('{"a":', "}")[::-1]
    text = opening * (depth // len(closing)) + "1" + closing * (depth // len(closing))
    if depth == 64:
        assert body.parse(text.encode(), body.JSON) == json.loads(text)
        return
    if depth // len(closing) * len(closing) <= 64:
        return
    with pytest.raises(BadRequest, match="nested deeper than 64"):
        body.parse(text.encode(), body.JSON)


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b'{"a":1,"a":2}', "a"),
        (b'{"spec":{"tag":"a","tag":"a"}}', "spec.tag"),
        (b'{"a":[{},{"b":{"c":1,"d":2,"c":3}}]}', "a[1].b.c"),
        (b'{"a":1,"\\u0061":2}', "a"),
    ],
)
@pytest.mark.parametrize("media_type", [body.JSON, body.YAML])
def test_a_duplicate_key_is_refused_by_its_path(raw: bytes, path: str, media_type: str) -> None:
    with pytest.raises(Invalid) as refused:
        body.parse(raw, media_type)
    assert [cause.field for cause in refused.value.causes] == [path]


def test_a_duplicate_before_a_syntax_error_or_a_great_depth_is_still_ours() -> None:
    for raw in (b'{"a":{"b":1,"b":2}', b'{"a":1,"a":2} x', b"[" * 600 + b'{"a":1,"a":2}' + b"]" * 600):
        with pytest.raises(Failure):
            body.parse(raw, body.JSON)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("2024-01-01", "2024-01-01"),
        ("12:30:45", "12:30:45"),
        ("012", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("1.5", 1.5),
        ("~", None),
        ("", None),
        ("True", True),
        ("'true'", "true"),
        ("! 12", "12"),
        ("!!str 12", "12"),
        ("=", "="),
    ],
)
def test_plain_yaml_follows_the_core_schema(text: str, value: object) -> None:
    assert body.parse(f"a: {text}\n".encode(), body.YAML) == {"a": value}


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert body.parse(b'\xef\xbb\xbf{"a":1}', body.JSON) == {"a": 1}


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "application/json",
        "Application/JSON; charset=UTF-8",
        'application/json;charset="utf-8"',
        "application/yaml",
        "application/x-yaml",
        "text/yaml; charset=utf-8",
    ],
)
async def test_json_and_yaml_are_taken_and_nothing_said_means_json(admin: Client, content_type: str | None) -> None:
    raw = json.dumps(image()).encode()
    assert (await admin.post(IMAGES, raw, headers={"content-type": content_type})).status == 201


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "text/plain", "application/json; charset=gbk", "multipart/form-data", "json"],
)
async def test_other_types_are_415_with_the_line_to_send(admin: Client, content_type: str) -> None:
    answer = await admin.post(IMAGES, json.dumps(image()).encode(), headers={"content-type": content_type})
    assert "Content-Type: application/json" in is_status(answer, 415, "UnsupportedMediaType")["message"]


async def test_a_body_over_3_mib_is_413_however_it_comes(admin: Client) -> None:
    large = b'"' + b"a" * (3 * MIB) + b'"'
    announced = await admin.post(IMAGES, large)
    is_status(announced, 413, "RequestEntityTooLarge")
    assert announced.headers["connection"] == "close"
    is_status(await admin.post(IMAGES, chunks=[large[:MIB], large[MIB:]]), 413, "RequestEntityTooLarge")
    is_status(await admin.post(IMAGES, b"{}", headers={"content-length": "9" * 30}), 413, "RequestEntityTooLarge")


async def test_a_body_of_just_3_mib_in_pieces_is_read(admin: Client) -> None:
    raw = json.dumps(image() | {"padding": ""}).encode()
    raw = raw.replace(b'"padding": ""', b'"padding": "' + b"a" * (3 * MIB - len(raw)) + b'"')
    assert len(raw) == 3 * MIB
    answer = await admin.post(IMAGES, chunks=[raw[start : start + MIB] for start in range(0, len(raw), MIB)])
    assert fields(is_status(answer, 400, "Invalid")) == ["padding"]


async def test_a_large_yaml_body_is_read_off_the_event_loop(admin: Client) -> None:
    raw = b"# comment\n" * 10_000 + json.dumps(image()).encode()
    assert (await admin.post(IMAGES, raw, headers=YAML_TYPE)).status == 201


async def test_an_answer_never_repeats_a_whole_body(admin: Client) -> None:
    raw = b'{"%s":1,"%s":1}' % (b"k" * MIB, b"k" * MIB)
    answer = await admin.post(IMAGES, raw)
    is_status(answer, 400, "Invalid")
    assert len(answer.body) < 5000


DEPTHS = st.integers(0, 80)


def is_utf8(text: str) -> bool:
    return text.encode(errors="replace").decode() == text


@given(value=values(st.text(st.characters() | st.sampled_from('[]{}\\":,u'))), ascii_only=st.booleans(), depth=DEPTHS)
def test_a_body_that_is_not_looked_through_would_have_passed(value: Any, ascii_only: bool, depth: int) -> None:
    """Telling from the text alone never lets pass what the look at each value refuses."""
    text = "[" * depth + json.dumps(value, ensure_ascii=ascii_only) + "]" * depth
    if limits.is_surely_sound(text) and (ascii_only or is_utf8(text)):
        limits.check(json.loads(text))


def test_a_body_is_looked_through_when_its_text_leaves_doubt() -> None:
    deep, crowded = "[" * 65 + "]" * 65, "[" + "0," * limits.MAX_VALUES + "0]"
    assert not any(map(limits.is_surely_sound, ('"\\ud800"', '"\\uDfff"', deep, crowded)))


@pytest.mark.parametrize("media_type", body.OBJECTS)
def test_a_duplicate_below_a_very_long_key_is_shown_by_the_beginning_of_its_path(media_type: str) -> None:
    """Not the whole path for each key: that would be gigabytes to copy."""
    long = "k" * 2_000_000
    keys = ", ".join(f'"a{number}": {{}}' for number in range(60_000))
    raw = f'{{? "{long}" : {{{keys}, "a1": 1}}}}' if media_type == body.YAML else f'{{"{long}": {{{keys}, "a1": 1}}}}'
    began = time.process_time()
    with pytest.raises(Invalid) as refused:
        body.parse(raw.encode(), media_type)
    assert [cause.field for cause in refused.value.causes] == ["k" * limits.LONGEST_PATH]
    assert time.process_time() - began < 1.5


@pytest.mark.parametrize("path", [IMAGES, KUBE_IMAGES])
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, gzip"])
async def test_a_compressed_body_is_415_and_is_not_unpacked(admin: Client, path: str, coding: str) -> None:
    """A few kilobytes of gzip may be gigabytes of zeros."""
    bomb = gzip.compress(bytes(10 * MIB))
    answer = await admin.post(path, bomb, headers={"content-type": "application/json", "content-encoding": coding})
    assert (answer.status, answer.json()["reason"]) == (415, "UnsupportedMediaType")
    assert "Content-Encoding" in answer.json()["message"]


async def test_a_body_that_says_it_is_no_other_is_read(admin: Client) -> None:
    answer = await admin.post(IMAGES, image(), headers={"content-encoding": "identity"})
    assert answer.status == 201
