"""Bodies: the members of what is asked about points. Members whose inside needs a walk are `ANY` here and read by the
effects. From the API description of 1.19, and for the legacy routes that of 1.18."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.shapes import (
    ANY,
    BOOLEAN,
    NUMBER,
    OBJECT,
    TEXT,
    Kind,
    ListOf,
    Nullable,
    OneOf,
    Shape,
    enumeration,
    nullable,
)
from vecgate.reasons import Reason
from vecgate_qdrant.rest.kinds import (
    IDS,
    NAME,
    POINT_ID,
    SHARD_KEYS,
    SIZE,
    TEXTS,
    UINT,
    WITH_PAYLOAD,
    WITH_VECTOR,
    Either,
)
from vecgate_qdrant.rest.queries import LOOKUP_FROM, PARAMS, PREFETCHES, STRATEGY

_SHARD: Final = nullable(shard_key=SHARD_KEYS)
_FILTER: Final = nullable(filter=OBJECT)
_SELECTED: Final = nullable(with_payload=WITH_PAYLOAD, with_vector=WITH_VECTOR)
_UPSERT: Final = nullable(
    shard_key=SHARD_KEYS, update_filter=OBJECT, update_mode=enumeration("upsert", "insert_only", "update_only")
)
_BY_ANY: Final = {**nullable(points=IDS), **_FILTER, **_SHARD}


def _closed(members: dict[str, Kind], *required: str) -> Shape:
    return Shape(members, frozenset(required))


# Records
POINT_REQUEST: Final = _closed({"ids": IDS, **_SHARD, **_SELECTED}, "ids")
SCROLL: Final = _closed({**_SHARD, **_FILTER, **_SELECTED, **nullable(offset=POINT_ID, limit=SIZE, order_by=ANY)})
COUNT: Final = _closed({**_SHARD, **_FILTER, **nullable(exact=BOOLEAN)})
FACET: Final = _closed({"key": TEXT, **_SHARD, **_FILTER, **nullable(limit=SIZE, exact=BOOLEAN)}, "key")
MATRIX: Final = _closed({**_SHARD, **_FILTER, **nullable(sample=SIZE, limit=SIZE, using=TEXT)})

# Queries
WITH_LOOKUP: Final = OneOf(
    (
        NAME,
        _closed({"collection": NAME, **nullable(with_payload=WITH_PAYLOAD, with_vectors=WITH_VECTOR)}, "collection"),
    )
)
_QUERY: Final = {
    **_SHARD,
    **_FILTER,
    **_SELECTED,
    **nullable(using=TEXT, params=PARAMS, score_threshold=NUMBER, lookup_from=LOOKUP_FROM),
    "prefetch": PREFETCHES,
    "query": ANY,
}
QUERY: Final = _closed({**_QUERY, **nullable(limit=SIZE, offset=UINT)})
_GROUPS: Final = {"group_by": TEXT, **nullable(group_size=SIZE, limit=SIZE, with_lookup=WITH_LOOKUP)}
QUERY_GROUPS: Final = _closed({**_QUERY, **_GROUPS}, "group_by")

# Legacy searches
_LEGACY: Final = {**_SHARD, **_FILTER, **_SELECTED, **nullable(params=PARAMS)}
_PAGE: Final = {"limit": SIZE, **nullable(offset=UINT)}
_THRESHOLD: Final = nullable(score_threshold=NUMBER)
_USING: Final = nullable(using=TEXT, lookup_from=LOOKUP_FROM)
_EXAMPLES: Final = nullable(positive=ANY, negative=ANY, strategy=STRATEGY)
_OLD_GROUPS: Final = {"group_by": TEXT, "group_size": SIZE, "limit": SIZE, **nullable(with_lookup=WITH_LOOKUP)}
SEARCH: Final = _closed({"vector": ANY, **_LEGACY, **_PAGE, **_THRESHOLD}, "vector", "limit")
SEARCH_GROUPS: Final = _closed(
    {"vector": ANY, **_LEGACY, **_THRESHOLD, **_OLD_GROUPS}, "vector", "limit", "group_by", "group_size"
)
RECOMMEND: Final = _closed({**_EXAMPLES, **_LEGACY, **_PAGE, **_THRESHOLD, **_USING}, "limit")
RECOMMEND_GROUPS: Final = _closed(
    {**_EXAMPLES, **_LEGACY, **_THRESHOLD, **_USING, **_OLD_GROUPS}, "limit", "group_by", "group_size"
)
DISCOVER: Final = _closed({**nullable(target=ANY, context=ANY), **_LEGACY, **_PAGE, **_USING}, "limit")


def searches(one: Shape) -> Shape:
    return _closed({"searches": ListOf(one)}, "searches")


# Writes
_POINT: Final = _closed({"id": POINT_ID, "vector": ANY, **nullable(payload=OBJECT)}, "id", "vector")
_BATCH: Final = _closed({"ids": IDS, "vectors": ANY, **nullable(payloads=ListOf(Nullable(OBJECT)))}, "ids", "vectors")
UPSERT: Final = Either.of(
    {
        "points": _closed({"points": ListOf(_POINT), **_UPSERT}, "points"),
        "batch": _closed({"batch": _BATCH, **_UPSERT}, "batch"),
    }
)
SELECTOR: Final = _closed(_BY_ANY)
SET_PAYLOAD: Final = _closed({"payload": OBJECT, **_BY_ANY, **nullable(key=TEXT)}, "payload")
DELETE_PAYLOAD: Final = _closed({"keys": TEXTS, **_BY_ANY}, "keys")
UPDATE_VECTORS: Final = _closed(
    {
        "points": ListOf(_closed({"id": POINT_ID, "vector": ANY}, "id", "vector")),
        **nullable(shard_key=SHARD_KEYS, update_filter=OBJECT),
    },
    "points",
)
DELETE_VECTORS: Final = _closed({"vector": TEXTS, **_BY_ANY}, "vector")
MEMBERS: Final[dict[str, Shape]] = {
    "upsert": UPSERT,
    "delete": SELECTOR,
    "set_payload": SET_PAYLOAD,
    "overwrite_payload": SET_PAYLOAD,
    "delete_payload": DELETE_PAYLOAD,
    "clear_payload": SELECTOR,
    "update_vectors": UPDATE_VECTORS,
    "delete_vectors": DELETE_VECTORS,
}
"""The bodies of a batch's members."""
BATCH_UPDATE: Final = _closed({"operations": ListOf(Either.single(MEMBERS))}, "operations")


def spelt(document: Any, *, top: bool = False) -> Any:
    """The document with members in the one spelling that is judged: the server takes `with_vectors` for `with_vector`,
    `vectors` for a point's `vector`, and, where `top`, that for `limit`. Raises Refusal: duplicate_member."""
    if type(document) is not dict:
        return document
    renamed = _renamed(document, "with_vectors", "with_vector")
    if top:
        renamed = _renamed(renamed, "top", "limit")
    for name, inner in (("searches", lambda one: spelt(one, top=top)), ("points", _point), ("operations", _member)):
        renamed = _each(renamed, name, inner)
    if type(lookup := renamed.get("with_lookup")) is dict:
        renamed = {**renamed, "with_lookup": _renamed(lookup, "with_vector", "with_vectors")}
    return renamed


def _each(document: dict[str, Any], name: str, inner: Callable[[Any], Any]) -> dict[str, Any]:
    entries = document.get(name)
    return {**document, name: [inner(one) for one in entries]} if type(entries) is list else document


def _point(value: Any) -> Any:
    return _renamed(value, "vectors", "vector") if type(value) is dict else value


def _member(value: Any) -> Any:
    if type(value) is not dict:
        return value
    return {name: spelt(one) if type(one) is dict else one for name, one in value.items()}


def _renamed(document: dict[str, Any], other: str, name: str) -> dict[str, Any]:
    if other not in document:
        return document
    if name in document:
        raise Refusal(Reason.DUPLICATE_MEMBER, f"{name} stands twice, in two spellings.")
    return {name if key == other else key: value for key, value in document.items()}
