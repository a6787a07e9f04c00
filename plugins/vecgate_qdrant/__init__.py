"""Qdrant dialect: REST in `rest/`, gRPC in `calls/`, and what both share beside them."""

from __future__ import annotations

from collections.abc import Sequence

from vecgate.hookspecs import hookimpl
from vecgate.operations.dialect import Dialect
from vecgate_qdrant.dialect import QdrantDialect

__all__ = ["QdrantDialect"]


@hookimpl
def vecgate_dialects() -> Sequence[Dialect]:
    return (QdrantDialect(),)
