"""Results: the replies of searches and queries, masked column by column, score by score, bucket by bucket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from vecgate.errors import Unmaskable
from vecgate.masking.maskset import MaskSet
from vecgate.operations.dialect import Record
from vecgate.operations.model import Resource
from vecgate_milvus.calls.buckets import Buckets
from vecgate_milvus.calls.columns import AGGREGATE, DYNAMIC, Columns, rows, values

_OPEN: Final = "keep"


class Results:
    """The masks of one collection at work on one reply; collects what evidence wants to know."""

    def __init__(self, resource: Resource, masks: MaskSet, key: str) -> None:
        """`key` is the primary field, where the schema is known."""
        self.resource = resource
        self.masks = masks
        self.columns = Columns(masks)
        self.key = key
        self.points = 0
        self.records: tuple[Record, ...] = ()

    @property
    def masked(self) -> set[str]:
        return self.columns.masked

    def queried(self, reply: Any) -> None:
        """The reply of a query, masked where it stands. Raises Unmaskable."""
        key = reply.primary_field_name or self.key
        counted = [rows(column) for column in reply.fields_data if not AGGREGATE.fullmatch(column.field_name)]
        self.points = max(counted, default=0)
        self._without(reply, self.columns.keep(reply.fields_data))
        if self.points:
            keys = next((values(column) for column in reply.fields_data if column.field_name == key), None)
            self._remember(reply.fields_data, keys or [""] * self.points, [None] * self.points)

    def searched(self, reply: Any, aggregation: Any) -> None:
        """The results of a search, masked where they stand; `aggregation` is what was asked for. Raises Unmaskable."""
        key = reply.primary_field_name or self.key
        scores = self._scores(reply)
        self._without(reply, self.columns.keep(reply.fields_data))
        self.columns.keep(reply.group_by_field_values)
        if reply.HasField("group_by_field_value") and not self.columns.column(reply.group_by_field_value):
            reply.ClearField("group_by_field_value")
        self._highlights(reply.highlight_results)
        keys = self._keys(reply.ids, key)
        self.points = max(len(keys), sum(reply.topks))
        if len(keys) == len(scores):
            self._remember(reply.fields_data, keys, scores)
        if reply.agg_buckets:
            buckets = Buckets(self.columns, self.masks, key)
            buckets.mask(reply.agg_buckets, aggregation)
            self.points = max(self.points, buckets.hits)

    def _scores(self, reply: Any) -> list[float | None]:
        """The scores of each query are a ranked list of their own."""
        if self.masks.ranking.spec == _OPEN:
            return list(reply.scores)
        for name in ("scores", "distances"):
            stored = getattr(reply, name)
            if stored:
                shown = [score for part in _parts(stored, reply.topks) for score in self._shown(part)]
                stored[:] = shown
                self.masked.add("scores")
        if reply.HasField("search_iterator_v2_results"):
            reply.search_iterator_v2_results.ClearField("last_bound")
        return list(reply.scores)

    def _shown(self, part: Sequence[float]) -> list[float]:
        """Clients read a score for each record: where there is none to show, it is 0."""
        shown = self.masks.scores(list(part))
        return [0.0] * len(part) if shown is None else [0.0 if score is None else score for score in shown]

    def _keys(self, ids: Any, key: str) -> list[Any]:
        kind = ids.WhichOneof("id_field")
        if kind is None:
            return []
        stored = getattr(ids, kind).data
        if self.columns.hides(key):
            mask_keys(self.columns, stored, key, kind)
        return list(stored)

    def _highlights(self, found: Any) -> None:
        for index in reversed(range(len(found))):
            path = self.columns.path(found[index].field_name)
            if self.columns.hides(path):
                self.masked.add(path)
                del found[index]
            elif self.masks.fields:
                for data in found[index].datas:
                    shown = self.columns.texts(path, list(data.fragments))
                    data.fragments[:] = [one if isinstance(one, str) else "" for one in shown]

    @staticmethod
    def _without(reply: Any, gone: Sequence[str]) -> None:
        kept = [name for name in reply.output_fields if name not in gone]
        if len(kept) != len(reply.output_fields):
            reply.output_fields[:] = kept

    def _remember(self, fields_data: Any, keys: Sequence[Any], scores: Sequence[float | None]) -> None:
        named = {column.field_name: found for column in fields_data if (found := values(column)) is not None}
        whole = {name: column for name, column in named.items() if len(column) == len(keys)}
        dynamic = whole.pop(DYNAMIC, [None] * len(keys))
        self.records = tuple(
            Record(
                self.resource,
                str(key),
                {**{name: column[index] for name, column in whole.items()}, **_members(dynamic[index])},
                scores[index],
            )
            for index, key in enumerate(keys)
        )


def mask_keys(columns: Columns, stored: Any, key: str, kind: str) -> None:
    """Primary keys that are a masked field. Clients read one for each record, so one that is not shown is empty."""
    shown = columns.texts(key, list(stored))
    if kind == "int_id":
        stored[:] = [one if type(one) is int else 0 for one in shown]
    elif kind == "str_id":
        stored[:] = [one if isinstance(one, str) else "" for one in shown]
    else:
        stored[:] = [b""] * len(stored)


def _parts(scores: Sequence[float], sizes: Sequence[int]) -> Iterator[Sequence[float]]:
    """The scores of each query. Raises Unmaskable where they are not as many as the records."""
    if sum(sizes) != len(scores) or any(size < 0 for size in sizes):
        raise Unmaskable("Scores are not as many as the records.")
    start = 0
    for size in sizes:
        yield scores[start : start + size]
        start += size


def _members(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
