"""GraphQL: `POST /v1/graphql` and `/v1/graphql/batch`.

A query is parsed within bounds (`text`); its fragments, variables and directives are worked in (`tree`). Its parts are
read into operations (`parts`) by what their arguments (`arguments`, `steering`) and selections (`selection`, `members`,
`aggregation`) do. What is sent is printed from that (`outgoing`, `printer`), and the answer is rebuilt by following it
(`masking`, `replies`, `aggregates`, `columns`, `errors`).
"""

from __future__ import annotations

from vecgate_weaviate.graphql.masking import bound, mask, rewrite
from vecgate_weaviate.graphql.reading import ROWS, read

__all__ = ["ROWS", "bound", "mask", "read", "rewrite"]
