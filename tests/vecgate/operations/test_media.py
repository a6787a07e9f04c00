from __future__ import annotations

import pytest

from vecgate.errors import Refusal, Unmaskable
from vecgate.operations import media
from vecgate.operations.messages import Answer, Request, Target
from vecgate.reasons import Reason


@pytest.mark.parametrize("kind", [None, "application/json", "Application/JSON", "application/json; charset=UTF-8"])
def test_a_request_may_be_json_without_saying_so(kind: str | None) -> None:
    headers = {} if kind is None else {"content-type": kind}
    assert media.asked(Request("POST", Target(()), headers, b'{"a":1}')) == {"a": 1}


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-ndjson", "application/json; charset=utf-16"])
def test_a_request_that_says_otherwise_is_refused(kind: str) -> None:
    with pytest.raises(Refusal) as caught:
        media.asked(Request("POST", Target(()), {"content-type": kind}, b"{}"))
    assert caught.value.reason is Reason.UNSUPPORTED_MEDIA


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ((), b"{}"),
        ((("content-type", "text/html"),), b"{}"),
        ((("content-type", "application/json"), ("content-encoding", "gzip")), b"{}"),
        ((("content-type", "application/json"), ("content-type", "application/json")), b"{}"),
        ((("content-type", "application/json"),), b"{"),
        ((("content-type", "application/json"),), b'{"a":1,"a":2}'),
    ],
)
def test_an_answer_is_json_and_says_so(headers: tuple[tuple[str, str], ...], body: bytes) -> None:
    with pytest.raises(Unmaskable):
        media.answered(Answer(200, headers, body))
    assert media.answered(Answer(200, media.JSON, b"[1]")) == [1]
