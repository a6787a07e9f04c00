"""Sanitize: the request's envelope, strictly. One spelling of the target, no ambiguous header, bounded sizes.

Facts: threats.md's families M, P and RFC 9112 §3.2, §5, §6. What is not refused here is not forwarded either:
the upstream request is built anew by `forward`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable
from typing import ClassVar

from mitmproxy import http

from vecgate.errors import Refusal, Unavailable
from vecgate.exchange import Exchange
from vecgate.identity.credential import credential_headers
from vecgate.operations import grpc, target
from vecgate.operations.messages import GRPC, Target
from vecgate.reasons import Reason
from vecgate.stages.stage import Stage, judged

METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE"})
VERSIONS = frozenset({b"HTTP/1.0", b"HTTP/1.1"})
SINGLE = frozenset({b"content-type", b"content-length", b"content-encoding", b"host", b"transfer-encoding"})
ENCODINGS = frozenset({b"", b"identity", b"gzip"})
LINE_LIMIT = 16 * 1024
GRPC_MEDIA = frozenset(media.encode() for media in grpc.MEDIA)
TAKEN_OFF = frozenset(name.encode() for name in credential_headers()) | {b"expect"}
"""Credentials, and what mitmproxy would answer with 100 before the request is judged."""
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BAD_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_TOKEN = re.compile(r"(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*")
"""A signed token (RFC 7519 §3.1). Where it does not belong, it would be recorded."""


class Sanitize(Stage):
    name: ClassVar[str] = "sanitize"

    def requestheaders(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        """A new exchange at every requestheaders: nothing from an earlier life of the flow is trusted.

        Credentials leave the flow before anything else looks at it, an interface or a saved file included.
        """
        exchange = self.context.begin(flow)
        exchange.fields = flow.request.data.headers.fields
        if is_grpc(flow, exchange):
            exchange.method = GRPC
        taken_off = self._taken_off(exchange)
        flow.request.data.headers = http.Headers([each for each in exchange.fields if each[0].lower() not in taken_off])
        return self._sanitize(flow)

    def _taken_off(self, exchange: Exchange) -> frozenset[bytes]:
        runtime = exchange.runtime
        upstream = runtime.upstreams.get(exchange.connection) if runtime else None
        return TAKEN_OFF | {upstream.dialect.credential.name.lower().encode()} if upstream else TAKEN_OFF

    @judged
    def _sanitize(self, flow: http.HTTPFlow, exchange: Exchange) -> None:
        runtime = self.context.require(exchange)
        if exchange.connection not in runtime.upstreams:
            raise Refusal(Reason.GATEWAY_FAILURE, "This listener belongs to no connection.")
        if self.context.draining:
            raise Unavailable(Reason.GATEWAY_FAILURE, "The gateway is stopping.")
        runtime.recorder.check()
        data = flow.request.data
        exchange.method = exchange.method or data.method.decode("latin-1")
        bounds = runtime.upstreams[exchange.connection].config.bounds
        check_headers(exchange.fields, bounds.headers.bytes)
        http2 = flow.client_conn.alpn == b"h2"
        if data.http_version != b"HTTP/2.0" if http2 else data.http_version not in VERSIONS:
            raise Refusal(Reason.PROTOCOL_ERROR, "Speak HTTP/1.1 or HTTP/2.")
        if data.method not in METHODS:
            raise Refusal(Reason.METHOD_NOT_ALLOWED, headers={"allow": "GET, HEAD, POST, PUT, PATCH, DELETE"})
        if exchange.method == GRPC and data.method != b"POST":
            raise Refusal(Reason.METHOD_NOT_ALLOWED)
        if data.authority and not http2:
            raise Refusal(Reason.BAD_TARGET, "Send the target in origin form, beginning with a slash.")
        dialect = runtime.upstreams[exchange.connection].dialect
        exchange.target = without_token(target.parse(data.path, dialect.table.repeatable))
        fields = {name.lower(): value for name, value in exchange.fields}
        if data.http_version == b"HTTP/1.1" and b"host" not in fields:
            raise Refusal(Reason.BAD_HEADER, "host is missing.")
        if fields.get(b"transfer-encoding", b"chunked").lower() != b"chunked":
            raise Refusal(Reason.BAD_HEADER, "The only transfer coding is chunked.")
        exchange.user_agent = _TOKEN.sub("", fields.get(b"user-agent", b"").decode("latin-1"))[:200]
        check_length(fields.get(b"content-length"), bounds.body.bytes)


def is_grpc(flow: http.HTTPFlow, exchange: Exchange) -> bool:
    """HTTP/2 with gRPC's content type. Over HTTP/1, and with another codec, it is a body of unknown media type."""
    if flow.client_conn.alpn != b"h2":
        return False
    return any(name.lower() == b"content-type" and value.lower() in GRPC_MEDIA for name, value in exchange.fields)


def without_token(parsed: Target) -> Target:
    """Raises Refusal: credential_ambiguous for a target that carries a token, so that no target on record does."""
    if any("eyJ" in text and _TOKEN.search(text) for text in (*parsed.segments, *(name for name, _ in parsed.query))):
        raise Refusal(Reason.CREDENTIAL_AMBIGUOUS, "A credential in the target is refused; send it in a header.")
    return parsed


def check_headers(fields: tuple[tuple[bytes, bytes], ...], limit: int) -> None:
    """Refuse what RFC 9110 §5 forbids and what two parsers could read differently."""
    total = 0
    seen: set[bytes] = set()
    for name, value in fields:
        size = len(name) + len(value) + 4
        total += size
        if size > LINE_LIMIT or total > limit:
            raise Refusal(Reason.HEADERS_TOO_LARGE)
        if not _NAME.fullmatch(name):
            raise Refusal(Reason.BAD_HEADER, "A header name is malformed.")
        if _BAD_VALUE.search(value):
            raise Refusal(Reason.BAD_HEADER, "A header value has a control character or a folded line.")
        lowered = name.lower()
        if lowered in SINGLE:
            if lowered in seen:
                raise Refusal(Reason.BAD_HEADER, f"{lowered.decode()} is sent twice.")
            seen.add(lowered)
            if lowered == b"content-encoding" and value.strip().lower() not in ENCODINGS:
                raise Refusal(Reason.UNSUPPORTED_MEDIA, "Send the body plain or with gzip.")


def check_length(value: bytes | None, limit: int) -> None:
    if value is None:
        return
    if not value.isdigit():
        raise Refusal(Reason.BAD_HEADER, "content-length is malformed.")
    if int(value[:20]) > limit:
        raise Refusal(Reason.BODY_TOO_LARGE)
