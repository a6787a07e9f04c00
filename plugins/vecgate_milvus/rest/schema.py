"""Schema: what `collections/describe` says of a collection's fields. Masks go by their types, not by their looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from vecgate.errors import Unmaskable

VECTORS: Final = frozenset(
    {
        *("FloatVector", "BinaryVector", "Float16Vector", "BFloat16Vector", "SparseFloatVector", "Int8Vector"),
        "ArrayOfVector",
    }
)
TOLD: Final = frozenset(
    {
        *("Bool", "Int8", "Int16", "Int32", "Int64", "Float", "Double", "String", "VarChar", "Text", "Geometry"),
        *("Timestamptz", "Array", "JSON", "Mol", "None"),
    }
)
STRUCTS: Final = frozenset({"ArrayOfStruct", "Struct"})
FULL_TEXT: Final = frozenset({1, 4, 5, "BM25", "MinHash", "MolFingerprint"})
"""Kinds of functions whose output finds the words, or the shingles, of their input."""


@dataclass(frozen=True, slots=True)
class Schema:
    """`types` are by field, `structs` by struct field and then by subfield."""

    types: Mapping[str, str]
    structs: Mapping[str, Mapping[str, str]]
    key: str
    dynamic: bool
    aliases: frozenset[str]
    full_text: Mapping[str, tuple[str, ...]]
    """The fields that are read where a search goes by this one."""

    def is_vector(self, field: str) -> bool:
        struct, bracket, sub = field.partition("[")
        if bracket:
            return self.structs.get(struct, {}).get(sub.rstrip("]"), "") in VECTORS
        return self.types.get(field, "") in VECTORS

    @property
    def vectors(self) -> tuple[str, ...]:
        return tuple(name for name, kind in self.types.items() if kind in VECTORS)

    def searched(self, field: str) -> tuple[str, ...]:
        """The payload fields whose words a search of this field would tell; without a field, of the only vector."""
        if not field and len(self.vectors) == 1:
            field = self.vectors[0]
        return self.full_text.get(field, ())


def read(data: Any) -> Schema:
    """Raises Unmaskable for a description that is not understood in full: an unknown type could be a vector's."""
    if type(data) is not dict or type(data.get("fields")) is not list:
        raise Unmaskable("The database did not describe a collection.")
    types: dict[str, str] = {}
    key = ""
    for field in data["fields"]:
        name, kind = _named(field)
        if kind not in VECTORS | TOLD | STRUCTS:
            raise Unmaskable("A field is of an unknown type.")
        types[name] = kind
        key = name if field.get("primaryKey") is True else key
    structs: dict[str, Mapping[str, str]] = {}
    for struct in data.get("structFields") or ():
        name, _ = _named({**struct, "type": "Struct"} if type(struct) is dict else struct)
        structs[name] = dict(map(_named, struct.get("fields") or ()))
        types[name] = "Struct"
        if not set(structs[name].values()) <= VECTORS | TOLD:
            raise Unmaskable("A field is of an unknown type.")
    aliases = data.get("aliases") or []
    if not key or type(aliases) is not list or not {str}.issuperset(map(type, aliases)):
        raise Unmaskable("The database did not describe a collection.")
    dynamic = data.get("enableDynamicField") is not False
    return Schema(types, structs, key, dynamic, frozenset(aliases), _full_text(data.get("functions") or ()))


def _named(field: Any) -> tuple[str, str]:
    if type(field) is not dict or type(field.get("name")) is not str or type(field.get("type")) is not str:
        raise Unmaskable("The database did not describe a field.")
    return field["name"], field["type"].partition("(")[0]


def _full_text(functions: Any) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for function in functions:
        if type(function) is dict and function.get("type") in FULL_TEXT:
            inputs = tuple(map(str, function.get("inputFieldNames") or ()))
            found.update({str(output): inputs for output in function.get("outputFieldNames") or ()})
    return found
