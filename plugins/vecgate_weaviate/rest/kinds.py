"""Kinds: what stands in Weaviate's documents everywhere: filters, beacons, vectors, names."""

from __future__ import annotations

import re
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.shapes import (
    BOOLEAN,
    COUNT,
    INTEGER,
    NUMBER,
    OBJECT,
    TEXT,
    Kind,
    ListOf,
    MapOf,
    Scalar,
    Shape,
    enumeration,
    misfit,
    nullable,
)
from vecgate.operations.vectors import is_vector
from vecgate.reasons import Reason

UUID_TEXT: Final = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
CLASS_TEXT: Final = r"[A-Za-z][_0-9A-Za-z]{0,254}"
BEACON_TEXT: Final = re.compile(rf"weaviate://localhost/(?:({CLASS_TEXT})/)?({UUID_TEXT})")
SOURCE_TEXT: Final = re.compile(rf"weaviate://localhost/({CLASS_TEXT})/({UUID_TEXT})/([A-Za-z_][_0-9A-Za-z]{{0,230}})")

UUID: Final = Scalar("UUID", frozenset({str}), lambda value: re.fullmatch(UUID_TEXT, value) is not None)
CLASS: Final = Scalar("name", frozenset({str}), lambda value: re.fullmatch(CLASS_TEXT, value) is not None)
PROPERTY: Final = Scalar(
    "name", frozenset({str}), lambda value: re.fullmatch(r"[A-Za-z_][_0-9A-Za-z]{0,230}", value) is not None
)
TENANT: Final = Scalar("name", frozenset({str}), lambda value: re.fullmatch(r"[A-Za-z0-9_-]{1,64}", value) is not None)
BEACON: Final = Scalar("beacon", frozenset({str}), lambda value: BEACON_TEXT.fullmatch(value) is not None)
SOURCE: Final = Scalar("beacon", frozenset({str}), lambda value: SOURCE_TEXT.fullmatch(value) is not None)
_PLAIN: Final = ("text", "string", "int", "number", "boolean", "date", "uuid", "object")
VALUES: Final = frozenset(
    {*_PLAIN, *(f"{kind}[]" for kind in _PLAIN), "geoCoordinates", "phoneNumber", "blob", "blobHash"}
)
"""The data types of values. Whatever else a property is of is a collection, in whatever spelling."""
CONSISTENCY: Final = enumeration("ALL", "QUORUM", "ONE")


class Vector(Kind):
    """Numbers, or lists of them: a vector, or several of one object."""

    def describe(self) -> str:
        return "vector"

    def check(self, value: Any, path: str) -> None:
        if not (is_vector(value) or (type(value) is list and all(map(is_vector, value)))):
            raise misfit(path, self)


class Where(Kind):
    """A filter: a path with an operator and one value, or operands."""

    def __init__(self) -> None:
        many = {
            "valueIntArray": ListOf(INTEGER),
            "valueNumberArray": ListOf(NUMBER),
            "valueBooleanArray": ListOf(BOOLEAN),
            "valueStringArray": ListOf(TEXT),
            "valueTextArray": ListOf(TEXT),
            "valueDateArray": ListOf(TEXT),
        }
        geo = Shape({"latitude": NUMBER, "longitude": NUMBER})
        self._shape = Shape(
            {
                "operator": enumeration(
                    *("And", "Or", "Not", "Equal", "Like", "NotEqual", "GreaterThan", "GreaterThanEqual"),
                    *("LessThan", "LessThanEqual", "WithinGeoRange", "IsNull"),
                    *("ContainsAny", "ContainsAll", "ContainsNone"),
                ),
                **nullable(
                    path=ListOf(TEXT),
                    operands=ListOf(self),
                    valueInt=INTEGER,
                    valueNumber=NUMBER,
                    valueBoolean=BOOLEAN,
                    valueString=TEXT,
                    valueText=TEXT,
                    valueDate=TEXT,
                    valueGeoRange=Shape({"geoCoordinates": geo, "distance": Shape({"max": NUMBER})}),
                    **many,
                ),
            },
            frozenset({"operator"}),
        )

    def describe(self) -> str:
        return "filter"

    def check(self, value: Any, path: str) -> None:
        self._shape.check(value, path)


VECTOR: Final = Vector()
WHERE: Final = Where()
OBJECT_MEMBERS: Final[dict[str, Kind]] = nullable(
    id=UUID,
    properties=OBJECT,
    creationTimeUnix=INTEGER,
    lastUpdateTimeUnix=INTEGER,
    vector=VECTOR,
    vectors=MapOf(VECTOR),
    tenant=TEXT,
)
"""Of an object that is written, besides its class."""
STORED: Final = Shape({"class": CLASS, **OBJECT_MEMBERS}, frozenset({"class"}))
CHANGED: Final = Shape({**nullable(**{"class": CLASS}), **OBJECT_MEMBERS})
"""An object whose path says of which collection it is."""
REFERENCE: Final = Shape({"beacon": BEACON, **nullable(href=TEXT, **{"class": CLASS})}, frozenset({"beacon"}))
LIMIT: Final = COUNT


def located(beacon: str) -> tuple[str, str]:
    """Collection, which may be empty, and id of a beacon. Raises Refusal: bad_body."""
    found = BEACON_TEXT.fullmatch(beacon)
    if found is None:
        raise Refusal(Reason.BAD_BODY, "A beacon is not of the form weaviate://localhost/Collection/uuid.")
    return found[1] or "", found[2]
