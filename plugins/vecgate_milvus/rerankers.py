"""Rerankers: what changes the ranking of a search after it, and the parameters that a searcher may choose.

https://milvus.io/docs/reranking.md
"""

from __future__ import annotations

from typing import Final

PARAMS: Final = {
    "rrf": frozenset({"k"}),
    "weighted": frozenset({"weights", "norm_score"}),
    "decay": frozenset({"function", "origin", "scale", "offset", "decay"}),
    "boost": frozenset({"weight", "filter", "random_score"}),
    "model": frozenset({"provider", "queries", "model_name", "max_client_batch_size", "truncate", "truncation"}),
}
"""By reranker. A model's address and credentials are not a searcher's to choose."""
PLAIN: Final = frozenset({"rrf", "weighted"})
"""They merge rankings; all others change scores by fields, filters or models."""
MERGING: Final = PARAMS["rrf"] | PARAMS["weighted"]
COMBINING: Final = frozenset({"boost_mode", "function_mode"})
"""The parameters of several rerankers together."""
