"""Errors: Chroma's envelope `{"error": NAME, "message": text}`, for refusals and for the database's own errors.

The Python client raises a typed error for the names it knows; among them `AuthorizationError` stands for 401 and
`AuthError` for 403.
"""

from __future__ import annotations

import re
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.document import dump, parse
from vecgate.operations.media import JSON
from vecgate.operations.messages import Answer, Pairs
from vecgate.reasons import TYPE_PREFIX, Reason

_BY_STATUS: Final = {
    401: "AuthorizationError",
    403: "AuthError",
    404: "NotFoundError",
    409: "UniqueConstraintError",
    429: "RateLimitError",
}
_KNOWN: Final = frozenset(
    {
        *_BY_STATUS.values(),
        "InvalidDimension",
        "InvalidArgumentError",
        "IDAlreadyExists",
        "DuplicateID",
        "InvalidUUID",
        "InvalidHTTPVersion",
        "BatchSizeExceededError",
        "VersionMismatchError",
        "QuotaError",
        "InternalError",
        "ChromaError",
    }
)
_TRACE: Final = re.compile(r"[0-9a-f]{32}")
_SAYS: Final = {
    "NotFoundError": "The resource does not exist.",
    "UniqueConstraintError": "The resource exists already.",
    "ChromaError": "The database refused the request.",
    "InternalError": "The database failed.",
}

RACED: Final = Answer(
    409,
    JSON,
    dump({"error": "ChromaError", "message": "A concurrent request deleted the collection. Repeat the call."}),
)
"""`get_or_create` of a collection that was there when the request was judged. What was judged, a read, was sent."""

# Texts of the server that hold nothing but what the caller sent or what its own API says anyway. What is captured must
# be of the request: everything else the server says could quote what is stored. What it says while it still reads the
# body (serde's "Failed to deserialize") can know of nothing else.
_ECHOES: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"Collection \[(.+)\] (?:does not exist|already exists)\.?",
        r"Tenant \[(.+)\] (?:not found|already exists)",
        r"Database \[(.+)\] (?:not found|already exists)(?:\. Are you sure it exists\?)?",
        (
            r"Database error: error returned from database: \(code: 2067\) UNIQUE constraint failed: "
            r"collections\.name, collections\.database_id"
        ),
        r"Collection expecting embedding with dimension of \d+, got \d+",
        r"(?:Validation error: (?:new_)?name: )?Expected a name [^:]{1,120}\. Got:? (.*)",
        (
            r'Validation error: name: Validation error: length \[\{(?:"min": Number\(3\), )?"value": String\("(.+)"\)'
            r'(?:, "min": Number\(3\))?\}\]'
        ),
        r"Validation error: ids, where: Either ids or where must be specified",
        r"Validation error: limit, where: limit can only be specified when a where clause is provided",
        r"Validation error: metadatas: Invalid metadata at index \d+",
        r"Failed to deserialize the JSON body into the target type: [^\n]{1,400}",
        r"Failed to parse hnsw parameters from segment metadata",
        r"Inconsistent number of IDs, embeddings, documents, URIs and metadatas",
        r"Empty ID, ID must have at least one character",
        r"Invalid where(?: document)? clause",
        r"Regex syntax errror: regex parse error:\n {4}(.+)\n {4} *\^+\nerror: [a-zA-Z ,'`-]{1,120}",
        r"(?:Error executing plan: )?Internal error: Error finding id",
        r"Attached function not found",
        (
            r"Tonic error: code: 'Operation is not implemented or not supported', message: "
            r'"(?:Not implemented| Attached Function operations not yet implemented in SqliteSysDb)"'
        ),
        r"Method scout_logs is not implemented",
        r"(?:Error executing plan: Not implemented: )?Search operation is not implemented for local executor",
        r"Collection forking is unsupported for local chroma",
        r"Count forks is unsupported for local chroma",
        r"Unimplemented: Sparse vector is not supported for local chroma: [^:]{1,120}",
        r"Reset is disabled by config",
    )
)


def refused(refusal: Refusal, exchange: str) -> Answer:
    """A refusal of the gateway's, in the envelope, with RFC 9457's `type` and the exchange's id.

    The Python client shows its user the message alone, so what they need for asking about it stands there too.
    """
    reason = refusal.reason
    message = refusal.detail or reason.summary
    if reason is not Reason.NOT_FOUND:  # there the gateway says what the server would
        known = {"ticket": refusal.extra.get("ticket"), "exchange": exchange}
        named = (f"{name} {value}" for name, value in known.items() if value)
        message += f" [{', '.join([str(reason), *named])}]"
    document = {
        "error": _name(reason.status),
        "message": message,
        "reason": reason,
        "type": TYPE_PREFIX + reason,
        "exchange": exchange,
        **refusal.extra,
    }
    return Answer(reason.status, (*JSON, *_traced(exchange)), dump(document))


def normalised(answer: Answer, sent: frozenset[str]) -> Answer:
    """The database's error with its status, name and trace, and its text only where that cannot disclose anything.

    `sent` are the names, and the patterns of its filters, that the request itself held.
    """
    document = _envelope(answer.body)
    name, message = document.get("error"), document.get("message")
    if not isinstance(name, str) or name not in _KNOWN:
        name = _name(answer.status)
    if not isinstance(message, str) or not _echoes(message, sent):
        message = _SAYS.get(name, "The database refused the request.")
    headers = (*JSON, *_traced(answer.header("chroma-trace-id")))
    return Answer(answer.status, headers, dump({"error": name, "message": message}))


def _traced(trace: str) -> Pairs:
    """Clients keep this header with the error: the database's trace, or the exchange that the gateway refused."""
    return (("chroma-trace-id", trace),) if _TRACE.fullmatch(trace) else ()


def _name(status: int) -> str:
    return _BY_STATUS.get(status, "InternalError" if status >= 500 else "InvalidArgumentError")


def _envelope(body: bytes) -> dict[str, Any]:
    try:
        document = parse(body) if len(body) <= 100_000 else None
    except Refusal:
        return {}
    return document if isinstance(document, dict) else {}


def _echoes(message: str, sent: frozenset[str]) -> bool:
    for pattern in _ECHOES:
        if found := pattern.fullmatch(message):
            return all(name in sent for name in found.groups())
    return False
