"""Classify: what one request would do, as the JSON that `vecgate classify` prints. Nothing is contacted."""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from typing import Any

from google.protobuf.message import Message

from vecgate.errors import Refusal
from vecgate.operations import document, protobuf, target
from vecgate.operations.dialect import Dialect, Reading
from vecgate.operations.messages import GRPC, NOWHERE, Request
from vecgate.operations.model import Operation
from vecgate.operations.site import Site
from vecgate.reasons import Reason


def classify(dialect: Dialect, line: Mapping[str, Any], site: Site = NOWHERE) -> dict[str, Any]:
    """One line of a batch, judged: `known`, `operations`, `canonical`, `error`.

    A line is `{"method", "path", "headers"?, "body"? | "body_base64"?, "names"?}`, `path` being the raw target, or
    `{"grpc", "message"? | "body_base64"?, "headers"?, "names"?}`, the message being proto3 JSON. Names that `names`
    lacks stand as written. A refusal goes into `error`. Raises ValueError for a line that is not one.
    """
    operations: tuple[Operation, ...] = ()
    canonical: dict[str, Any] | None = None
    error: dict[str, str] | None = None
    known = True
    try:
        reading = read(dialect, line, site)
        canonical = _canonical(reading)
        operations = reading.operations
    except Refusal as refusal:
        known = refusal.reason is not Reason.UNKNOWN_OPERATION
        error = {"reason": refusal.reason, "detail": refusal.detail or refusal.reason.summary}
    return {
        "known": known,
        "operations": [described(operation) for operation in operations],
        "canonical": canonical,
        "error": error,
    }


def read(dialect: Dialect, line: Mapping[str, Any], site: Site = NOWHERE) -> Reading:
    """The reading of a line, with the names it gives. Raises Refusal, or ValueError for a line that is not one."""
    reading = dialect.read(request(dialect, line, site))
    given = _mapping(line, "names")
    if not all(isinstance(name, str) for name in given.values()):
        raise ValueError("a resource in names is not a text")
    lookups = dialect.lookups(reading)
    names = {lookup.key: given[lookup.name] for lookup in lookups if lookup.name in given}
    names |= {lookup.key: given for lookup in lookups if lookup.catalogue and given}
    return dialect.bind(reading, names) if names else reading


def request(dialect: Dialect, line: Mapping[str, Any], site: Site = NOWHERE) -> Request:
    """The request that a line describes. Raises Refusal for what the gateway's edge would refuse, or ValueError."""
    method, path, headers = line.get("method"), line.get("path"), _mapping(line, "headers")
    if "grpc" in line:
        if not isinstance(line["grpc"], str):
            raise ValueError("grpc is no text")
        method, path = GRPC, "/" + line["grpc"].removeprefix("/")
    if not isinstance(method, str) or not isinstance(path, str):
        raise ValueError("a line has method and path, both text")
    lowered = {str(name).lower(): str(value) for name, value in headers.items()}
    if len(lowered) != len(headers):
        raise Refusal(Reason.BAD_HEADER, "A header is sent twice.")
    body = _message(dialect, path, line) if method == GRPC else _body(line)
    return Request(method, target.parse(path, dialect.table.repeatable), lowered, body, site)


def described(operation: Operation) -> dict[str, Any]:
    return {
        "name": operation.name,
        "action": operation.action,
        "resources": list(operation.resources),
        "fields_used": list(operation.fields_used),
        "vectors": operation.vectors,
        "risks": list(operation.risks),
    }


def _mapping(line: Mapping[str, Any], member: str) -> Mapping[str, Any]:
    value = line.get(member)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError(f"{member} is not an object")
    return value


def _body(line: Mapping[str, Any]) -> bytes:
    if "body_base64" in line:
        try:
            return binascii.a2b_base64(line["body_base64"], strict_mode=True)
        except (TypeError, ValueError):
            raise ValueError("body_base64 is not base64") from None
    return b"" if line.get("body") is None else document.dump(line["body"])


def _message(dialect: Dialect, path: str, line: Mapping[str, Any]) -> bytes:
    """Raises Refusal, also for a call that the engine does not have."""
    if "body_base64" in line:
        return _body(line)
    message = _mapping(line, "message")
    row, _ = dialect.table.route(GRPC, target.parse(path).segments)
    if dialect.descriptors is None:
        raise Refusal(Reason.UNKNOWN_OPERATION, "The engine's gRPC API is not served.")
    return dialect.descriptors.made(row.path, message)


def _canonical(reading: Reading) -> dict[str, Any]:
    sent = reading.request
    body = reading.document
    return {
        "method": sent.method,
        "path": target.encode(sent.target),
        "body": protobuf.plain(body) if isinstance(body, Message) else document.plain(body),
    }
