"""Office hours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Self


@dataclass(frozen=True)
class Hours:
    """From Monday to Friday, from one full hour to another."""

    first: int
    after: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `8-18`. Raises ValueError, which keeps vecgate from starting: a rule must not go missing."""
        found = re.fullmatch(r"(\d{1,2})-(\d{1,2})", text)
        if not found or not int(found[1]) < int(found[2]) <= 24:
            raise ValueError(f"OFFICE_HOURS is {text!r}: write it like 8-18")
        return cls(int(found[1]), int(found[2]))

    def __contains__(self, moment: datetime) -> bool:
        return moment.weekday() < 5 and self.first <= moment.hour < self.after

    def __str__(self) -> str:
        return f"Monday to Friday, {self.first}:00 to {self.after}:00 UTC"
