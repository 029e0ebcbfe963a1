"""What a CA bundle looks like from outside: PEM blocks of certificates (RFC 7468). Whether they parse is for TLS."""

import base64
import binascii
import re
from typing import Final

from imageyard.domain.text import Text

LARGEST: Final = 256 * 1024
"""Bytes of a bundle; all public roots together have about 220 KiB."""

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\s]*)-----END \1-----", re.ASCII)
_SEQUENCE: Final = 0x30
"""The first byte of a certificate in DER."""


def fault(bundle: str) -> Text | None:
    """What is wrong with a bundle, None when it looks right. Text between the blocks is allowed (RFC 7468, 2)."""
    if len(bundle.encode()) > LARGEST:
        return Text("最大 256 KiB；只保留所需的 CA 证书", "has at most 256 KiB; keep only the CA certificates needed")
    blocks = _BLOCK.findall(bundle)
    if "PRIVATE KEY-----" in bundle:
        return Text("包含私钥，请去掉；这里只放 CA 证书", "holds a private key; drop it and keep only CA certificates")
    if not blocks or len(blocks) != bundle.count("-----BEGIN ") or len(blocks) != bundle.count("-----END "):
        return Text(
            "须为 PEM 格式的证书：-----BEGIN CERTIFICATE----- 至 -----END CERTIFICATE-----",
            "must be PEM certificates, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----",
        )
    for label, body in blocks:
        if label != "CERTIFICATE" or not _is_der(body):
            return Text(
                "每个 PEM 块都必须是 CERTIFICATE，内容为 base64 编码的证书",
                "every PEM block must be a CERTIFICATE holding a base64-encoded certificate",
            )
    return None


def _is_der(body: str) -> bool:
    try:
        der = base64.b64decode("".join(body.split()), validate=True)
    except binascii.Error:
        return False
    return len(der) > 2 and der[0] == _SEQUENCE
