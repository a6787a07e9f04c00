from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.support.weaviate_graphql import BATCH, JSON, OPEN, as_written, body_read, decided, masked, masks, read

from vecgate.errors import Unmaskable
from vecgate.operations.messages import Answer
from vecgate_weaviate.graphql import masking

QUERY = "{Get{A{a}}}"
SAYS = "The database could not answer this part of the query."
DATA = {"data": {"Get": {"A": [{"a": 1}]}}}


def told(query: str, body: Any) -> Any:
    return msgspec.json.decode(masked(query, OPEN, body).answer.body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"1",
        b'{"data":{},"extensions":{}}',
        b'{"data":{},"data":{"Get":null}}',
        b'{"data":{"Get":{"A":[]}},"errors":{}}',
        b'{"data":null,"errors":["secret"]}',
        b'{"data":{"Get":{"A":[{"a":NaN}]}}}',
    ],
)
def test_an_answer_has_its_envelope_and_nothing_else(body: bytes) -> None:
    with pytest.raises(Unmaskable):
        told(QUERY, body)


@pytest.mark.parametrize("media", ["text/html", "application/x-yaml", ""])
def test_an_answer_is_json(media: str) -> None:
    answer = Answer(200, (("content-type", media),), msgspec.json.encode(DATA))
    with pytest.raises(Unmaskable):
        masking.mask(read(QUERY), decided(OPEN), as_written, answer)


@pytest.mark.parametrize("status", [201, 204, 206, 304, 422])
def test_no_other_status_is_understood(status: int) -> None:
    with pytest.raises(Unmaskable):
        masking.mask(read(QUERY), decided(OPEN), as_written, Answer(status, JSON, msgspec.json.encode(DATA)))


@pytest.mark.parametrize(
    ("error", "seen"),
    [
        ({"message": "explorer: ssn 123-45 is not a vector"}, {"message": SAYS}),
        ({"message": 'Cannot query field "a" on type "A". Did you mean "ssn"?'},
         {"message": 'Cannot query field "a" on type "A".'}),
        ({"message": 'Cannot query field "Secret" on type "GetObjectsObj". Did you mean "A"?'}, {"message": SAYS}),
        ({"message": "x", "path": ["Get", "A", 0, "a"]}, {"message": SAYS, "path": ["Get", "A", 0, "a"]}),
        ({"message": "x", "path": ["Get", "Secret"]}, {"message": SAYS}),
        ({"message": "x", "locations": [{"line": 1, "column": 7}], "extensions": {"stack": "ssn"}}, {"message": SAYS}),
        ({"message": {"ssn": 1}}, {"message": SAYS}),
    ],
    ids=range(7),
)  # fmt: skip
def test_errors_do_not_quote_the_database(error: dict[str, Any], seen: dict[str, Any]) -> None:
    result = masked(QUERY, OPEN, {"data": {"Get": {"A": None}}, "errors": [error]})
    document = msgspec.json.decode(result.answer.body)
    assert document == {"data": {"Get": {"A": None}}, "errors": [{"locations": [], **seen}]}
    assert result.error == "graphql_error"


def test_what_was_answered_beside_errors_is_masked() -> None:
    data = {"Get": {"x": [{"a": "1"}], "y": None}}
    query = "{Get{x:A{a} y:B{a}}}"
    result = masked(
        query, masks({"a": "redact"}), {"data": data, "errors": [{"message": "a: 1", "path": ["Get", "y"]}]}
    )
    document = msgspec.json.decode(result.answer.body)
    assert document["data"] == {"Get": {"x": [{"a": "[redacted]"}], "y": None}}
    assert (result.points, result.masked) == (1, ("a",))


def test_no_data_is_null() -> None:
    assert told(QUERY, {"errors": [{"message": "x"}]})["data"] is None
    assert told(QUERY, {"data": None, "errors": []}) == {"data": None}


def batch(body: Any) -> Any:
    asked = body_read([{"query": QUERY}, {"query": "{Get{B{ssn}}}"}], BATCH)
    answer = Answer(200, JSON, msgspec.json.encode(body))
    return masking.mask(asked, decided(OPEN, {"B": masks({"ssn": "redact"})}), as_written, answer)


def test_each_answer_of_a_batch_is_masked_by_its_own_query() -> None:
    result = batch([DATA, {"data": {"Get": {"B": [{"ssn": "1"}]}}}])
    assert msgspec.json.decode(result.answer.body) == [DATA, {"data": {"Get": {"B": [{"ssn": "[redacted]"}]}}}]
    assert (result.points, result.error) == (2, "")


def test_a_batch_has_failed_only_if_all_of_it_has() -> None:
    failed = {"errors": [{"message": "x"}]}
    assert batch([DATA, failed]).error == ""
    assert batch([failed, failed]).error == "graphql_error"


@pytest.mark.parametrize("body", [DATA, [DATA], [DATA, DATA], [DATA, None], [DATA] * 3])
def test_a_batch_is_answered_query_by_query(body: Any) -> None:
    with pytest.raises(Unmaskable):
        batch(body)


def test_a_batch_is_sent_as_one() -> None:
    asked = body_read([{"query": QUERY}, {"query": "{Get{B{ssn}}}"}], BATCH)
    outgoing = masking.rewrite(asked, decided(OPEN), as_written)
    assert (outgoing.method, outgoing.path) == ("POST", "/v1/graphql/batch")
    assert len(msgspec.json.decode(outgoing.body)) == 2


def test_operations_are_judged_by_the_collections_own_names() -> None:
    query = '{Get{old(tenant:"t"){r{... on B{b}}}} Explore(nearVector:{vector:[1]}){beacon}}'
    own = masking.bound(read(query).operations, lambda name: {"Old": "New"}.get(name, name))
    assert [one.resources for one in own] == [("New/t",), ("B", "B/t"), ("**",)]
