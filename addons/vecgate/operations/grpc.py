"""gRPC over HTTP/2: messages and their prefixes, status codes, refusals, deadlines.

Facts: the protocol description, grpc/grpc `doc/PROTOCOL-HTTP2.md`, and `doc/statuscodes.md`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote

from vecgate.errors import Refusal
from vecgate.operations.compression import gunzip
from vecgate.operations.messages import GRPC, Answer, Outgoing, Pairs
from vecgate.operations.table import Row
from vecgate.reasons import TYPE_PREFIX, Reason

MEDIA: Final = frozenset({"application/grpc", "application/grpc+proto"})
"""Content types of what is understood. `application/grpc-web` and other codecs are not."""
TYPE: Final[Pairs] = (("content-type", "application/grpc"),)
HEALTH: Final = "/grpc.health.v1.Health/Check"
OK: Final = "0"
UNAUTHENTICATED: Final = "16"

_PREFIX = 5
_TIMEOUT = re.compile(r"([0-9]{1,8})([HMSmun])")
_UNITS: Final = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
_CODES: Final = {
    400: 3,  # INVALID_ARGUMENT
    401: 16,  # UNAUTHENTICATED
    403: 7,  # PERMISSION_DENIED
    404: 5,  # NOT_FOUND
    405: 12,  # UNIMPLEMENTED
    408: 4,  # DEADLINE_EXCEEDED
    413: 8,  # RESOURCE_EXHAUSTED
    415: 3,
    421: 3,
    429: 8,
    431: 8,
    499: 1,  # CANCELLED
    500: 13,  # INTERNAL
    502: 13,
    503: 14,  # UNAVAILABLE
}
_BY_REASON: Final = {Reason.UNKNOWN_OPERATION: 12, Reason.UPSTREAM_UNREACHABLE: 14}


def messages(body: bytes, *, encoding: str = "", limit: int) -> tuple[bytes, ...]:
    """The messages of a body, decoded. `encoding` is the `grpc-encoding`; each message has at most `limit` bytes.

    Raises Refusal: bad_body for a prefix that lies, unsupported_media for a compression that is not gzip,
    body_too_large.
    """
    found: list[bytes] = []
    at = 0
    while at < len(body):
        flag, size = body[at], int.from_bytes(body[at + 1 : at + _PREFIX])
        start, at = at + _PREFIX, at + _PREFIX + size
        if at > len(body) or flag > 1:
            raise Refusal(Reason.BAD_BODY, "A gRPC message's prefix does not fit the body.")
        if size > limit:
            raise Refusal(Reason.BODY_TOO_LARGE)
        message = body[start:at]
        if flag:
            if encoding != "gzip":
                raise Refusal(Reason.UNSUPPORTED_MEDIA, "Send gRPC messages plain or with gzip.")
            message = gunzip(message, limit)
        found.append(message)
    return tuple(found)


def framed(sent: Iterable[bytes]) -> bytes:
    """The messages with their prefixes, uncompressed."""
    return b"".join(b"\0" + len(message).to_bytes(4) + message for message in sent)


def timeout(text: str) -> float:
    """Seconds of a `grpc-timeout`. Raises Refusal: bad_header."""
    found = _TIMEOUT.fullmatch(text)
    if not found:
        raise Refusal(Reason.BAD_HEADER, "grpc-timeout is malformed.")
    return int(found[1]) * _UNITS[found[2]]


def timeout_text(seconds: float) -> str:
    """At most eight digits; what lasts longer than a day ends with one."""
    return f"{int(min(seconds, 86_400.0) * 1e3)}m"


def call(row: Row, message: bytes, metadata: Pairs = ()) -> Outgoing:
    """The call of a row, to be sent upstream."""
    return Outgoing(GRPC, row.path, metadata, message)


def answered(*replies: bytes, metadata: Pairs = ()) -> Answer:
    """A call that went well."""
    return Answer(200, (*TYPE, *metadata, ("grpc-status", OK)), messages=replies)


def code_of(refusal: Refusal, codes: Mapping[Reason, int]) -> int:
    reason = refusal.reason
    return codes.get(reason) or _BY_REASON.get(reason) or _CODES.get(reason.status, 2)


def failed(code: int, text: str, metadata: Pairs = ()) -> Answer:
    """A call that failed; its text is percent-encoded for the wire."""
    status = (("grpc-status", str(code)), ("grpc-message", quote(text, safe=" !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~")))
    return Answer(200, (*TYPE, *status, *metadata), messages=())


def refused(refusal: Refusal, exchange: str, codes: Mapping[Reason, int]) -> Answer:
    """A refusal: the message says what the other wires' bodies say, the metadata has it for programs."""
    reason = refusal.reason
    ticket = str(refusal.extra.get("ticket") or "")
    named = [str(reason), *([f"ticket {ticket}"] if ticket else []), f"exchange {exchange}"]
    metadata = (
        ("vecgate-reason", str(reason)),
        ("vecgate-type", TYPE_PREFIX + reason),
        *((("vecgate-ticket", ticket),) if ticket else ()),
    )
    text = f"{refusal.detail or reason.summary} [{', '.join(named)}]"
    return failed(code_of(refusal, codes), text, metadata)


def normalised(answer: Answer) -> Answer:
    """The database's failure with its code alone: its text could quote what is stored."""
    code = answer.header("grpc-status")
    known = int(code) if code.isdigit() and 1 <= int(code) <= 16 else 2
    return failed(known, _SAYS[known])


_SAYS: Final = {
    1: "The call was cancelled.",
    2: "The database failed.",
    3: "The database refused an argument.",
    4: "The database did not answer in time.",
    5: "The database does not have this.",
    6: "This exists already.",
    7: "The database refused the gateway's credential for this call.",
    8: "The database is out of some resource.",
    9: "The database is not in the state for this.",
    10: "The database aborted the call.",
    11: "Something is out of range.",
    12: "The database does not implement this call.",
    13: "The database failed.",
    14: "The database is unavailable.",
    15: "The database lost data.",
    16: "The database did not accept the gateway's credential.",
}
