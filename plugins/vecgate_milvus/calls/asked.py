"""Asked: the key-value parameters of searches and queries, read in full. A key that is not known is refused.

The server takes search parameters from the list itself and from the JSON under `params`; keys that it does not know
there reach the index. Values are texts, as clients write them with `str()` or in JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.document import parse
from vecgate.reasons import Reason
from vecgate_milvus.rest.steering import KNOWN_PARAMS, THRESHOLDS, named

NUMBERS: Final = ("topk", "limit", "offset", "group_size")
FIELDS: Final = ("group_by_field", "group_by_fields", "order_by_fields")
"""Keys whose values name fields: one, or several between commas, of an order with `:asc` or `:desc`."""
SCORES: Final = frozenset({*THRESHOLDS, "search_iter_last_bound"})
"""Keys of thresholds of scores: the bound of an iterator is one."""
ITERATORS: Final = ("iterator", "search_iter_v2")
NOT_SENT: Final = frozenset({"collection_id", "cluster_id"})
"""Numbers that iterators add: the server would go by them instead of by the name."""
SEARCH: Final = frozenset(
    {
        *NUMBERS,
        *FIELDS,
        *SCORES,
        *ITERATORS,
        *NOT_SENT,
        *KNOWN_PARAMS,
        *("anns_field", "round_decimal", "params", "strict_group_size", "search_iter_batch_size", "search_iter_id"),
        *("json_path", "json_type", "strict_cast", "timezone", "time_fields"),
    }
)
RANK: Final = frozenset(
    {
        *NUMBERS,
        *FIELDS,
        *NOT_SENT,
        *("strategy", "params", "round_decimal", "rank_group_scorer", "strict_group_size", "timezone", "time_fields"),
    }
)
QUERY: Final = frozenset(
    {
        *("limit", "offset", "iterator", "reduce_stop_for_best", "ignore_growing", "timezone", "time_fields"),
        *("order_by_fields", "group_by_fields", "query_iter_last_pk", "query_iter_last_element_offset"),
        *NOT_SENT,
    }
)
RANKERS: Final = frozenset({"rrf", "weighted"})
RANK_PARAMS: Final = frozenset({"k", "weights", "norm_score"})
_TRUE: Final = frozenset({"true", "1", "t"})


@dataclass(slots=True)
class Asked:
    """What the parameters come to. `numbers` has the keys of `NUMBERS` that are given."""

    fields: set[str] = field(default_factory=set)
    scores: bool = False
    numbers: dict[str, int] = field(default_factory=dict)
    anns_field: str = ""
    iterates: bool = False
    cursor: bool = False
    """A query goes on behind a primary key."""
    grouped: bool = False


def search(pairs: Any) -> Asked:
    """Raises Refusal: unknown_member, duplicate_member or bad_body."""
    values = _values(pairs, SEARCH)
    asked = _read(values)
    if "params" in values:
        nested = _object(values["params"], "params")
        if not nested.keys() <= KNOWN_PARAMS:
            raise _unknown("search parameters")
        asked.scores |= not SCORES.isdisjoint(nested)
    asked.anns_field = values.get("anns_field", "").strip()
    return asked


def rank(pairs: Any) -> Asked:
    """How the results of several searches are merged. Raises Refusal as `search`."""
    values = _values(pairs, RANK)
    if values.get("strategy", "rrf").strip('"') not in RANKERS:
        raise Refusal(Reason.BAD_BODY, "The strategy of ranking is not rrf or weighted.")
    if "params" in values and not _object(values["params"], "params").keys() <= RANK_PARAMS:
        raise _unknown("ranking parameters")
    return _read(values)


def query(pairs: Any) -> Asked:
    """Raises Refusal as `search`."""
    values = _values(pairs, QUERY)
    asked = _read(values)
    asked.cursor = "query_iter_last_pk" in values
    return asked


def without_numbers(pairs: Any) -> None:
    """Take out what is not sent."""
    kept = [pair for pair in pairs if pair.key not in NOT_SENT]
    if len(kept) != len(pairs):
        copies = [(pair.key, pair.value) for pair in kept]
        del pairs[:]
        for key, value in copies:
            pairs.add(key=key, value=value)


def members(pairs: Iterable[Any], known: frozenset[str], what: str) -> dict[str, str]:
    """Parameters by their keys, of which each stands once. Raises Refusal."""
    values: dict[str, str] = {}
    for pair in pairs:
        if pair.key not in known:
            raise _unknown(what)
        if pair.key in values:
            raise Refusal(Reason.DUPLICATE_MEMBER, f"One of the {what} stands twice.")
        values[pair.key] = pair.value
    return values


def _values(pairs: Any, known: frozenset[str]) -> dict[str, str]:
    return members(pairs, known, "parameters")


def _read(values: Mapping[str, str]) -> Asked:
    asked = Asked()
    for name in NUMBERS:
        if name in values:
            asked.numbers[name] = _integer(values[name], name)
    asked.fields = {one for name in FIELDS if values.get(name) for one in _fields(values[name])}
    asked.grouped = bool(values.get("group_by_field") or values.get("group_by_fields"))
    if values.get("json_path"):
        asked.fields |= {f"{one}.{_pointer(values['json_path'])}" for one in tuple(asked.fields)}
    asked.scores = any(name in values for name in SCORES)
    asked.iterates = any(values.get(name, "").strip('" ').lower() in _TRUE for name in ITERATORS)
    return asked


def _fields(text: str) -> Iterator[str]:
    for one in text.strip('" ').split(","):
        name, colon, order = one.strip().rpartition(":")
        if colon and order.strip().lower() in {"asc", "desc"}:
            yield named(name.strip())
        else:
            yield named(one.strip())


def _pointer(path: str) -> str:
    """The names of a JSON pointer, or of a path in brackets, dotted."""
    return ".".join(part.strip("\"'") for part in path.replace("[", "/").replace("]", "").split("/") if part)


def _integer(text: str, name: str) -> int:
    written = text.strip('" ')
    if not (written.lstrip("-").isascii() and written.lstrip("-").isdigit() and len(written) <= 19):
        raise Refusal(Reason.BAD_BODY, f"{name} is not an integer.")
    return int(written)


def _object(text: str, name: str) -> Mapping[str, Any]:
    """The JSON object that a parameter holds; empty means none. Raises Refusal."""
    document = parse(text.encode()) if text.strip() else {}
    if type(document) is not dict:
        raise Refusal(Reason.BAD_BODY, f"{name} is not a JSON object.")
    return document


def _unknown(what: str) -> Refusal:
    return Refusal(Reason.UNKNOWN_MEMBER, f"The operation does not define one of the {what}.")
