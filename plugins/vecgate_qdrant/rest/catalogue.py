"""Catalogue: the answers that name collections and aliases, or tell of a collection's settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from vecgate.errors import Refusal, Unmaskable
from vecgate.masking import payloads
from vecgate.masking.maskset import MaskSet
from vecgate.operations.shapes import OBJECT, TEXT, ListOf, MapOf, OneOf, Shape, enumeration, nullable
from vecgate.policy.decision import Decision
from vecgate_qdrant.rest.kinds import NAME, UINT

_INDEX: Final = Shape(
    {"data_type": TEXT, "points": UINT, **nullable(params=OBJECT)}, frozenset({"data_type", "points"})
)
_CONFIG: Final = Shape(
    {
        "params": OBJECT,
        "hnsw_config": OBJECT,
        "optimizer_config": OBJECT,
        **nullable(wal_config=OBJECT, quantization_config=OBJECT, strict_mode_config=OBJECT, metadata=OBJECT),
    },
    frozenset({"params"}),
)
_INFO: Final = Shape(
    {
        "status": enumeration("green", "yellow", "grey", "red"),
        "optimizer_status": OneOf((enumeration("ok"), Shape({"error": TEXT}))),
        "config": _CONFIG,
        "payload_schema": MapOf(_INDEX),
        "segments_count": UINT,
        **nullable(
            warnings=ListOf(Shape({"message": TEXT})),
            vectors_count=UINT,
            indexed_vectors_count=UINT,
            points_count=UINT,
            update_queue=Shape(nullable(length=UINT, deferred_points=UINT)),
        ),
    },
    frozenset({"status", "config", "payload_schema"}),
)
_COLLECTIONS: Final = Shape(
    {"collections": ListOf(Shape({"name": TEXT}, frozenset({"name"})))}, frozenset({"collections"})
)
_ALIAS: Final = Shape({"alias_name": NAME, "collection_name": NAME}, frozenset({"alias_name", "collection_name"}))
_ALIASES: Final = Shape({"aliases": ListOf(_ALIAS)}, frozenset({"aliases"}))


def collections(result: Any, decision: Decision) -> dict[str, Any]:
    """Those that the caller may know of. Raises Unmaskable."""
    _check(_COLLECTIONS, result)
    return {"collections": [one for one in result["collections"] if decision.visible(one["name"])]}


def aliases(result: Any) -> Iterator[tuple[str, str]]:
    """Every alias with its collection. Raises Unmaskable."""
    _check(_ALIASES, result)
    return ((one["alias_name"], one["collection_name"]) for one in result["aliases"])


def visible_aliases(result: Any, decision: Decision) -> dict[str, Any]:
    """Those of collections that the caller may know of."""
    return {
        "aliases": [
            {"alias_name": alias, "collection_name": name} for alias, name in aliases(result) if decision.visible(name)
        ]
    }


def info(result: Any, masks: MaskSet, masked: set[str]) -> dict[str, Any]:
    """What a collection says of itself: its metadata masked like a payload, without indexes of masked fields, whose
    counts would tell of them; its errors and warnings could quote what is stored."""
    _check(_INFO, result)
    config: dict[str, Any] = dict(result["config"])
    if config.get("metadata") is not None:
        config["metadata"], _ = payloads.masked(config["metadata"], masks, masked)
    hidden = {name for name in result["payload_schema"] if masks.used((name,)) is not None}
    masked |= hidden
    shown = {
        **result,
        "config": config,
        "payload_schema": {name: one for name, one in result["payload_schema"].items() if name not in hidden},
    }
    if type(result.get("optimizer_status")) is dict:
        shown["optimizer_status"] = {"error": "The optimizer failed."}
    if result.get("warnings"):
        shown["warnings"] = []
    return shown


def _check(kind: Shape, result: Any) -> None:
    try:
        kind.check(result)
    except Refusal:
        raise Unmaskable("The database's answer is not of the expected form.") from None
