"""What the tests of Weaviate's GraphQL share: readings of queries, decisions, answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from vecgate.config.models import MaskRule
from vecgate.masking.masker import Masker
from vecgate.masking.maskset import MaskSet
from vecgate.operations.dialect import Masked, Reading
from vecgate.operations.messages import Answer, Request
from vecgate.operations.model import Operation, Resource
from vecgate.operations.target import parse
from vecgate.policy.decision import Decision, Verdict
from vecgate.reasons import Reason
from vecgate_weaviate.graphql import masking, reading

MASKER = Masker(bytes(32))
OPEN = MaskSet.combine([], vectors_open=True, masker=MASKER)
UUID = "c14de12b-166a-45bd-bb64-44a0b48b93f6"
JSON = (("content-type", "application/json"),)
POST, BATCH = reading.ROWS


def as_written(name: str) -> str:
    return name


def masks(
    fields: Mapping[str, str] | None = None, *, vectors: str | None = "drop", scores: str | None = None
) -> MaskSet:
    rule = MaskRule(name="rule", vectors=vectors, scores=scores, fields=dict(fields or {}))
    return MaskSet.combine([rule], vectors_open=True, masker=MASKER)


def decided(
    mask: MaskSet, others: Mapping[str, MaskSet] | None = None, visible: Callable[[Resource], bool] = lambda name: True
) -> Decision:
    """A decision with these masks; `others` are those of other collections."""
    known = others or {}
    return Decision(Verdict.ALLOW, Reason.GRANTED, visible=visible, masks_for=lambda name: known.get(name, mask))


def body_read(body: Any, row: Any = POST, **headers: str) -> Reading:
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return reading.read(Request("POST", parse(row.path), headers, raw), row)


def read(query: str, variables: Mapping[str, Any] | None = None, name: str | None = None) -> Reading:
    more = {"variables": variables, "operationName": name}
    return body_read({"query": query} | {key: value for key, value in more.items() if value is not None})


def operations(query: str, **more: Any) -> tuple[Operation, ...]:
    return read(query, **more).operations


def judged(query: str, **more: Any) -> list[tuple[str, tuple[str, ...]]]:
    """Actions and resources."""
    return [(str(one.action), one.resources) for one in operations(query, **more)]


def steering(query: str, **more: Any) -> dict[str, tuple[str, ...]]:
    """The fields that steer, by the first resource that has any."""
    return {one.resources[0]: one.fields_used for one in operations(query, **more) if one.fields_used}


def sent(query: str | Reading, mask: MaskSet | Decision = OPEN, **aliases: str) -> str:
    """The query that goes upstream."""
    asked = read(query) if isinstance(query, str) else query
    decision = decided(mask) if isinstance(mask, MaskSet) else mask
    outgoing = masking.rewrite(asked, decision, lambda name: aliases.get(name, name))
    query = msgspec.json.decode(outgoing.body)["query"]
    assert isinstance(query, str)
    return query


def answer(body: Any) -> Answer:
    return Answer(200, JSON, body if isinstance(body, bytes) else msgspec.json.encode(body))


def masked(query: str | Reading, mask: MaskSet | Decision, body: Any, **aliases: str) -> Masked:
    asked = read(query) if isinstance(query, str) else query
    decision = decided(mask) if isinstance(mask, MaskSet) else mask
    return masking.mask(asked, decision, lambda name: aliases.get(name, name), answer(body))


def shown(query: str | Reading, mask: MaskSet | Decision, data: Any, **aliases: str) -> Any:
    return msgspec.json.decode(masked(query, mask, {"data": data}, **aliases).answer.body)["data"]
