"""Records: points as they come back, one by one, ranked, or in groups, each member masked or withheld."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from vecgate.errors import Unmaskable
from vecgate.masking import payloads
from vecgate.masking.maskset import MaskSet
from vecgate.operations.dialect import Record
from vecgate.operations.document import Number, Numbers
from vecgate.operations.model import Resource
from vecgate.operations.vectors import is_vector
from vecgate_qdrant.rest.kinds import is_id

_RECORD: Final = frozenset({"id", "payload", "vector", "shard_key", "order_value"})
_SCORED: Final = _RECORD | {"version", "score"}
_NUMERIC: Final = frozenset({int, float, Number})


@dataclass(slots=True)
class Masking:
    """The masks of one collection at work on one answer; collects what evidence wants to know."""

    resource: Resource
    masks: MaskSet
    sorted: bool = False
    """Records were asked for in the order of a field, which is open: its values come back."""
    records: list[Record] = field(default_factory=list)
    masked: set[str] = field(default_factory=set)

    @property
    def points(self) -> int:
        return len(self.records)

    def record(self, value: Any) -> dict[str, Any]:
        """A record that was not ranked. Raises Unmaskable."""
        return self._shown(_members(value, _RECORD, {"id"}), None)

    def ranked(self, value: Any) -> list[dict[str, Any]]:
        """One ranked list, best first. Raises Unmaskable."""
        points = [_members(one, _SCORED, {"id", "score"}) for one in listed(value)]
        scores = self.scores([one["score"] for one in points])
        return [self._shown(one, score) for one, score in zip(points, scores, strict=True)]

    def scores(self, values: Any) -> list[Any]:
        """The scores of one list as the caller may see them; clients need one, so what is left out is zero."""
        if not isinstance(values, list | Numbers) or not _NUMERIC.issuperset(map(type, values)):
            raise Unmaskable("a score is not a number")
        before: list[float | None] = [float(value) for value in values]
        after = self.masks.scores(before)
        if after == before:
            return list(values)  # as they came, to the digit
        if before:
            self.masked.add("scores")
        return [0.0] * len(before) if after is None else after

    def _shown(self, one: dict[str, Any], score: Any) -> dict[str, Any]:
        """The members in the order they came."""
        if not is_id(one["id"]):
            raise Unmaskable("a point has no proper id")
        shown: dict[str, Any] = {}
        kept: Mapping[str, Any] = {}
        for name, value in one.items():
            match name:
                case "payload" if value is not None:
                    shown[name], kept = payloads.masked(value, self.masks, self.masked)
                case "vector" if value is not None:
                    if (vector := self._vector(value)) is not None:
                        shown[name] = vector
                case "score":
                    shown[name] = score
                case "order_value" if value is not None:
                    order = _scalar(value)
                    if self.sorted:
                        shown[name] = order
                case _:
                    shown[name] = _scalar(value)
        self.records.append(Record(self.resource, str(one["id"]), kept, None if score is None else float(score)))
        return shown

    def _vector(self, value: Any) -> Any:
        """A point's vector, or its vectors by name; None for what is left out."""
        if type(value) is not dict:
            return self._one(value)
        shown = {name: seen for name, one in value.items() if (seen := self._one(one)) is not None}
        return shown or (None if value else {})

    def _one(self, value: Any) -> Any:
        dense = is_vector(value)
        several = not dense and type(value) is list and all(map(is_vector, value))
        if not (dense or several or _is_sparse(value)):
            raise Unmaskable("a vector is not one")
        if not self.masks.hides_vectors:
            return value
        self.masked.add("vectors")
        if not self.masks.fetches_vectors or not (dense or several):
            return None  # the indices of a sparse vector are its words
        if dense:
            return self.masks.vector(value)
        rows = [self.masks.vector(row) for row in value]
        return None if None in rows else rows


def listed(value: Any) -> list[Any]:
    if type(value) is not list:
        raise Unmaskable("a member is not an array")
    return value


def _members(value: Any, known: frozenset[str], required: set[str]) -> dict[str, Any]:
    if type(value) is not dict or not required <= value.keys() <= known:
        raise Unmaskable("a point has other members than expected")
    return value


def _scalar(value: Any) -> Any:
    if type(value) in {dict, list, Numbers}:
        raise Unmaskable("a member of a point is not of the expected kind")
    return value


def _is_sparse(value: Any) -> bool:
    if type(value) is not dict or value.keys() != {"indices", "values"}:
        return False
    return is_vector(value["indices"]) and is_vector(value["values"])
