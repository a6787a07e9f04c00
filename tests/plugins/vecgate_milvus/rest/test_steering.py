from __future__ import annotations

from typing import Any

import pytest

from vecgate.errors import Refusal
from vecgate.reasons import Reason
from vecgate_milvus.rest import steering


@pytest.mark.parametrize(
    "params",
    [
        {"anns_field": "secret"},
        {"group_by_field": "ssn"},
        {"params": {"group_by_field": "ssn"}},
        {"collection_id": 7},
        {"iterator": "True"},
        {"order_by_fields": "ssn:desc"},
        {"topk": 5},
        {"offset": 5},
        {"limit": 5},
        {"search_by_primary_keys": True},
        {"expr": "a == 1"},
        {"params": {"params": {"radius": 1}}},
    ],
)
def test_parameters_that_are_not_the_index_are_refused(params: dict[str, Any]) -> None:
    """The server makes a parameter of its own request of each."""
    with pytest.raises(Refusal) as caught:
        steering.tuned(params)
    assert caught.value.reason is Reason.UNKNOWN_MEMBER


@pytest.mark.parametrize("value", [None, [0.5], {"a": 1}])
def test_a_parameter_is_a_scalar(value: Any) -> None:
    with pytest.raises(Refusal) as caught:
        steering.tuned({"radius": value})
    assert caught.value.reason is Reason.BAD_BODY


@pytest.mark.parametrize(
    "names",
    [
        ["sum(salary)"],
        ["count(ssn)"],
        ["max(ssn)"],
        ["a b"],
        ["a.b"],
        [""],
        ["a,b"],
        ["count(*), max(ssn)"],
        ["a as b"],
    ],
)
def test_output_fields_are_names(names: list[str]) -> None:
    with pytest.raises(Refusal) as caught:
        list(steering.output(names))
    assert caught.value.reason is Reason.BAD_BODY


def test_names_paths_and_wildcards_are_output_fields() -> None:
    names = ["a", "*", "%", "$meta", 'meta["x"]', "people[name]", "count(*)", "Count(*)"]
    assert list(steering.output(names)) == names


@pytest.mark.parametrize("field", ["a + b", "a == 1", "1", "(a)", "", "f(a)", "$meta['a'] ", '"a"'])
def test_a_field_is_named_and_not_computed(field: str) -> None:
    with pytest.raises(Refusal) as caught:
        steering.named(field)
    assert caught.value.reason is Reason.BAD_BODY


@pytest.mark.parametrize(
    "document",
    [
        {"rerank": {"strategy": "rrf", "params": {"endpoint": "http://x"}}},
        {"functionScore": {"params": {"filter": "a == 1"}}},
        {
            "functionScore": {
                "functions": [{"name": "f", "type": "Rerank", "params": {"reranker": "model", "endpoint": "http://x"}}]
            }
        },
    ],
)
def test_a_model_is_not_a_searchers_to_choose(document: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as caught:
        steering.reranked(document)
    assert caught.value.reason is Reason.UNKNOWN_MEMBER


@pytest.mark.parametrize(
    "document",
    [
        {"rerank": {"strategy": "model"}},
        {"functionScore": {"functions": [{"name": "f", "type": "Rerank", "params": {"reranker": "unknown"}}]}},
        {"functionScore": {"functions": [{"name": "f", "type": "TextEmbedding", "params": {"reranker": "rrf"}}]}},
        {"functionScore": {"functions": [{"name": "f", "type": "Rerank"}]}},
        {
            "functionScore": {
                "functions": [{"name": "f", "type": "Rerank", "params": {"reranker": "boost", "filter": 1}}]
            }
        },
    ],
)
def test_an_unknown_reranker_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as caught:
        steering.reranked(document)
    assert caught.value.reason is Reason.BAD_BODY
