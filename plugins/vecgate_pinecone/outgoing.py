"""Outgoing: the request that is sent, built from the judged document. What is masked is not asked for."""

from __future__ import annotations

from typing import Any

from vecgate.masking.maskset import MaskSet
from vecgate.operations import grpc, media
from vecgate.operations.dialect import Reading
from vecgate.operations.document import dump
from vecgate.operations.messages import GRPC, Outgoing
from vecgate.operations.table import Call
from vecgate_pinecone import ndjson, versions


def built(reading: Reading, masks: MaskSet | None) -> Outgoing:
    """`masks` are those of the namespace whose records come back, None where none do."""
    call: Call = reading.detail
    version = versions.sent(reading.request.headers)
    if reading.request.method == GRPC:
        return grpc.call(call.row, _message(call, reading.document, masks), version)
    path = call.row.target(call.params, call.query)
    if reading.document is None:
        return Outgoing(call.row.method, path, version)
    if call.row.operation == "upsert_records":
        return Outgoing("POST", path, (*version, *ndjson.TYPE), ndjson.dumped(reading.document))
    return Outgoing(call.row.method, path, (*version, *media.JSON), dump(_document(call, reading.document, masks)))


def _document(call: Call, document: dict[str, Any], masks: MaskSet | None) -> dict[str, Any]:
    if masks is None:
        return document
    if document.get("includeValues") and not masks.fetches_vectors:
        return {**document, "includeValues": False}
    if fields := document.get("fields"):
        wanted = [name for name in fields if masks.strategy(name) != "drop"]
        return {**document, "fields": wanted} if wanted else document
    return document


def _message(call: Call, message: Any, masks: MaskSet | None) -> bytes:
    if masks is not None and call.document.get("includeValues") and not masks.fetches_vectors:
        asked = type(message)()
        asked.CopyFrom(message)
        asked.include_values = False
        message = asked
    sent: bytes = message.SerializeToString()
    return sent
