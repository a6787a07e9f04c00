"""Rows about points: reading, changing and searching them."""

from __future__ import annotations

from typing import Final

from vecgate.operations.model import Action
from vecgate.operations.shapes import Shape
from vecgate.operations.table import Row
from vecgate_qdrant import bulk
from vecgate_qdrant.rest import bodies, reads, writes
from vecgate_qdrant.rest.rows.common import COLLECTION, CONSISTENCY, NAMED, READING, WRITING

_POINTS: Final = f"{COLLECTION}/points"
_STEERS: Final = ("filter", "params.idf.corpus", "prefetch[].filter", "query.order_by", "query.formula")
_OLD: Final = "Not in the description of 1.19, and still served."
_LOOKUPS: Final = "The collections of `lookup_from`, at any depth, and `with_lookup` are resources, too."
_EGRESS: Final = "`egress` where text or images go to an inference service."
_EXPORT: Final = f"`bulk_export` above {bulk.MANY} records."


def _read(name: str, path: str, body: Shape, action: Action = Action.READ, **more: object) -> Row:
    """A question about points, asked by POST."""
    return Row(name, "POST", path, action, NAMED, query=READING, body=body, **more)  # type: ignore[arg-type]


def _ranked(name: str, path: str, body: Shape, note: str, **more: object) -> Row:
    """A ranking: its scores, vectors and payload come back."""
    hits = {"vectors": ("vector",), "payload": ("payload",), "scores": ("score",)}
    return _read(name, path, body, Action.SEARCH, note=note, **hits, **more)


def _change(name: str, method: str, path: str, action: Action, body: Shape, change: str, note: str = "") -> Row:
    """A change of points; `change` is its name in a batch."""
    fields = ("filter",) if "filter" in body.members else ("update_filter",)
    effect = writes.alone(change)
    return Row(name, method, path, action, NAMED, query=WRITING, body=body, fields=fields, note=note, effect=effect)


_BY_ID: Final = (
    Row(
        "get_point",
        "GET",
        f"{_POINTS}/{{id}}",
        Action.READ,
        NAMED,
        query=CONSISTENCY,
        vectors=("vector",),
        payload=("payload",),
        note="Asked by `get_points`, where vectors can be left out.",
        effect=reads.one_point,
    ),
    _read(
        "get_points",
        _POINTS,
        bodies.POINT_REQUEST,
        vectors=("vector",),
        payload=("payload",),
        note=f"With payload unless it says otherwise. {_EXPORT}",
        effect=reads.by_ids,
    ),
    _read(
        "scroll_points",
        f"{_POINTS}/scroll",
        bodies.SCROLL,
        fields=("filter", "order_by"),
        vectors=("vector",),
        payload=("payload", "order_value"),
        note=f"With payload unless it says otherwise. {_EXPORT}",
        effect=reads.scroll,
    ),
    _read("count_points", f"{_POINTS}/count", bodies.COUNT, fields=("filter",), effect=reads.count),
    _read(
        "facet",
        f"{COLLECTION}/facet",
        bodies.FACET,
        fields=("key", "filter"),
        payload=("hits[].value",),
        effect=reads.facet,
    ),
)

_CHANGES: Final = (
    _change(
        "upsert_points",
        "PUT",
        _POINTS,
        Action.WRITE,
        bodies.UPSERT,
        "upsert",
        f"`bulk_update` above {bulk.MANY} points. {_EGRESS}",
    ),
    _change(
        "delete_points",
        "POST",
        f"{_POINTS}/delete",
        Action.DELETE,
        bodies.SELECTOR,
        "delete",
        f"`bulk_delete` unless it names at most {bulk.FEW} ids.",
    ),
    _change(
        "update_vectors",
        "PUT",
        f"{_POINTS}/vectors",
        Action.WRITE,
        bodies.UPDATE_VECTORS,
        "update_vectors",
        f"`bulk_update` above {bulk.MANY} points. {_EGRESS}",
    ),
    _change(
        "delete_vectors",
        "POST",
        f"{_POINTS}/vectors/delete",
        Action.DELETE,
        bodies.DELETE_VECTORS,
        "delete_vectors",
        f"`bulk_delete` unless it names at most {bulk.FEW} ids.",
    ),
    _change(
        "set_payload",
        "POST",
        f"{_POINTS}/payload",
        Action.WRITE,
        bodies.SET_PAYLOAD,
        "set_payload",
        f"`bulk_update` unless it names at most {bulk.MANY} ids.",
    ),
    _change(
        "overwrite_payload",
        "PUT",
        f"{_POINTS}/payload",
        Action.WRITE,
        bodies.SET_PAYLOAD,
        "overwrite_payload",
        f"`bulk_update` unless it names at most {bulk.MANY} ids.",
    ),
    _change(
        "delete_payload",
        "POST",
        f"{_POINTS}/payload/delete",
        Action.DELETE,
        bodies.DELETE_PAYLOAD,
        "delete_payload",
        f"`bulk_delete` unless it names at most {bulk.FEW} ids.",
    ),
    _change(
        "clear_payload",
        "POST",
        f"{_POINTS}/payload/clear",
        Action.DELETE,
        bodies.SELECTOR,
        "clear_payload",
        f"`bulk_delete` unless it names at most {bulk.FEW} ids.",
    ),
    Row(
        "batch_update",
        "POST",
        f"{_POINTS}/batch",
        Action.WRITE,
        NAMED,
        query=WRITING,
        body=bodies.BATCH_UPDATE,
        fields=("operations[].*.filter", "operations[].*.update_filter"),
        note="Each member is the operation that it would be alone.",
        effect=writes.batch,
    ),
)

_QUERIES: Final = (
    _ranked(
        "query_points",
        f"{_POINTS}/query",
        bodies.QUERY,
        f"Without a query, or to sort or sample, it reads. {_LOOKUPS} {_EXPORT} {_EGRESS}",
        fields=_STEERS,
        effect=reads.query,
    ),
    _ranked(
        "query_batch_points",
        f"{_POINTS}/query/batch",
        bodies.searches(bodies.QUERY),
        "Each search is the operations that it would be alone.",
        fields=_STEERS,
        effect=reads.query_batch,
    ),
    _ranked(
        "query_points_groups",
        f"{_POINTS}/query/groups",
        bodies.QUERY_GROUPS,
        f"{_LOOKUPS} {_EXPORT} {_EGRESS}",
        fields=(*_STEERS, "group_by"),
        effect=reads.query,
    ),
    *(
        _read(
            f"search_matrix_{form}",
            f"{_POINTS}/search/matrix/{form}",
            bodies.MATRIX,
            Action.SEARCH,
            fields=("filter",),
            scores=scores,
            note="Ids of a sample, and how alike they are: each of the sample counts as a query.",
            effect=reads.matrix,
        )
        for form, scores in (("pairs", ("pairs[].score",)), ("offsets", ("scores",)))
    ),
)

_SEARCHES: Final = tuple(
    _ranked(f"{name}_points", f"{_POINTS}/{name}", body, f"{_OLD} {_LOOKUPS}", fields=("filter",), effect=effect)
    for name, body, effect in (
        ("search", bodies.SEARCH, reads.search),
        ("recommend", bodies.RECOMMEND, reads.recommend),
        ("discover", bodies.DISCOVER, reads.discover),
    )
)
_SEARCH_BATCHES: Final = tuple(
    _ranked(
        f"{name}_batch_points",
        f"{_POINTS}/{name}/batch",
        bodies.searches(body),
        f"{_OLD} Each search is the operations that it would be alone.",
        fields=("searches[].filter",),
        effect=effect,
    )
    for name, body, effect in (
        ("search", bodies.SEARCH, reads.search_batch),
        ("recommend", bodies.RECOMMEND, reads.recommend_batch),
        ("discover", bodies.DISCOVER, reads.discover_batch),
    )
)
_SEARCH_GROUPS: Final = tuple(
    _ranked(
        f"{name}_point_groups",
        f"{_POINTS}/{name}/groups",
        body,
        f"{_OLD} {_LOOKUPS}",
        fields=("filter", "group_by"),
        effect=effect,
    )
    for name, body, effect in (
        ("search", bodies.SEARCH_GROUPS, reads.search),
        ("recommend", bodies.RECOMMEND_GROUPS, reads.recommend),
    )
)

ROWS: Final = (*_BY_ID, *_CHANGES, *_QUERIES, *_SEARCHES, *_SEARCH_BATCHES, *_SEARCH_GROUPS)
