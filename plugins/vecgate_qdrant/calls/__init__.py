"""Qdrant over gRPC is not served: every call is refused."""

from __future__ import annotations

from collections.abc import Mapping

from vecgate.errors import Refusal, Unmaskable
from vecgate.operations.dialect import Masked, Reading
from vecgate.operations.messages import GRPC, Answer, Outgoing, Request
from vecgate.operations.table import Row
from vecgate.policy.decision import Decision
from vecgate.reasons import Reason

ROWS: tuple[Row, ...] = ()
AS_WRITTEN: frozenset[str] = frozenset()
CHANGES_NAMES: frozenset[str] = frozenset()
ALIASES = Outgoing(GRPC, "/qdrant.Collections/ListAliases")


def aliases(answer: Answer) -> Mapping[str, str]:
    raise Unmaskable("Not served.")


def read(request: Request) -> Reading:
    raise Refusal(Reason.UNKNOWN_OPERATION)


def local(reading: Reading, decision: Decision) -> Answer | None:
    return None


def rewrite(reading: Reading, decision: Decision) -> Outgoing:
    raise Refusal(Reason.UNKNOWN_OPERATION)


def mask(reading: Reading, decision: Decision, answer: Answer) -> Masked:
    raise Unmaskable("Not served.")
