"""Nothing hidden survives: whatever is selected under whatever keys, from a server that answers it to the letter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.support.weaviate_graphql import answer, as_written, decided, masks, read

from vecgate.errors import Refusal, Unmaskable
from vecgate.masking.maskset import MaskSet
from vecgate_weaviate.graphql import masking, tree
from vecgate_weaviate.graphql.outgoing import COLLECTION
from vecgate_weaviate.graphql.text import OWN
from vecgate_weaviate.graphql.tree import Field

OTHER = COLLECTION.replace(OWN, "own_")
SSN = "987-65-4321"
VECTOR = [0.7171717171717171] * 20
TEXT = "open"

KEYS = st.sampled_from(["", "", "", "a:", "ssn:", "title:", "vector:", "_additional:", "id:"])
LEAVES = st.sampled_from(["title", "ssn", "size", "__typename", "embedding"])
EXTRAS = st.sampled_from(
    [
        "id",
        "vector",
        "vectors{v w}",
        "vectors{a:v}",
        "distance",
        "score",
        "explainScore",
        "queryProfile",
        "featureProjection{vector}",
        "featureProjection(dimensions:2){x:vector}",
        "nearestNeighbors{neighbors{concept distance}}",
        "semanticPath{path{concept}}",
        "classification{id basedOn}",
        "generate(singleResult:{prompt:\"{title}\"}){singleResult error}",
    ]
)  # fmt: skip


def _joined(parts: list[str]) -> str:
    return " ".join(parts)


def _lists(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(items, min_size=1, max_size=4).map(_joined)


def _keyed(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(KEYS, items).map("".join)


def _wrapped(items: st.SearchStrategy[str], kind: str) -> st.SearchStrategy[str]:
    return items | items.map("...{{{}}}".format) | items.map(f"... on {kind}{{{{{{}}}}}}".format)


NESTED = st.recursive(_keyed(LEAVES), lambda inner: _keyed(_lists(inner).map("o{{{}}}".format)), max_leaves=4)


def _objects(hits: st.SearchStrategy[str], led: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    group = hits.map("group{{id hits{{{}}}}}".format)
    extras = _keyed(_lists(_keyed(EXTRAS | group)).map("_additional{{{}}}".format))
    reference = _keyed(st.tuples(led, led).map(lambda two: f"r{{... on B{{{two[0]}}} ... on C{{{two[1]}}}}}"))
    return _lists(NESTED | extras | reference)


FLAT = _lists(NESTED | _keyed(_lists(_keyed(EXTRAS)).map("_additional{{{}}}".format)))
OBJECTS = _wrapped(_objects(FLAT, FLAT), "A")


def served(fields: Mapping[str, Field], kind: str) -> dict[str, Any]:
    """What a server answers that holds every hidden thing wherever it may be asked for."""
    return {key: _value(one, kind) for key, one in fields.items()}


def _value(one: Field, kind: str) -> Any:
    match one.name:
        case "__typename":
            return kind
        case "ssn":
            return SSN
        case "embedding" | "vector" | "v" | "w":
            return VECTOR
        case "hits":
            return [served(one.fields, kind)] * 2
        case "r":
            common = {name: served(one.fields, name) | {OTHER: name} for name in one.types}
            return [common[name] | served(fields, name) for name, fields in one.types.items()]
        case "o" | "neighbors" | "path":
            return [served(one.fields, kind)]
        case "distance" | "size":
            return 0.7171717171717171
        case "score":
            return "0.7171717171717171"
        case "explainScore" | "queryProfile":
            return f"{SSN} scored 0.7171717171717171"
    return TEXT if one.leaf else served(one.fields, kind)


def hidden(body: bytes) -> bool:
    return SSN.encode() not in body and b"0.71717" not in body


def answered(query: str, mask: MaskSet, *, stubborn: bool) -> bytes:
    """The masked answer of a server that answers what it was sent or, `stubborn`, what the client asked for."""
    try:
        asked = read(query)
    except Refusal:
        assume(False)
    decision = decided(mask)
    text = query if stubborn else msgspec.json.decode(masking.rewrite(asked, decision, as_written).body)["query"]
    collection = tree.query(text.replace(OWN, "own_"), {}, None)["Get"].fields["A"]
    data = {"data": {"Get": {"A": [served(tree.flat(collection, "A"), "A")] * 2}}}
    body = msgspec.json.encode(data).replace(b'"own_', f'"{OWN}'.encode())
    return masking.mask(asked, decision, as_written, answer(body)).answer.body


@given(selected=OBJECTS)
def test_nothing_hidden_is_in_the_answer(selected: str) -> None:
    body = answered(f"{{Get{{A{{{selected}}}}}}}", masks({"ssn": "drop", "size": "drop"}), stubborn=False)
    assert hidden(body)


@given(selected=OBJECTS)
def test_nor_where_values_are_fetched_to_be_masked(selected: str) -> None:
    mask = masks({"ssn": "redact", "size": "redact"}, vectors="zero", scores="drop")
    assert hidden(answered(f"{{Get{{A{{{selected}}}}}}}", mask, stubborn=False))


@given(selected=OBJECTS)
def test_nor_where_the_server_answers_what_it_was_not_asked_for(selected: str) -> None:
    try:
        body = answered(f"{{Get{{A{{{selected}}}}}}}", masks({"ssn": "drop", "size": "drop"}), stubborn=True)
    except Unmaskable:
        return
    assert hidden(body)
