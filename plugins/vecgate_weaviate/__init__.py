"""Weaviate dialect: REST in `rest/`, GraphQL in `graphql/`, gRPC in `calls/`, and what they share beside them."""

from __future__ import annotations

from collections.abc import Sequence

from vecgate.hookspecs import hookimpl
from vecgate.operations.dialect import Dialect
from vecgate_weaviate.dialect import WeaviateDialect

__all__ = ["WeaviateDialect"]


@hookimpl
def vecgate_dialects() -> Sequence[Dialect]:
    return (WeaviateDialect(),)
