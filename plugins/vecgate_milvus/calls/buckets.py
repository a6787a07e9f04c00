"""Buckets: what an aggregation of a search has found, at every level."""

from __future__ import annotations

from typing import Any, Final

from vecgate.errors import Unmaskable
from vecgate.masking.maskset import MaskSet
from vecgate_milvus.calls.columns import Columns
from vecgate_milvus.calls.scoring import DEPTH

_SCORE: Final = "_score"
_COUNT: Final = "*"


class Buckets:
    """The masks of one collection at work on the buckets of one search; `hits` counts records."""

    def __init__(self, columns: Columns, masks: MaskSet, key: str) -> None:
        self.columns = columns
        self.masks = masks
        self.key = key
        self.hits = 0

    def mask(self, buckets: Any, spec: Any, level: int = 0) -> None:
        """Raises Unmaskable for buckets within buckets that nobody asked for."""
        if not buckets:
            return
        if level >= DEPTH or spec is None:
            raise Unmaskable("An aggregation has other levels than were asked for.")
        inner = spec.sub_aggregation if spec.HasField("sub_aggregation") else None
        for bucket in buckets:
            for entry in bucket.key:
                self._value(entry, entry.field_name)
            self._metrics(bucket.metrics, spec)
            self._hits(bucket.hits)
            self.mask(bucket.sub_groups, inner, level + 1)

    def _metrics(self, metrics: Any, spec: Any) -> None:
        for alias in list(metrics):
            field = spec.metrics[alias].field_name if alias in spec.metrics else ""
            if field == _SCORE:
                open_ = self.masks.ranking.spec == "keep"
            else:
                open_ = field == _COUNT or (bool(field) and not self.columns.hides(field))
            if not open_:
                self.columns.masked.add("scores" if field == _SCORE else field or alias)
                del metrics[alias]

    def _hits(self, hits: Any) -> None:
        self.hits += len(hits)
        shown = self.masks.scores([hit.score for hit in hits])
        for index, hit in enumerate(hits):
            hit.score = (shown[index] if shown is not None else None) or 0.0
            if self.columns.hides(self.key):
                self._value(hit, self.key)
            for at in reversed(range(len(hit.fields))):
                entry = hit.fields[at]
                if not self._value(entry, entry.field_name):
                    del hit.fields[at]

    def _value(self, entry: Any, name: str) -> bool:
        """One value with its type; False if it is left out."""
        kind = entry.WhichOneof("pk" if entry.DESCRIPTOR.name == "AggHit" else "value")
        if kind is None:
            return True
        path = self.columns.path(name)
        if kind == "bytes_val":
            shown: Any = None if self.masks.hides_vectors or self.columns.hides(path) else entry.bytes_val
        else:
            (shown,) = self.columns.texts(path, [getattr(entry, kind)])
        try:
            setattr(entry, kind, shown)
        except (TypeError, ValueError):
            entry.ClearField(kind)
            return False
        return True
