"""Masking: an answer `{data, errors}`, or a batch of them, rebuilt by the queries that it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vecgate.errors import Refusal, Unmaskable
from vecgate.masking.maskset import MaskSet
from vecgate.operations import media
from vecgate.operations.dialect import Masked, Reading
from vecgate.operations.document import dump
from vecgate.operations.messages import Answer, Outgoing
from vecgate.operations.model import Operation, Resource
from vecgate.policy.decision import Decision
from vecgate.reasons import Reason
from vecgate_weaviate.graphql import aggregates, errors
from vecgate_weaviate.graphql.aggregation import Aggregation
from vecgate_weaviate.graphql.outgoing import Resolve, sent
from vecgate_weaviate.graphql.parts import Part, Root, resources
from vecgate_weaviate.graphql.printer import printed
from vecgate_weaviate.graphql.reading import GraphqlCall
from vecgate_weaviate.graphql.replies import Found, Showing, members
from vecgate_weaviate.graphql.selection import TYPE, Objects
from vecgate_weaviate.graphql.tree import ROOT
from vecgate_weaviate.known import EVERYTHING

_ENVELOPE: Final = frozenset({"data", "errors"})


@dataclass(frozen=True, slots=True)
class Masking:
    """The masks of a decision, by the names that a query has."""

    decision: Decision
    resolve: Resolve

    def resources(self, part: Part, collection: str) -> tuple[Resource, ...]:
        return resources(self.resolve(collection), part.tenant, first=collection == part.collection)

    def masks(self, part: Part, collection: str) -> MaskSet:
        """Where a collection may or may not have tenants, the stricter of two. Raises Unmaskable if neither is."""
        names = self.resources(part, collection) if part.collection else (EVERYTHING,)
        found = [self.decision.masks.get(name) or self.decision.masks_for(name) for name in names]
        for one in found:
            if all(one is other or one.at_least(other) for other in found):
                return one
        raise Refusal(Reason.MASKED_FIELD_USED, "What is masked of a tenant differs from its collection.")


def bound(operations: Sequence[Operation], resolve: Resolve) -> tuple[Operation, ...]:
    """The same with the collections' own names."""
    return tuple(one.on(tuple(_own(name, resolve) for name in one.resources)) for one in operations)


def _own(resource: Resource, resolve: Resolve) -> Resource:
    collection, slash, tenant = resource.partition("/")
    return f"{collection if collection == EVERYTHING else resolve(collection)}{slash}{tenant}"


def rewrite(reading: Reading, decision: Decision, resolve: Resolve) -> Outgoing:
    """The request with the queries that are left once what masks hide is taken out."""
    call: GraphqlCall = reading.detail
    masking = Masking(decision, resolve)
    bodies = [{"query": printed(sent(query, masking.masks, resolve))} for query in call.queries]
    body = dump(bodies if call.batched else bodies[0])
    return Outgoing("POST", call.row.target({}), media.JSON, body)


def mask(reading: Reading, decision: Decision, resolve: Resolve, answer: Answer) -> Masked:
    """An answer that is not an error. Raises Unmaskable."""
    if answer.status != 200:
        raise Unmaskable("The database answered with an unexpected status.")
    call: GraphqlCall = reading.detail
    document = media.answered(answer)
    masking, found = Masking(decision, resolve), Found()
    if call.batched:
        if type(document) is not list or len(document) != len(call.queries):
            raise Unmaskable("The database did not answer each query of the batch.")
        shown: Any = [_answer(one, query, masking, found) for one, query in zip(document, call.queries, strict=True)]
        failed = all("errors" in one for one in shown)
    else:
        shown = _answer(document, call.queries[0], masking, found)
        failed = "errors" in shown
    return Masked(
        Answer(200, media.JSON, dump(shown)),
        len(found.records),
        found.evidence(),
        tuple(sorted(found.masked)),
        "graphql_error" if failed else "",
    )


def _answer(value: Any, query: Mapping[str, Root], masking: Masking, found: Found) -> dict[str, Any]:
    given = members(value, _ENVELOPE)
    shown: dict[str, Any] = {}
    if given.get("errors") is not None and (failed := errors.normalised(given["errors"], query)):
        shown["errors"] = failed
    data = given.get("data")
    return shown | {"data": None if data is None else _data(members(data, query), query, masking, found)}


def _data(given: Mapping[str, Any], query: Mapping[str, Root], masking: Masking, found: Found) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for key, root in query.items():
        value = given.get(key)
        if root.field.name == TYPE:
            shown[key] = ROOT
        elif value is None:
            shown[key] = None
        elif (explored := root.parts.get("")) is not None:
            shown[key] = _part(value, explored, masking, found)
        else:
            inner = members(value, root.parts.keys() | root.types.keys())
            shown[key] = dict.fromkeys(root.types, f"{root.field.name}ObjectsObj") | {
                name: _part(inner.get(name), part, masking, found) for name, part in root.parts.items()
            }
    return shown


def _part(value: Any, part: Part, masking: Masking, found: Found) -> Any:
    match part.selected:
        case Objects():
            showing = Showing(
                _of(part, masking),
                lambda name: masking.resources(part, name)[0],
                masking.resolve,
                masking.decision.visible,
                found,
            )
            return showing.ranked(value, part.selected)
        case Aggregation():
            return aggregates.shown(
                value, part.selected, masking.masks(part, part.collection), masking.decision.visible
            )
    return aggregates.explored(value, part.selected, masking.masks(part, ""), found)


def _of(part: Part, masking: Masking) -> Callable[[str], MaskSet]:
    """The masks of each collection as one part reaches it, found out once."""
    known: dict[str, MaskSet] = {}

    def masks(collection: str) -> MaskSet:
        if collection not in known:
            known[collection] = masking.masks(part, collection)
        return known[collection]

    return masks
