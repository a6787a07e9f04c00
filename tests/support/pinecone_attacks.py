"""What Pinecone's clients would never send over REST, and why each of it is refused to a reader of `docs/kb`."""

from __future__ import annotations

from typing import Any, Final

from tests.support.pinecone_walk import QUERY

ASKED: Final[dict[str, Any]] = {"vector": QUERY, "topK": 5, "includeValues": True, "includeMetadata": True}
IN_KB: Final[dict[str, Any]] = {**ASKED, "namespace": "kb"}
SEARCH: Final[dict[str, Any]] = {"query": {"inputs": {"text": "t1"}, "top_k": 2}}
STEERING: Final = '{"filter":{"ssn":"900-1"}}'

REFUSED: Final[dict[str, tuple[str, str, Any, int, str]]] = {
    "a record of another namespace by its id": (
        "POST /query",
        "",
        {"id": "r1", "topK": 1, "namespace": "hr", "includeValues": True},
        403,
        "no_grant",
    ),
    "no namespace": ("POST /query", "", ASKED, 403, "no_grant"),
    "an empty namespace": ("POST /query", "", {**ASKED, "namespace": ""}, 403, "no_grant"),
    "null for a namespace": ("POST /query", "", {**ASKED, "namespace": None}, 403, "no_grant"),
    "the default namespace by its name": ("POST /query", "", {**ASKED, "namespace": "__default__"}, 403, "no_grant"),
    "two namespaces": ("POST /query", "", b'{"topK":1,"namespace":"kb","namespace":"hr"}', 400, "duplicate_member"),
    "two namespaces, one escaped": (
        "POST /query",
        "",
        b'{"topK":1,"namespace":"kb","n\\u0061mespace":"hr"}',
        400,
        "duplicate_member",
    ),
    "a namespace in capitals": ("POST /query", "", {**IN_KB, "Namespace": "hr"}, 400, "unknown_member"),
    "the protobuf spelling": ("POST /query", "", {**IN_KB, "include_values": True}, 400, "unknown_member"),
    "the deprecated queries": (
        "POST /query",
        "",
        {**IN_KB, "queries": [{"values": QUERY, "namespace": "hr", "topK": 1}]},
        400,
        "unknown_member",
    ),
    "a namespace with a path": ("POST /query", "", {**ASKED, "namespace": "kb/../hr"}, 400, "bad_body"),
    "a namespace with a star": ("POST /query", "", {**ASKED, "namespace": "*"}, 400, "bad_body"),
    "a masked field": ("POST /query", "", {**IN_KB, "filter": {"ssn": "900-1"}}, 403, "masked_field_used"),
    "a masked field, escaped": (
        "POST /query",
        "",
        b'{"topK":1,"vector":[0.5,0.5,0.5],"namespace":"kb","filter":{"\\u0073sn":{"$ne":"x"}}}',
        403,
        "masked_field_used",
    ),
    "an operator of another engine": ("POST /query", "", {**IN_KB, "filter": {"$not": {"year": 1}}}, 400, "bad_body"),
    "a filter as text": ("POST /query", "", {**IN_KB, "filter": '{"ssn":"900-1"}'}, 400, "bad_body"),
    "a query in the query": ("POST /query", "?includeValues=true", IN_KB, 400, "unknown_member"),
    "two namespaces in the query": (
        "GET /vectors/fetch",
        "?ids=r1&namespace=kb&namespace=hr",
        None,
        400,
        "duplicate_member",
    ),
    "no namespace in the query": ("GET /vectors/fetch", "?ids=r1", None, 403, "no_grant"),
    "an empty namespace in the query": ("GET /vectors/fetch", "?ids=r1&namespace=", None, 403, "no_grant"),
    "no id": ("GET /vectors/fetch", "?namespace=kb", None, 400, "bad_target"),
    "a body that is not read": ("GET /vectors/fetch", "?ids=r1&namespace=kb", {"namespace": "hr"}, 400, "bad_body"),
    "a page by a masked field": (
        "POST /vectors/fetch_by_metadata",
        "",
        {"namespace": "kb", "filter": {"title": "t1"}, "paginationToken": STEERING},
        403,
        "masked_field_used",
    ),
    "delete with a query": ("DELETE /vectors/delete", "?deleteAll=true&namespace=kb", None, 403, "unknown_operation"),
    "a search elsewhere by its path": ("POST /records/namespaces/hr/search", "", SEARCH, 403, "no_grant"),
    "a search elsewhere, encoded": ("POST /records/namespaces/%68r/search", "", SEARCH, 403, "no_grant"),
    "a search up the path": ("POST /records/namespaces/kb%2F..%2Fhr/search", "", SEARCH, 400, "bad_target"),
    "a search by dots": ("POST /records/namespaces/%2E%2E/namespaces/hr/search", "", SEARCH, 400, "bad_target"),
    "a search for terms": (
        "POST /records/namespaces/kb/search",
        "",
        {"query": {**SEARCH["query"], "match_terms": {"strategy": "all", "terms": ["900-1"]}}},
        403,
        "masked_field_used",
    ),
    "a search ranked by a masked field": (
        "POST /records/namespaces/kb/search",
        "",
        {**SEARCH, "rerank": {"model": "m", "rank_fields": ["title", "ssn"], "query": "900-1"}},
        403,
        "masked_field_used",
    ),
    "documents": ("POST /namespaces/kb/documents/fetch", "", {"ids": ["r1"]}, 403, "unknown_operation"),
    "what nobody has": ("POST /vectors/export", "", {"namespace": "kb"}, 403, "unknown_operation"),
    "a path with two slashes": ("POST //query", "", IN_KB, 400, "bad_target"),
}
"""By what it is: the route, its query, its body; the status and the reason."""
