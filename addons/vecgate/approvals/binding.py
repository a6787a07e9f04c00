"""Binding: the digest that ties an approval to one request, one principal and one decision.

SHA-256 over the RFC 8785 form of all of it. The operations are part of it with their resolved resources, so that an
alias that was moved, a mask or a grant that changed, or another reviewer group makes another request of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
import rfc8785

from vecgate.approvals.asked import Asked
from vecgate.errors import Refusal
from vecgate.operations.document import Numbers
from vecgate.operations.model import Operation
from vecgate.reasons import Reason

_SAFE = 2**53 - 1
"""Integers beyond are not told apart by every JSON reader (RFC 7493 §2.2)."""
_TAG = "\0"
"""Begins the only key of an object that stands for something JSON lacks; keys that begin with it get one more."""


def binding(asked: Asked) -> str:
    """Lower-case hex. Takes time in proportion to the body: not for the event loop.

    Raises Refusal(bad_body) for a document that has no canonical form, TypeError for one that is not plain data."""
    decision, rule = asked.decision, asked.rule
    facts = {
        "connection": asked.connection,
        "principal": asked.principal.chain,
        "method": asked.request.method,
        "segments": list(asked.request.target.segments),
        "query": [list(pair) for pair in asked.request.target.query],
        "document": plain(asked.document),
        "operations": [_operation(operation) for operation in asked.operations],
        "decision": {
            "grants": sorted(decision.grants),
            "masks": {name: plain(mask.describe()) for name, mask in decision.masks.items()},
            "rule": rule.name if rule else None,
            "approvals": rule.approvals if rule else None,
            "reviewers": rule.reviewers.model_dump() if rule else None,
        },
    }
    try:
        return hashlib.sha256(rfc8785.dumps(facts)).hexdigest()
    except rfc8785.CanonicalizationError as error:
        raise Refusal(Reason.BAD_BODY, "The body has no canonical form, so it cannot be approved.") from error


def plain(value: Any) -> Any:
    """A document as JSON values that no other document has.

    Large integers, bytes, unparsed JSON (`msgspec.Raw`) and long arrays of numbers become tagged objects, all but the
    first by their digest."""
    match value:
        case None | bool() | str() | float():
            return value
        case int():
            return value if -_SAFE <= value <= _SAFE else {f"{_TAG}int": str(value)}
        case msgspec.Raw() | bytes() | bytearray() | memoryview():
            kind = "raw" if isinstance(value, msgspec.Raw) else "bytes"
            return {f"{_TAG}{kind}": hashlib.sha256(value).hexdigest()}
        case Numbers():
            return {f"{_TAG}numbers": hashlib.sha256(value.text).hexdigest()}
        case Mapping():
            return {_key(key): plain(member) for key, member in value.items()}
        case list() | tuple():
            return [plain(member) for member in value]
        case _:
            raise TypeError(f"{type(value).__name__} has no canonical form")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError("a key is not text")
    return _TAG + key if key.startswith(_TAG) else key


def _operation(operation: Operation) -> dict[str, Any]:
    return {
        "name": operation.name,
        "action": operation.action,
        "resources": list(operation.resources),
        "scope": operation.scope,
        "fields": list(operation.fields_used),
        "vectors": operation.vectors,
        "risks": list(operation.risks),
        "copies": operation.copies,
        "count": operation.count,
    }
