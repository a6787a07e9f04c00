"""Queries: everything that `query` may be, prefetches within prefetches, and the legacy routes' recommend and discover.

Each function returns what evidence keeps of the query: texts and ids, never a vector's values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from vecgate.operations.document import Numbers, plain
from vecgate.operations.shapes import (
    ANY,
    BOOLEAN,
    NUMBER,
    OBJECT,
    TEXT,
    Nullable,
    OneOf,
    Scalar,
    Shape,
    enumeration,
    nullable,
)
from vecgate_qdrant.rest import filters, formulas, vectors
from vecgate_qdrant.rest.filters import bad, unknown
from vecgate_qdrant.rest.kinds import NAME, NUMBERS, SHARD_KEYS, SIZE, UINT
from vecgate_qdrant.steering import Steering

_DATE_OR_NUMBER: Final = OneOf((NUMBER, TEXT))
_DIRECTION: Final = enumeration("asc", "desc")
_ORDER: Final = Shape({"key": TEXT, **nullable(direction=_DIRECTION, start_from=_DATE_OR_NUMBER)}, frozenset({"key"}))
STRATEGY: Final = enumeration("average_vector", "best_score", "sum_scores")
LOOKUP_FROM: Final = Shape(
    {"collection": NAME, **nullable(vector=TEXT, shard_key=SHARD_KEYS)}, frozenset({"collection"})
)
PARAMS: Final = Shape(
    nullable(
        hnsw_ef=SIZE,
        exact=BOOLEAN,
        quantization=Shape(nullable(ignore=BOOLEAN, rescore=BOOLEAN, oversampling=NUMBER)),
        indexed_only=BOOLEAN,
        acorn=Shape(nullable(enable=BOOLEAN, max_selectivity=NUMBER)),
        idf=Scalar("global | {corpus}", frozenset({str, dict})),
    )
)
PREFETCHES: Final = Scalar("prefetch | [prefetch]", frozenset({dict, list, type(None)}))
_PREFETCH: Final = Shape(
    {
        **nullable(
            using=TEXT,
            params=PARAMS,
            score_threshold=NUMBER,
            limit=SIZE,
            lookup_from=LOOKUP_FROM,
        ),
        "prefetch": PREFETCHES,
        "query": ANY,
        "filter": Nullable(OBJECT),
    }
)
_MMR: Final = Nullable(Shape(nullable(diversity=NUMBER, candidates_limit=UINT)))
_RRF: Final = Shape(nullable(k=SIZE, weights=NUMBERS))
_NAIVE: Final = Shape({"naive": Shape({"a": NUMBER, "b": NUMBER, "c": NUMBER}, frozenset("abc"))}, frozenset({"naive"}))


def stage(document: dict[str, Any], steering: Steering, at: str = "") -> dict[str, Any]:
    """One query with its prefetches, whose other members the caller has checked."""
    dot = f"{at}." if at else ""
    steering.queries += 1
    steering.budget.spend()
    filters.read(document.get("filter"), steering, f"{dot}filter")
    params(document.get("params"), steering, f"{dot}params")
    if document.get("score_threshold") is not None:
        steering.scores = True
    if (lookup := document.get("lookup_from")) is not None:
        steering.lookups[lookup["collection"]] = None
    kept: dict[str, Any] = {}
    if (prefetch := document.get("prefetch")) is not None:
        entries = prefetch if type(prefetch) is list else [prefetch]
        kept["prefetch"] = [_prefetch(one, steering, f"{dot}prefetch") for one in entries]
    if (query := document.get("query")) is not None:
        kept["query"] = _query(query, steering, f"{dot}query")
    else:
        steering.scrolls = True
    return kept


def params(value: Any, steering: Steering, at: str) -> None:
    """Search parameters; the frequencies of sparse vectors may be counted over a filter's points."""
    if value is None:
        return
    PARAMS.check(value, at)
    if type(idf := value.get("idf")) is dict:
        if idf.keys() != {"corpus"} or type(idf["corpus"]) is not dict:
            raise bad(f"{at}.idf needs a corpus")
        filters.read(idf["corpus"], steering, f"{at}.idf.corpus")
    elif idf not in {None, "global"}:
        raise bad(f"{at}.idf is unknown")


def order_by(value: Any, steering: Steering, at: str) -> None:
    """A key, or a key with a direction and where to start from."""
    key = value
    if type(value) is dict:
        _ORDER.check(value, at)
        key = value["key"]
    if type(key) is not str or not key:
        raise bad(f"{at} names no field")
    steering.use(key)


def recommend(value: dict[str, Any], steering: Steering, at: str) -> dict[str, Any]:
    """Members `positive` and `negative`: lists of vectors and ids."""
    kept: dict[str, Any] = {}
    for name in ("positive", "negative"):
        if (examples := value.get(name)) is not None:
            # A list of integers is a list of ids here; they may come as a long run of numbers.
            kept[name] = [vectors.asked(one, steering, f"{at}.{name}") for one in _list(examples, f"{at}.{name}")]
    if value.get("strategy") is not None:
        STRATEGY.check(value["strategy"], f"{at}.strategy")
    return kept


def discover(value: dict[str, Any], steering: Steering, at: str) -> dict[str, Any]:
    """Members `target`, a vector or id, and `context`."""
    kept: dict[str, Any] = {}
    if value.get("target") is not None:
        kept["target"] = vectors.asked(value["target"], steering, f"{at}.target")
    return {**kept, "context": _context(value.get("context"), steering, f"{at}.context")}


def _prefetch(value: Any, steering: Steering, at: str) -> dict[str, Any]:
    _PREFETCH.check(value, at)
    kept = {name: plain(value[name]) for name in ("filter", "limit") if value.get(name) is not None}
    return {**kept, **stage(value, steering, at)}


def _query(value: Any, steering: Steering, at: str) -> Any:
    """A vector or id by itself, or an object of exactly one variant's members."""
    if type(value) is dict and (variant := next((name for name in value if name in _VARIANTS), None)) is not None:
        members, read, searches = _VARIANTS[variant]
        if not value.keys() <= members:
            raise unknown(at)
        steering.searches |= searches
        steering.scrolls |= not searches
        return {variant: read(value, steering, f"{at}.{variant}")}
    steering.searches = True
    return vectors.asked(value, steering, at)


def _nearest(value: dict[str, Any], steering: Steering, at: str) -> Any:
    _MMR.check(value.get("mmr"), f"{at}.mmr")
    return vectors.asked(value["nearest"], steering, at)


def _recommend(value: dict[str, Any], steering: Steering, at: str) -> Any:
    return recommend(_object(value["recommend"], {"positive", "negative", "strategy"}, at), steering, at)


def _discover(value: dict[str, Any], steering: Steering, at: str) -> Any:
    inner = _object(value["discover"], {"target", "context"}, at)
    if inner.get("target") is None:
        raise bad(f"{at} needs a target")
    return discover(inner, steering, at)


def _context(value: Any, steering: Steering, at: str) -> Any:
    pairs = value if type(value) is list else [] if value is None else [value]
    return [_pair(one, steering, at) for one in pairs]


def _pair(value: Any, steering: Steering, at: str) -> dict[str, Any]:
    pair = _object(value, {"positive", "negative"}, at)
    if len(pair) != 2:
        raise bad(f"{at} needs pairs of a positive and a negative")
    return {name: vectors.asked(one, steering, f"{at}.{name}") for name, one in pair.items()}


def _order_by(value: dict[str, Any], steering: Steering, at: str) -> Any:
    order_by(value["order_by"], steering, at)
    return value["order_by"]


def _fusion(value: dict[str, Any], steering: Steering, at: str) -> Any:
    enumeration("rrf", "dbsf").check(value["fusion"], at)
    return value["fusion"]


def _rrf(value: dict[str, Any], steering: Steering, at: str) -> Any:
    _RRF.check(value["rrf"], at)
    return {}


def _sample(value: dict[str, Any], steering: Steering, at: str) -> Any:
    enumeration("random").check(value["sample"], at)
    return value["sample"]


def _formula(value: dict[str, Any], steering: Steering, at: str) -> Any:
    formulas.read(value["formula"], steering, at)
    formulas.defaults(value.get("defaults"), steering, at)
    return plain(value["formula"])


def _feedback(value: dict[str, Any], steering: Steering, at: str) -> Any:
    inner = _object(value["relevance_feedback"], {"target", "feedback", "strategy"}, at)
    if len(inner) != 3:
        raise bad(f"{at} needs target, feedback and strategy")
    _NAIVE.check(inner["strategy"], f"{at}.strategy")
    items = [_object(one, {"example", "score"}, f"{at}.feedback") for one in _list(inner["feedback"], at)]
    if not all(len(one) == 2 for one in items):
        raise bad(f"{at}.feedback needs examples with scores")
    for one in items:
        NUMBER.check(one["score"], f"{at}.feedback.score")
    return {
        "target": vectors.asked(inner["target"], steering, f"{at}.target"),
        "feedback": [vectors.asked(one["example"], steering, f"{at}.feedback") for one in items],
    }


def _object(value: Any, members: set[str], at: str) -> dict[str, Any]:
    if type(value) is not dict:
        raise bad(f"{at} is not an object")
    if not value.keys() <= members:
        raise unknown(at)
    return value


def _list(value: Any, at: str) -> list[Any]:
    if not isinstance(value, list | Numbers):
        raise bad(f"{at} is not a list")
    return list(value)


type _Reader = Callable[[dict[str, Any], Steering, str], Any]
_VARIANTS: Final[dict[str, tuple[frozenset[str], _Reader, bool]]] = {
    "nearest": (frozenset({"nearest", "mmr"}), _nearest, True),
    "recommend": (frozenset({"recommend"}), _recommend, True),
    "discover": (frozenset({"discover"}), _discover, True),
    "context": (frozenset({"context"}), lambda value, steering, at: _context(value["context"], steering, at), True),
    "order_by": (frozenset({"order_by"}), _order_by, False),
    "fusion": (frozenset({"fusion"}), _fusion, True),
    "rrf": (frozenset({"rrf"}), _rrf, True),
    "formula": (frozenset({"formula", "defaults"}), _formula, True),
    "sample": (frozenset({"sample"}), _sample, False),
    "relevance_feedback": (frozenset({"relevance_feedback"}), _feedback, True),
}
"""A variant's members, its reader, and whether it searches; the others sort or sample, which is reading."""
