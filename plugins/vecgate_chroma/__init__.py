"""Chroma dialect."""

from __future__ import annotations

from collections.abc import Sequence

from vecgate.hookspecs import hookimpl
from vecgate.operations.dialect import Dialect
from vecgate_chroma.dialect import ChromaDialect

__all__ = ["ChromaDialect"]


@hookimpl
def vecgate_dialects() -> Sequence[Dialect]:
    return (ChromaDialect(),)
