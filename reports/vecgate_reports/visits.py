"""Visits: one request as a report shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vecgate.evidence.sessions import Event, Visit
from vecgate.reasons import Reason
from vecgate_reports.text import Facts, compact, duration, filled, joined, moment, plain, plural, pretty, short

MAX_RECORDS = 25
STAGES = ("sanitize", "identify", "inspect", "resolve", "authorize", "limit", "approve", "forward", "mask", "record")
SUMMARIES = {str(reason): reason.summary for reason in Reason}
VERDICTS = {
    "allow": "Allowed",
    "deny": "Denied",
    "hold": "Held",
    "error": "Failed",
    "open": "No outcome",
}


@dataclass(frozen=True, slots=True)
class RecordView:
    resource: str
    id: str
    score: str
    payload: Facts


@dataclass(frozen=True, slots=True)
class OperationView:
    name: str
    action: str
    resources: Sequence[str]
    notes: Sequence[str]
    """Risks, fields that steer it, vectors asked for, how many."""


@dataclass(frozen=True, slots=True)
class VisitView:
    exchange: str
    time: str
    clock: str
    verdict: str
    reason: str
    summary: str
    """The reason in a sentence."""
    detail: str
    title: str
    resources: str
    asked: str
    """The first query in a line."""
    operations: Sequence[OperationView]
    request: Facts
    rules: Facts
    masked: Sequence[str]
    approval: Facts
    events: Sequence[tuple[str, str, Facts]]
    queries: Sequence[str]
    records: Sequence[RecordView]
    more: int
    points: int
    timings: Facts
    elapsed: str
    erased: bool


def visit_view(visit: Visit) -> VisitView:
    facts = visit.facts
    operations = [_operation(each) for each in facts.get("operations", [])]
    names = list(dict.fromkeys(each.name for each in operations))
    resources = list(dict.fromkeys(name for each in operations for name in each.resources))
    records = visit.records[:MAX_RECORDS]
    reason = str(facts.get("reason", "no_outcome"))
    return VisitView(
        exchange=visit.exchange,
        time=moment(visit.time),
        clock=visit.time[11:19],
        verdict=visit.verdict if visit.verdict in VERDICTS else "error",
        reason=reason,
        summary=SUMMARIES.get(reason, "The gateway has not recorded an outcome."),
        detail=str(facts.get("detail", "")),
        title=", ".join(names[:3]) + (" …" if len(names) > 3 else "") or "Request not understood",
        resources=", ".join(resources[:3]) + (f" and {len(resources) - 3} more" if len(resources) > 3 else ""),
        asked=_asked(visit.queries),
        operations=operations,
        request=_request(facts, visit.exchange),
        rules=_rules(facts),
        masked=[str(name) for name in facts.get("masked", [])],
        approval=_approval(facts),
        events=[(_heading(each), moment(each.time), plain(each.facts)) for each in visit.events],
        queries=[pretty(query) for query in visit.queries],
        records=[_record(each) for each in records],
        more=max(0, int(facts.get("records", 0)) - len(records)) if records else 0,
        points=int(facts.get("points", 0)),
        timings=[(stage, duration(spent)) for stage, spent in sorted(facts.get("timings", {}).items(), key=_stage)],
        elapsed=duration(facts.get("elapsed", 0)),
        erased=visit.erased,
    )


def _heading(event: Event) -> str:
    return f"{event.kind} {event.facts.get('step', '')}".strip().capitalize()


def _operation(facts: Mapping[str, Any]) -> OperationView:
    notes = [f"risk: {risk}" for risk in facts.get("risks", [])]
    notes += [f"steered by {name}" for name in facts.get("fields", [])]
    if facts.get("vectors"):
        notes.append("would return vectors")
    if facts.get("count", 1) != 1:
        notes.append(f"{facts['count']} elements")
    if facts.get("limit", 0) is None:
        notes.append("no limit on records")
    return OperationView(str(facts["name"]), str(facts["action"]), list(facts.get("resources", [])), notes)


def _request(facts: Mapping[str, Any], exchange: str) -> Facts:
    path = str(facts.get("path", ""))
    keys = facts.get("query_keys") or []
    return filled(
        ("Request", f"{facts.get('method', '')} {path}{'?' + '&'.join(map(str, keys)) if keys else ''}".strip()),
        ("From", facts.get("peer")),
        ("Answer", facts.get("status")),
        ("Database answered", facts.get("upstream_status")),
        ("Forwarded", None if "forwarded" not in facts else "yes" if facts["forwarded"] else "no"),
        ("Exchange", exchange),
    )


def _rules(facts: Mapping[str, Any]) -> Facts:
    decision = facts.get("decision") or {}
    masks = [f"{each.get('resource')}: {_mask(each)}" for each in decision.get("masks", [])]
    observed = [f"{each['reason']} {each['detail']}".strip() for each in facts.get("observed", [])]
    return filled(
        ("Policy", f"{decision['verdict']}: {decision['reason']}" if decision else ""),
        ("Grants", joined(decision.get("grants", []))),
        ("Masks", "; ".join(masks)),
        ("Limits", joined(decision.get("limits", []))),
        ("Let through by observe mode", "; ".join(observed)),
    )


def _mask(facts: Mapping[str, Any]) -> str:
    whole = [f"{part} {facts[part]}" for part in ("vectors", "scores") if facts.get(part)]
    return joined([*whole, *(f"{name} {strategy}" for name, strategy in facts.get("fields") or [])]) or "open"


def _approval(facts: Mapping[str, Any]) -> Facts:
    return filled(
        ("Rule", (facts.get("decision") or {}).get("approval")),
        ("Ticket", facts.get("ticket")),
        ("Approved by", joined(facts.get("approvers", []))),
    )


def _record(facts: Mapping[str, Any]) -> RecordView:
    score = facts.get("score")
    payload = facts.get("payload") or {}
    return RecordView(
        resource=str(facts.get("resource", "")),
        id=str(facts.get("id", "")),
        score="" if score is None else f"{score:.4g}" if isinstance(score, float) else str(score),
        payload=plain(payload),
    )


def _asked(queries: Sequence[Mapping[str, Any]]) -> str:
    """The first query in a line: words, filters, vectors by their size. Dialects share these members' names."""
    said: list[str] = []
    for query in queries[:1]:
        texts = query.get("texts", query.get("text", ()))
        said += [f"“{text}”" for text in ([texts] if isinstance(texts, str) else texts)]
        said += [compact(query[name]) for name in ("where", "where_document", "filter") if query.get(name)]
        vectors = query.get("vectors", ())
        if vectors:
            size = vectors[0].get("dimension", "unknown")
            said.append(f"{len(vectors)} {plural('vector', len(vectors))} of {size} dimensions")
        if ids := query.get("ids"):
            said.append(f"{len(ids)} {plural('id', len(ids))}")
    more = f" and {len(queries) - 1} more" if len(queries) > 1 else ""
    return short(", ".join(said) + more, 160)


def _stage(timing: tuple[str, int]) -> int:
    return STAGES.index(timing[0]) if timing[0] in STAGES else len(STAGES)
