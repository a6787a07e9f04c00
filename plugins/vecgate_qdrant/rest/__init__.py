"""Qdrant's REST API: the 69 operations of its description, and the routes it leaves out."""

from __future__ import annotations

from typing import Final

from vecgate.operations.dialect import Reading
from vecgate.operations.document import dump
from vecgate.operations.media import JSON
from vecgate.operations.messages import Answer, Outgoing
from vecgate.operations.table import Call
from vecgate.policy.decision import Decision
from vecgate_qdrant.aliases import resolved
from vecgate_qdrant.rest.masking import aliases, mask
from vecgate_qdrant.rest.outgoing import AS_WRITTEN, CHANGES_NAMES
from vecgate_qdrant.rest.outgoing import built as rewrite
from vecgate_qdrant.rest.reading import read
from vecgate_qdrant.rest.rows import ROWS

__all__ = ["ALIASES", "AS_WRITTEN", "CHANGES_NAMES", "ROWS", "aliases", "local", "mask", "read", "rewrite"]

ALIASES: Final = Outgoing("GET", "/aliases")

_NOWHERE: Final = Answer(200, JSON, dump({"result": {"exists": False}, "status": "ok", "time": 0.0}))


def local(reading: Reading, decision: Decision) -> Answer | None:
    """A collection that the caller may not see does not exist."""
    call: Call = reading.detail
    if call.row.operation != "collection_exists":
        return None
    return None if decision.visible(resolved(reading, call.params["collection_name"])) else _NOWHERE
