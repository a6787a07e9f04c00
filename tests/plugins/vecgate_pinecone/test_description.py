"""The dialect held to the published descriptions: every document that they allow, every answer that they promise."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final

import pytest
from tests.support.pinecone_description import FIELD, MARK, PUBLISHED, Published
from tests.support.pinecone_scene import OPEN, PINECONE, masked, masks, reading, request, shown, texts

from vecgate.errors import Refusal
from vecgate.operations.dialect import Reading
from vecgate.operations.messages import GRPC
from vecgate.reasons import Reason
from vecgate_pinecone.answers import ANSWERED, EMPTY
from vecgate_pinecone.descriptors import DESCRIPTORS
from vecgate_pinecone.rows.calls import OPERATIONS
from vecgate_pinecone.table import TABLE

FREE: Final = frozenset(
    {"filter", "metadata", "setMetadata", "tags", "fields", "field_map", "parameters", "documents", "inputs"}
    | {"read_parameters", "write_parameters"}
)
"""Members inside which any name may stand."""
MAPS: Final = frozenset({"vectors", "namespaces"})
"""Members of answers whose own members have any name, and a known form."""
WITH_BODIES: Final = [one for one in PUBLISHED if one.body is not None]
STEERED: Final = [one for one in WITH_BODIES if TABLE[one.operation].fields]
RESULTS: Final = [one for one in PUBLISHED if one.result is not None and one.operation not in EMPTY]


def of(entries: list[Published]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("published", entries, ids=str)


def bodies(published: Published) -> Iterator[Any]:
    assert published.body is not None
    return published.documents(published.body)


def read(published: Published, document: Any) -> Reading | None:
    """The reading; None for what is refused although the description has it."""
    try:
        return reading(published.route, document)
    except Refusal as refusal:
        if published.operation == "update" and "an id or a filter" in refusal.detail:
            return None
        if "queries" in document and "queries is deprecated" in refusal.detail:
            return None
        raise AssertionError(f"{refusal.detail}: {document}") from refusal


@of(PUBLISHED)
def test_every_published_operation_stands_in_the_table(published: Published) -> None:
    row = TABLE[published.operation]
    assert (row.method, row.path) == (published.method, published.path.replace("/imports/{id}", "/imports/{import_id}"))
    assert not row.refused


@of(PUBLISHED)
def test_query_keys_are_those_of_the_description(published: Published) -> None:
    assert set(TABLE[published.operation].query) == published.query


@of(PUBLISHED)
def test_an_operation_has_a_body_if_its_description_has(published: Published) -> None:
    has_body = "requestBody" in published.described
    assert (TABLE[published.operation].body is not None) is has_body


def test_every_call_of_the_proto_has_a_row() -> None:
    assert {path for path, _ in DESCRIPTORS.methods()} <= {row.path for row in TABLE if row.method == GRPC}
    assert {f"/VectorService/{call}" for call in OPERATIONS} <= {path for path, _ in DESCRIPTORS.methods()}


def test_every_judged_operation_has_an_answer() -> None:
    assert {row.operation for row in TABLE if not row.refused} == ANSWERED


@of(WITH_BODIES)
def test_every_published_body_is_read(published: Published) -> None:
    if published.operation == "update":
        assert read(published, {"id": "r1", "setMetadata": {"a": 1}}) is not None
    found = [read(published, document) for document in bodies(published)]
    assert any(one is not None and one.operations for one in found)


@of(STEERED)
def test_a_field_steers_wherever_it_stands(published: Published) -> None:
    found = 0
    for document in bodies(published):
        asked = read(published, document)
        for name in ("setMetadata", "metadata", "queries"):
            document.pop(name, None)
        if asked is not None and FIELD in str(document):
            found += 1
            assert all(FIELD in one.fields_used for one in asked.operations), document
    assert found > 1


@of(WITH_BODIES)
def test_an_unknown_member_is_refused_wherever_it_stands(published: Published) -> None:
    tried = 0
    for document in bodies(published):
        for spoilt in _spoilt(document):
            tried += 1
            with pytest.raises(Refusal) as caught:
                reading(published.route, spoilt)
            assert caught.value.reason in {Reason.UNKNOWN_MEMBER, Reason.BAD_BODY}, spoilt
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
            if name in MAPS and type(inner) is dict:
                yield from (spoilt for each in inner.values() for spoilt in _spoilt(each, whole))
            elif name not in FREE:
                yield from _spoilt(inner, whole)


@of([one for one in PUBLISHED if not one.body and one.operation != "upsert_records"])
def test_a_body_is_refused_where_none_belongs(published: Published) -> None:
    with pytest.raises(Refusal) as caught:
        PINECONE.read(request(published.route, {"namespace": "hr"}))
    assert caught.value.reason is Reason.BAD_BODY


DOCUMENTS: Final[dict[str, Any]] = {
    "query": {"topK": 5, "id": "r1", "includeValues": True},
    "update": {"id": "r1"},
    "create_namespace": {"name": "text"},
    "describe_index_stats": {},
    "rerank": {"model": "m", "query": "q", "documents": [{"text": "a"}, {"text": "b"}]},
}
QUERIES: Final = {"fetch": "?ids=r1"}


def asked_for(published: Published) -> Reading:
    """The least request, bound."""
    operation = published.operation
    if operation == "upsert_records":
        return texts({"_id": "r1", "text": "t"})
    body = None if published.body is None else DOCUMENTS.get(operation) or next(bodies(published))
    route = published.route.replace("/namespaces/kb", "/namespaces/text") + QUERIES.get(operation, "")
    asked = reading(route, body)
    return PINECONE.bind(asked, {lookup.key: "docs" for lookup in PINECONE.lookups(asked)})


def results(published: Published) -> Iterator[Any]:
    assert published.result is not None
    for document in published.documents(published.result):
        if document.get("namespace") == "text":
            document["namespace"] = ""
        if published.operation in {"create_namespace", "describe_namespace"}:
            document["name"] = "text"
        if published.operation == "list":
            document["vectors"] = [{"id": "r1", **one} for one in document.get("vectors", ())]
        yield document


@of(RESULTS)
def test_every_published_result_is_understood(published: Published) -> None:
    asked, count = asked_for(published), 0
    for document in results(published):
        count += 1
        assert isinstance(shown(asked, OPEN, document, status=published.status), dict)
    assert count


@of([one for one in RESULTS if TABLE[one.operation].vectors or TABLE[one.operation].scores])
def test_no_vector_or_score_comes_out_of_any_result(published: Published) -> None:
    asked, seen = asked_for(published), 0
    for document in results(published):
        assert str(MARK) not in masked(asked, masks(), document).answer.body.decode(), document
        seen += str(MARK) in str(document)
    assert seen


@of([one for one in RESULTS if one.operation != "embed"])
def test_what_the_description_does_not_name_is_left_out(published: Published) -> None:
    asked = asked_for(published)
    for document in results(published):
        for spoilt in _spoilt(document):
            assert "no_such_member" not in masked(asked, OPEN, spoilt).answer.body.decode()
