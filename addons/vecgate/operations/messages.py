"""Requests and answers as plain values: no proxy type crosses into the thinking parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

type Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Target:
    """A request target, decoded once. `segments` of `/a/b` is `("a", "b")`; `query` keeps its order."""

    segments: tuple[str, ...]
    query: Pairs = ()


@dataclass(frozen=True, slots=True)
class Request:
    """What the client asked, canonical: one spelling of the target, decoded body, single-valued lower-case headers."""

    method: str
    target: Target
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is sent upstream, complete but for the service credential. `path` is encoded and holds the query."""

    method: str
    path: str
    headers: Pairs = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes from the database or goes to the client. Header names are lower-case."""

    status: int
    headers: Pairs = ()
    body: bytes = b""

    def header(self, name: str) -> str:
        """The value of the only header of that name, or an empty text when it is absent or ambiguous."""
        found = [value for key, value in self.headers if key == name]
        return found[0] if len(found) == 1 else ""
