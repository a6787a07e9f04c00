"""Answers: what each operation may answer, and how it is masked. Anything else is withheld."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from vecgate.errors import Refusal, Unmaskable
from vecgate.masking.maskset import MaskSet
from vecgate.operations.dialect import Reading, Record
from vecgate.operations.model import Resource
from vecgate.operations.table import Call
from vecgate.policy.decision import Decision
from vecgate_qdrant import aliases
from vecgate_qdrant.masks import masks_of
from vecgate_qdrant.rest import catalogue
from vecgate_qdrant.rest.kinds import is_id
from vecgate_qdrant.rest.records import Masking, listed
from vecgate_qdrant.rest.results import OFFSETS, SHAPES


@dataclass(slots=True)
class Rebuilt:
    result: Any
    points: int = 0
    records: tuple[Record, ...] = ()
    masked: set[str] = field(default_factory=set)


class Absent(Exception):
    """The database answered a question of the gateway's in such a way that the caller's has no answer."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a rebuilding function may look at besides the answer."""

    reading: Reading
    decision: Decision

    @property
    def call(self) -> Call:
        call: Call = self.reading.detail
        return call

    @property
    def resource(self) -> Resource:
        return aliases.resolved(self.reading, self.call.params["collection_name"])

    def masks(self, resource: Resource) -> MaskSet:
        return masks_of(self.decision, resource)

    def masking(self, resource: Resource, asked: Any = None) -> Masking:
        return Masking(resource, self.masks(resource), sorted=_is_sorted(asked or {}))


def rebuild(context: Context, result: Any) -> Rebuilt:
    """The result as the caller may see it. Raises Unmaskable, or Absent."""
    operation = context.call.row.operation
    if kind := SHAPES.get(operation):
        try:
            kind.check(result, "")
        except Refusal:
            raise Unmaskable("The database's answer is not of the expected form.") from None
        return Rebuilt(result)
    return _FUNCTIONS[operation](context, result)


def _collections(context: Context, result: Any) -> Rebuilt:
    return Rebuilt(catalogue.collections(result, context.decision))


def _aliases(context: Context, result: Any) -> Rebuilt:
    return Rebuilt(catalogue.visible_aliases(result, context.decision))


def _info(context: Context, result: Any) -> Rebuilt:
    masked: set[str] = set()
    return Rebuilt(catalogue.info(result, context.masks(context.resource), masked), masked=masked)


def _one_point(context: Context, result: Any) -> Rebuilt:
    """Asked for as a list of one."""
    masking = context.masking(context.resource)
    found = [masking.record(one) for one in listed(result)]
    if not found:
        raise Absent
    if len(found) > 1 or str(found[0]["id"]) != context.call.params["id"]:
        raise Unmaskable("the database answered with another point")
    return _done(found[0], masking)


def _points(context: Context, result: Any) -> Rebuilt:
    masking = context.masking(context.resource)
    return _done([masking.record(one) for one in listed(result)], masking)


def _scrolled(context: Context, result: Any) -> Rebuilt:
    masking = context.masking(context.resource, context.call.document)
    page = _members(result, {"points", "next_page_offset"}, {"points"})
    following = page.get("next_page_offset")
    if following is not None and not is_id(following):
        raise Unmaskable("a page's end is no id")
    return _done(
        {"points": [masking.record(one) for one in listed(page["points"])], "next_page_offset": following}, masking
    )


def _queried(context: Context, result: Any) -> Rebuilt:
    masking = context.masking(context.resource, context.call.document)
    return _done({"points": masking.ranked(_members(result, {"points"}, {"points"})["points"])}, masking)


def _searched(context: Context, result: Any) -> Rebuilt:
    """A legacy search: a bare list."""
    masking = context.masking(context.resource)
    return _done(masking.ranked(result), masking)


def _batched(one: Callable[[Context, Any], Rebuilt]) -> Callable[[Context, Any], Rebuilt]:
    """One answer for each search."""

    def rebuild_batch(context: Context, result: Any) -> Rebuilt:
        searches = context.call.document["searches"]
        if len(listed(result)) != len(searches):
            raise Unmaskable("the database did not answer each search")
        call = context.call
        alone = [replace(context.reading, detail=replace(call, document=search)) for search in searches]
        parts = [one(Context(reading, context.decision), each) for reading, each in zip(alone, result, strict=True)]
        return Rebuilt(
            [part.result for part in parts],
            sum(part.points for part in parts),
            tuple(record for part in parts for record in part.records),
            {name for part in parts for name in part.masked},
        )

    return rebuild_batch


def _grouped(context: Context, result: Any) -> Rebuilt:
    """Each group is a ranked list; what was looked up for it has the masks of where it was looked up."""
    document = context.call.document
    masking = context.masking(context.resource, document)
    lookup = document.get("with_lookup")
    name = lookup.get("collection") if type(lookup) is dict else lookup
    looked = None if name is None else context.masking(aliases.resolved(context.reading, name))
    groups = []
    for group in listed(_members(result, {"groups"}, {"groups"})["groups"]):
        members = _members(group, {"hits", "id", "lookup"}, {"hits", "id"})
        if type(members["id"]) not in {str, int}:
            raise Unmaskable("a group has no proper id")
        shown = {"hits": masking.ranked(members["hits"]), "id": members["id"]}
        if members.get("lookup") is not None:
            if looked is None:
                raise Unmaskable("a group has a record that was not asked for")
            shown["lookup"] = looked.record(members["lookup"])
        groups.append(shown)
    rebuilt = _done({"groups": groups}, masking)
    if looked is not None:
        rebuilt.points += looked.points
        rebuilt.records += tuple(looked.records)
        rebuilt.masked |= looked.masked
    return rebuilt


def _pairs(context: Context, result: Any) -> Rebuilt:
    masking = context.masking(context.resource)
    pairs = listed(_members(result, {"pairs"}, {"pairs"})["pairs"])
    for pair in pairs:
        if _members(pair, {"a", "b", "score"}, {"a", "b", "score"}) and not (is_id(pair["a"]) and is_id(pair["b"])):
            raise Unmaskable("a pair has no proper ids")
    scores = masking.scores([pair["score"] for pair in pairs])
    shown = [{**pair, "score": score} for pair, score in zip(pairs, scores, strict=True)]
    ids = {pair[end] for pair in pairs for end in ("a", "b")}
    return Rebuilt({"pairs": shown}, len(ids), masked=masking.masked)


def _offsets(context: Context, result: Any) -> Rebuilt:
    masking = context.masking(context.resource)
    try:
        OFFSETS.check(result)
    except Refusal:
        raise Unmaskable("a matrix is not of the expected form") from None
    return Rebuilt({**result, "scores": masking.scores(result["scores"])}, len(result["ids"]), masked=masking.masked)


def _done(result: Any, masking: Masking) -> Rebuilt:
    return Rebuilt(result, masking.points, tuple(masking.records), masking.masked)


def _is_sorted(document: dict[str, Any]) -> bool:
    query = document.get("query")
    return document.get("order_by") is not None or (type(query) is dict and "order_by" in query)


def _members(value: Any, known: set[str], required: set[str]) -> dict[str, Any]:
    if type(value) is not dict or not required <= value.keys() <= known:
        raise Unmaskable("an answer has other members than expected")
    return value


_FUNCTIONS: Final[dict[str, Callable[[Context, Any], Rebuilt]]] = {
    "get_collections": _collections,
    "get_collection": _info,
    "get_collections_aliases": _aliases,
    "get_collection_aliases": _aliases,
    "get_point": _one_point,
    "get_points": _points,
    "scroll_points": _scrolled,
    "query_points": _queried,
    "query_batch_points": _batched(_queried),
    "query_points_groups": _grouped,
    "search_matrix_pairs": _pairs,
    "search_matrix_offsets": _offsets,
    "search_points": _searched,
    "recommend_points": _searched,
    "discover_points": _searched,
    "search_batch_points": _batched(_searched),
    "recommend_batch_points": _batched(_searched),
    "discover_batch_points": _batched(_searched),
    "search_point_groups": _grouped,
    "recommend_point_groups": _grouped,
}
TEXTUAL: Final = frozenset({"root", "healthz", "livez", "readyz"})
"""Operations whose answers have no envelope."""
ANSWERED: Final = SHAPES.keys() | _FUNCTIONS.keys() | TEXTUAL
"""Operations whose answers are understood."""
