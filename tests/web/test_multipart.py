"""Forms with files: read as browsers send them, anything else refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain.errors import BadRequest
from imageyard.web import multipart

TYPE = "multipart/form-data; boundary=----x1"
SENT = (
    '------x1\r\nContent-Disposition: form-data; name="namespace"\r\n\r\nteam\r\n'
    '------x1\r\nContent-Disposition: form-data; name="file"; filename="images 镜像.txt"\r\n'
    "Content-Type: text/plain\r\n\r\nnginx:1\r\nredis:7\r\n\r\n------x1--\r\n"
).encode()


def test_fields_and_files_are_read_as_they_were_sent() -> None:
    assert multipart.parse(SENT, TYPE) == {"namespace": ["team"], "file": ["nginx:1\r\nredis:7\r\n"]}
    assert multipart.parse(SENT, 'multipart/form-data; boundary="----x1"') == multipart.parse(SENT, TYPE)


@pytest.mark.parametrize(
    ("raw", "content_type"),
    [
        (SENT, "multipart/form-data"),
        (SENT, "multipart/form-data; boundary=other"),
        (b"", TYPE),
        (SENT[:-8], TYPE),
        (SENT.replace(b"form-data; name", b"form-data; title"), TYPE),
        (SENT.replace(b"nginx", b"\xff\xfe"), TYPE),
        (b"------x1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n" * 200 + b"------x1--", TYPE),
    ],
)  # fmt: skip
def test_what_no_browser_sends_is_refused(raw: bytes, content_type: str) -> None:
    with pytest.raises(BadRequest):
        multipart.parse(raw, content_type)


@given(st.binary(max_size=200) | st.lists(st.sampled_from([SENT, b"------x1", b"\r\n\r\n", b"--"])).map(b"".join))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        found = multipart.parse(raw, TYPE)
    except BadRequest:
        return
    assert all(isinstance(value, str) for values in found.values() for value in values)
