"""Diagnosis: one thing that was looked at, how it is, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    GOOD = "good"
    WARNING = "warning"
    """It works, or nobody can tell; somebody should look."""
    FAILURE = "failure"
    """Requests would fail, or could go round the gateway."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    subject: str
    """`vecgate`, or a place in the configuration: `identity.issuers[0]`, `connections.docs`."""
    status: Status
    found: str
    """One sentence. It holds no credential."""
    advice: str = ""
    """What to do, where that is not plain."""


def good(subject: str, found: str) -> Diagnosis:
    return Diagnosis(subject, Status.GOOD, found)


def warning(subject: str, found: str, advice: str = "") -> Diagnosis:
    return Diagnosis(subject, Status.WARNING, found, advice)


def failure(subject: str, found: str, advice: str = "") -> Diagnosis:
    return Diagnosis(subject, Status.FAILURE, found, advice)
