"""Digests of messages: what the seal compares. Equal digests mean equal bytes on the wire.

SHA-256 over every field that mitmproxy writes to a socket, with all lengths in front, so that no two messages share an
encoding. Header fields count raw, in order and with their case. Trailers count for answers; a request's trailers are
never sent and do not count. Raises TypeError or AttributeError for a message with a field of the wrong type.
"""

from __future__ import annotations

import hashlib
import struct

from mitmproxy import http


def request_digest(request: http.Request) -> bytes:
    """32 bytes over version, method, scheme, host, port, authority, path, header fields and raw body."""
    data = request.data
    fields = data.headers.fields
    parts = [
        data.http_version,
        data.method,
        data.scheme,
        data.host.encode("utf-8", "surrogateescape"),
        b"%d" % data.port,
        data.authority,
        data.path,
        b"%d" % len(fields),
    ]
    for name, value in fields:
        parts += (name, value)
    return _digest(b"request", parts, data.content)


def response_digest(response: http.Response) -> bytes:
    """32 bytes over version, status, reason phrase, header fields, trailers and raw body."""
    data = response.data
    fields = data.headers.fields
    trailers = data.trailers.fields if data.trailers is not None else ()
    parts = [data.http_version, b"%d" % data.status_code, data.reason, b"%d" % len(fields), b"%d" % len(trailers)]
    for name, value in (*fields, *trailers):
        parts += (name, value)
    return _digest(b"response", parts, data.content)


def _digest(kind: bytes, parts: list[bytes], content: bytes | None) -> bytes:
    parts += (kind, b"" if content is None else b"%d" % len(content))
    lengths = struct.pack(f">{len(parts)}Q", *map(len, parts))
    state = hashlib.sha256(lengths + b"".join(parts))
    if content:
        state.update(content)
    return state.digest()
