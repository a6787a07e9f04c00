"""Milvus dialect."""

from __future__ import annotations

from collections.abc import Sequence

from vecgate.hookspecs import hookimpl
from vecgate.operations.dialect import Dialect
from vecgate_milvus.dialect import MilvusDialect

__all__ = ["MilvusDialect"]


@hookimpl
def vecgate_dialects() -> Sequence[Dialect]:
    return (MilvusDialect(),)
