"""Milvus' filter expressions: `dsl` of Search, `expr` of Query and Delete, `filter` over REST."""

from __future__ import annotations

from vecgate_milvus.expressions.expression import Expression, fields_of, key_count, read

__all__ = ["Expression", "fields_of", "key_count", "read"]
