"""Framing: the last look at a message before it becomes bytes. A receiver must read exactly the message that was
sealed.

RFC 9112 §6 (message body length), §3.2 (origin form), §5 (field lines); RFC 9110 §7.6.1 (hop-by-hop fields). The stages
build messages that pass; what fails here was sealed by mistake, and is refused as unsealed.
"""

from __future__ import annotations

import re

from mitmproxy import connection, http

from vecgate.errors import VecgateError

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PATH = re.compile(rb"/[\x21\x22\x24-\x7e]*")
_AUTHORITY = re.compile(rb"[0-9A-Za-z.:\[\]_-]*")
_BREAK = re.compile(rb"[\r\n\x00]")
_REQUEST_VERSIONS = frozenset({b"HTTP/1.0", b"HTTP/1.1", b"HTTP/2.0"})
_HOP = frozenset(
    {b"transfer-encoding", b"connection", b"upgrade", b"expect", b"trailer", b"keep-alive", b"proxy-connection"}
)


class Unsealed(VecgateError):
    """The message is not sealed as it stands, or is not one that may leave."""


def check_request(request: http.Request, server: connection.Connection) -> bytes:
    """Returns the body. Raises Unsealed unless the request is framed, in origin form and named by this connection."""
    data = request.data
    assert isinstance(server, connection.Server)
    destination = server.address is not None and server.address[:2] == (data.host, data.port)
    if not destination or server.tls != (data.scheme == b"https") or server.via is not None:
        raise Unsealed("the connection is not the request's")
    http2 = data.http_version == b"HTTP/2.0"
    if data.http_version not in _REQUEST_VERSIONS or data.method == b"CONNECT" or not _TOKEN.fullmatch(data.method):
        raise Unsealed("request line")
    if not _PATH.fullmatch(data.path) or not _AUTHORITY.fullmatch(data.authority) or (data.authority and not http2):
        raise Unsealed("request target")
    body = data.content or b""
    length = _check_fields(data.headers.fields)
    if (length is None and body and server.alpn != b"h2") or length not in (None, len(body)):
        raise Unsealed("content-length")
    return body


def check_answer(response: http.Response, request: http.Request, *, http2: bool) -> bytes:
    """Returns the body to send. Raises Unsealed unless the answer is final and framed; trailers need HTTP/2."""
    data = response.data
    if not 200 <= data.status_code <= 599 or _BREAK.search(data.reason) or _BREAK.search(data.http_version):
        raise Unsealed("status line")
    if data.trailers:
        if not http2:
            raise Unsealed("trailers")
        _check_fields(data.trailers.fields)
    body = data.content or b""
    length = _check_fields(data.headers.fields)
    if request.data.method == b"HEAD" or data.status_code in (204, 304):
        return b""
    if length not in (None, len(body)):
        raise Unsealed("content-length")
    return body


def _check_fields(fields: tuple[tuple[bytes, bytes], ...]) -> int | None:
    """The content-length, None if there is none."""
    length: int | None = None
    for name, value in fields:
        if not _TOKEN.fullmatch(name) or _BREAK.search(value):
            raise Unsealed("header field")
        lowered = name.lower()
        if lowered in _HOP:
            raise Unsealed("hop-by-hop field")
        if lowered == b"content-length":
            if length is not None or not value.isdigit():
                raise Unsealed("content-length")
            length = int(value)
    return length
