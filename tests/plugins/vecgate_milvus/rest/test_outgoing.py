from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.support.milvus_rest import FIELDS, OPEN, FakeMilvus, decided, masks, unbound

from vecgate.masking.maskset import MaskSet
from vecgate_milvus import rest

SCALARS = [name for name in FIELDS if name not in {"vector", "words", "bits"}]


def sent(mask: MaskSet, route: str, body: dict[str, Any], *, dynamic: bool = False, headers: Any = None) -> Any:
    fake = FakeMilvus()
    fake.add("default/kb", dynamic=dynamic)
    read = fake.bound(unbound(f"entities/{route}", {"collectionName": "kb", **body}, headers))
    return msgspec.json.decode(rest.rewrite(read, decided(mask)).body)


@pytest.mark.parametrize(
    ("route", "body", "dynamic", "expected"),
    [
        ("query", {}, False, SCALARS),
        ("get", {"id": 1}, False, SCALARS),
        ("query", {"outputFields": ["*"]}, True, ["*"]),
        ("query", {"outputFields": ["title", "vector"]}, False, ["title"]),
        ("query", {"outputFields": ["title", "bits", "words"]}, True, ["title"]),
        ("query", {"outputFields": ["count(*)"]}, False, ["count(*)"]),
        ("search", {"data": [[0.5]]}, False, []),
        ("search", {"data": [[0.5]], "outputFields": ["vector", "title", "title"]}, False, ["title"]),
        ("hybrid_search", {"search": [{"data": [[0.5]]}], "outputFields": ["*"]}, False, SCALARS),
    ],
)
def test_vectors_that_are_dropped_are_not_asked_for(
    route: str, body: dict[str, Any], dynamic: bool, expected: list[str]
) -> None:
    assert sent(masks(), route, body, dynamic=dynamic)["outputFields"] == expected


def test_who_may_see_vectors_asks_for_them() -> None:
    assert sent(OPEN, "query", {"outputFields": ["title", "vector"]})["outputFields"] == ["title", "vector"]
    assert sent(OPEN, "query", {})["outputFields"] == ["*"]


def test_fields_that_are_dropped_are_not_asked_for() -> None:
    mask = masks({"ssn": "drop", "title": "redact"})
    assert sent(mask, "query", {"outputFields": ["ssn", "title"]})["outputFields"] == ["title"]


def test_the_key_is_asked_for() -> None:
    """The server brings it whatever it is asked for; the answer is masked all the same."""
    assert sent(masks({"id": "drop"}), "query", {"outputFields": ["id"]})["outputFields"] == ["id"]


@pytest.mark.parametrize(
    ("value", "forwarded"), [("true", True), ("1", True), ("false", False), ("yes", False), (None, False)]
)
def test_numbers_of_64_bits_come_as_the_client_wants_them(value: str | None, forwarded: bool) -> None:
    headers = {} if value is None else {"accept-type-allow-int64": value}
    read = unbound("entities/query", {"collectionName": "kb"}, headers)
    assert (("accept-type-allow-int64", "true") in rest.rewrite(read, decided(OPEN)).headers) is forwarded


def test_no_other_header_goes_on() -> None:
    headers = {"sourceid": "x", "request-timeout": "5", "authorization": "Bearer x", "db-name": "hr"}
    read = unbound("entities/query", {"collectionName": "kb"}, headers)
    assert {name for name, _ in rest.rewrite(read, decided(OPEN)).headers} == {"content-type", "db-name"}
