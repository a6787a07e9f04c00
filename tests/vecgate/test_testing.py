from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from vecgate import testing
from vecgate.masking.maskset import MaskSet
from vecgate.operations.dialect import Reading
from vecgate.operations.messages import Outgoing, Request
from vecgate.operations.model import Action, Operation
from vecgate.operations.target import parse
from vecgate.policy.decision import Decision
from vecgate_chroma import ChromaDialect

GET = "/api/v2/tenants/t/databases/d/collections/11111111-1111-1111-1111-111111111111/get"


def request(path: str = GET, **body: object) -> Request:
    return Request("POST", parse(path), {"content-type": "application/json"}, msgspec.json.encode(body))


def test_principals_and_operations_are_made_with_little() -> None:
    assert testing.principal("bob", ["staff"], risk="high").claims == {"risk": "high"}
    assert testing.principal().groups == frozenset()
    assert testing.operation() == Operation("test_search", Action.SEARCH, ("kb",))
    assert testing.operation(Action.READ, "a", "b", vectors=True).vectors


def test_masks_are_those_of_a_caller_without_clearance() -> None:
    found = testing.masks({"ssn": "drop"}, vectors="zero", scores="drop")
    assert found.describe() == {"vectors": "zero", "scores": "drop", "fields": {"ssn": "drop"}}
    assert found.payload({"ssn": "1", "title": "t"})[0] == {"title": "t"}
    with pytest.raises(ValueError, match="no field strategy"):
        testing.masks({"ssn": "scramble"})


def test_what_is_judged_is_sent() -> None:
    operations = testing.reread(ChromaDialect(), request(include=["embeddings"]), testing.decision(MaskSet.closed()))
    assert operations[0].vectors


class Leaks(ChromaDialect):
    """Judges one request and sends another."""

    def read(self, request: Request) -> Reading:
        reading = super().read(request)
        quiet = tuple(replace(operation, vectors=False) for operation in reading.operations)
        return replace(reading, operations=quiet) if request.headers.get("x-client") else reading


class Strays(ChromaDialect):
    def rewrite(self, reading: Reading, decision: Decision) -> Outgoing:
        outgoing = super().rewrite(reading, decision)
        return replace(outgoing, path=outgoing.path.replace("/databases/d/", "/databases/other/"))


def test_a_dialect_that_sends_something_else_is_found_out() -> None:
    consent = testing.decision(testing.masks({}))
    with pytest.raises(AssertionError, match="judged"):
        testing.reread(Strays(), request(), consent)
    asked = request(include=["embeddings"])
    with pytest.raises(AssertionError, match="fetched by"):
        testing.reread(Leaks(), replace(asked, headers={**asked.headers, "x-client": "1"}), consent)
