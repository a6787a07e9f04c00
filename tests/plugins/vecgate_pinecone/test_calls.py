"""Calls: each judged like the REST operation of its name; what JSON refuses is refused here, too."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.pinecone_intents import INTENTS, REFUSED
from tests.support.pinecone_scene import PINECONE, SITE, sent_as

from vecgate.errors import Refusal
from vecgate.operations.messages import GRPC, Request, Target
from vecgate.reasons import Reason
from vecgate_pinecone.descriptors import DESCRIPTORS
from vecgate_pinecone.rows.calls import OPERATIONS
from vecgate_pinecone.table import TABLE

FACTS = ("action", "resources", "scope", "fields_used", "vectors", "risks", "copies", "count", "points")


def message(name: str) -> Any:
    return DESCRIPTORS.type(name)()


@pytest.mark.parametrize("name", INTENTS)
def test_both_wires_judge_alike(name: str) -> None:
    one, other = (PINECONE.read(request).operations for request in (INTENTS[name].rest(), INTENTS[name].grpc()))
    assert [[getattr(each, fact) for fact in FACTS] for each in one] == [
        [getattr(each, fact) for fact in FACTS] for each in other
    ]


@pytest.mark.parametrize("name", REFUSED)
def test_both_wires_refuse_alike(name: str) -> None:
    reasons = set()
    for request in (REFUSED[name].rest(), REFUSED[name].grpc()):
        with pytest.raises(Refusal) as caught:
            PINECONE.read(request)
        reasons.add(caught.value.reason)
    assert len(reasons) == 1


@pytest.mark.parametrize("call", OPERATIONS)
def test_a_row_is_that_of_its_operation(call: str) -> None:
    row, rest = TABLE[f"VectorService/{call}"], TABLE[OPERATIONS[call]]
    assert (row.action, row.resources, row.scope, row.risks, row.effect) == (
        rest.action,
        rest.resources,
        rest.scope,
        rest.risks,
        rest.effect,
    )


@pytest.mark.parametrize("call", OPERATIONS)
def test_what_is_no_message_is_refused(call: str) -> None:
    with pytest.raises(Refusal) as caught:
        PINECONE.read(Request(GRPC, Target(("VectorService", call)), {}, b"\xff\xff", SITE))
    assert caught.value.reason is Reason.BAD_BODY


@pytest.mark.parametrize("call", OPERATIONS)
def test_a_field_that_nobody_knows_is_refused(call: str) -> None:
    least = {"Query": b"\x10\x01", "Fetch": b"\x0a\x01a", "Update": b"\x0a\x01a"}.get(call, b"")
    with pytest.raises(Refusal) as caught:
        sent_as(call, least + b"\x9a\x06\x01x")
    assert caught.value.reason is Reason.UNKNOWN_MEMBER


def test_the_last_of_two_namespaces_is_judged_and_sent() -> None:
    one, other = message("QueryRequest"), message("QueryRequest")
    one.namespace, one.top_k, other.namespace = "kb", 1, "hr"
    asked = sent_as("Query", one.SerializeToString() + other.SerializeToString())
    assert asked.operations[0].resources == ("docs/hr",)
    assert asked.document.SerializeToString().count(b"kb") == 0


def test_an_empty_filter_is_one() -> None:
    update = message("UpdateRequest")
    update.id = "r1"
    update.filter.SetInParent()
    with pytest.raises(Refusal) as caught:
        sent_as("Update", update.SerializeToString())
    assert caught.value.reason is Reason.BAD_BODY
