"""Envelope: what stands around `data` in an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from vecgate.errors import Refusal, Unmaskable
from vecgate.operations.shapes import INTEGER, NUMBER, Kind, ListOf, Nullable, OneOf, Shape
from vecgate_milvus.rest.bodies import NUMBERS

_NUMBERS: Final = Nullable(OneOf((ListOf(NUMBER), NUMBERS)))
_FACTS: Final[dict[str, Kind]] = {
    "cost": INTEGER,
    "topks": Nullable(OneOf((ListOf(INTEGER), NUMBERS))),
    "recalls": _NUMBERS,
    "scannedRemoteBytes": INTEGER,
    "scannedTotalBytes": INTEGER,
    "cacheHitRatio": NUMBER,
}
_SHAPE: Final = Shape(_FACTS)
_TEXTS: Final = frozenset({"message", "description"})
_OLD_SUCCESS: Final = 200
"""What the first servers with these routes said instead of 0. It is an error of later ones, who then give no data."""


@dataclass(frozen=True, slots=True)
class Envelope:
    code: int
    data: Any
    facts: Mapping[str, Any]
    """Numbers about the answer, by member."""
    succeeded: bool

    @classmethod
    def of(cls, document: Any, *, bare: bool = False) -> Envelope:
        """`bare` is of the one route that answers without an envelope. Raises Unmaskable."""
        if type(document) is not dict:
            raise Unmaskable("The database's answer is not an object.")
        if bare and "code" not in document:
            return cls(0, document, {}, succeeded=True)
        code = document.get("code")
        if type(code) is not int:
            raise Unmaskable("The database's answer has no code.")
        succeeded = code == 0 or (code == _OLD_SUCCESS and "data" in document and not document.get("message"))
        facts = {name: member for name, member in document.items() if name not in {"code", "data", *_TEXTS}}
        if succeeded:
            try:
                _SHAPE.check(facts)
            except Refusal:
                raise Unmaskable("The database's answer has other members than expected.") from None
        return cls(code, document.get("data"), facts, succeeded)

    def with_data(self, data: Any) -> dict[str, Any]:
        """Its text is left out: besides data it only says what failed on the way, and could quote something."""
        return {"code": self.code, "data": data, **self.facts}
