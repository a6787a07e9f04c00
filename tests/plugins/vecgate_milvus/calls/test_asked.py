from __future__ import annotations

from typing import Any

import pytest
from tests.support.milvus_calls import made

from vecgate.errors import Refusal
from vecgate.reasons import Reason
from vecgate_milvus.calls import asked


def pairs(*given: tuple[str, str]) -> Any:
    return made(
        "milvus.SearchRequest", search_params=[{"key": key, "value": value} for key, value in given]
    ).search_params


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ([("script", "x")], Reason.UNKNOWN_MEMBER),
        ([("TopK", "3")], Reason.UNKNOWN_MEMBER),
        ([("topk", "3"), ("topk", "4")], Reason.DUPLICATE_MEMBER),
        ([("topk", "three")], Reason.BAD_BODY),
        ([("topk", "3.5")], Reason.BAD_BODY),
        ([("topk", "")], Reason.BAD_BODY),
        ([("topk", "9" * 30)], Reason.BAD_BODY),
        ([("params", "[1]")], Reason.BAD_BODY),
        ([("params", "{")], Reason.BAD_BODY),
        ([("params", '{"ef": 1, "ef": 2}')], Reason.DUPLICATE_MEMBER),
        ([("params", '{"group_by_field": "ssn"}')], Reason.UNKNOWN_MEMBER),
        ([("params", '{"collection_id": 7}')], Reason.UNKNOWN_MEMBER),
        ([("group_by_field", "a > 1")], Reason.BAD_BODY),
        ([("order_by_fields", "a:sideways")], Reason.BAD_BODY),
    ],
)
def test_parameters_that_are_refused(given: list[tuple[str, str]], reason: Reason) -> None:
    with pytest.raises(Refusal) as refused:
        asked.search(pairs(*given))
    assert refused.value.reason is reason


def test_what_stock_clients_send() -> None:
    found = asked.search(
        pairs(
            ("topk", "10"),
            ("round_decimal", "-1"),
            ("ignore_growing", "False"),
            ("offset", "5"),
            ("metric_type", "COSINE"),
            ("anns_field", "dense"),
            ("params", '{"ef":100}'),
        )
    )
    assert (found.numbers, found.anns_field, found.scores, found.iterates) == (
        {"topk": 10, "offset": 5},
        "dense",
        False,
        False,
    )


def test_numbers_of_collections_are_not_sent() -> None:
    given = pairs(("topk", "3"), ("collection_id", "7"), ("cluster_id", "1"), ("offset", "1"))
    asked.without_numbers(given)
    assert [(pair.key, pair.value) for pair in given] == [("topk", "3"), ("offset", "1")]


@pytest.mark.parametrize("path", ["/a/b", "a/b", '["a"]["b"]', "a['b']"])
def test_paths_of_a_group(path: str) -> None:
    found = asked.search(pairs(("group_by_field", "meta"), ("json_path", path)))
    assert found.fields == {"meta", "meta.a.b"}
