"""Beacons into collections that the caller may not know, in what groups and references are told by."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support import weaviate_calls, weaviate_graphql
from tests.support.weaviate_calls import UUID, found, reply

from vecgate_weaviate.beacons import hidden, points, told

OPEN_ONE = f"weaviate://localhost/Person/{UUID}"
HIDDEN_ONE = f"weaviate://localhost/Secret/{UUID}"


def visible(name: str) -> bool:
    return name not in {"Secret", "**"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (OPEN_ONE, False),
        (HIDDEN_ONE, True),
        (f"weaviate://localhost/{UUID}", True),
        (f"weaviate://localhost/hr:Person/{UUID}", True),
        (f"WEAVIATE://localhost/Person/{UUID}", True),
        (f"weaviate://localhost/Person/{UUID}/by", True),
        ("Secret", False),
        (5, False),
        (None, False),
    ],
)
def test_beacons(value: Any, expected: bool) -> None:
    assert hidden(value, visible) is expected
    assert told(value, visible) == (None if expected else value)
    assert told([OPEN_ONE, value], visible) == (None if expected else [OPEN_ONE, value])


@pytest.mark.parametrize(
    ("value", "expected"), [(OPEN_ONE, True), (HIDDEN_ONE, False), ("Person", True), ("Secret", False)]
)
def test_what_a_reference_points_to(value: str, expected: bool) -> None:
    assert points(value, visible) is expected


def test_groups_of_a_graphql_aggregate() -> None:
    query = '{Aggregate{Docs(groupBy:["by"]){g:groupedBy{path v:value}}}}'
    given = [{"g": {"path": ["by"], "v": value}} for value in (OPEN_ONE, HIDDEN_ONE, "x", 5)]
    decision = weaviate_graphql.decided(weaviate_graphql.OPEN, visible=visible)
    got = weaviate_graphql.shown(query, decision, {"Aggregate": {"Docs": given}})
    assert [one["g"]["v"] for one in got["Aggregate"]["Docs"]] == [OPEN_ONE, None, "x", 5]


def test_groups_of_a_graphql_search() -> None:
    query = '{Get{Docs(groupBy:{path:["by"],groups:1,objectsPerGroup:1}){_additional{group{by:groupedBy{v:value}}}}}}'
    given = [{"_additional": {"group": {"by": {"v": value}}}} for value in (OPEN_ONE, HIDDEN_ONE)]
    decision = weaviate_graphql.decided(weaviate_graphql.OPEN, visible=visible)
    got = weaviate_graphql.shown(query, decision, {"Get": {"Docs": given}})
    assert [one["_additional"]["group"]["by"]["v"] for one in got["Get"]["Docs"]] == [OPEN_ONE, None]


def test_groups_of_a_grpc_aggregate() -> None:
    read = weaviate_calls.reading("Aggregate", {"collection": "Docs", "group_by": {"property": "by"}})
    answer = reply("AggregateReply")
    for value in (OPEN_ONE, HIDDEN_ONE):
        answer.grouped_results.groups.add().grouped_by.text = value
    answer.grouped_results.groups.add().grouped_by.texts.values.extend([OPEN_ONE, HIDDEN_ONE])
    answer.grouped_results.groups.add().grouped_by.int = 5
    got = weaviate_calls.shown(read, weaviate_calls.decided(weaviate_calls.OPEN, visible=visible), answer)
    groups = [one.grouped_by for one in got.grouped_results.groups]
    assert [one.WhichOneof("value") for one in groups] == ["text", None, None, "int"]
    assert "Secret" not in str(got)


def test_groups_of_a_grpc_search() -> None:
    read = weaviate_calls.reading(
        "Search", {"collection": "Docs", "group_by": {"path": ["by"], "number_of_groups": 2, "objects_per_group": 1}}
    )
    answer = found()
    for value in (OPEN_ONE, HIDDEN_ONE):
        answer.group_by_results.add(name=value)
    got = weaviate_calls.shown(read, weaviate_calls.decided(weaviate_calls.OPEN, visible=visible), answer)
    assert [one.name for one in got.group_by_results] == [OPEN_ONE, ""]


MADE = f"It leads to {HIDDEN_ONE}, to {OPEN_ONE}. And weaviate://localhost/{UUID}!"
SHOWN = f"It leads to weaviate://withheld, to {OPEN_ONE}. And weaviate://withheld!"


def test_what_a_graphql_model_made() -> None:
    query = '{Get{Docs{_additional{generate(groupedResult:{task:"x"}){groupedResult debug{prompt}}}}}}'
    made = {"groupedResult": MADE, "debug": {"prompt": MADE}}
    decision = weaviate_graphql.decided(weaviate_graphql.OPEN, visible=visible)
    got = weaviate_graphql.shown(query, decision, {"Get": {"Docs": [{"_additional": {"generate": made}}]}})
    assert got["Get"]["Docs"][0]["_additional"]["generate"] == {"groupedResult": SHOWN, "debug": {"prompt": SHOWN}}


def test_what_a_grpc_model_made() -> None:
    read = weaviate_calls.reading("Search", {"collection": "Docs", "generative": {"grouped_response_task": "x"}})
    answer = found({"title": "t"})
    answer.generative_grouped_result = MADE
    answer.results[0].metadata.generative = MADE
    group = answer.group_by_results.add(name="a")
    for made in (
        answer.generative_grouped_results.values.add(),
        answer.results[0].generative.values.add(),
        group.generative,
        group.generative_result.values.add(),
    ):
        made.result = made.debug.full_prompt = MADE
    got = str(weaviate_calls.shown(read, weaviate_calls.decided(weaviate_calls.OPEN, visible=visible), answer))
    assert got.count("weaviate://withheld, to") == 10
    assert "Secret" not in got
