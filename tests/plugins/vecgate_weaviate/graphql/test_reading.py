from __future__ import annotations

from typing import Any

import pytest
from tests.support.weaviate_graphql import BATCH, POST, body_read

from vecgate.errors import Refusal
from vecgate.operations.messages import Request
from vecgate.operations.model import Action
from vecgate.operations.target import parse
from vecgate.reasons import Reason
from vecgate_weaviate.graphql import reading
from vecgate_weaviate.graphql.reading import MOST

GET = {"query": "{Get{A{a}}}"}
GROWING = {
    "query": "query($v:String){Get{" + " ".join(f"a{n}:A(bm25:{{query:$v}}){{a}}" for n in range(100)) + "}}",
    "variables": {"v": "x " * 10_000},
}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", Reason.BAD_BODY),
        (b"{}", Reason.BAD_BODY),
        (b"[]", Reason.BAD_BODY),
        (b'{"query":1}', Reason.BAD_BODY),
        (b'{"query":""}', Reason.BAD_BODY),
        (b'{"query":"{Get{A{a}}}","query":"{Get{B{a}}}"}', Reason.DUPLICATE_MEMBER),
        (b'{"qu\\u0065ry":"{Get{A{a}}}","query":"{Get{B{a}}}"}', Reason.DUPLICATE_MEMBER),
        ({**GET, "variables": []}, Reason.BAD_BODY),
        ({**GET, "variables": "{}"}, Reason.BAD_BODY),
        ({**GET, "operationName": 1}, Reason.BAD_BODY),
        ({**GET, "operationName": "X"}, Reason.BAD_BODY),
        ({**GET, "extensions": {"persistedQuery": {}}}, Reason.UNKNOWN_MEMBER),
        ({**GET, "Query": "{Get{B{a}}}"}, Reason.UNKNOWN_MEMBER),
        ([GET], Reason.BAD_BODY),
    ],
    ids=range(14),
)
def test_a_body_has_one_query_and_nothing_unknown(body: Any, reason: Reason) -> None:
    with pytest.raises(Refusal) as refused:
        body_read(body)
    assert refused.value.reason is reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (GET, Reason.BAD_BODY),
        ([], Reason.BAD_BODY),
        ([GET, 1], Reason.BAD_BODY),
        ([GET, []], Reason.BAD_BODY),
        ([GET, {"query": "{__schema{types{name}}}"}], Reason.UNKNOWN_OPERATION),
        ([GET] * (MOST + 1), Reason.BAD_BODY),
        ([{"query": "{Get{A{a}}}" + " " * 50_000}] * 8, Reason.BODY_TOO_LARGE),
        ([{"query": "query($v:String){Get{A(tenant:$v){a}}}", "variables": {"v": "x" * 99}}], Reason.BAD_BODY),
        ([GROWING] * 12, Reason.BODY_TOO_LARGE),
    ],
    ids=range(9),
)
def test_a_batch_is_refused_whole(body: Any, reason: Reason) -> None:
    with pytest.raises(Refusal) as refused:
        body_read(body, BATCH)
    assert refused.value.reason is reason


def test_each_query_of_a_batch_is_judged() -> None:
    read = body_read([GET, {"query": "query($t:String!){Get{B(tenant:$t){a}}}", "variables": {"t": "x"}}], BATCH)
    assert [(one.name, one.action, one.resources) for one in read.operations] == [
        ("graphql.batch", Action.READ, ("A",)),
        ("graphql.batch", Action.READ, ("B/x",)),
    ]
    assert read.document == [{"query": "{Get{A{a}}}"}, {"query": '{Get{B(tenant:"x"){a}}}'}]


def test_a_ticket_is_bound_to_the_query_with_its_variables_in_it() -> None:
    query = "query($n:Int){Get{A(limit:$n){a}}}"
    first, second = (body_read({"query": query, "variables": {"n": n}}).document for n in (1, 2))
    assert first == {"query": "{Get{A(limit:1){a}}}"}
    assert first != second


@pytest.mark.parametrize(("media", "query"), [("application/graphql", ""), ("application/json", "?query={a}")])
def test_queries_come_in_a_json_body_alone(media: str, query: str) -> None:
    request = Request(
        "POST",
        parse(f"/v1/graphql{query.replace('{', '%7B').replace('}', '%7D')}"),
        {"content-type": media},
        b'{"query":"{Get{A{a}}}"}',
    )
    with pytest.raises(Refusal):
        reading.read(request, POST)
