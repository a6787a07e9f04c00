"""The dialect held to the published description: every document that it allows, and every result that it promises."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import msgspec
import pytest
from tests.support.qdrant_description import (
    FIELD,
    MARK,
    OPENAPI,
    OTHER,
    PUBLISHED,
    SCHEMAS,
    asked_at,
    body_schema,
    documents,
    least,
    objects,
    result_schema,
)
from tests.support.qdrant_scene import ALICE, OPEN, QDRANT, answer, decided, masked, masks, reading, unbound

from vecgate.errors import Refusal
from vecgate.operations.model import Risk
from vecgate.reasons import Reason
from vecgate_qdrant.rest.reading import TABLE

WITH_BODIES = [(name, method, path) for name, method, path in PUBLISHED if not TABLE[name].refused and TABLE[name].body]
STEERED = [entry for entry in WITH_BODIES if TABLE[entry[0]].fields]
SELECTIONS = {"set_payload", "overwrite_payload", "delete_payload", "delete_vectors", "batch_update"}
FREE = (
    "payload",
    "metadata",
    "options",
    "defaults",
    "vectors",
    "vector",
    "sparse_vectors",
    "payloads",
    "image",
    "object",
)
"""Members inside which any name may stand."""
JUDGED = [entry for entry in PUBLISHED if not TABLE[entry[0]].refused]
named = pytest.mark.parametrize(("operation", "method", "path"), PUBLISHED, ids=[entry[0] for entry in PUBLISHED])


def of(entries: list[tuple[str, str, str]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("operation", "method", "path"), entries, ids=[entry[0] for entry in entries])


def bodies(method: str, path: str) -> Iterator[Any]:
    schema = body_schema(method, path)
    assert schema is not None
    return documents(schema)


def read(operation: str, method: str, path: str, document: Any) -> Any:
    """The reading; None for what is refused although the description has it."""
    try:
        return unbound(method, asked_at(path), document)
    except Refusal as refusal:
        if operation in SELECTIONS and "either points or filter" in refusal.detail:
            return None
        if "recover" in operation and "api_key" in document:
            return None
        raise AssertionError(f"{refusal}: {document}") from refusal


@named
def test_every_published_operation_stands_in_the_table(operation: str, method: str, path: str) -> None:
    assert (TABLE[operation].method, TABLE[operation].path) == (method, path)


@of(JUDGED)
def test_query_keys_are_those_of_the_description(operation: str, method: str, path: str) -> None:
    parameters = OPENAPI["paths"][path][method.lower()].get("parameters", [])
    assert set(TABLE[operation].query) == {entry["name"] for entry in parameters if entry["in"] == "query"}


@of(JUDGED)
def test_an_operation_has_a_body_if_its_description_has(operation: str, method: str, path: str) -> None:
    assert (TABLE[operation].body is None) is (body_schema(method, path) is None)


@of(WITH_BODIES)
def test_every_published_body_is_read(operation: str, method: str, path: str) -> None:
    found = [read(operation, method, path, document) for document in bodies(method, path)]
    assert any(one is not None and one.operations for one in found)


@of(STEERED)
def test_a_field_steers_wherever_it_stands(operation: str, method: str, path: str) -> None:
    found = 0
    for document in bodies(method, path):
        reading = read(operation, method, path, document)
        document.pop("key", None) if "payload" in operation else None  # where it is written to
        inner = [part.pop("key", None) for one in document.get("operations", ()) for part in one.values()]
        if reading is not None and FIELD in str(document) and not any(inner):
            found += 1
            assert any(FIELD in used for one in reading.operations for used in one.fields_used), document
    assert found


@of([entry for entry in STEERED if "points" in entry[2] or entry[0] == "facet"])
def test_a_masked_field_is_used_by_every_operation_that_carries_it(operation: str, method: str, path: str) -> None:
    """Each operation that has the filter names it: none is judged without."""
    hides = masks({FIELD: "redact"})
    document = least(SCHEMAS["Filter"]) | {"must": [{"key": FIELD, "match": {"value": 1}}]}
    schema = body_schema(method, path)
    assert schema is not None
    for body in documents(schema):
        if "filter" in body:
            reading = read(
                operation, method, path, {**body, "filter": document} | ({"points": None} if "points" in body else {})
            )
            if reading is not None:
                assert hides.used(reading.operations[0].fields_used) is not None


@of([entry for entry in WITH_BODIES if "query" in entry[0] or "upsert" in entry[0] or "update_vectors" in entry[0]])
def test_what_goes_to_an_inference_service_says_so(operation: str, method: str, path: str) -> None:
    seen = set()
    for document in bodies(method, path):
        reading = read(operation, method, path, document)
        infers = any(type(one.get("model")) is str for one in objects(document))
        assert any(Risk.EGRESS in one.risks for one in reading.operations) is infers
        seen.add(infers)
    assert seen == {True, False}


@of([entry for entry in WITH_BODIES if "query" in entry[0]])
def test_another_collection_is_a_resource_wherever_it_stands(operation: str, method: str, path: str) -> None:
    found = 0
    for document in bodies(method, path):
        named = any(one.get("collection") == OTHER or one.get("with_lookup") == "text" for one in objects(document))
        reading = read(operation, method, path, document)
        resources = {name for one in reading.operations for name in one.resources}
        assert (resources != {"kb"}) is named, document
        found += named
    assert found > 3


@of([entry for entry in WITH_BODIES if "query" in entry[0]])
def test_a_score_threshold_steers_wherever_it_stands(operation: str, method: str, path: str) -> None:
    for document in bodies(method, path):
        steers = any(one.get("score_threshold") is not None for one in objects(document))
        assert read(operation, method, path, document).operations[0].scores_steer is steers, document


@of(WITH_BODIES)
def test_an_unknown_member_is_refused_wherever_it_stands(operation: str, method: str, path: str) -> None:
    tried = 0
    for document in bodies(method, path):
        if tried > 300:
            break
        for spoilt in _spoilt(document):
            tried += 1
            with pytest.raises(Refusal) as caught:
                unbound(method, asked_at(path), spoilt)
            assert caught.value.reason in {Reason.UNKNOWN_MEMBER, Reason.BAD_BODY, Reason.UNKNOWN_OPERATION}, spoilt
    assert tried


def _spoilt(document: Any, within: Any = None) -> Iterator[Any]:
    """The document with one more member, in each place in turn."""
    whole = document if within is None else within
    if type(document) is dict:
        document["no_such_member"] = 1
        yield deepcopy(whole)
        del document["no_such_member"]
    if type(document) in {dict, list}:
        for name, inner in document.items() if type(document) is dict else enumerate(document):
            if name not in FREE and name != "any":
                yield from _spoilt(inner, whole)


LOOKED_UP = {"query_points_groups": {"with_lookup": {"collection": OTHER}, "with_payload": True}}


def results(operation: str, method: str, path: str) -> Iterator[tuple[Any, Any]]:
    """Readings of the least request, and every result that the description promises to it."""
    schema = result_schema(method, path)
    assert schema is not None
    body = body_schema(method, path)
    document = None if body is None else least(body) | LOOKED_UP.get(operation, {})
    if operation in SELECTIONS - {"batch_update"}:
        document = {**(document or {}), "points": [1]}
    if operation == "scroll_points":
        document = {"order_by": "open"}
    asked = reading(method, asked_at(path), document)
    for result in documents(schema):
        if operation == "get_point":
            yield asked, [{**result, "id": 1}]  # asked for as a list of one
        elif operation == "query_batch_points":
            if len(result) == 1:
                yield asked, result
        else:
            yield asked, result


TEXTUAL = {"root", "healthz", "livez", "readyz"}
ENVELOPED = [entry for entry in JUDGED if entry[0] not in TEXTUAL]


@of(ENVELOPED)
def test_every_published_result_is_understood(operation: str, method: str, path: str) -> None:
    count = 0
    for asked, result in results(operation, method, path):
        count += 1
        seen = msgspec.json.decode(masked(asked, OPEN, result).answer.body)
        assert seen["status"] == "ok"
        assert "result" in seen
    assert count


@of([entry for entry in ENVELOPED if TABLE[entry[0]].vectors or TABLE[entry[0]].scores])
def test_no_vector_or_score_comes_out_of_any_result(operation: str, method: str, path: str) -> None:
    seen = 0
    for asked, result in results(operation, method, path):
        if operation == "scroll_points":
            for one in objects(result):
                one.pop("order_value", None)
        text = str(result)
        assert str(MARK) not in masked(asked, masks(), result).answer.body.decode(), text
        seen += str(MARK) in text
    assert seen


def test_usage_is_not_told() -> None:
    read = reading("POST", "/collections/kb/points/count", {})
    usage = {"result": {"count": 1}, "status": "ok", "time": 0.1, "usage": {"hardware": {"cpu": 5}}}
    told = QDRANT.mask(read, decided(OPEN), ALICE, answer(msgspec.json.encode(usage))).answer
    assert msgspec.json.decode(told.body) == {"result": {"count": 1}, "status": "ok", "time": 0.1}
