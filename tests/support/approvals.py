"""Requests that wait for a person, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.state import person
from vecgate.approvals.approvals import Approvals
from vecgate.approvals.asked import Asked
from vecgate.config.models import ApprovalRule
from vecgate.errors import Unavailable
from vecgate.identity.principal import Principal
from vecgate.operations.messages import Request, Target
from vecgate.operations.model import Action, Operation, Risk
from vecgate.policy.decision import Decision, Verdict
from vecgate.reasons import Reason
from vecgate.state.store import StateStore

ALICE = person("alice", "pipelines")
OWNER = person("owner", "db-owners")
SECOND = person("second", "db-owners")
STRANGER = person("stranger", "other")


def rule(**changes: Any) -> ApprovalRule:
    values = {"name": "destructive", "reviewers": {"groups": ["db-owners"]}, "expires": "15m"}
    return ApprovalRule.model_validate(values | changes)


def asked(document: Any = None, *, principal: Principal = ALICE, **changes: Any) -> Asked:
    """alice deletes from kb. `changes` are fields of Asked; `rule` is the approval rule."""
    held = changes.pop("rule", rule())
    values: dict[str, Any] = {
        "connection": "docs",
        "exchange": "e" * 32,
        "peer": "127.0.0.1:5000",
        "user_agent": "client/1",
        "principal": principal,
        "request": Request("POST", Target(("api", "kb", "delete")), body=b'{"where":{"city":"Graz"}}'),
        "operations": (
            Operation(
                "delete",
                Action.DELETE,
                ("t/d/kb",),
                risks=(Risk.BULK_DELETE,),
                query={"where": {"city": "Graz"}},
            ),
        ),
        "decision": Decision(Verdict.HOLD, Reason.APPROVAL_PENDING, grants=("owners",), approval=held),
        "document": {"where": {"city": "Graz"}} if document is None else document,
    }
    return Asked(**(values | changes))


class Evidence:
    """Keeps what is recorded; can be made to fail."""

    def __init__(self) -> None:
        self.records: list[Mapping[str, Any]] = []
        self.broken = False

    async def record(self, kind: str, facts: Mapping[str, Any]) -> None:
        assert kind in ("approval", "revocation")
        if self.broken:
            raise Unavailable(Reason.EVIDENCE_UNAVAILABLE)
        self.records.append(facts)

    @property
    def steps(self) -> list[str]:
        return [facts["step"] for facts in self.records]


def approvals_on(store: StateStore, evidence: Evidence, **more: Any) -> Approvals:
    return Approvals(store, record=evidence.record, **more)


def never() -> bool:
    """The client stays."""
    return False
