"""Records: points as they come back, one by one, ranked, or in groups, each part masked in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from vecgate.errors import Refusal, Unmaskable
from vecgate.masking import payloads
from vecgate.masking.maskset import MaskSet
from vecgate.operations.dialect import Record
from vecgate.operations.model import Resource
from vecgate_qdrant.calls import values
from vecgate_qdrant.calls.queries import point_id


@dataclass(slots=True)
class Masking:
    """The masks of one collection at work on one reply; collects what evidence wants to know."""

    resource: Resource
    masks: MaskSet
    sorted: bool = False
    """Records were asked for in the order of a field, which is open: its values come back."""
    records: list[Record] = field(default_factory=list)
    masked: set[str] = field(default_factory=set)

    def each(self, points: Any) -> None:
        """Records that were not ranked. Raises Unmaskable."""
        for one in points:
            self._record(one, None)

    def ranked(self, points: Any) -> None:
        """One ranked list, best first. Raises Unmaskable."""
        before = [one.score for one in points]
        after = self.scores(before)
        for one, score in zip(points, after, strict=True):
            if one.score != score:
                one.score = score
            self._record(one, score)

    def scores(self, before: list[float]) -> Sequence[float]:
        """The scores of one list as the caller may see them; clients need one, so what is left out is zero."""
        after = self.masks.scores(before)
        if after == before:
            return before
        if before:
            self.masked.add("scores")
        return [score or 0.0 for score in after] if after is not None else [0.0] * len(before)

    def _record(self, one: Any, score: float | None) -> None:
        if one.HasField("vectors"):
            self._vectors(one)
        kept: Any = {}
        if one.payload:
            document = values.plain(one.payload)
            shown, kept = payloads.masked(document, self.masks, self.masked)
            if shown is not document:
                values.fill(one.payload, shown)
        if not self.sorted:
            one.ClearField("order_value")
        try:
            known = str(point_id(one.id))
        except Refusal:
            raise Unmaskable("a point has no proper id") from None
        self.records.append(Record(self.resource, known, kept, score))

    def _vectors(self, one: Any) -> None:
        """A point's vector, or its vectors by name."""
        if not self.masks.hides_vectors:
            return
        self.masked.add("vectors")
        if not self.masks.fetches_vectors:
            one.ClearField("vectors")
            return
        named = one.vectors.WhichOneof("vectors_options") == "vectors"
        if named:
            vectors = one.vectors.vectors.vectors
            for name in [*vectors]:
                if not self._shown(vectors[name]):
                    del vectors[name]
        if not (len(one.vectors.vectors.vectors) if named else self._shown(one.vectors.vector)):
            one.ClearField("vectors")

    def _shown(self, vector: Any) -> bool:
        """Mask one vector in its place; False for one that is to be left out, as every sparse one is: its indices are
        its words. The older form has its numbers in the message itself."""
        match vector.WhichOneof("vector"):
            case "dense":
                rows = [vector.dense]
            case "multi_dense":
                rows = list(vector.multi_dense.vectors)
            case None if not vector.HasField("indices") and not vector.HasField("vectors_count"):
                rows = [vector]
            case _:
                return False
        if vector.WhichOneof("vector") is not None:
            for older in ("data", "indices", "vectors_count"):
                vector.ClearField(older)
        for row in rows:
            masked = self.masks.vector(list(row.data))
            if masked is None:
                return False
            row.data[:] = masked
        return True
