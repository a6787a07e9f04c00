"""Wire: what each of the two packages `rest` and `calls` has at its top, so that the dialect can pick one by method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from vecgate.operations.dialect import Lookup, Masked, Reading
from vecgate.operations.messages import Answer, Outgoing, Request
from vecgate.operations.table import Row
from vecgate.policy.decision import Decision


class Wire(Protocol):
    """As in `Dialect`; `Reading.detail` is a `Call`."""

    @property
    def ROWS(self) -> tuple[Row, ...]: ...

    @property
    def CHANGES_NAMES(self) -> frozenset[str]:
        """Rows that may create, rename or drop a collection, an alias, or a field."""

    def read(self, request: Request, /) -> Reading: ...

    def lookups(self, reading: Reading, /) -> Sequence[Lookup]:
        """One `collection.lookup` for each name that may be an alias."""

    def learn(self, answer: Answer, lookup: Lookup, /) -> Any: ...

    def bind(self, reading: Reading, names: Mapping[str, Any], /) -> Reading: ...

    def local(self, reading: Reading, decision: Decision, /) -> Answer | None: ...

    def rewrite(self, reading: Reading, decision: Decision, /) -> Outgoing: ...

    def mask(self, reading: Reading, decision: Decision, answer: Answer, /) -> Masked: ...
