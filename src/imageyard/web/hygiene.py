"""What browsers are told beside an answer: what it may load, who may show it, who may keep it.

Four kinds of answers: data, pages, assets, and what all three share. All headers are made here, once, as tuples that
answers only join. Two headers are left out on purpose:

- `Strict-Transport-Security`: browsers apply it to every port of a host name. Here plain HTTP stands on another port of
  the same name, and so may servers that are none of ours: on `localhost` it would lock people out of all of them. A
  proxy that owns a name sets it there.
- `require-trusted-types-for`: the console puts fragments into pages as HTML that this server escaped; a policy that
  lets all of them pass would prove nothing.

Sources: https://www.w3.org/TR/CSP3/, https://fetch.spec.whatwg.org/#cross-origin-resource-policy-header,
https://www.w3.org/TR/permissions-policy/
"""

from hashlib import sha256
from typing import Final

Headers = tuple[tuple[bytes, bytes], ...]

EVERY: Final[Headers] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""On whatever is answered: taken for nothing but what it says it is, embedded by nobody else's page."""

ALONE: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
"""The policy of what is no page: opened in a browser all the same, it loads nothing and stands in no frame."""
_UNKEPT: Final = (b"cache-control", b"no-store")

DATA: Final[Headers] = (_UNKEPT, ALONE)
"""For programs: no cache keeps it."""

ASSET: Final[Headers] = ((b"cache-control", b"public, max-age=31536000, immutable"), ALONE)
"""For files whose name holds their fingerprint, and for no others: another content has another name."""

POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    b"font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What a page may load: files of this server. No inline code, no inline style, no other host, in nobody's frame."""

_CLOSED: Final = (
    "accelerometer",
    "autoplay",
    "camera",
    "clipboard-read",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "geolocation",
    "gyroscope",
    "hid",
    "idle-detection",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "picture-in-picture",
    "screen-wake-lock",
    "serial",
    "usb",
    "xr-spatial-tracking",
)
"""Powers of a browser that no page here asks for. Writing to the clipboard stays: pages have buttons that copy."""

_PAGE: Final[Headers] = (
    (b"content-type", b"text/html; charset=utf-8"),
    _UNKEPT,
    (b"cross-origin-opener-policy", b"same-origin"),
    # Not `no-referrer`: under that, browsers send `Origin: null` with our own forms (Fetch, "append a request Origin
    # header"), and over plain HTTP the origin is all there is to tell them from other sites' forms.
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", ", ".join(f"{power}=()" for power in _CLOSED).encode()),
)


def page(policy: bytes = POLICY) -> Headers:
    """For HTML. A page that needs less than POLICY brings its own."""
    return (*_PAGE, (b"content-security-policy", policy))


PAGE: Final[Headers] = page()


def fingerprint(content: bytes) -> str:
    """What an asset's name tells of its content: 16 hexadecimal digits of its SHA-256."""
    return sha256(content).hexdigest()[:16]
