from __future__ import annotations

from typing import Any

import pytest
from tests.support.milvus_calls import KB, judged, made, pairs, reading, unbound

from vecgate.errors import Refusal
from vecgate.operations.model import Risk
from vecgate.reasons import Reason
from vecgate_milvus.calls.searches import output
from vecgate_milvus.collection import Collection

KEYS = "id in [1, 2, 3]"


def search(**more: Any) -> dict[str, Any]:
    params = more.pop("search_params", pairs(topk=10, anns_field="dense"))
    return {"collection_name": "kb", "dsl_type": 1, "nq": 1, "search_params": params, **more}


def refused(method: str, message: Any) -> Reason:
    with pytest.raises(Refusal) as caught:
        unbound(method, message)
    return caught.value.reason


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (search(), ()),
        (search(dsl='ssn == "1" or meta["a"]["b"] > 2'), ("meta.a.b", "ssn")),
        (search(dsl='$meta["x"] == {x}', expr_template_values={"x": {"int64_val": "1"}}), ("x",)),
        (search(search_params=pairs(topk=1, group_by_field="ssn")), ("ssn",)),
        (search(search_params=pairs(topk=1, group_by_fields="title,ssn")), ("ssn", "title")),
        (search(search_params=pairs(topk=1, group_by_field="meta", json_path="/a/b")), ("meta", "meta.a.b")),
        (search(search_params=pairs(topk=1, order_by_fields="ssn:desc, title")), ("ssn", "title")),
        (search(search_params=pairs(topk=1, anns_field="words")), ("body",)),
        (search(sub_reqs=[{"dsl": "ssn > 1", "dsl_type": 1}]), ("ssn",)),
        (search(highlighter={"params": [{"key": "highlight_query", "value": '[{"field": "ssn"}]'}]}), ("ssn",)),
        (search(highlighter={"type": 1, "params": [{"key": "input_fields", "value": '["ssn"]'}]}), ("ssn",)),
        (
            search(
                search_params=pairs(topk=1, anns_field="words"),
                highlighter={"params": [{"key": "highlight_search_text", "value": "True"}]},
            ),
            ("body",),
        ),
        (search(search_aggregation={"fields": ["ssn"], "size": 2}), ("ssn",)),
        (
            search(
                search_aggregation={
                    "fields": ["title"],
                    "size": 2,
                    "metrics": {"m": {"op": "avg", "field_name": "price"}},
                    "top_hits": {"size": 1, "sort": [{"field_name": "year"}]},
                    "sub_aggregation": {"fields": ["ssn"], "size": 1},
                }
            ),
            ("price", "ssn", "title", "year"),
        ),
        (search(output_fields=["max(ssn)"]), ("ssn",)),
    ],
)
def test_the_fields_that_steer_a_search(message: dict[str, Any], fields: tuple[str, ...]) -> None:
    assert judged("Search", message).fields_used == fields


def score(**params: str) -> dict[str, Any]:
    return {"functions": [{"type": 3, "input_field_names": ["price"], "params": pairs(**params)}]}


@pytest.mark.parametrize(
    ("params", "fields", "scores", "risks"),
    [
        ({"reranker": "rrf", "k": "60"}, ("price",), False, ()),
        ({"reranker": "weighted", "weights": "[0.1]"}, ("price",), False, ()),
        ({"reranker": "decay", "function": "gauss", "origin": "1", "scale": "2"}, ("price",), True, ()),
        ({"reranker": "boost", "filter": "ssn > 1", "weight": "2"}, ("price", "ssn"), True, ()),
        ({"reranker": "boost", "random_score": '{"seed": 1, "field": "ssn"}'}, ("price", "ssn"), True, ()),
        ({"reranker": "model", "provider": "tei", "queries": "[]"}, ("price",), True, (Risk.EGRESS,)),
    ],
)
def test_rerankers(params: dict[str, str], fields: tuple[str, ...], scores: bool, risks: tuple[Risk, ...]) -> None:
    for method, message in (
        ("Search", search(function_score=score(**params))),
        ("HybridSearch", {"collection_name": "kb", "rank_params": pairs(limit=5), "function_score": score(**params)}),
    ):
        operation = judged(method, message)
        assert (operation.fields_used, operation.scores_steer, operation.risks) == (fields, scores, risks)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (search(function_score=score(reranker="model", endpoint="http://evil")), Reason.UNKNOWN_MEMBER),
        (search(function_score=score(reranker="model", credential="x")), Reason.UNKNOWN_MEMBER),
        (search(function_score=score(reranker="script")), Reason.BAD_BODY),
        (search(function_score={"functions": [{"type": 2, "params": pairs(reranker="rrf")}]}), Reason.BAD_BODY),
        (search(function_score=score(reranker="boost", random_score='{"script": 1}')), Reason.BAD_BODY),
        (search(highlighter={"params": pairs(script="x")}), Reason.UNKNOWN_MEMBER),
        (search(highlighter={"params": pairs(highlight_query="{}")}), Reason.BAD_BODY),
        (search(highlighter={"params": pairs(highlight_query='[{"text": "x"}]')}), Reason.BAD_BODY),
        (search(dsl="a >"), Reason.BAD_BODY),
        (search(dsl="a > {x}"), Reason.BAD_BODY),
        (search(dsl="a > 1", dsl_type=0), Reason.BAD_BODY),
        (search(output_fields=["script(x)"]), Reason.BAD_BODY),
        (search(search_aggregation={"fields": ["a > b"], "size": 1}), Reason.BAD_BODY),
    ],
)
def test_searches_that_are_not_understood(message: dict[str, Any], reason: Reason) -> None:
    assert refused("Search", message) is reason


def test_an_aggregation_too_deep() -> None:
    spec: dict[str, Any] = {"fields": ["a"], "size": 1}
    for _ in range(8):
        spec = {"fields": ["a"], "size": 1, "sub_aggregation": spec}
    assert refused("Search", search(search_aggregation=spec)) is Reason.BAD_BODY


@pytest.mark.parametrize(
    "message",
    [
        search(search_params=pairs(topk=1, radius=0.5)),
        search(search_params=pairs(topk=1, range_filter=0.5)),
        search(search_params=pairs(topk=1, params='{"radius": 0.5}')),
        search(search_params=pairs(topk=1, params='{"range_filter": 0.5}')),
        search(search_params=pairs(topk=1, search_iter_last_bound=0.5)),
        search(sub_reqs=[{"search_params": pairs(radius=1)}]),
        search(
            search_aggregation={"fields": ["a"], "size": 1, "metrics": {"m": {"op": "max", "field_name": "_score"}}}
        ),
    ],
)
def test_thresholds_of_scores_steer(message: dict[str, Any]) -> None:
    assert judged("Search", message).scores_steer


def test_a_plain_search_is_not_steered_by_scores() -> None:
    assert not judged("Search", search(search_params=pairs(topk=1, params='{"ef": 10}'))).scores_steer


@pytest.mark.parametrize(
    ("message", "points", "count", "risks"),
    [
        (search(), 10, 1, ()),
        (search(nq=3), 30, 3, ()),
        (search(nq=101), 1010, 101, (Risk.BULK_EXPORT,)),
        (search(search_params=pairs(topk=10, group_by_field="a", group_size=4)), 40, 1, ()),
        (search(search_params=pairs(topk=5, iterator="True")), 5, 1, (Risk.BULK_EXPORT,)),
        (search(search_params=pairs(topk=5, search_iter_v2="true")), 5, 1, (Risk.BULK_EXPORT,)),
        (search(search_params=pairs(anns_field="dense")), 16_384, 1, (Risk.BULK_EXPORT,)),
        (search(ids={"int_id": {"data": ["1", "2"]}}), 20, 2, ()),
        (search(sub_reqs=[{"nq": 2, "search_params": pairs(topk=5)}, {"nq": 3}]), 49_152, 5, (Risk.BULK_EXPORT,)),
        (search(search_aggregation={"fields": ["a"], "size": 50, "top_hits": {"size": 3}}), 150, 1, ()),
    ],
)
def test_how_much_a_search_is(message: dict[str, Any], points: int, count: int, risks: tuple[Risk, ...]) -> None:
    operation = judged("Search", message)
    assert (operation.points, operation.count, operation.risks) == (points, count, risks)


@pytest.mark.parametrize(
    ("names", "known", "vectors"),
    [
        ([], KB, False),
        (["title"], KB, False),
        (["*"], KB, True),
        ([" * "], KB, True),
        (["%"], KB, True),
        (["dense"], KB, True),
        (["people"], KB, True),
        (["people[face]"], KB, True),
        (["people[name]"], KB, False),
        (["*"], Collection("default/kb", key="id", scalars=("id",)), False),
        (["*"], None, True),
        (["dense"], None, True),
        (["title", "my_embedding"], None, True),
        (["title"], None, False),
    ],
)
def test_whether_vectors_come_back(names: list[str], known: Any, vectors: bool) -> None:
    for method, message in (
        ("Search", search(output_fields=names)),
        ("Query", {"collection_name": "kb", "output_fields": names}),
        ("HybridSearch", {"collection_name": "kb", "requests": [search()], "output_fields": names}),
    ):
        assert judged(method, message, kb=known).vectors is vectors


def test_a_hybrid_search_is_all_its_parts() -> None:
    message = {
        "collection_name": "kb",
        "requests": [
            search(dsl="a > 1", nq=1),
            {**search(dsl="ssn > 1"), "collection_name": "", "search_params": pairs(topk=5, anns_field="words")},
        ],
        "rank_params": pairs(strategy="weighted", params='{"weights": [1, 2]}', limit=7, group_by_field="colour"),
    }
    operation = judged("HybridSearch", message)
    assert operation.fields_used == ("a", "body", "colour", "ssn")
    assert (operation.points, operation.count) == (7, 2)
    assert operation.resources == ("default/kb",)


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ({"collection_name": "secret"}, Reason.BAD_BODY),
        ({"db_name": "hr"}, Reason.BAD_BODY),
        ({"search_params": pairs(script=1)}, Reason.UNKNOWN_MEMBER),
        ({"dsl": "a >", "dsl_type": 1}, Reason.BAD_BODY),
    ],
)
def test_a_part_of_a_hybrid_search_that_goes_elsewhere(part: dict[str, Any], reason: Reason) -> None:
    assert refused("HybridSearch", {"collection_name": "kb", "requests": [part]}) is reason


@pytest.mark.parametrize("rank", [pairs(strategy="script"), pairs(params='{"script": 1}'), pairs(script=1)])
def test_rankings_that_are_not_known(rank: Any) -> None:
    with pytest.raises(Refusal):
        unbound("HybridSearch", {"collection_name": "kb", "rank_params": rank})


@pytest.mark.parametrize(
    ("message", "fields", "points", "risks"),
    [
        ({"expr": KEYS}, ("id",), 3, ()),
        (
            {"expr": "id in {k}", "expr_template_values": {"k": {"array_val": {"long_data": {"data": [1, 2]}}}}},
            ("id",),
            2,
            (),
        ),
        ({"expr": "a > 1"}, ("a",), None, (Risk.BULK_EXPORT,)),
        ({"expr": "", "query_params": pairs(limit=10)}, (), 10, ()),
        ({"expr": "", "query_params": pairs(limit=-1)}, (), None, (Risk.BULK_EXPORT,)),
        ({"expr": "", "query_params": pairs(limit=1001)}, (), 1001, (Risk.BULK_EXPORT,)),
        ({"expr": KEYS, "query_params": pairs(limit=10, iterator="True")}, ("id",), 3, (Risk.BULK_EXPORT,)),
        ({"query_params": pairs(limit=1, order_by_fields="ssn:asc")}, ("ssn",), 1, ()),
        ({"query_params": pairs(limit=1, group_by_fields="ssn")}, ("ssn",), 1, ()),
        ({"query_params": pairs(limit=1, query_iter_last_pk=7)}, ("id",), 1, ()),
        ({"output_fields": ["count(*)"]}, (), 0, ()),
        ({"output_fields": ["COUNT( * )", "avg( ssn )"]}, ("ssn",), 0, ()),
        ({"output_fields": ['max(meta["a"])', "title"], "query_params": pairs(limit=2)}, ("meta.a",), 2, ()),
    ],
)
def test_queries(message: dict[str, Any], fields: tuple[str, ...], points: int | None, risks: tuple[Risk, ...]) -> None:
    operation = judged("Query", {"collection_name": "kb", **message})
    assert (operation.fields_used, operation.points, operation.risks) == (fields, points, risks)


@pytest.mark.parametrize(
    ("expression", "known", "risks"),
    [
        (KEYS, KB, ()),
        ("id == 7", KB, ()),
        ("id in [1,2,3,4,5,6,7,8,9,10,11]", KB, (Risk.BULK_DELETE,)),
        ("id > 0", KB, (Risk.BULK_DELETE,)),
        ("id in [1] or true", KB, (Risk.BULK_DELETE,)),
        ("ssn in [1]", KB, (Risk.BULK_DELETE,)),
        ("", KB, (Risk.BULK_DELETE,)),
        (KEYS, None, (Risk.BULK_DELETE,)),
    ],
)
def test_deletes_but_by_a_few_keys_are_bulk_ones(expression: str, known: Any, risks: tuple[Risk, ...]) -> None:
    assert judged("Delete", {"collection_name": "kb", "expr": expression}, kb=known).risks == risks


def test_what_evidence_keeps_of_a_search() -> None:
    group = made("common.PlaceholderGroup")
    group.placeholders.add(tag="$0", type=101, values=[bytes(8)])
    message = made(
        "milvus.SearchRequest",
        collection_name="kb",
        dsl="a == {x}",
        dsl_type=1,
        nq=1,
        placeholder_group=group.SerializeToString(),
    )
    message.search_params.add(key="topk", value="3")
    message.expr_template_values["x"].string_val = "y"
    query = reading("Search", message).operations[0].query
    assert query["filter"] == "a == {x}"
    assert query["templates"] == {"x": "y"}
    assert query["limit"] == 3
    assert query["vectors"][0]["dimension"] == 2


@pytest.mark.parametrize(("name", "fields"), [("sum(a)", ("a",)), ("min( b )", ("b",)), ("a", ()), ("count(*)", ())])
def test_aggregates_among_output_fields(name: str, fields: tuple[str, ...]) -> None:
    assert output([name]) == ((name,), fields)
