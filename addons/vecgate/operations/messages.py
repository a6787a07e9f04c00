"""Requests and answers as plain values: no proxy type crosses into the thinking parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from vecgate.operations.site import Site

type Pairs = tuple[tuple[str, str], ...]


GRPC: Final = "GRPC"
"""The method of a gRPC call; its target's segments are the full service name and the method's."""
NOWHERE: Final = Site()


@dataclass(frozen=True, slots=True)
class Target:
    """A request target, decoded once. `segments` of `/a/b` is `("a", "b")`; `query` keeps its order."""

    segments: tuple[str, ...]
    query: Pairs = ()


@dataclass(frozen=True, slots=True)
class Request:
    """What the client asked, canonical: one spelling of the target, decoded body, single-valued lower-case headers.

    Of a gRPC call, `body` is the one message, without its prefix, and `headers` are metadata.
    """

    method: str
    target: Target
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    site: Site = NOWHERE


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is sent upstream, complete but for the service credential. `path` is encoded and holds the query.

    Of a gRPC call, `body` is the one message, without its prefix."""

    method: str
    path: str
    headers: Pairs = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes from the database or goes to the client. Header names are lower-case.

    Of a gRPC call, the messages stand in `messages`, without their prefixes, and `grpc-status` and `grpc-message` among
    the headers, wherever they are sent.
    """

    status: int
    headers: Pairs = ()
    body: bytes = b""
    messages: tuple[bytes, ...] | None = None

    def header(self, name: str) -> str:
        """The value of the only header of that name, or an empty text when it is absent or ambiguous."""
        found = [value for key, value in self.headers if key == name]
        return found[0] if len(found) == 1 else ""
