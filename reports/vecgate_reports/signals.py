"""Signals: what is worth a second look in a session, through the same hook that other plugins use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vecgate.hookspecs import hookimpl
from vecgate.reasons import Reason
from vecgate.reporting import Section

PROBES = {
    Reason.MASKED_FIELD_USED: "Masked fields, vectors or scores used to steer a request",
    Reason.NO_GRANT: "Reached for what no grant covers",
    Reason.UNKNOWN_OPERATION: "Operations that are unknown or refused by name",
    Reason.BAD_TARGET: "Malformed or ambiguous request targets",
    Reason.SELF_APPROVAL: "Tried to approve an own request",
    Reason.UNMASKABLE_RESPONSE: "Answers withheld because they could not be masked",
    Reason.INTERRUPTED: "Interrupted: whether the change happened must be looked up in the database",
}


@hookimpl
def vecgate_report_sections(session: Mapping[str, Any]) -> Sequence[Section]:
    """One section, if there is anything to say."""
    exchanges: Sequence[Mapping[str, Any]] = session["exchanges"]
    rows = []
    for reason, sentence in PROBES.items():
        count = sum(exchange.get("reason") == reason for exchange in exchanges)
        if count:
            rows.append((sentence, str(reason), str(count)))
    unbounded = sum(
        operation.get("limit", 0) is None
        for exchange in exchanges
        if exchange.get("verdict") == "allow"
        for operation in exchange.get("operations", [])
    )
    if unbounded:
        rows.append(("Reads without a limit on records", "allowed", str(unbounded)))
    if not rows:
        return []
    return [Section("Worth a second look", columns=("What", "Reason", "Times"), rows=rows)]
