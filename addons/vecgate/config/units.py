"""Durations, sizes, rates and moments as operators write them: `15m`, `40MiB`, `600/minute`, `2026-11-01T00:00:00Z`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, PlainValidator, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "kB": 1000, "MB": 1000**2, "GB": 1000**3}
_WINDOWS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_DATED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}")


class Unit:
    """Reads itself from text for pydantic and shows its pattern in the JSON Schema."""

    pattern: str
    example: str

    @classmethod
    def parse(cls, text: str) -> Self:
        raise NotImplementedError

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, cls) else cls.parse(value),
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": cls.pattern, "examples": [cls.example]}

    @classmethod
    def _match(cls, text: object) -> re.Match[str]:
        found = re.fullmatch(cls.pattern, text) if isinstance(text, str) else None
        if found is None:
            raise ValueError(f"write it like {cls.example}")
        return found


@dataclass(frozen=True, slots=True)
class Duration(Unit):
    seconds: float
    text: str = ""

    pattern = r"^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)$"
    example = "15m"

    @classmethod
    def parse(cls, text: str) -> Self:
        found = cls._match(text)
        return cls(float(found[1]) * _SECONDS[found[2]], text)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Size(Unit):
    bytes: int
    text: str = ""

    pattern = r"^([0-9]+)(B|KiB|MiB|GiB|kB|MB|GB)$"
    example = "40MiB"

    @classmethod
    def parse(cls, text: str) -> Self:
        found = cls._match(text)
        return cls(int(found[1]) * _BYTES[found[2]], text)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Rate(Unit):
    """So many in a window of so many seconds."""

    amount: int
    window: int
    text: str = ""

    pattern = r"^([1-9][0-9]*)/(?:([1-9][0-9]*) *)?(second|minute|hour|day)s?$"
    example = "600/minute"

    @classmethod
    def parse(cls, text: str) -> Self:
        found = cls._match(text)
        return cls(int(found[1]), int(found[2] or 1) * _WINDOWS[found[3]], text)

    def __str__(self) -> str:
        return self.text


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, str) and _DATED.match(value):
        moment = datetime.fromisoformat(value)
    else:
        raise ValueError("write it like 2026-11-01T00:00:00Z")
    if moment.tzinfo is None:
        raise ValueError("needs a zone: write it like 2026-11-01T00:00:00Z or 2026-11-01T00:00:00+01:00")
    return moment


type Moment = Annotated[datetime, PlainValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
"""A date and time with a zone (RFC 3339)."""
