"""Facts: what the chain says about an exchange. Names, codes, counts and times; contents lie outside the chain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from msgspec import Raw

from vecgate.evidence import canonical
from vecgate.evidence.canonical import NotCanonical
from vecgate.exchange import Exchange
from vecgate.identity.principal import Principal
from vecgate.masking.maskset import MaskSet
from vecgate.operations.model import Operation, Resource
from vecgate.policy.decision import Decision, Verdict
from vecgate.reasons import Reason

MAX_TEXT = 1024
"""Characters kept of what a client can make as long as it likes."""
_BROKE = frozenset({Reason.CLIENT_GONE, Reason.INTERRUPTED})


def who(principal: Principal) -> dict[str, Any]:
    """The caller as proved, with the names that it can be revoked by; the token only by its fingerprint and its id."""
    signer, token_id = principal.token
    return {
        "issuer": principal.issuer,
        "subject": principal.subject,
        "name": principal.name,
        "groups": sorted(principal.groups),
        "client": principal.client,
        "account": principal.account,
        "session": principal.session,
        "token": principal.fingerprint,
        "token_id": token_id,
        "token_issuer": signer,
        "actors": [_actor(each) for each in principal.actors],
    }


def _actor(actor: Principal) -> dict[str, Any]:
    return {
        "issuer": actor.issuer,
        "subject": actor.subject,
        "name": actor.name,
        "groups": sorted(actor.groups),
        "client": actor.client,
    }


def request_facts(exchange: Exchange, known: Known) -> dict[str, Any]:
    """What is known before anything is forwarded."""
    target, reading, decision = exchange.target, exchange.reading, exchange.decision
    return {
        "connection": exchange.connection,
        "peer": exchange.peer,
        "certificate": exchange.certificate.fingerprint if exchange.certificate else "",
        "user_agent": exchange.user_agent[:MAX_TEXT],
        "method": exchange.method[:MAX_TEXT],
        "path": _path(target.segments) if target else "",
        "query_keys": sorted({key for key, _ in target.query}) if target and target.query else [],
        "principal": known.who(exchange.principal) if exchange.principal else None,
        "operations": known.operations(reading.operations) if reading else [],
        "decision": known.decision(decision) if decision else None,
        "observed": [{"reason": str(refusal.reason), "detail": refusal.detail} for refusal in exchange.observed],
        "ticket": exchange.ticket,
        "approvers": list(exchange.approvers),
    }


def outcome_facts(exchange: Exchange, known: Known) -> dict[str, Any]:
    """How it ended."""
    refusal, masked, decision = exchange.refusal, exchange.masked, exchange.decision
    verdict, reason = ending(exchange)
    facts = request_facts(exchange, known)
    facts |= {
        "verdict": str(verdict),
        "reason": str(reason),
        "detail": (refusal.detail if refusal else decision.detail if decision else "")[:MAX_TEXT],
        "forwarded": exchange.forwarded,
        "upstream_status": exchange.upstream_status,
        "upstream_error": masked.error if masked else "",
        "status": exchange.answer.status if exchange.answer else 0,
        "points": masked.points if masked else 0,
        "records": len(masked.records) if masked else 0,
        "masked": list(masked.masked) if masked else [],
        "timings": dict(exchange.timings),
        "elapsed": exchange.elapsed_us,
    }
    return facts


def ending(exchange: Exchange) -> tuple[str, Reason]:
    """`allow`, `deny`, `hold` or `error`, and the one reason."""
    refusal, decision = exchange.refusal, exchange.decision
    if refusal is None:
        if exchange.observed:
            return Verdict.ALLOW, Reason.OBSERVED
        if exchange.approvers:
            return Verdict.ALLOW, Reason.APPROVED
        return Verdict.ALLOW, decision.reason if decision and decision.verdict is Verdict.ALLOW else Reason.PUBLIC
    if refusal.reason is Reason.APPROVAL_PENDING:
        return Verdict.HOLD, refusal.reason
    broke = refusal.status >= 500 or refusal.reason in _BROKE
    return "error" if broke else Verdict.DENY, refusal.reason


def operation_facts(operations: Sequence[Operation]) -> list[dict[str, Any]]:
    """Operations alike but for their query are one, with their counts added."""
    merged: dict[tuple[object, ...], dict[str, Any]] = {}
    for operation in operations:
        alike = (
            operation.name,
            operation.action,
            operation.resources,
            operation.fields_used,
            operation.vectors,
            operation.risks,
        )
        known = merged.get(alike)
        if known is None:
            merged[alike] = {
                "name": operation.name,
                "action": str(operation.action),
                "resources": list(operation.resources),
                "fields": list(operation.fields_used),
                "vectors": operation.vectors,
                "risks": [str(risk) for risk in operation.risks],
                "count": operation.count,
                "limit": operation.points,
            }
        else:
            known["count"] += operation.count
            limits = known["limit"], operation.points
            known["limit"] = None if None in limits else sum(limits)
    return list(merged.values())


def decision_facts(decision: Decision, known: Known) -> dict[str, Any]:
    approval = decision.approval
    return {
        "verdict": str(decision.verdict),
        "reason": str(decision.reason),
        "grants": list(decision.grants),
        "masks": [known.masks(mask, name) for name, mask in decision.masks.items()],
        "limits": [rule.name for rule in decision.limits],
        "approval": approval.name if approval else "",
    }


class Known:
    """What many requests share, put into words once: callers, and masks on resources. Encoded where that can be."""

    def __init__(self, size: int = 1024) -> None:
        self._size = size
        self._said: dict[tuple[int, str], tuple[object, Any]] = {}
        self._asked: dict[tuple[object, ...], Any] = {}

    def who(self, principal: Principal) -> Any:
        return self._remember(principal, "", lambda: who(principal))

    def masks(self, masks: MaskSet, resource: Resource) -> Any:
        return self._remember(masks, resource, lambda: {"resource": resource} | _described(masks))

    def decision(self, decision: Decision) -> Any:
        if not decision.shared:
            return decision_facts(decision, self)
        return self._remember(decision, "", lambda: decision_facts(decision, self))

    def operations(self, operations: Sequence[Operation]) -> Any:
        """By value: each request has its own, most of them alike. Fields are a client's own words, of any length."""
        if len(operations) != 1 or operations[0].fields_used:
            return operation_facts(operations)
        one = operations[0]
        alike = one.name, one.action, one.resources, one.vectors, one.risks, one.count, one.points
        facts = self._asked.get(alike)
        if facts is None:
            facts = operation_facts(operations)
            with suppress(NotCanonical):
                facts = Raw(canonical.encode(facts))
            if len(self._asked) >= self._size:
                self._asked.clear()
            self._asked[alike] = facts
        return facts

    def _remember(self, about: object, where: str, said: Callable[[], Any]) -> Any:
        """By identity: policy and authentication share their objects, and an object that is kept keeps its id."""
        key = id(about), where
        known = self._said.get(key)
        if known is None:
            facts = said()
            with suppress(NotCanonical):  # what has no canonical form is cleaned with the record it is part of
                facts = Raw(canonical.encode(facts))
            if len(self._said) >= self._size:
                self._said.clear()
            known = self._said[key] = about, facts
        return known[1]


def _described(masks: MaskSet) -> dict[str, Any]:
    described = dict(masks.describe())
    fields = described.get("fields")
    if isinstance(fields, dict):  # names of fields are data, not keys
        described["fields"] = [[name, strategy] for name, strategy in sorted(fields.items())]
    return described


@lru_cache(maxsize=1024)
def _path(segments: tuple[str, ...]) -> str:
    return "/" + "/".join(quote(segment, safe="") for segment in segments)
