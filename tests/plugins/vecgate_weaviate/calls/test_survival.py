"""Nothing hidden survives: a reply with every field that the description has, filled at every depth, comes out with no
vector, no masked value, no sentence about objects and nothing that a model made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.weaviate_calls import FLOATS, OPEN, UUID, VECTOR, masked, masks, reading, reply, shown

CANARY = "canary-900-11-1111"
DEPTH = 4
"""References that are followed, one behind the other; each leads back into the same collection."""
HIDING = ("vector", "vector_bytes", "vectors", "explain_score", "query_profile", "generative", "generative_result")


def followed(depth: int) -> dict[str, Any]:
    asked: dict[str, Any] = {"metadata": {"uuid": True, "vector": True, "vectors": ["a"], "explain_score": True}}
    if depth:
        asked["properties"] = {"ref_properties": [{"reference_property": "self", **followed(depth - 1)}]}
    return asked


SEARCH = reading("Search", {"collection": "Docs", **followed(DEPTH)})


def filled(message: Any, depth: int = 0) -> Any:
    """Every field has something in it; of alternatives the last one has."""
    for field in message.DESCRIPTOR.fields:
        if field.name == "ref_props" and depth >= DEPTH:
            continue
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            _fill_map(message, field, depth)
        elif field.message_type is not None:
            one = getattr(message, field.name)
            inner = one.add() if field.is_repeated else one
            inner.SetInParent()
            if field.message_type.name not in {"Struct", "Properties"} or depth == 0 or field.name == "non_ref_props":
                filled(inner, depth + (field.name == "ref_props"))
        elif field.name != "null_value":
            value = _scalar(field)
            getattr(message, field.name).extend([value]) if field.is_repeated else setattr(message, field.name, value)
    return message


def _fill_map(message: Any, field: Any, depth: int) -> None:
    held = getattr(message, field.name)
    if field.message_type.fields_by_name["value"].message_type is None:
        held["details"] = CANARY
    elif field.message_type.fields_by_name["value"].message_type.name == "Value":
        held["ssn"].text_value = CANARY
        inner = held["home"].list_value.object_values.values.add()
        inner.fields["ssn"].text_value = CANARY
        held["title"].text_value = "open"
    else:
        filled(held["vector"], depth)


def _scalar(field: Any) -> Any:
    named = {"target_collection": "Docs", "prop_name": "self", "id": UUID, "vector": FLOATS[1], "type": 1}
    if field.name in named:
        return named[field.name]
    if field.cpp_type == field.CPPTYPE_STRING:
        return VECTOR if field.type == field.TYPE_BYTES and field.name == "vector_bytes" else _text(field)
    return {field.CPPTYPE_BOOL: True, field.CPPTYPE_ENUM: 0}.get(field.cpp_type, 1)


def _text(field: Any) -> Any:
    if field.type == field.TYPE_BYTES:
        return bytes.fromhex(UUID.replace("-", ""))
    return CANARY


def everywhere(message: Any) -> Iterator[tuple[str, Any]]:
    """Every field that has something in it, at any depth."""
    for field, value in message.ListFields():
        yield field.name, value
        if field.message_type is None:
            continue
        inner = value.values() if field.message_type.GetOptions().map_entry else value if field.is_repeated else [value]
        for one in inner:
            if hasattr(one, "ListFields"):
                yield from everywhere(one)


def answer() -> Any:
    made = filled(reply("SearchReply"))
    made.group_by_results[0].name = "open"
    return made


def test_the_reply_has_everything_in_it() -> None:
    names = [name for name, _ in everywhere(answer())]
    assert set(HIDING) <= set(names)
    assert names.count("vector_bytes") > 2 * DEPTH
    assert str(answer()).count(CANARY) > 20


@pytest.mark.parametrize("strategy", ["drop", "redact", "hash"])
def test_nothing_hidden_survives(strategy: str) -> None:
    mask = masks({"ssn": strategy})
    seen = shown(SEARCH, mask, answer())
    assert {name for name, _ in everywhere(seen)} & set(HIDING) == set()
    (body,) = masked(SEARCH, mask, answer()).answer.messages or ()
    assert CANARY.encode() not in body
    assert VECTOR not in body
    assert "open" in str(seen)


def test_everything_survives_for_whom_nothing_is_hidden() -> None:
    seen = [name for name, _ in everywhere(shown(SEARCH, OPEN, answer()))]
    assert {"vector", "vector_bytes", "vectors", "explain_score", "query_profile"} <= set(seen)
    assert {"generative", "generative_result"} & set(seen) == set()
