"""Mask strategies: what a caller sees instead of a field or a vector; `scores` has those for ranked lists.

A strategy is written as a name with an optional argument, `partial:last4`. Where several meet, the one that reveals no
more than any other wins (`covers`); where none does, because each shows a different part, nothing is shown.
Plugins contribute field and vector strategies through the hook `vecgate_mask_strategies`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar, Final, Literal, Self

import numpy as np

from vecgate.errors import Unmaskable

REDACTED: Final = "[redacted]"


class _Dropped(Enum):
    DROPPED = "dropped"


type Dropped = Literal[_Dropped.DROPPED]
DROPPED: Final = _Dropped.DROPPED
"""What a field strategy returns for a value that is to be left out altogether."""


@dataclass(frozen=True, slots=True)
class Where:
    """Where a value stands. `digest` is HMAC-SHA256 (32 bytes) under a key of this field's own."""

    path: str
    digest: Callable[[bytes], bytes]


class Strategy(ABC):
    """What all strategies share. Instances are immutable and serve every request; equality is by value."""

    strictness: int
    """From 0, everything shown, to 100, nothing; bundled strategies use 10 to 100."""

    @property
    @abstractmethod
    def spec(self) -> str:
        """The strategy as configuration spells it, with its argument."""

    def configured(self, argument: str) -> Self:
        """This strategy with an argument (the text after the first colon).

        Raises ValueError, saying what to write, if the argument is not understood.
        """
        if argument:
            raise ValueError(f"{self.spec} takes no argument: write {self.spec}")
        return self

    def covers(self, other: Strategy) -> bool:
        """Whoever may see this may see no more than by `other`."""
        same = type(self) is type(other) and self.spec == other.spec
        return same or self.strictness > other.strictness


@dataclass(frozen=True, slots=True)
class Rounding(Strategy):
    """`round:2`: the more decimals stay, the less it hides."""

    decimals: int = 0

    @property
    def strictness(self) -> int:  # type: ignore[override]  # computed, and read like the attribute
        return 50 - self.decimals

    @property
    def spec(self) -> str:
        return f"round:{self.decimals}"

    def configured(self, argument: str) -> Self:
        if not re.fullmatch(r"\d", argument):
            raise ValueError("write round:2, with one digit for the decimals that stay")
        return replace(self, decimals=int(argument))


class FieldStrategy(Strategy):
    """Masks one value of a record's payload."""

    scalar: ClassVar[bool] = True
    """Called with one text, number, truth value or null at a time: lists go element by element, and an object (also
    one inside a text) is redacted instead. False: called once with the whole value."""

    steady: ClassVar[bool] = False
    """Equal texts of one field always come to the same: the equal ones of one answer are masked once."""

    @abstractmethod
    def __call__(self, value: Any, where: Where) -> Any:
        """The value to show, or DROPPED. An exception withholds the whole answer."""


class VectorStrategy(Strategy):
    """Masks one stored vector."""

    fetches: ClassVar[bool] = True
    """False if the vector is not needed at all: then the database is not asked for it."""

    @abstractmethod
    def __call__(self, values: Sequence[float]) -> list[float] | None:
        """The vector to show, with as many dimensions; None leaves it out. An exception withholds the answer."""


@dataclass(frozen=True, slots=True)
class Drop(FieldStrategy):
    scalar = False
    strictness = 100
    spec = "drop"

    def __call__(self, value: Any, where: Where) -> Dropped:
        return DROPPED


@dataclass(frozen=True, slots=True)
class Redact(FieldStrategy):
    """One fixed text, whatever the value: neither its length nor whether it is null shows."""

    scalar = False
    strictness = 90
    spec = "redact"

    def __call__(self, value: Any, where: Where) -> str:
        return REDACTED


@dataclass(frozen=True, slots=True)
class Hash(FieldStrategy):
    """A keyed token: equal values of one field stay equal, so that joins and counts work. 128 bits of HMAC-SHA256."""

    scalar = False
    steady = True
    strictness = 60
    spec = "hash"

    def __call__(self, value: Any, where: Where) -> Any:
        if isinstance(value, list | tuple):
            return [self(element, where) for element in value]
        return f"hash_{where.digest(canonical(value))[:16].hex()}"


@dataclass(frozen=True, slots=True)
class Partial(FieldStrategy):
    """The beginning or end of a text or whole number, never more than half of it; or an e-mail address's domain."""

    side: Literal["first", "last", "email"] = "last"
    shown: int = 0
    strictness = 30

    @property
    def spec(self) -> str:
        return f"partial:{self.side}{self.shown or ''}"

    def configured(self, argument: str) -> Partial:
        if argument == "email":
            return Partial("email")
        if found := re.fullmatch(r"(first|last)([1-9]\d?)", argument):
            return Partial("first" if found[1] == "first" else "last", int(found[2]))
        raise ValueError("write partial:last4, partial:first1 or partial:email")

    def covers(self, other: Strategy) -> bool:
        if isinstance(other, Partial):
            return self.side == other.side and self.shown <= other.shown
        return self.strictness > other.strictness

    def __call__(self, value: Any, where: Where) -> str:
        if type(value) is int:
            value = str(value)
        if not isinstance(value, str):
            return REDACTED
        if self.side == "email":
            return self._address(value)
        shown = min(self.shown, len(value) // 2)
        if not shown:
            return REDACTED
        return f"{value[:shown]}***" if self.side == "first" else f"***{value[-shown:]}"

    @staticmethod
    def _address(value: str) -> str:
        local, at, domain = value.partition("@")
        if not (local and at and domain) or "@" in domain:
            return REDACTED
        return f"{local[0] if len(local) > 1 else ''}***@{domain}"


@dataclass(frozen=True, slots=True)
class DropVector(VectorStrategy):
    fetches = False
    strictness = 100
    spec = "drop"

    def __call__(self, values: Sequence[float]) -> None:
        return None


@dataclass(frozen=True, slots=True)
class ZeroVector(VectorStrategy):
    """As many zeros: for clients that insist on a vector. The dimension shows."""

    strictness = 90
    spec = "zero"

    def __call__(self, values: Sequence[float]) -> list[float]:
        return [0.0] * len(values)


@dataclass(frozen=True, slots=True)
class RoundVector(Rounding, VectorStrategy):
    """Every component to so many decimals. Weak: it saves bytes rather than secrets (docs/masking.md)."""

    def __call__(self, values: Sequence[float]) -> list[float]:
        try:
            numbers = np.asarray(values)
        except ValueError:
            raise Unmaskable("a vector is not a list of numbers") from None
        if numbers.ndim != 1 or numbers.dtype.kind not in "iuf":
            raise Unmaskable("a vector is not a list of numbers")
        # Adding zero turns -0.0 into 0.0: the sign of a component that was rounded away is one bit of it.
        rounded: list[float] = (np.round(numbers.astype(np.float64), self.decimals) + 0.0).tolist()
        return rounded


FIELDS: Final[dict[str, FieldStrategy]] = {
    "drop": Drop(),
    "redact": Redact(),
    "hash": Hash(),
    "partial": Partial(),
}
VECTORS: Final[dict[str, VectorStrategy]] = {
    "drop": DropVector(),
    "zero": ZeroVector(),
    "round": RoundVector(),
}


def strictest[S: Strategy](strategies: Sequence[S], known: Mapping[str, S]) -> S:
    """The one that reveals no more than any of them; `redact` or `drop` of `known` where each shows something else."""
    if len(strategies) == 1:
        return strategies[0]
    last = known["drop"]
    candidates = (*strategies, known.get("redact", last))
    return next((one for one in candidates if all(map(one.covers, strategies))), last)


def canonical(value: Any) -> bytes:
    """One encoding per value, with its type: the text `5` and the number 5 differ, 5 and 5.0 do not.

    Raises Unmaskable for what no payload can hold.
    """
    match value:
        case str():
            return b"s%d:%b" % (len(data := value.encode("utf-8", "surrogatepass")), data)
        case None:
            return b"n"
        case bool():
            return b"t" if value else b"f"
        case int():
            return b"i%x;" % value
        case float() | Decimal():
            if value == value and abs(value) != float("inf") and value == int(value):
                return canonical(int(value))
            return b"d%b;" % repr(float(value)).encode()
        case list() | tuple():
            return b"[%b]" % b"".join(map(canonical, value))
        case dict():
            members = sorted((canonical(name), canonical(member)) for name, member in value.items())
            return b"{%b}" % b"".join(name + member for name, member in members)
        case _:
            raise Unmaskable("a payload holds a value of unknown type")
