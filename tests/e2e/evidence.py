"""What the end-to-end tests leave behind, and whether a secret can be found in it."""

import base64
import json
import secrets
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote, quote_plus

KEEPERS: Final = frozenset({"admin-token", "kubeconfig", "sample.json"})
"""Files of a data directory that hold a secret on purpose."""
KEYS: Final = "keys"
PUBLISHED: Final = ("GET //oapis/openapi.json", "GET //oapis/docs", "GET //console/api")
"""Answers that are the same for all, and print the password of the API reference's own example."""
_HEAD: Final = 6
"""Bytes that forms are told apart by first: most secrets begin alike, and files are long."""
ALARMS: Final = ('"level": "error"', '"level": "critical"', "Traceback")


class Evidence:
    """Secrets that were used, answers that were given, and places where files were written."""

    def __init__(self) -> None:
        self._secrets: dict[str, str] = {}
        self._answers: list[tuple[str, bytes]] = []
        self._places: list[Path] = []

    def secret(self, name: str) -> str:
        """A new password that occurs nowhere else."""
        return self.keep(name, f"canary-{name}-{secrets.token_hex(8)}")

    def keep(self, name: str, value: str) -> str:
        """Remember a secret that came into being elsewhere."""
        self._secrets[value] = name
        return value

    def answered(self, request: str, answer: bytes) -> None:
        if request not in PUBLISHED:
            self._answers.append((request, answer))

    def watch(self, place: Path) -> None:
        """Look into this file, or everything below this directory."""
        self._places.append(place)

    @property
    def amount(self) -> tuple[int, int, int]:
        """How many secrets, answers and files there are to be judged."""
        return len(self._secrets), len(self._answers), len(list(self._files()))

    def findings(self, *names: str) -> list[str]:
        """Where a secret was found, named by what it is, never by its value. `names`: look for these alone."""
        sought = [(form, name) for value, name in self._secrets.items() for form in forms(value)]
        heads: defaultdict[bytes, list[tuple[bytes, str]]] = defaultdict(list)
        for form, name in sought:
            if not names or name in names:
                heads[form[:_HEAD]].append((form, name))
        return [
            f"{name} in {where}"
            for where, paper in self._papers()
            for head, rest in heads.items()
            if head in paper
            for form, name in rest
            if form in paper
        ]

    def _papers(self) -> Iterator[tuple[str, bytes]]:
        yield from self._answers
        for path in self._files():
            yield str(path), path.read_bytes()

    def alarms(self) -> list[str]:
        """What servers logged that nobody foresaw."""
        lines = (line for path in self._files() if path.suffix == ".log" for line in path.read_text().splitlines())
        return [line for line in lines if any(sign in line for sign in ALARMS)]

    def _files(self) -> Iterator[Path]:
        for place in self._places:
            files = [place] if place.is_file() else sorted(place.rglob("*"))
            for path in files:
                if path.is_file() and path.name not in KEEPERS and path.parent.name != KEYS:
                    yield path


def forms(value: str) -> set[bytes]:
    """How a value may be written down: as it is, in a URL, in JSON, in hex, or anywhere in something in base64."""
    raw = value.encode()
    plain = {raw, quote(value, safe="").encode(), quote_plus(value).encode(), json.dumps(value)[1:-1].encode()}
    return plain | {raw.hex().encode()} | {_within_base64(raw, offset) for offset in range(3)}


def _within_base64(raw: bytes, offset: int) -> bytes:
    """The characters that `raw` alone determines when it stands `offset` bytes after a multiple of three."""
    encoded = base64.b64encode(bytes(offset) + raw).rstrip(b"=")
    first = -(-offset * 4 // 3)
    last = (offset + len(raw)) * 8 // 6
    return encoded[first:last]
