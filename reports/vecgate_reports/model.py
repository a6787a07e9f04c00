"""Model: everything a report shows, as plain data. No markup here, no look at files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vecgate.evidence.sessions import Session, Visit
from vecgate.evidence.verify import Verification
from vecgate.reasons import Reason
from vecgate.reporting import Section
from vecgate_reports.plots import Bar, Timeline, bars, timeline
from vecgate_reports.text import Facts, filled, joined, moment, plural, seen
from vecgate_reports.visits import VisitView, visit_view

MAX_VISITS = 1000
type Sections = Callable[[Mapping[str, Any]], Sequence[Section]]


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
        started=moment(session.started),
        ended=moment(session.ended),
        identity=_identity(session),
        verdicts=session.verdicts,
        points=session.points,
        masked=[(name, f"{count} {plural('answer', count)}") for name, count in masked.most_common()],
        limits=[(name, f"{count} ×") for name, count in limits.most_common()],
        visits=[visit_view(visit) for visit in visits[:MAX_VISITS]],
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
    parties = [principal, *principal.get("actors", [])]
    return " via ".join(str(each.get("name") or each.get("subject") or "Not identified") for each in parties)


def _identity(session: Session) -> Facts:
    principal = session.principal or {}
    facts = [visit.facts for visit in session.visits]
    return filled(
        ("Subject", principal.get("subject")),
        ("Issuer", principal.get("issuer")),
        ("Groups", joined(principal.get("groups", []))),
        ("Client", principal.get("client")),
        ("Acting", joined(f"{each['issuer']} {each['subject']}" for each in principal.get("actors", []))),
        ("Account", principal.get("account")),
        ("Login", joined(_named(facts, "session"))),
        ("Token", joined(_named(facts, "token_id"))),
        ("Signed by", joined(_named(facts, "token_issuer"))),
        ("Token fingerprint", joined(_named(facts, "token"))),
        ("Client certificate", joined(seen(each.get("certificate") for each in facts))),
        ("From", joined(seen(str(each.get("peer", "")).rpartition(":")[0] for each in facts))),
        ("User agent", joined(seen(each.get("user_agent") for each in facts))),
    )


def _named(facts: Iterable[Mapping[str, Any]], name: str) -> Sequence[str]:
    """What the session's requests say of their principal under this name."""
    return seen((each.get("principal") or {}).get(name) for each in facts)


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
