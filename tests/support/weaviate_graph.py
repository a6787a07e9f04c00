"""A Weaviate's GraphQL over a store: Get and Aggregate of one query, executed by graphql-core's syntax tree."""

from __future__ import annotations

from typing import Any

from graphql import FieldNode, InlineFragmentNode, SelectionSetNode, parse
from graphql.utilities import value_from_ast_untyped

from tests.support.weaviate_store import Clause, Store, Stored, distance, words

type Scored = tuple[Stored, dict[str, float]]


def executed(store: Store, query: str) -> dict[str, Any]:
    """The data. Raises Refused."""
    data: dict[str, Any] = {}
    document: Any = parse(query).definitions[0]
    for root in document.selection_set.selections:
        for one in root.selection_set.selections:
            function = _get if root.name.value == "Get" else _aggregate
            data.setdefault(_key(root), {})[_key(one)] = function(store, one)
    return data


def clause(where: dict[str, Any]) -> Clause:
    """A filter in JSON, as REST and GraphQL have it."""
    value = next((value for name, value in where.items() if name.startswith("value")), None)
    path = where.get("path") or ()
    operands = tuple(clause(one) for one in where.get("operands") or ())
    return Clause(where["operator"], (path,) if isinstance(path, str) else tuple(path), value, operands)


def _arguments(node: FieldNode) -> dict[str, Any]:
    return {one.name.value: value_from_ast_untyped(one.value) for one in node.arguments or ()}


def _found(store: Store, node: FieldNode) -> tuple[list[Stored], dict[str, Any]]:
    asked = _arguments(node)
    found = store.within(store.own(node.name.value), asked.get("tenant", ""))
    if "where" in asked:
        found = [one for one in found if store.matches(one, clause(asked["where"]))]
    return found, asked


def _get(store: Store, node: FieldNode) -> list[Any]:
    found, asked = _found(store, node)
    ranked: list[Scored] = [(one, _scores(one, asked)) for one in found]
    ranked.sort(key=lambda pair: pair[1].get("distance", -pair[1].get("score", 0.0)))
    assert node.selection_set is not None
    return [_object(store, node.selection_set, *pair) for pair in ranked[: asked.get("limit", 100)]]


def _scores(one: Stored, asked: dict[str, Any]) -> dict[str, float]:
    if "nearVector" in asked:
        return {"distance": distance([float(each) for each in asked["nearVector"]["vector"]], one.vector)}
    if "bm25" in asked:
        text = " ".join(str(one.properties.get(name, "")) for name in asked["bm25"].get("properties", one.properties))
        return {"score": float(len(set(words(asked["bm25"]["query"])) & set(words(text))))}
    return {}


def _object(store: Store, selected: SelectionSetNode, one: Stored, scores: dict[str, float]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for node in selected.selections:
        assert isinstance(node, FieldNode)
        name = node.name.value
        if name == "__typename":
            shown[_key(node)] = one.collection
        elif name == "_additional":
            shown[_key(node)] = _additional(node, one, scores)
        elif isinstance(held := one.properties.get(name), dict) and node.selection_set is not None:
            shown[_key(node)] = {_key(each): held.get(each.name.value) for each in _fields(node.selection_set)}
        elif node.selection_set is not None:
            shown[_key(node)] = [_led(store, node.selection_set, led) for led in store.led(one, name)]
        else:
            shown[_key(node)] = one.properties.get(name)
    return shown


def _led(store: Store, selected: SelectionSetNode, one: Stored) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for node in selected.selections:
        if isinstance(node, InlineFragmentNode) and node.type_condition is not None:
            if node.type_condition.name.value == one.collection:
                shown |= _object(store, node.selection_set, one, {})
        elif isinstance(node, FieldNode):
            shown[_key(node)] = one.collection
    return shown


def _additional(node: FieldNode, one: Stored, scores: dict[str, float]) -> dict[str, Any]:
    assert node.selection_set is not None
    known: dict[str, Any] = {"id": one.id, "vector": one.vector, "vectors": one.vectors, **scores}
    return {_key(each): known.get(each.name.value) for each in _fields(node.selection_set)}


def _aggregate(store: Store, node: FieldNode) -> list[Any]:
    found, asked = _found(store, node)
    groups: dict[Any, list[Stored]] = {}
    for one in found:
        groups.setdefault(one.properties.get(asked["groupBy"][0]) if "groupBy" in asked else None, []).append(one)
    return [_figures(node, members, name) for name, members in groups.items() or [(None, [])]]


def _figures(node: FieldNode, members: list[Stored], group: Any) -> dict[str, Any]:
    assert node.selection_set is not None
    shown: dict[str, Any] = {}
    for one in node.selection_set.selections:
        assert isinstance(one, FieldNode)
        assert one.selection_set is not None
        values = [each.properties[one.name.value] for each in members if one.name.value in each.properties]
        known: dict[str, Any] = {"count": len(values), "value": group}
        if one.name.value == "meta":
            known["count"] = len(members)
        counted = [{"value": text, "occurs": values.count(text)} for text in dict.fromkeys(map(str, values))]
        known["topOccurrences"] = counted
        shown[_key(one)] = {
            _key(each): _figure(each, known.get(each.name.value)) for each in _fields(one.selection_set)
        }
    return shown


def _figure(node: FieldNode, value: Any) -> Any:
    if node.selection_set is None:
        return value
    return [{_key(each): one[each.name.value] for each in _fields(node.selection_set)} for one in value]


def _fields(selected: SelectionSetNode) -> list[FieldNode]:
    return [node for node in selected.selections if isinstance(node, FieldNode)]


def _key(node: Any) -> str:
    key: str = (node.alias or node.name).value
    return key
