"""What the tests of the Qdrant dialect share: readings of requests, decisions, answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from vecgate.config.models import MaskRule
from vecgate.identity.principal import Principal
from vecgate.masking.masker import Masker
from vecgate.masking.maskset import MaskSet
from vecgate.operations.dialect import Masked, Reading
from vecgate.operations.messages import Answer, Request
from vecgate.operations.model import Operation, Resource
from vecgate.operations.target import parse
from vecgate.policy.decision import Decision, Verdict
from vecgate.reasons import Reason
from vecgate_qdrant import QdrantDialect
from vecgate_qdrant.aliases import KEY

QDRANT = QdrantDialect()
KB = "/collections/kb"
POINTS = f"{KB}/points"
UUID = "c14de12b-166a-45bd-bb64-44a0b48b93f6"
ALICE = Principal("https://idp.example/", "alice")
MASKER = Masker(bytes(32))
OPEN = MaskSet.combine([], vectors_open=True, masker=MASKER)


def masks(
    fields: Mapping[str, str] | None = None, *, vectors: str | None = "drop", scores: str | None = None
) -> MaskSet:
    rule = MaskRule(name="rule", vectors=vectors, scores=scores, fields=dict(fields or {}))
    return MaskSet.combine([rule], vectors_open=True, masker=MASKER)


def decided(
    mask: MaskSet,
    visible: Callable[[Resource], bool] = lambda resource: True,
    **others: MaskSet,
) -> Decision:
    """A decision with these masks; `others` are those of other collections."""
    return Decision(
        Verdict.ALLOW, Reason.GRANTED, visible=visible, masks_for=lambda resource: others.get(resource, mask)
    )


def request(method: str, path: str, body: Any = None, **headers: str) -> Request:
    raw = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
    return Request(method, parse(path), {"content-type": "application/json"} | headers, raw)


def unbound(method: str, path: str, body: Any = None) -> Reading:
    return QDRANT.read(request(method, path, body))


def reading(method: str, path: str, body: Any = None, **aliases: str) -> Reading:
    """A bound reading; `aliases` are those that the database has."""
    return QDRANT.bind(unbound(method, path, body), {KEY: aliases})


def operations(method: str, path: str, body: Any = None, **aliases: str) -> tuple[Operation, ...]:
    return reading(method, path, body, **aliases).operations


def answer(result: Any, status: int = 200, content_type: str = "application/json") -> Answer:
    """The server's envelope around a result, or bytes as they are."""
    envelope = {"result": result, "status": "ok", "time": 0.001}
    body = result if isinstance(result, bytes) else msgspec.json.encode(envelope)
    return Answer(status, (("content-type", content_type),), body)


def failure(text: str, status: int = 400) -> Answer:
    return Answer(
        status, (("content-type", "application/json"),), msgspec.json.encode({"status": {"error": text}, "time": 0.0})
    )


def masked(read: Reading, decision: Decision | MaskSet, result: Any, **more: Any) -> Masked:
    chosen = decided(decision) if isinstance(decision, MaskSet) else decision
    return QDRANT.mask(read, chosen, ALICE, answer(result, **more))


def shown(read: Reading, decision: Decision | MaskSet, result: Any) -> Any:
    return msgspec.json.decode(masked(read, decision, result).answer.body)["result"]


def sent(read: Reading, decision: Decision | MaskSet) -> tuple[str, Any]:
    """Method and path, and the document, of what goes upstream."""
    outgoing = QDRANT.rewrite(read, decided(decision) if isinstance(decision, MaskSet) else decision)
    return f"{outgoing.method} {outgoing.path}", msgspec.json.decode(outgoing.body) if outgoing.body else None
