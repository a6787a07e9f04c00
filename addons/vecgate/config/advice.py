"""Advice: what is valid and yet probably not meant, or not safe. `vecgate check` shows it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vecgate.config.document import KeyPath
from vecgate.errors import Finding


class Code(StrEnum):
    """What kind of advice. docs/policy.md says of each what to do; a test holds the two together."""

    INCLUDE = "include"
    OBSERVE = "observe"
    NO_ISSUERS = "no-issuers"
    PLAINTEXT = "plaintext"
    READABLE_FILE = "readable-file"
    MISSING_FILE = "missing-file"
    EVERYTHING = "everything"
    EXPIRED = "expired"
    UNUSED = "unused"
    UNREACHABLE = "unreachable"
    CONDITION = "condition"
    LITERAL = "literal"
    SHADOWED = "shadowed"
    OPEN_MASK = "open-mask"
    SCORES = "scores"
    ROUNDING = "rounding"
    PROBES = "probes"
    REVIEWERS = "reviewers"


@dataclass(frozen=True)
class Advice:
    code: Code
    finding: Finding

    def __str__(self) -> str:
        return f"{self.finding} [{self.code}]"


type Remark = tuple[Code, KeyPath, str]
"""Advice before its key has been looked up."""
