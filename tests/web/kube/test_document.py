"""Documents that clients keep."""

from imageyard.web.kube import document

DOCUMENT = document.of({"kind": "APIGroupList"}, "application/json;v=v2")


def test_a_document_is_answered_with_its_hash() -> None:
    answer = document.answer(DOCUMENT, b"timeout=32s", "")
    assert (answer.status, answer.body) == (200, b'{"kind":"APIGroupList"}')
    assert dict(answer.headers) == {
        b"content-type": b"application/json;v=v2",
        b"cache-control": b"private, no-cache",
        b"etag": DOCUMENT.etag.encode(),
        b"vary": b"Accept",
        b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    }


def test_who_holds_it_is_not_sent_it_again() -> None:
    answer = document.answer(DOCUMENT, b"", f'"other", W/{DOCUMENT.etag}')
    assert (answer.status, answer.body) == (304, b"")
    assert document.answer(DOCUMENT, b"", '"other"').status == 200


def test_asked_for_by_its_hash_it_is_good_for_ever() -> None:
    answer = document.answer(DOCUMENT, b"hash=" + DOCUMENT.hash.encode() + b"&timeout=32s", "")
    assert b"immutable" in dict(answer.headers)[b"cache-control"]
    stale = document.answer(DOCUMENT, b"hash=" + DOCUMENT.hash[:-1].encode(), "")
    assert b"immutable" not in dict(stale.headers)[b"cache-control"]
