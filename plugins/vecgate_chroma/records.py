"""Records: the answers of get, query and search. Parallel arrays, masked at one index in all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from vecgate.errors import Refusal, Unmaskable
from vecgate.masking.maskset import MaskSet
from vecgate.operations.dialect import Record
from vecgate.operations.document import Number, Numbers, plain
from vecgate.operations.model import Resource
from vecgate.operations.vectors import is_embedding, is_vector
from vecgate_chroma.bodies import INCLUDE, SPARSE
from vecgate_chroma.filters import DOCUMENT, URI

_FLAT: Final = {"ids", "embeddings", "documents", "uris", "metadatas", "include"}
_QUERIED: Final = _FLAT | {"distances"}
_SEARCHED: Final = {"ids", "documents", "embeddings", "metadatas", "scores", "select"}
_COLUMNS: Final = frozenset({"embeddings", "documents", "uris", "metadatas", "distances", "scores"})
_KEYS: Final = frozenset({"Document", "Embedding", "Metadata", "Score"})
_NUMERIC: Final = frozenset({int, float, Number})
_OBJECTS: Final = frozenset({dict, type(None)})
_PLAIN: Final = frozenset({str, bool, int, float, type(None)})


@dataclass(slots=True)
class Masking:
    """The masks of one resource at work on one answer; collects what evidence wants to know."""

    resource: Resource
    masks: MaskSet
    points: int = 0
    records: list[Record] = field(default_factory=list)
    masked: set[str] = field(default_factory=set)

    def got(self, document: Any) -> dict[str, Any]:
        """The answer of `get`."""
        answer = _members(document, _FLAT, {"ids", "include"})
        included = _include(answer["include"])
        columns = self._rows(answer, answer["ids"], None)
        return _rebuilt(answer, columns, included)

    def queried(self, document: Any) -> dict[str, Any]:
        """The answer of `query`: every member is a list with one list for each query vector."""
        answer = _members(document, _QUERIED, {"ids", "include"})
        included = _include(answer["include"])
        columns = self._batches(answer, "distances")
        whole = {name: None if lists and None in lists else lists for name, lists in columns.items()}
        return _rebuilt(answer, whole, included)

    def searched(self, document: Any) -> dict[str, Any]:
        """The answer of `search`: the same, each list being null where its search did not select it."""
        answer = _members(document, _SEARCHED, _SEARCHED)
        columns = self._batches(answer, "scores")
        return {**columns, "select": _selected(answer["select"], len(columns["ids"]))}

    def _batches(self, answer: dict[str, Any], scores: str) -> dict[str, Any]:
        ids = _list(answer["ids"])
        names = [name for name in answer if name in _COLUMNS]
        rows = []
        for index, entry in enumerate(ids):
            one = {name: _at(answer[name], index, len(ids)) for name in names}
            rows.append(self._rows(one, entry, scores))
        columns: dict[str, Any] = {"ids": [row["ids"] for row in rows]}
        for name in names:
            columns[name] = None if answer[name] is None else [row[name] for row in rows]
        return columns

    def _rows(self, answer: dict[str, Any], ids: Any, scores: str | None) -> dict[str, Any]:
        """One ranked list, or the records of a get: every column masked, of equal length."""
        if not isinstance(ids, list) or not all(type(entry) is str for entry in ids):
            raise Unmaskable("ids are not texts")
        size = len(ids)
        columns: dict[str, Any] = {"ids": ids}
        for name in answer:
            if name in _COLUMNS:
                columns[name] = self._column(name, answer[name], size)
        self.points += size
        self._remember(ids, columns, scores)
        return columns

    def _column(self, name: str, values: Any, size: int) -> list[Any] | None:
        if values is None:
            return None
        if name in {"distances", "scores"}:
            return self._scores(values, size)
        if len(_list(values)) != size:
            raise Unmaskable("an array is not as long as the ids")
        match name:
            case "embeddings":
                return self._vectors(values)
            case "documents":
                return self._texts(DOCUMENT, values)
            case "uris":
                return self._texts(URI, values)
            case _:
                return self._metadatas(values)

    def _vectors(self, values: list[Any]) -> list[Any] | None:
        for vector in values:
            if not (vector is None or is_vector(vector)):
                raise Unmaskable("an embedding is not a vector")
        if not self.masks.hides_vectors:
            return values
        self.masked.add("vectors")
        if not self.masks.fetches_vectors:
            return None
        shown = [None if vector is None else self.masks.vector(vector) for vector in values]
        lost = any(now is None and before is not None for now, before in zip(shown, values, strict=True))
        return None if lost else shown

    def _scores(self, values: Any, size: int) -> list[float | None] | None:
        if not isinstance(values, list | Numbers) or len(values) != size:
            raise Unmaskable("scores are not as many as the ids")
        if not (_NUMERIC | {type(None)}).issuperset(map(type, values)):
            raise Unmaskable("a score is not a number")
        before: list[float | None] = [None if value is None else float(value) for value in values]
        after = self.masks.scores(before)
        if after == before:
            return values  # type: ignore[return-value]  # as it came, to the digit
        self.masked.add("scores")
        return after

    def _texts(self, path: str, values: list[Any]) -> list[str | None] | None:
        if not {str, type(None)}.issuperset(map(type, values)):
            raise Unmaskable("a document or uri is not a text")
        shown = self.masks.texts(path, values)
        if shown != values:
            self.masked.add(path)
        return shown

    def _metadatas(self, values: list[Any]) -> list[dict[str, Any] | None]:
        if not _is_flat(values):
            return [self.metadata(value) for value in values]
        shown, masked = self.masks.payloads(values)
        self.masked |= masked
        return shown

    def metadata(self, value: Any) -> dict[str, Any] | None:
        """One record's, or a collection's, metadata."""
        if value is None:
            return None
        if type(value) is not dict:
            raise Unmaskable("metadata is not an object")
        flat = _is_flat((value,))
        kept = value if flat else self._without_vectors(value)
        shown, masked = self.masks.payload(kept if flat else plain(kept))
        self.masked |= masked
        return shown if masked else kept

    def _without_vectors(self, value: dict[str, Any]) -> dict[str, Any]:
        """Sparse vectors, and lists long enough to be embeddings, are vectors: where those are hidden, so are these."""
        kept: dict[str, Any] = {}
        for name, entry in value.items():
            if not _is_metadata(entry):
                raise Unmaskable("a metadata value is of an unknown kind")
            if (type(entry) is dict or is_embedding(entry)) and self.masks.hides_vectors:
                self.masked.add("vectors")
            else:
                kept[name] = entry
        return kept

    def _remember(self, ids: list[str], columns: dict[str, Any], scores: str | None) -> None:
        nothing = [None] * len(ids)
        metadatas, documents = columns.get("metadatas") or nothing, columns.get("documents") or nothing
        ranking = (columns.get(scores) if scores else None) or nothing
        flat = _is_flat(metadatas)
        for entry, metadata, document, score in zip(ids, metadatas, documents, ranking, strict=True):
            payload = {} if metadata is None else {**metadata} if flat else _payload(metadata)
            if document is not None:
                payload[DOCUMENT] = document
            self.records.append(Record(self.resource, entry, payload, None if score is None else float(score)))


def _members(document: Any, known: set[str], required: set[str]) -> dict[str, Any]:
    if type(document) is not dict or not required <= document.keys() <= known:
        raise Unmaskable("an answer has other members than expected")
    return document


def _include(value: Any) -> list[str]:
    if not all(entry in INCLUDE for entry in _list(value)):
        raise Unmaskable("an answer includes something unknown")
    return list(value)


def _selected(value: Any, size: int) -> list[Any]:
    if len(_list(value)) != size:
        raise Unmaskable("an answer selects something else than was searched")
    for entry in value:
        for key in _list(entry):
            if not (key in _KEYS if type(key) is str else type(key) is dict and set(key) == {"MetadataField"}):
                raise Unmaskable("an answer selects something unknown")
    return list(value)


def _rebuilt(answer: dict[str, Any], columns: dict[str, Any], included: list[str]) -> dict[str, Any]:
    """Members in the order they came; what was taken out is not said to be included."""
    rebuilt: dict[str, Any] = {name: columns[name] for name in answer if name != "include"}
    gone = {name for name in included if name in rebuilt and rebuilt[name] is None and answer[name] is not None}
    return {**rebuilt, "include": [name for name in included if name not in gone]}


def _at(values: Any, index: int, size: int) -> Any:
    if values is None:
        return None
    if len(_list(values)) != size:
        raise Unmaskable("an array does not have one list for each query")
    return values[index]


def _list(value: Any) -> list[Any]:
    if type(value) is not list:
        raise Unmaskable("a member is not an array")
    return value


def _is_flat(payloads: Sequence[Any]) -> bool:
    """Each is null, or an object of scalars."""
    if not _OBJECTS.issuperset(map(type, payloads)):
        return False
    return _PLAIN.issuperset(map(type, chain.from_iterable([one.values() for one in payloads if one])))


def _is_metadata(value: Any) -> bool:
    if type(value) is dict:
        try:
            SPARSE.check(value, "")
        except Refusal:
            return False
        return True
    if type(value) is list:
        return {str, bool, int, float, Number}.issuperset(map(type, value))
    return type(value) in _PLAIN or isinstance(value, Number | Numbers)


def _payload(metadata: dict[str, Any]) -> dict[str, Any]:
    """For evidence: no raw vector, not even one the caller may see."""
    kept = ((name, value) for name, value in metadata.items() if type(value) is not dict and not is_embedding(value))
    return {name: plain(value) for name, value in kept}
