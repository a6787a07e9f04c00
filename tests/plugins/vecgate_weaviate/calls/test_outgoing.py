"""What is sent: the collections' own names, and no question after what masks hide."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.weaviate_calls import (
    NEAR,
    OPEN,
    UUID,
    clause,
    decided,
    masks,
    multi,
    operations,
    reading,
    sent,
    single,
)

from vecgate_weaviate import calls
from vecgate_weaviate.descriptors import DESCRIPTORS

EVERYTHING = {
    "uuid": True,
    "vector": True,
    "vectors": ["title"],
    "distance": True,
    "explain_score": True,
    "query_profile": True,
}
AUTHOR = {"reference_property": "author", "metadata": {"vector": True}}


def search(**more: Any) -> Any:
    return reading("Search", {"collection": "kb", "metadata": EVERYTHING, **more})


def test_what_is_hidden_is_not_asked_for() -> None:
    message = sent(search(), masks())
    assert not message.metadata.vector
    assert not message.metadata.vectors
    assert not message.metadata.explain_score
    assert not message.metadata.query_profile
    assert message.metadata.distance


def test_what_is_open_is_asked_for_as_it_was() -> None:
    read = search(near_vector=NEAR, limit=3)
    message = sent(read, OPEN)
    assert message.metadata == read.document.metadata
    assert message.near_vector == read.document.near_vector
    assert message.limit == 3


def test_vectors_that_are_changed_have_to_be_fetched() -> None:
    assert sent(search(), masks(vectors="round:2")).metadata.vector


def test_ids_are_asked_for_on_evidences_account() -> None:
    reference = {"ref_properties": [{"reference_property": "author"}]}
    message = sent(reading("Search", {"collection": "Docs", "properties": reference}), OPEN)
    assert message.metadata.uuid
    assert message.properties.ref_properties[0].metadata.uuid


def test_answers_are_asked_for_in_the_form_that_is_read() -> None:
    message = sent(search(), OPEN)
    assert message.uses_123_api
    assert message.uses_125_api
    assert not message.uses_127_api  # it says which of two spellings of generative searches counts
    assert sent(search(uses_127_api=True), OPEN).uses_127_api


def test_dropped_properties_are_not_asked_for() -> None:
    nested = {"prop_name": "secret", "primitive_properties": ["ssn", "city"]}
    inner = {"prop_name": "home", "primitive_properties": ["Ssn", "city"], "object_properties": [nested]}
    asked = {"non_ref_properties": ["Ssn", "title"], "object_properties": [nested, inner]}
    message = sent(search(properties=asked), masks({"ssn": "drop", "secret": "drop"}))
    assert list(message.properties.non_ref_properties) == ["title"]
    (kept,) = message.properties.object_properties
    assert (kept.prop_name, list(kept.primitive_properties)) == ("home", ["city"])
    assert not kept.object_properties


def test_masked_properties_are_asked_for() -> None:
    message = sent(search(properties={"non_ref_properties": ["ssn"]}), masks({"ssn": "redact"}))
    assert list(message.properties.non_ref_properties) == ["ssn"]


def test_references_go_by_their_own_collections_masks() -> None:
    read = search(properties={"ref_properties": [AUTHOR]})
    message = sent(read, decided(OPEN, {"Person": masks()}))
    assert message.metadata.vector
    assert not message.properties.ref_properties[0].metadata.vector
    assert not sent(read, masks({"author": "redact"})).properties.ref_properties


def test_names_are_the_collections_own_everywhere() -> None:
    message = sent(
        search(
            filters=clause(multi("about", "hidden", multi("x", "kb", "y"))),
            boost={"conditions": [{"filter": clause(["about", "hidden", "wage"])}]},
            properties={
                "ref_properties": [
                    {"reference_property": "about", "target_collection": "hidden"},
                    {"reference_property": "author", "target_collection": "hidden"},
                ]
            },
        ),
        OPEN,
    )
    assert message.collection == "Docs"
    assert message.filters.target.multi_target.target_collection == "Secret"
    assert message.filters.target.multi_target.target.multi_target.target_collection == "Docs"
    assert list(message.boost.conditions[0].filter.on) == ["about", "Secret", "wage"]
    assert [one.target_collection for one in message.properties.ref_properties] == ["Secret", "Person"]


def test_what_was_written_stays_in_the_document() -> None:
    """Names are resolved again when a held request is released."""
    assert search().document.collection == "Kb"


OTHERS: dict[str, dict[str, Any]] = {
    "Aggregate": {"collection": "kb", "group_by": {"collection": "kb", "property": "a"}},
    "BatchObjects": {"objects": [{"collection": "kb", "uuid": UUID}]},
    "BatchReferences": {
        "references": [
            {"from_collection": "kb", "to_collection": "kb", "name": "a", "from_uuid": UUID, "to_uuid": UUID}
        ]
    },
    "BatchDelete": {"collection": "kb", "filters": clause(single("author", "ssn"))},
    "TenantsGet": {"collection": "kb"},
}


@pytest.mark.parametrize("method", OTHERS)
def test_other_calls_name_the_collections_own_names(method: str) -> None:
    message = sent(reading(method, OTHERS[method]), OPEN)
    assert "kb" not in str(message).lower()
    assert "Docs" in str(message)


@pytest.mark.parametrize("method", ["Search", *OTHERS])
def test_what_is_sent_is_judged_the_same(method: str) -> None:
    asked = {"collection": "kb", "metadata": EVERYTHING} if method == "Search" else OTHERS[method]
    read = reading(method, asked)
    again = reading(method, calls.rewrite(read, decided(OPEN)).body)
    assert again.operations == read.operations


def test_health_is_asked_for_without_whatever_the_client_says() -> None:
    read = calls.read(_health({"service": "x" * 100}))
    assert calls.rewrite(read, decided(OPEN)).body == b""
    assert read.operations[0].resources == ()


def _health(message: dict[str, Any]) -> Any:
    from tests.support.weaviate_calls import request

    return request("Check", message, "grpc.health.v1.Health")


def test_every_call_reads_as_the_table_says() -> None:
    paths = {path for path, _ in DESCRIPTORS.methods()}
    assert paths <= {row.path for row in calls.ROWS}
    assert {operation.name for method in OTHERS for operation in operations(method, OTHERS[method])} == {
        f"Weaviate/{method}" for method in OTHERS
    }
