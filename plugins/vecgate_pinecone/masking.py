"""Masking: the masks of one resource at work on one answer, whichever wire it came by. Collects what evidence wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from vecgate.errors import Unmaskable
from vecgate.masking.maskset import MaskSet
from vecgate.operations.dialect import Record
from vecgate.operations.document import Number, plain
from vecgate.operations.model import Resource
from vecgate.operations.vectors import is_embedding
from vecgate_pinecone.effects import VECTOR_FIELDS

_PLAIN: Final = frozenset({str, bool, int, float, type(None)})
_NUMBERS: Final = frozenset({int, float, Number})
_SPARSE: Final = frozenset({"indices", "values", "sparse_indices", "sparse_values"})


@dataclass(slots=True)
class Masking:
    resource: Resource
    masks: MaskSet
    points: int = 0
    records: list[Record] = field(default_factory=list)
    masked: set[str] = field(default_factory=set)

    @property
    def hides(self) -> bool:
        return self.masks.hides_vectors

    def vector(self, values: Sequence[float]) -> Sequence[float] | None:
        """A dense vector as the caller may see it; None where it is to be left out."""
        if not self.hides:
            return values
        self.masked.add("vectors")
        return self.masks.vector(values) if self.masks.fetches_vectors else None

    def sparse(self) -> bool:
        """May sparse values be shown? Their indexes are the words of a text, so no strategy but open shows them."""
        if self.hides:
            self.masked.add("vectors")
        return not self.hides

    def scores(self, values: Sequence[Any]) -> list[Any]:
        """The scores of one ranked list. Where they are left out they are 0: the members are not optional."""
        if not _NUMBERS.issuperset(map(type, values)):
            raise Unmaskable("A score of the database's answer is not a number.")
        before: list[float | None] = [float(value) for value in values]
        after = self.masks.scores(before)
        if after == before:
            return list(values)  # as they came, to the digit
        self.masked.add("scores")
        return [0.0] * len(before) if after is None else after

    def payload(self, value: Any) -> dict[str, Any] | None:
        """A record's metadata or fields."""
        if value is None:
            return None
        if type(value) is not dict:
            raise Unmaskable("Metadata of the database's answer is not an object.")
        if _PLAIN.issuperset(map(type, value.values())) and VECTOR_FIELDS.isdisjoint(value):
            shown, masked = self.masks.payload(value)
            self.masked |= masked
            return shown
        kept = self._without_vectors(value) if self.hides else value
        shown, masked = self.masks.payload(plain(kept))
        self.masked |= masked
        return shown if masked else kept

    def remember(self, name: str, payload: Mapping[str, Any] | None, score: Any = None) -> None:
        """For evidence: no raw vector, not even one that the caller may see."""
        kept: Mapping[str, Any] = payload or {}
        if not _PLAIN.issuperset(map(type, kept.values())):
            bare = _bare(dict(kept), set())
            kept = plain(bare) if type(bare) is dict else {}
        self.points += 1
        self.records.append(Record(self.resource, name, kept, None if score is None else float(score)))

    def _without_vectors(self, value: dict[str, Any]) -> dict[str, Any]:
        bare = _bare(value, self.masked)
        return bare if type(bare) is dict else {}


_GONE: Final = object()


def _bare(value: Any, masked: set[str]) -> Any:
    """The value without what is a vector by its name, its form or its length, at any depth."""
    if type(value) is dict:
        if value and value.keys() <= _SPARSE:
            masked.add("vectors")
            return _GONE
        named = [name for name in VECTOR_FIELDS.intersection(value) if type(value[name]) not in _PLAIN]
        if named:
            masked.add("vectors")
        shown = {name: _bare(entry, masked) for name, entry in value.items() if name not in named}
        return {name: entry for name, entry in shown.items() if entry is not _GONE}
    if is_embedding(value):
        masked.add("vectors")
        return _GONE
    if type(value) is list:
        return [entry for entry in (_bare(each, masked) for each in value) if entry is not _GONE]
    return value
