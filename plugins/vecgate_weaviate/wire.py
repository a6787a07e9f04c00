"""Wire: what a package of one way into Weaviate has, so that the dialect can pick one by the request.

`rest` and `calls` are wires as they are; `graph` makes one of the package `graphql`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from vecgate.identity.principal import Principal
from vecgate.operations.dialect import Lookup, Masked, Reading
from vecgate.operations.messages import Answer, Outgoing, Request
from vecgate.policy.decision import Decision


class Wire(Protocol):
    """`Reading.detail` is a `Call`, or of a kind of the wire's own that is one.

    Resources are `Collection` or `Collection/tenant`, with the first letter a capital as the server spells it.
    Operations hold names as they were written; `bind` judges anew by what the look-ups have brought, and `rewrite`
    sends the collections' own names, wherever one stands.
    """

    @property
    def CHANGES_NAMES(self) -> frozenset[str]:
        """Rows that may create, rename or drop a collection or an alias."""

    def read(self, request: Request, /) -> Reading: ...
    def lookups(self, reading: Reading, /) -> Sequence[Lookup]: ...
    def bind(self, reading: Reading, names: Mapping[str, Any], /) -> Reading: ...
    def local(self, reading: Reading, principal: Principal | None, decision: Decision, /) -> Answer | None: ...
    def rewrite(self, reading: Reading, decision: Decision, /) -> Outgoing: ...
    def mask(self, reading: Reading, decision: Decision, answer: Answer, /) -> Masked: ...
