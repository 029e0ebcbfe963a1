"""No secret is committed: none of ours, none of anybody's registry."""

import re
from typing import Final

import pytest

from tests.tree.files import files, shown

KINDS: Final = {
    "private key": rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{20}",
    "token of imageyard": rb"\biy_[A-Za-z0-9_-]{30,}",
    "JSON Web Token": rb"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}",
    "token of GitHub": rb"\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{60}",
    "token of GitLab": rb"\bglpat-[A-Za-z0-9_-]{20}",
    "token of Docker Hub": rb"\bdckr_pat_[A-Za-z0-9_-]{20}",
    "key of AWS": rb"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "key of Aliyun": rb"\bLTAI[A-Za-z0-9]{12,20}\b",
    "key of Google": rb"\bAIza[A-Za-z0-9_-]{35}\b",
    "token of Slack": rb"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    "login in an URL": rb"\bhttps?://[^\s/:@\"'<>{}$]+:(?!pass|secret|\*|PASS)[^\s/:@\"'<>{}$]{12,}@[a-z0-9.-]+\.(?!example|test|invalid)",
}
LOOKS_FOR: Final = re.compile(b"|".join(b"(%s)" % each for each in KINDS.values()))


def found(text: bytes) -> list[str]:
    names = list(KINDS)
    return [names[(match.lastindex or 1) - 1] for match in LOOKS_FOR.finditer(text)]


def test_no_file_holds_a_secret() -> None:
    assert {shown(path): kinds for path in files() if (kinds := found(path.read_bytes()))} == {}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("-----BEGIN EC " + "PRIVATE KEY-----\nMHcCAQEEIODoRqx1nHpYHL3U\n", "private key"),
        ("token: iy_" + "Do3NxImxdwQxc-Zx1VpZWvHabcdefghijk", "token of imageyard"),
        ("ghp_" + "a1B2" * 9, "token of GitHub"),
        ("AKIA" + "ABCDEFGH12345678", "key of AWS"),
        ("eyJhbGciOiJSUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTYifQ." + "c2lnbmF0dXJlLXNpZ25hdHVyZQ", "JSON Web Token"),
        ("https://robot:" + "Zx9-real-looking@registry.acme.com", "login in an URL"),
    ],
)
def test_the_search_would_find_one(text: str, kind: str) -> None:
    assert found(text.encode()) == [kind]
