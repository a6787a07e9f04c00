"""Inspect: the body is parsed once, strictly, into the document that is sent and the operations that are judged."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Mapping, Sequence
from typing import ClassVar

from mitmproxy import http

from vecgate.errors import Refusal
from vecgate.exchange import Exchange
from vecgate.operations.messages import Request
from vecgate.operations.model import Operation
from vecgate.reasons import Reason
from vecgate.runtime import Upstream
from vecgate.stages.stage import Stage, judged

LARGE = 100_000
"""Bytes from which parsing leaves the event loop: other requests must not wait for it."""
PROBE = 64 * 1024
"""Bytes decoded of a gzip body that says it is too large, to tell a bomb from one that is cut short."""
MOST_OPERATIONS = 1000
MOST_FIELDS = 1000
"""Fields that steer one request. Policy judges each operation and each field on the event loop."""
MOST_NAMES = 64 * 1024
"""Characters of their names. The chain of evidence holds them all."""


class Inspect(Stage):
    name: ClassVar[str] = "inspect"

    @judged
    def request(self, flow: http.HTTPFlow, exchange: Exchange) -> Awaitable[None] | None:
        upstream = self.context.upstream(exchange)
        if flow.request.data.trailers:
            raise Refusal(Reason.BAD_HEADER, "Trailers are not accepted.")
        raw = flow.request.data.content or b""
        headers = {name.lower(): value for name, value in flow.request.data.headers.fields}
        if len(raw) > upstream.config.bounds.body.bytes:
            raise Refusal(Reason.BODY_TOO_LARGE)
        if int(headers.get(b"content-length", len(raw))) != len(raw):
            raise Refusal(Reason.BAD_HEADER, "content-length is not the body's.")  # HTTP/2 without any DATA frame
        media = headers.get(b"content-type")
        kept = {} if media is None else {"content-type": media.decode("latin-1")}
        compressed = headers.get(b"content-encoding", b"").strip().lower() == b"gzip"
        if compressed or len(raw) > LARGE:
            return asyncio.to_thread(parse, exchange, upstream, kept, raw, compressed)
        parse(exchange, upstream, kept, raw, compressed)
        return None


def parse(exchange: Exchange, upstream: Upstream, headers: Mapping[str, str], raw: bytes, compressed: bool) -> None:
    assert exchange.target is not None
    body = gunzip(raw, upstream.config.bounds.body.bytes) if compressed else raw
    exchange.request = Request(exchange.method, exchange.target, headers, body)
    reading = upstream.dialect.read(exchange.request)
    check_amount(reading.operations)
    exchange.reading = reading


def check_amount(operations: Sequence[Operation]) -> None:
    """A small body may ask for more than there is time to judge. Raises Refusal: body_too_large."""
    if len(operations) > MOST_OPERATIONS:
        raise Refusal(Reason.BODY_TOO_LARGE, f"A request has at most {MOST_OPERATIONS} operations.")
    fields = [name for operation in operations for name in operation.fields_used]
    if len(fields) > MOST_FIELDS or sum(map(len, fields)) > MOST_NAMES:
        raise Refusal(Reason.BODY_TOO_LARGE, f"At most {MOST_FIELDS} fields steer a request.")


def gunzip(raw: bytes, limit: int) -> bytes:
    """One gzip member of at most `limit` bytes decoded. Raises Refusal: body_too_large, bad_body.

    It ends with its decoded size (RFC 1952 §2.3.1). A bomb that tells the truth is hardly decoded, and one that lies no
    further than it said.
    """
    size = int.from_bytes(raw[-4:], "little")
    most = size if size <= limit else PROBE
    decoder = zlib.decompressobj(wbits=31)
    try:
        body = decoder.decompress(raw, most + 1)
    except zlib.error as error:
        raise Refusal(Reason.BAD_BODY, "The body is not gzip, though content-encoding says so.") from error
    whole = decoder.eof and not decoder.unused_data and len(body) == size
    if size > limit and (whole or len(body) > most):
        raise Refusal(Reason.BODY_TOO_LARGE)
    if not whole:
        raise Refusal(Reason.BAD_BODY, "The gzip body is cut short, lies about its size or has something behind it.")
    return body
