"""Digests: every byte that would go onto the wire counts, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from mitmproxy import http

from vecgate.serve.image import request_image, response_image

FIELDS = ((b"x-a", b"1"), (b"x-b", b"2"))


def request() -> http.Request:
    return http.Request.make("POST", "http://127.0.0.1:8000/a?b=c", b"body", http.Headers(FIELDS))


def response() -> http.Response:
    made = http.Response.make(200, b"body", http.Headers(FIELDS))
    made.trailers = http.Headers([(b"x-t", b"1")])
    return made


REQUEST_CHANGES: dict[str, Callable[[http.Request], Any]] = {
    "method": lambda r: setattr(r, "method", "PUT"),
    "scheme": lambda r: setattr(r, "scheme", "https"),
    "host": lambda r: setattr(r.data, "host", "127.0.0.2"),
    "port": lambda r: setattr(r.data, "port", 8001),
    "authority": lambda r: setattr(r, "authority", "x"),
    "path": lambda r: setattr(r, "path", "/a?b=d"),
    "version": lambda r: setattr(r, "http_version", "HTTP/2.0"),
    "header value": lambda r: r.headers.__setitem__("x-a", "2"),
    "header case": lambda r: setattr(r.headers, "fields", ((b"X-a", b"1"), *r.headers.fields[1:])),
    "header order": lambda r: setattr(r.headers, "fields", r.headers.fields[::-1]),
    "header added": lambda r: r.headers.add("x-a", "1"),
    "header moved into its neighbour": lambda r: setattr(
        r.headers, "fields", ((b"x-a", b"1x-b"), (b"", b"2"), *r.headers.fields[2:])
    ),
    "body": lambda r: setattr(r, "raw_content", b"bodx"),
    "empty body": lambda r: setattr(r, "raw_content", b""),
    "no body": lambda r: setattr(r, "raw_content", None),
}
RESPONSE_CHANGES: dict[str, Callable[[http.Response], Any]] = {
    "status": lambda r: setattr(r, "status_code", 201),
    "reason": lambda r: setattr(r, "reason", "x"),
    "version": lambda r: setattr(r, "http_version", "HTTP/2.0"),
    "header": lambda r: r.headers.__setitem__("x-a", "2"),
    "trailer": lambda r: setattr(r, "trailers", http.Headers([(b"x-t", b"2")])),
    "no trailers": lambda r: setattr(r, "trailers", None),
    "trailer among the headers": lambda r: setattr(r, "headers", http.Headers([*r.headers.fields, (b"x-t", b"1")])),
    "body": lambda r: setattr(r, "raw_content", b"bodx"),
}


@pytest.mark.parametrize("change", REQUEST_CHANGES)
def test_any_change_of_a_request_changes_its_image(change: str) -> None:
    changed = request()
    REQUEST_CHANGES[change](changed)
    assert request_image(changed) != request_image(request())


@pytest.mark.parametrize("change", RESPONSE_CHANGES)
def test_any_change_of_an_answer_changes_its_image(change: str) -> None:
    changed = response()
    RESPONSE_CHANGES[change](changed)
    assert response_image(changed) != response_image(response())


def test_copies_have_equal_images_whenever_they_were_made() -> None:
    later = request()
    later.timestamp_start = 1.0
    later.trailers = http.Headers([(b"x-t", b"1")])
    assert request_image(later) == request_image(request().copy())
    assert response_image(response()) == response_image(response().copy())


def test_no_body_and_an_empty_body_differ() -> None:
    bare, empty = response(), response()
    bare.raw_content, empty.raw_content = None, b""
    assert response_image(bare) != response_image(empty)
