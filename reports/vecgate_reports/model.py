"""Model: everything a report shows, as plain data. No markup here, no look at files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from vecgate.evidence.sessions import Event, Session, Visit
from vecgate.evidence.verify import Verification
from vecgate.reasons import Reason
from vecgate.reporting import Section
from vecgate_reports.plots import Bar, Timeline, bars, timeline

MAX_VISITS = 1000
MAX_RECORDS = 25
MAX_VALUE = 400
STAGES = ("sanitize", "identify", "inspect", "resolve", "authorize", "limit", "approve", "forward", "mask", "record")
type Sections = Callable[[Mapping[str, Any]], Sequence[Section]]
type Facts = Sequence[tuple[str, str]]

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


@dataclass(frozen=True, slots=True)
class SessionView:
    id: str
    who: str
    connection: str
    started: str
    ended: str
    identity: Facts
    verdicts: Counter[str]
    points: int
    masked: Facts
    """Field, and in how many answers it was masked."""
    limits: Facts
    visits: Sequence[VisitView]
    more: int
    timeline: Timeline
    collections: Sequence[Bar]
    sections: Sequence[Section]


@dataclass(frozen=True, slots=True)
class Report:
    title: str
    evidence: str
    generated: str
    verification: Verification
    sessions: Sequence[SessionView]
    verdicts: Counter[str]
    points: int
    requests: int
    people: int
    timeline: Timeline


def build(
    sessions: Sequence[Session],
    verification: Verification,
    evidence: str,
    sections: Sections = lambda session: (),
    *,
    generated: datetime | None = None,
) -> Report:
    """The report of these sessions, contents read. `sections` is asked once per session."""
    views = [_session(session, sections) for session in sessions]
    visits = [visit for session in sessions for visit in session.visits]
    one = views[0] if len(views) == 1 else None
    return Report(
        title=f"{one.who} on {one.connection or 'no connection'}" if one else "Recorded sessions",
        evidence=evidence,
        generated=f"{generated or datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        verification=verification,
        sessions=views,
        verdicts=sum((view.verdicts for view in views), Counter()),
        points=sum(view.points for view in views),
        requests=len(visits),
        people=len({(view.who, dict(view.identity).get("Issuer")) for view in views}),
        timeline=timeline(visits),
    )


def _session(session: Session, sections: Sections) -> SessionView:
    visits = session.visits
    masked = Counter(name for visit in visits for name in visit.facts.get("masked", []))
    limits = Counter(
        f"{visit.facts['reason']}: {visit.facts.get('detail') or 'limit reached'}"
        for visit in visits
        if visit.facts.get("reason") in (Reason.RATE_EXCEEDED, Reason.BUDGET_EXCEEDED, Reason.TOO_MANY_PENDING)
    )
    return SessionView(
        id=session.id,
        who=_who(session.principal),
        connection=session.connection,
        started=_moment(session.started),
        ended=_moment(session.ended),
        identity=_identity(session),
        verdicts=session.verdicts,
        points=session.points,
        masked=[(name, f"{count} {_plural('answer', count)}") for name, count in masked.most_common()],
        limits=[(name, f"{count} ×") for name, count in limits.most_common()],
        visits=[_visit(visit) for visit in visits[:MAX_VISITS]],
        more=max(0, len(visits) - MAX_VISITS),
        timeline=timeline(visits),
        collections=bars(_by_resource(visits)),
        sections=[_text_only(section) for section in sections(session.as_dict())],
    )


def _text_only(section: Section) -> Section:
    """A plugin's section without what would pass for markup: a str subclass could say that it is escaped already."""
    return Section(
        _text(section.title),
        [_text(each) for each in section.paragraphs],
        [_text(each) for each in section.columns],
        [[_text(cell) for cell in row] for row in section.rows],
    )


def _text(value: object) -> str:
    return str.__str__(value) if isinstance(value, str) else str(value)


def _who(principal: Mapping[str, Any] | None) -> str:
    if not principal:
        return "Not identified"
    return str(principal.get("name") or principal.get("subject") or "Not identified")


def _identity(session: Session) -> Facts:
    principal = session.principal or {}
    facts = [visit.facts for visit in session.visits]
    return _filled(
        ("Subject", principal.get("subject")),
        ("Issuer", principal.get("issuer")),
        ("Groups", _joined(principal.get("groups", []))),
        ("Client", principal.get("client")),
        ("Token fingerprint", _joined(_seen((each.get("principal") or {}).get("token") for each in facts))),
        ("From", _joined(_seen(str(each.get("peer", "")).rpartition(":")[0] for each in facts))),
        ("User agent", _joined(_seen(each.get("user_agent") for each in facts))),
    )


def _visit(visit: Visit) -> VisitView:
    facts = visit.facts
    operations = [_operation(each) for each in facts.get("operations", [])]
    names = list(dict.fromkeys(each.name for each in operations))
    resources = list(dict.fromkeys(name for each in operations for name in each.resources))
    records = visit.records[:MAX_RECORDS]
    reason = str(facts.get("reason", "no_outcome"))
    return VisitView(
        exchange=visit.exchange,
        time=_moment(visit.time),
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
        events=[(_heading(each), _moment(each.time), _plain(each.facts)) for each in visit.events],
        queries=[_pretty(query) for query in visit.queries],
        records=[_record(each) for each in records],
        more=max(0, int(facts.get("records", 0)) - len(records)) if records else 0,
        points=int(facts.get("points", 0)),
        timings=[(stage, _duration(spent)) for stage, spent in sorted(facts.get("timings", {}).items(), key=_stage)],
        elapsed=_duration(facts.get("elapsed", 0)),
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
    return _filled(
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
    return _filled(
        ("Policy", f"{decision['verdict']}: {decision['reason']}" if decision else ""),
        ("Grants", _joined(decision.get("grants", []))),
        ("Masks", "; ".join(masks)),
        ("Limits", _joined(decision.get("limits", []))),
        ("Let through by observe mode", "; ".join(observed)),
    )


def _mask(facts: Mapping[str, Any]) -> str:
    whole = [f"{part} {facts[part]}" for part in ("vectors", "scores") if facts.get(part)]
    return _joined([*whole, *(f"{name} {strategy}" for name, strategy in facts.get("fields") or [])]) or "open"


def _approval(facts: Mapping[str, Any]) -> Facts:
    return _filled(
        ("Rule", (facts.get("decision") or {}).get("approval")),
        ("Ticket", facts.get("ticket")),
        ("Approved by", _joined(facts.get("approvers", []))),
    )


def _record(facts: Mapping[str, Any]) -> RecordView:
    score = facts.get("score")
    payload = facts.get("payload") or {}
    return RecordView(
        resource=str(facts.get("resource", "")),
        id=str(facts.get("id", "")),
        score="" if score is None else f"{score:.4g}" if isinstance(score, float) else str(score),
        payload=_plain(payload),
    )


def _by_resource(visits: Iterable[Visit]) -> Counter[str]:
    """Records returned by resource, where they are known by name; by the resources asked for otherwise."""
    counted: Counter[str] = Counter()
    for visit in visits:
        named = Counter(str(record.get("resource", "")) for record in visit.records)
        counted.update(named)
        rest = int(visit.facts.get("points", 0)) - named.total()
        resources = [name for each in visit.facts.get("operations", []) for name in each.get("resources", [])]
        if rest > 0 and resources:
            counted[str(resources[0])] += rest
    return counted


def _plain(facts: Mapping[str, Any]) -> Facts:
    return [(str(name), _short(value)) for name, value in facts.items()]


def _short(value: Any, most: int = MAX_VALUE) -> str:
    text = value if isinstance(value, str) else _compact(value)
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"


def _asked(queries: Sequence[Mapping[str, Any]]) -> str:
    """The first query in a line: words, filters, vectors by their size. Dialects share these members' names."""
    said: list[str] = []
    for query in queries[:1]:
        texts = query.get("texts", query.get("text", ()))
        said += [f"“{text}”" for text in ([texts] if isinstance(texts, str) else texts)]
        said += [_compact(query[name]) for name in ("where", "where_document", "filter") if query.get(name)]
        vectors = query.get("vectors", ())
        if vectors:
            size = vectors[0].get("dimension", "unknown")
            said.append(f"{len(vectors)} {_plural('vector', len(vectors))} of {size} dimensions")
        if ids := query.get("ids"):
            said.append(f"{len(ids)} {_plural('id', len(ids))}")
    more = f" and {len(queries) - 1} more" if len(queries) > 1 else ""
    return _short(", ".join(said) + more, 160)


def _compact(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"


def _pretty(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _filled(*pairs: tuple[str, Any]) -> Facts:
    return [(name, str(value)) for name, value in pairs if value not in (None, "", 0)]


def _seen(values: Iterable[Any]) -> list[str]:
    return list(dict.fromkeys(str(value) for value in values if value))


def _joined(values: Iterable[Any]) -> str:
    return ", ".join(str(value) for value in values if value)


def _moment(time: str) -> str:
    return f"{time[:10]} {time[11:19]} UTC"


def _stage(timing: tuple[str, int]) -> int:
    return STAGES.index(timing[0]) if timing[0] in STAGES else len(STAGES)


def _duration(microseconds: int) -> str:
    if microseconds < 1000:
        return f"{microseconds} µs"
    if microseconds < 1_000_000:
        return f"{microseconds / 1000:.1f} ms"
    return f"{microseconds / 1_000_000:.2f} s"
