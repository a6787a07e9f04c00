"""Names: whose index a request is of, and which namespace, wherever it stands."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.pinecone_scene import called, operations, reading, refusal, request, texts

from vecgate.operations.site import Site
from vecgate.reasons import Reason
from vecgate_pinecone import PineconeDialect

QUERY = {"topK": 1, "id": "r1"}
HOST = "docs-example-a1b2c3d.svc.aped-4627-b74a.pinecone.io"


@pytest.mark.parametrize(
    ("site", "headers", "index"),
    [
        (Site("here", index="named", upstream=HOST), {}, "named"),
        (Site("here", upstream=HOST), {}, "docs-example"),
        (Site("here", upstream=f"{HOST}:443"), {}, "docs-example"),
        (Site("here", upstream="127.0.0.1:5080"), {}, "here"),
        (Site(), {"host": HOST}, "docs-example"),
        (Site(), {"host": HOST.upper()}, "docs-example"),
        (Site(), {"host": "evil.example"}, "index"),
        (Site(), {}, "index"),
        (Site("here", index="named"), {"host": HOST}, "named"),
        (Site("here", upstream="127.0.0.1:5080"), {"host": HOST}, "here"),
    ],
    ids=str,
)
def test_the_index_is_the_connections(site: Site, headers: dict[str, str], index: str) -> None:
    asked = PineconeDialect().read(request("POST /query", QUERY, site=site, **headers))
    assert asked.operations[0].resources == (f"{index}/__default__",)


def test_the_host_header_does_not_reach_the_dialect_through_the_gateway() -> None:
    assert "host" not in PineconeDialect.headers


@pytest.mark.parametrize(
    "namespace", [{}, {"namespace": ""}, {"namespace": None}, {"namespace": "__default__"}], ids=str
)
def test_one_namespace_has_four_spellings(namespace: dict[str, Any]) -> None:
    assert operations("POST /query", QUERY | namespace)[0].resources == ("docs/__default__",)


def test_a_namespace_is_found_in_body_query_path_and_message() -> None:
    everywhere = [
        reading("POST /query", {**QUERY, "namespace": "hr"}),
        reading("POST /vectors/upsert", {"vectors": [{"id": "a", "values": [1.5]}], "namespace": "hr"}),
        reading("POST /vectors/update", {"id": "a", "namespace": "hr"}),
        reading("POST /vectors/delete", {"ids": ["a"], "namespace": "hr"}),
        reading("POST /vectors/fetch_by_metadata", {"namespace": "hr"}),
        reading("GET /vectors/fetch?ids=a&namespace=hr"),
        reading("GET /vectors/list?namespace=hr"),
        reading("GET /namespaces/hr"),
        reading("DELETE /namespaces/h%72"),
        reading("POST /namespaces", {"name": "hr"}),
        reading("POST /records/namespaces/hr/search", {"query": {"top_k": 1}}),
        texts({"_id": "a"}, namespace="hr"),
        called("Query", topK=1, id="a", namespace="hr"),
        called("DeleteNamespace", namespace="hr"),
    ]
    assert {asked.operations[0].resources for asked in everywhere} == {("docs/hr",)}


@pytest.mark.parametrize(
    "name", ["a/b", "a\\b", "*", "**", "a*", ".", "..", " a", "a ", "a\nb", "e\u0301", "\u202ehr", "a" * 513]
)
def test_a_name_with_another_reading_is_refused(name: str) -> None:
    assert refusal("POST /query", {**QUERY, "namespace": name}) is Reason.BAD_BODY


@pytest.mark.parametrize("path", ["a%2Fb", "*", "%20a", "..", "%2E%2E", "e%CC%81", "a%00", "a;b"])
def test_a_name_in_the_path_with_another_reading_is_refused(path: str) -> None:
    assert refusal_of_target(f"/records/namespaces/{path}/search") is Reason.BAD_TARGET


def refusal_of_target(path: str) -> Reason:
    return refusal(f"POST {path}", {"query": {"top_k": 1}})


@pytest.mark.parametrize("path", ["Docs", "docs_1", "d%C3%B6cs", "-docs", "x" * 46, "*"])
def test_an_index_has_a_name_that_the_service_takes(path: str) -> None:
    assert refusal(f"GET /indexes/{path}") is Reason.BAD_TARGET


def test_a_literal_stands_before_a_parameter() -> None:
    asked = {"name": "new", "cloud": "aws", "region": "r", "embed": {"model": "m", "field_map": {"text": "t"}}}
    (operation,) = operations("POST /indexes/create-for-model", asked)
    assert (operation.name, operation.resources) == ("create_index_for_model", ("new",))
