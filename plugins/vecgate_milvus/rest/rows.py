"""Rows: the records of query, get and search, one object each. Every field is masked by the type it is described with.

Float vectors come as lists, sparse ones as objects, all others as base64 of their bytes, which looks like any text; so
a row that has a field nobody described is withheld, unless the collection takes fields of any name. What comes in such
a field is a vector if it looks like one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from vecgate.errors import Unmaskable
from vecgate.masking.maskset import MaskSet
from vecgate.operations.dialect import Record
from vecgate.operations.document import Number, Numbers, plain
from vecgate.operations.model import Resource
from vecgate.operations.vectors import is_embedding, is_vector
from vecgate_milvus.rest.schema import STRUCTS, VECTORS, Schema
from vecgate_milvus.rest.steering import COUNTED

VECTOR_LIKE: Final = 8
"""Numbers of one list, in a field that was not described, from which it counts as a vector."""
DISTANCE: Final = "distance"

_NUMERIC: Final = frozenset({int, float, Number})
_FLAT: Final = frozenset({str, bool, int, float, type(None)})
_GONE: Final = object()


@dataclass(slots=True)
class Rows:
    """The masks of one collection at work on one answer; collects what evidence wants to know."""

    resource: Resource
    schema: Schema
    masks: MaskSet
    records: list[Record] = field(default_factory=list)
    masked: set[str] = field(default_factory=set)

    def shown(self, rows: Any, *, scored: bool, sizes: list[int]) -> list[dict[str, Any]]:
        """`sizes` are the rows of each ranked list. Raises Unmaskable."""
        if type(rows) is not list or not all(type(row) is dict for row in rows):
            raise Unmaskable("records are not a list of objects")
        kept = [self._split(row, scored) for row in rows]
        payloads = self._payloads([payload for payload, _ in kept])
        scores = self._scores(rows, sizes) if scored else [None] * len(rows)
        shown = []
        for row, payload, (_, vectors), score in zip(rows, payloads, kept, scores, strict=True):
            one = {
                name: payload[name] if name in payload else vectors[name] for name in row if name in payload | vectors
            }
            if score is not None:
                one[DISTANCE] = score
            shown.append(one)
            self._remember(payload, score)
        return shown

    def _split(self, row: dict[str, Any], scored: bool) -> tuple[dict[str, Any], dict[str, Any]]:
        """The payload and the vectors of a row, without what may not be shown of the latter."""
        payload: dict[str, Any] = {}
        vectors: dict[str, Any] = {}
        for name, value in row.items():
            if scored and name == DISTANCE:
                continue
            kind = self._kind(name)
            if kind in VECTORS:
                if (seen := self._vector(name, kind, value)) is not _GONE:
                    vectors[name] = seen
            elif kind in STRUCTS:
                payload[name] = self._struct(name, value)
            elif kind or type(value) in _FLAT:
                payload[name] = value
            elif (seen := self._untold(value)) is not _GONE:
                payload[name] = seen
        return payload, vectors

    def _kind(self, name: str) -> str:
        """The type of a field; empty of one that may have any name. Raises Unmaskable."""
        kind = self.schema.types.get(name)
        if kind is None:
            struct, bracket, sub = name.partition("[")
            kind = self.schema.structs.get(struct, {}).get(sub.rstrip("]")) if bracket else None
        if kind is None and not self.schema.dynamic:
            raise Unmaskable("a record has a field that was not described")
        return kind or ""

    def _vector(self, name: str, kind: str, value: Any) -> Any:
        if value is None:
            return None
        if self.masks.strategy(name) is not None:
            self.masked.add(name)
            return _GONE
        if not self.masks.hides_vectors:
            return value
        self.masked.add("vectors")
        if kind != "FloatVector" or not self.masks.fetches_vectors or not is_vector(value):
            return _GONE
        shown = self.masks.vector([float(number) for number in value])
        return _GONE if shown is None else shown

    def _struct(self, name: str, value: Any) -> Any:
        """A list of objects, or a list for each subfield."""
        kinds = self.schema.structs.get(name, {})
        if value is None:
            return None
        if type(value) is dict:
            return self._subfields(name, kinds, value)
        if type(value) is not list or not all(type(one) is dict for one in value):
            raise Unmaskable("a struct field is not a list of objects")
        return [self._subfields(name, kinds, one) for one in value]

    def _subfields(self, name: str, kinds: Any, value: dict[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for sub, member in value.items():
            short = sub.partition("[")[2].rstrip("]") or sub
            kind = kinds.get(short)
            if kind is None:
                raise Unmaskable("a struct has a field that was not described")
            if kind not in VECTORS or not self.masks.hides_vectors:
                shown[short] = plain(member)
            else:
                self.masked.add("vectors")
        return shown

    def _untold(self, value: Any) -> Any:
        if not self.masks.hides_vectors:
            return value
        if isinstance(value, list | Numbers):
            if len(value) >= VECTOR_LIKE and is_vector(value):
                self.masked.add("vectors")
                return _GONE
            seen = (self._untold(member) for member in value)
            return [member for member in seen if member is not _GONE]
        if type(value) is dict:
            if _is_sparse(value):
                self.masked.add("vectors")
                return _GONE
            inner = ((name, self._untold(member)) for name, member in value.items())
            return {name: member for name, member in inner if member is not _GONE}
        return value

    def _payloads(self, payloads: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if not self.masks.fields:
            return payloads
        flat = [payload if _FLAT.issuperset(map(type, payload.values())) else plain(payload) for payload in payloads]
        shown, masked = self.masks.payloads(flat)
        self.masked |= masked
        return [one if one is not None else {} for one in shown]

    def _scores(self, rows: list[dict[str, Any]], sizes: list[int]) -> list[Any]:
        if sum(sizes) != len(rows) or min(sizes, default=0) < 0:
            raise Unmaskable("there are other numbers of records than the answer says")
        before = [row.get(DISTANCE) for row in rows]
        if not _NUMERIC | {type(None)} >= set(map(type, before)):
            raise Unmaskable("a distance is not a number")
        after: list[Any] = []
        for size in sizes:
            part = before[len(after) : len(after) + size]
            seen = self.masks.scores([None if score is None else float(score) for score in part])
            after += [None] * size if seen is None else part if seen == part else seen
        if after != before:
            self.masked.add("scores")
        return after

    def _remember(self, payload: dict[str, Any], score: Any) -> None:
        """For evidence: no raw vector, not even one the caller may see."""
        kept = {name: plain(value) for name, value in payload.items() if not is_embedding(value)}
        identity = str(kept.pop(self.schema.key, ""))
        self.records.append(Record(self.resource, identity, kept, None if score is None else float(score)))


def counted(rows: Any) -> list[dict[str, Any]]:
    """The one row of `count(*)`. Raises Unmaskable."""
    if type(rows) is not list or len(rows) > 1:
        raise Unmaskable("a count is not one row")
    for row in rows:
        if type(row) is not dict or len(row) != 1 or not all(map(COUNTED.fullmatch, row)):
            raise Unmaskable("a count is not one")
        if not {int, str}.issuperset(map(type, row.values())):
            raise Unmaskable("a count is not a number")
    return rows


def _is_sparse(value: dict[str, Any]) -> bool:
    return bool(value) and all(name.isdigit() for name in value) and _NUMERIC.issuperset(map(type, value.values()))
