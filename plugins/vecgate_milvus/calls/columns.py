"""Columns: fields as replies hold them, one column of values for all rows, masked by what they are and by their names.

A column whose masked values its type cannot hold is left out whole: less is shown than was asked for, never more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np

from vecgate.errors import Refusal, Unmaskable
from vecgate.masking.maskset import MaskSet
from vecgate.operations.document import dump, parse, plain
from vecgate.operations.vectors import EMBEDDING_LIKE, is_embedding
from vecgate_milvus.calls.schema import VECTORS

DYNAMIC: Final = "$meta"
AGGREGATE: Final = re.compile(r"\s*(?:count|sum|min|max|avg)\s*\((.*)\)\s*", re.IGNORECASE | re.DOTALL)
"""The name of a column that a query has computed."""

_NUMBERS: Final = frozenset({"int_data", "long_data", "float_data", "double_data"})
_PLAIN: Final = _NUMBERS | {"bool_data", "timestamptz_data", "date_data", "time_data"}
_TEXTS: Final = frozenset({"string_data", "geometry_wkt_data", "mol_smiles_data"})
_OPAQUE: Final = frozenset({"geometry_data", "mol_data"})
_SHORTEST: Final = 2 * EMBEDDING_LIKE
"""Bytes of JSON below which no list in it can be an embedding."""
_REDACTED: Final = b'"[redacted]"'


class Columns:
    """The masks of one collection at work on one reply."""

    def __init__(self, masks: MaskSet) -> None:
        self.masks = masks
        self.masked: set[str] = set()

    def keep(self, columns: Any, above: str = "") -> list[str]:
        """Mask these columns where they stand. Returns the names of those that were left out."""
        gone = [index for index, column in enumerate(columns) if not self.column(column, above)]
        names = [columns[index].field_name for index in gone]
        for index in reversed(gone):
            del columns[index]
        return names

    def column(self, column: Any, above: str = "") -> bool:
        """Mask one column where it stands; False if it is to be left out. Raises Unmaskable."""
        kind = column.WhichOneof("field")
        if kind == "vectors" or column.type in VECTORS:
            return self._vectors(column, kind)
        path = self.path(column.field_name, above)
        if kind == "struct_arrays":
            before = len(column.struct_arrays.fields)
            self.keep(column.struct_arrays.fields, path)
            return not before or len(column.struct_arrays.fields) > 0
        if kind is None:
            return True
        return self._scalars(column, path)

    def path(self, name: str, above: str = "") -> str:
        """The field of a column; empty for one that is of no field. Raises Unmaskable where it has no name."""
        if found := AGGREGATE.fullmatch(name):
            return "" if found[1].strip() == "*" else found[1].strip()
        if not name and self.masks.fields:
            raise Unmaskable("A column has no name.")
        return f"{above}.{name}" if above and not name.startswith(f"{above}[") else name

    def hides(self, path: str) -> bool:
        """The field is masked, or something in it is."""
        return bool(path) and self.masks.used((path,)) is not None

    def texts(self, path: str, values: Sequence[Any]) -> list[Any]:
        """Values of one field as the caller may see them; `DROPPED` where they are left out."""
        shown, masked = self.masks.payloads([{path: value} for value in values])
        self.masked |= masked
        return [DROPPED if row is None else row.get(path, DROPPED) for row in shown]

    def _vectors(self, column: Any, kind: str | None) -> bool:
        if not self.masks.hides_vectors:
            return True
        self.masked.add("vectors")
        return kind == "vectors" and self.masks.fetches_vectors and self._shown(column.vectors)

    def _shown(self, vectors: Any) -> bool:
        """Vectors of floats can be masked by a strategy, bits, integers and sparse ones only be left out."""
        dimension = vectors.dim
        match vectors.WhichOneof("data"):
            case "vector_array":
                return all(self._shown(one) for one in vectors.vector_array.data)
            case "float_vector" if dimension > 0:
                shown = self._strategy(list(vectors.float_vector.data), dimension)
                if shown is not None:
                    vectors.float_vector.data[:] = shown
            case "float16_vector" if dimension > 0:
                shown = self._strategy(np.frombuffer(vectors.float16_vector, "<f2").tolist(), dimension)
                if shown is not None:
                    vectors.float16_vector = np.asarray(shown, "<f2").tobytes()
            case "bfloat16_vector" if dimension > 0:
                wide = np.frombuffer(vectors.bfloat16_vector, "<u2").astype("<u4") << 16
                shown = self._strategy(wide.view("<f4").tolist(), dimension)
                if shown is not None:
                    vectors.bfloat16_vector = (np.asarray(shown, "<f4").view("<u4") >> 16).astype("<u2").tobytes()
            case _:
                return False
        return shown is not None

    def _strategy(self, flat: list[float], dimension: int) -> list[float] | None:
        if len(flat) % dimension:
            raise Unmaskable("A vector column is not as long as its vectors.")
        masked: list[float] = []
        for start in range(0, len(flat), dimension):
            shown = self.masks.vector(flat[start : start + dimension])
            if shown is None:
                return None
            masked += shown
        return masked

    def _scalars(self, column: Any, path: str) -> bool:
        kind = column.scalars.WhichOneof("data")
        if kind is None:
            return True
        values = getattr(column.scalars, kind).data
        if kind == "json_data":
            return self._json(column, values, path)
        if kind == "array_data":
            return self._arrays(values, path)
        if kind in _TEXTS:
            return not self.masks.fields or self._replaced(values, path)
        if kind in _PLAIN:
            return not self.hides(path) or (not AGGREGATE.fullmatch(column.field_name) and self._replaced(values, path))
        if kind in _OPAQUE:
            return self._kept(path)
        # Bytes that are of no known kind could be a vector's.
        return not self.masks.hides_vectors and self._kept(path)

    def _kept(self, path: str) -> bool:
        if not self.hides(path):
            return True
        self.masked.add(path)
        return False

    def _replaced(self, values: Any, path: str) -> bool:
        """Put the masked values in the place of the stored ones; False if they are of another type."""
        before = list(values)
        if self.masks.shows(path, before):
            return True
        shown = self.texts(path, before)
        if shown == before:
            return True
        try:
            values[:] = shown
        except (TypeError, ValueError):
            return False
        return True

    def _arrays(self, rows: Any, path: str) -> bool:
        if not (self.masks.fields or self.masks.hides_vectors):
            return True
        hides = self.hides(path)
        for row in rows:
            kind = row.WhichOneof("data")
            if kind is None:
                continue
            values = getattr(row, kind).data
            if kind in _NUMBERS and self.masks.hides_vectors and len(values) >= EMBEDDING_LIKE:
                self.masked.add("vectors")
                return False
            if hides or (self.masks.fields and kind in _TEXTS):
                if not self._listed(values, path):
                    return False
            elif kind not in _PLAIN and kind not in _TEXTS:
                return False
        return True

    def _listed(self, values: Any, path: str) -> bool:
        """One list: masked as a whole, for masks that know its indexes, or each of its elements."""
        before = list(values)
        (shown,) = self.texts(path, [before])
        if shown == before:
            return True
        if not isinstance(shown, list):
            return self._replaced(values, path)
        try:
            values[:] = shown
        except (TypeError, ValueError):
            return False
        return True

    def _json(self, column: Any, rows: Any, path: str) -> bool:
        dynamic = column.is_dynamic or column.field_name == DYNAMIC
        if not (self.masks.fields or self.masks.hides_vectors):
            return True
        for index, raw in enumerate(rows):
            if not raw or not (self.masks.fields or (len(raw) >= _SHORTEST and b"[" in raw)):
                continue
            shown = self._document(raw, None if dynamic else path)
            if shown is None:
                return False
            if shown is not raw:
                rows[index] = shown
        return True

    def _document(self, raw: bytes, path: str | None) -> bytes | None:
        """One value of a JSON field, or (without a path) the dynamic members of a record. None if it is left out."""
        try:
            document = plain(parse(raw))
        except Refusal:  # two readings, or none
            return _REDACTED if path is not None else b"{}"
        if path is None and type(document) is not dict:
            raise Unmaskable("The dynamic members of a record are no object.")
        kept = without_embeddings(document) if self.masks.hides_vectors else document
        if kept is not document:
            self.masked.add("vectors")
        shown, masked = self.masks.payload(kept if path is None else {path: kept})
        self.masked |= masked
        if path is not None:
            if path not in shown:
                return None
            return raw if shown[path] is document or shown[path] == document else dump(shown[path])
        return raw if shown == document else dump(shown)


class _Dropped:
    """No value: no column takes it."""


DROPPED: Final = _Dropped()


def without_embeddings(value: Any) -> Any:
    """The document without lists that are long enough for an embedding; itself where it has none."""
    if type(value) is dict:
        kept = {name: without_embeddings(member) for name, member in value.items() if not is_embedding(member)}
        same = len(kept) == len(value) and all(kept[name] is value[name] for name in kept)
        return value if same else kept
    if type(value) is list:
        if is_embedding(value):
            return []
        members = [without_embeddings(member) for member in value]
        return value if all(new is old for new, old in zip(members, value, strict=True)) else members
    return value


def rows(column: Any) -> int:
    """The rows of a column."""
    kind = column.WhichOneof("field")
    if kind == "scalars":
        data = column.scalars.WhichOneof("data")
        return max(len(getattr(column.scalars, data).data) if data else 0, len(column.valid_data))
    if kind == "vectors":
        return max(_vector_rows(column.vectors), len(column.valid_data))
    return max((rows(one) for one in column.struct_arrays.fields), default=0)


def _vector_rows(vectors: Any) -> int:
    dimension = max(1, vectors.dim)
    match vectors.WhichOneof("data"):
        case "float_vector":
            size = len(vectors.float_vector.data) / dimension
        case "sparse_float_vector":
            size = len(vectors.sparse_float_vector.contents)
        case "vector_array":
            size = len(vectors.vector_array.data)
        case "binary_vector":
            size = len(vectors.binary_vector) * 8 / dimension
        case "int8_vector":
            size = len(vectors.int8_vector) / dimension
        case "float16_vector" | "bfloat16_vector" as kind:
            size = len(getattr(vectors, kind)) / (2 * dimension)
        case _:
            size = 0
    return int(size)


def values(column: Any) -> list[Any] | None:
    """A column's values for evidence; None for vectors and for what is no text, number or JSON."""
    if column.WhichOneof("field") != "scalars" or (kind := column.scalars.WhichOneof("data")) is None:
        return None
    data = getattr(column.scalars, kind).data
    if kind in _PLAIN or kind in _TEXTS:
        found = list(data)
    elif kind == "json_data":
        found = [_loaded(raw) for raw in data]
    elif kind == "array_data":
        found = [list(getattr(row, inner).data) if (inner := row.WhichOneof("data")) else [] for row in data]
    else:
        return None
    if len(column.valid_data) == len(found):
        return [value if valid else None for value, valid in zip(found, column.valid_data, strict=True)]
    return found


def _loaded(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
