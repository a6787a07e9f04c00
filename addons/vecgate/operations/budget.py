"""Budget: how much of a request is read that steers it. On the wire a clause may be two bytes, and 40 MiB of them are
a minute's work."""

from __future__ import annotations

from dataclasses import dataclass

from vecgate.errors import Refusal
from vecgate.reasons import Reason


@dataclass(slots=True)
class Budget:
    most: int
    what: str
    """What is counted, as a caller reads it: `conditions and prefetches`."""
    spent: int = 0

    def spend(self) -> None:
        """One more is about to be read. Raises Refusal: body_too_large."""
        self.spent += 1
        if self.spent > self.most:
            raise Refusal(Reason.BODY_TOO_LARGE, f"At most {self.most} {self.what} steer a request.")
