"""Keys in an environment variable: `id:key,id:key`, each key in hex or base64, the first one current; or the document
of `imageyard keys export`."""

import re
from typing import Final

from imageyard.domain.secret import Secret
from imageyard.keyring import KeyringError
from imageyard.keyring.keys import Keys, decoded

_BETWEEN: Final = re.compile(r"[\s,]+")


class EnvironmentKeys:
    """`text` is the value of `variable`. It is read once, at start: a new key takes a restart. See `KeySource`."""

    name = "env"

    def __init__(self, variable: str, text: Secret) -> None:
        self.place = variable
        self.remedy = f"add it to {variable} and start again"
        self._text = text

    def load(self) -> Keys:
        text = self._text.reveal().strip(", \t\r\n")
        if not text:
            raise KeyringError(f"{self.place} is empty or not set; it holds the keys as id:key, the current one first")
        try:
            return Keys.parse(text) if text.startswith("{") else _listed(text)
        except KeyringError as error:
            raise KeyringError(f"{self.place}: {error}", error.key_id) from None

    def renewed(self) -> Keys:
        return self.load()

    def drop(self, key_id: str) -> bool:
        return False


def _listed(text: str) -> Keys:
    by_id: dict[str, bytes] = {}
    for number, entry in enumerate(_BETWEEN.split(text), start=1):
        key_id, colon, key = entry.partition(":")
        if not colon:
            raise KeyringError(f"entry {number} is not id:key")
        if key_id in by_id:
            raise KeyringError(f"entry {number} has the id of one before it")
        by_id[key_id] = _key(number, key)
    return Keys(next(iter(by_id)), by_id)


def _key(number: int, text: str) -> bytes:
    try:
        return decoded(text)
    except ValueError:
        raise KeyringError(f"the key of entry {number} is neither hex nor base64") from None
