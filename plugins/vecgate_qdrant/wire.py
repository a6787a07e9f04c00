"""Wire: what each of the two packages `rest` and `calls` has at its top, so that the dialect can pick one by method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from vecgate.operations.dialect import Masked, Reading
from vecgate.operations.messages import Answer, Outgoing, Request
from vecgate.operations.table import Row
from vecgate.policy.decision import Decision


class Wire(Protocol):
    """`Reading.detail` is a `Call` whose document is the parsed body or message.

    Its operations hold names as they were written; `bind` resolves them, and `rewrite` sends what `aliases.resolved`
    says, in every place where a name stands.
    """

    @property
    def ROWS(self) -> tuple[Row, ...]: ...
    @property
    def AS_WRITTEN(self) -> frozenset[str]:
        """Rows whose names the database does not resolve, or that name no collection."""

    @property
    def CHANGES_NAMES(self) -> frozenset[str]:
        """Rows that may create, rename or drop a collection or an alias."""

    @property
    def ALIASES(self) -> Outgoing:
        """Asks for all aliases."""

    def aliases(self, answer: Answer, /) -> Mapping[str, str]:
        """The collection behind each alias. Raises Unmaskable."""

    def read(self, request: Request, /) -> Reading: ...
    def local(self, reading: Reading, decision: Decision, /) -> Answer | None: ...
    def rewrite(self, reading: Reading, decision: Decision, /) -> Outgoing: ...
    def mask(self, reading: Reading, decision: Decision, answer: Answer, /) -> Masked: ...
