"""NDJSON: the records of `records/…/upsert`, one JSON object a line."""

from __future__ import annotations

from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.document import dump, parse
from vecgate.operations.messages import Pairs, Request
from vecgate.reasons import Reason
from vecgate_pinecone.bulk import MANY
from vecgate_pinecone.kinds import ID

TYPE: Final[Pairs] = (("content-type", "application/x-ndjson"),)
_TYPES: Final = frozenset({"application/x-ndjson", "application/x-ndjson; charset=utf-8"})


def asked(request: Request) -> list[dict[str, Any]]:
    """The records. Raises Refusal: unsupported_media, body_too_large, and bad_body for a line that is not one object
    with one id."""
    if request.headers.get("content-type", "").lower() not in _TYPES:
        raise Refusal(Reason.UNSUPPORTED_MEDIA, "Send the records as application/x-ndjson.")
    lines = request.body.split(b"\n", MANY + 1)
    if lines[-1] == b"":
        lines.pop()
    if len(lines) > MANY:
        raise Refusal(Reason.BODY_TOO_LARGE, f"Send at most {MANY} records.")
    if not lines:
        raise Refusal(Reason.BAD_BODY, "The body holds no record.")
    return [_record(line) for line in lines]


def dumped(records: list[dict[str, Any]]) -> bytes:
    return b"".join(dump(record) + b"\n" for record in records)


def _record(line: bytes) -> dict[str, Any]:
    record = parse(line)
    if type(record) is not dict or ("_id" in record) == ("id" in record):
        raise Refusal(Reason.BAD_BODY, "A line is not an object with one _id.")
    ID.check(record.get("_id", record.get("id")), "_id")
    return record
