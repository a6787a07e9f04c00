"""Inspect: the body is parsed once, strictly, into the document that is sent and the operations that are judged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Mapping, Sequence
from typing import ClassVar

from mitmproxy import http

from vecgate.errors import Refusal
from vecgate.exchange import Exchange
from vecgate.operations import grpc
from vecgate.operations.compression import gunzip
from vecgate.operations.messages import GRPC, Request
from vecgate.operations.model import Operation
from vecgate.reasons import Reason
from vecgate.runtime import Upstream
from vecgate.stages.stage import Stage, judged

LARGE = 100_000
"""Bytes from which parsing leaves the event loop: other requests must not wait for it."""
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
        names = upstream.dialect.headers
        kept = meant(flow.request.data.headers.fields, names) if names else {}
        if (media := headers.get(b"content-type")) is not None:
            kept["content-type"] = media.decode("latin-1")
        compressed = headers.get(b"content-encoding", b"").strip().lower() == b"gzip"
        if exchange.method == GRPC:
            return self._grpc(exchange, upstream, kept, raw, headers)
        if compressed or len(raw) > LARGE:
            return asyncio.to_thread(parse, exchange, upstream, kept, raw, compressed)
        parse(exchange, upstream, kept, raw, compressed)
        return None

    @staticmethod
    def _grpc(
        exchange: Exchange, upstream: Upstream, kept: Mapping[str, str], raw: bytes, headers: Mapping[bytes, bytes]
    ) -> Awaitable[None] | None:
        if not upstream.http2:
            raise Refusal(Reason.UNKNOWN_OPERATION, "This connection's database is not asked over gRPC.")
        if headers.get(b"content-encoding", b"identity") != b"identity":
            raise Refusal(Reason.UNSUPPORTED_MEDIA, "gRPC compresses messages, not bodies.")
        if (text := headers.get(b"grpc-timeout")) is not None:
            exchange.deadline = time.perf_counter() + grpc.timeout(text.decode("latin-1"))
        encoding = headers.get(b"grpc-encoding", b"").decode("latin-1")
        if raw[:1] == b"\1" or len(raw) > LARGE:
            return asyncio.to_thread(parse_grpc, exchange, upstream, kept, raw, encoding)
        parse_grpc(exchange, upstream, kept, raw, encoding)
        return None


def meant(fields: tuple[tuple[bytes, bytes], ...], names: frozenset[str]) -> dict[str, str]:
    """The fields of these names. Raises Refusal: bad_header for one that is sent twice."""
    kept: dict[str, str] = {}
    for field, value in fields:
        name = field.decode("latin-1").lower()
        if name in names:
            if name in kept:
                raise Refusal(Reason.BAD_HEADER, f"{name} is sent twice.")
            kept[name] = value.decode("latin-1")
    return kept


def parse_grpc(exchange: Exchange, upstream: Upstream, headers: Mapping[str, str], raw: bytes, encoding: str) -> None:
    assert exchange.target is not None
    upstream.dialect.table.route(GRPC, exchange.target.segments)  # a stream that is not served says so, however long
    messages = grpc.messages(raw, encoding=encoding, limit=upstream.config.bounds.body.bytes)
    if len(messages) != 1:
        raise Refusal(Reason.BAD_BODY, "Send exactly one message.")
    read(exchange, upstream, headers, messages[0])


def parse(exchange: Exchange, upstream: Upstream, headers: Mapping[str, str], raw: bytes, compressed: bool) -> None:
    body = gunzip(raw, upstream.config.bounds.body.bytes) if compressed else raw
    read(exchange, upstream, headers, body)


def read(exchange: Exchange, upstream: Upstream, headers: Mapping[str, str], body: bytes) -> None:
    assert exchange.target is not None
    exchange.request = Request(exchange.method, exchange.target, headers, body, upstream.site)
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
