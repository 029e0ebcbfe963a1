"""A form as it was sent (application/x-www-form-urlencoded), and a query likewise. Fields may stand several times."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qs

from imageyard.domain.errors import BadRequest
from imageyard.domain.text import Text
from imageyard.web import body, multipart
from imageyard.web.exchange import Exchange

MOST_FIELDS: Final = 2_000
_TYPE: Final = "application/x-www-form-urlencoded"


class Form:
    """`text` is a field's last value without white space around it, "" when it was not sent."""

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        self._fields = fields

    def text(self, name: str) -> str:
        return self._fields.get(name, ("",))[-1].strip()

    def secret(self, name: str) -> str:
        """A field as it was typed, white space included."""
        return self._fields.get(name, ("",))[-1]

    def texts(self, name: str) -> Sequence[str]:
        return self._fields.get(name, ())

    def __contains__(self, name: str) -> bool:
        return name in self._fields


async def read(exchange: Exchange) -> Form:
    """Raises BadRequest for what is no form."""
    if exchange.header(b"content-type").partition(";")[0].strip().lower() not in ("", _TYPE):
        raise BadRequest(Text(f"表单应以 {_TYPE} 提交", f"a form is sent as {_TYPE}"))
    return parse(await body.read(exchange))


async def read_with_files(exchange: Exchange) -> Form:
    """A form that may hold files, whose texts are fields like others. Raises BadRequest."""
    sent_as = exchange.header(b"content-type")
    if sent_as.partition(";")[0].strip().lower() != multipart.TYPE:
        return await read(exchange)
    return Form(multipart.parse(await body.read(exchange), sent_as))


def parse(raw: bytes) -> Form:
    """Raises BadRequest for more fields than any page has, or what is no UTF-8."""
    try:
        return Form(parse_qs(raw.decode("utf-8"), True, errors="strict", max_num_fields=MOST_FIELDS))
    except ValueError:
        text = Text("无法读取提交的字段：应为 UTF-8，且数量有限", "the fields cannot be read: UTF-8, and not too many")
        raise BadRequest(text) from None
