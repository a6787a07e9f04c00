"""Qdrant over gRPC: the calls of its public services. Internal ones are refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from vecgate.errors import Unmaskable
from vecgate.operations import grpc
from vecgate.operations.dialect import Reading
from vecgate.operations.messages import GRPC, Answer, Outgoing
from vecgate.operations.table import Call
from vecgate.policy.decision import Decision
from vecgate_qdrant.aliases import resolved
from vecgate_qdrant.calls.outgoing import AS_WRITTEN, CHANGES_NAMES
from vecgate_qdrant.calls.outgoing import built as rewrite
from vecgate_qdrant.calls.reading import read
from vecgate_qdrant.calls.replies import mask
from vecgate_qdrant.calls.rows import ROWS
from vecgate_qdrant.descriptors import DESCRIPTORS

__all__ = ["ALIASES", "AS_WRITTEN", "CHANGES_NAMES", "ROWS", "aliases", "local", "mask", "read", "rewrite"]

_LIST: Final = "/qdrant.Collections/ListAliases"
ALIASES: Final = Outgoing(GRPC, _LIST)


def aliases(answer: Answer) -> Mapping[str, str]:
    """The collection behind each alias. Raises Unmaskable."""
    if answer.header("grpc-status") != grpc.OK:
        raise Unmaskable("The database did not list its aliases.")
    reply: Any = DESCRIPTORS.reply(_LIST, answer)
    return {one.alias_name: one.collection_name for one in reply.aliases}


def local(reading: Reading, decision: Decision) -> Answer | None:
    """A collection that the caller may not see does not exist."""
    call: Call = reading.detail
    if call.row.operation != "Collections/CollectionExists":
        return None
    if decision.visible(resolved(reading, call.params["collection_name"])):
        return None
    reply: Any = DESCRIPTORS.type("qdrant.CollectionExistsResponse")()
    reply.result.exists = False
    return grpc.answered(reply.SerializeToString())
