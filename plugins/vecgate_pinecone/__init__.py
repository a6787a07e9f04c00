"""Pinecone dialect."""

from __future__ import annotations

from collections.abc import Sequence

from vecgate.hookspecs import hookimpl
from vecgate.operations.dialect import Dialect
from vecgate_pinecone.dialect import PineconeDialect

__all__ = ["PineconeDialect"]


@hookimpl
def vecgate_dialects() -> Sequence[Dialect]:
    return (PineconeDialect(),)
