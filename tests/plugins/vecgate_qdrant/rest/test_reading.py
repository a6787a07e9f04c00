from __future__ import annotations

from typing import Any

import pytest
from tests.support.qdrant_scene import KB, POINTS, QDRANT, UUID, request, unbound

from vecgate.errors import Refusal
from vecgate.operations.target import encode
from vecgate.reasons import Reason

QUERY = f"{POINTS}/query"


def reason(method: str, path: str, body: Any, **headers: str) -> Reason:
    with pytest.raises(Refusal) as caught:
        QDRANT.read(request(method, path, body, **headers))
    return caught.value.reason


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", QUERY, b"", Reason.BAD_BODY),
        ("POST", QUERY, b"null", Reason.BAD_BODY),
        ("POST", QUERY, b"[]", Reason.BAD_BODY),
        ("POST", QUERY, b'{"limit":1,"limit":2}', Reason.DUPLICATE_MEMBER),
        ("POST", QUERY, b'{"limit":1,"\\u006cimit":2}', Reason.DUPLICATE_MEMBER),
        ("POST", QUERY, b'{"filter":{"must":[],"must":[]}}', Reason.DUPLICATE_MEMBER),
        ("POST", QUERY, {"with_vector": False, "with_vectors": True}, Reason.DUPLICATE_MEMBER),
        ("POST", f"{POINTS}/search", {"vector": [1], "limit": 1, "top": 9}, Reason.DUPLICATE_MEMBER),
        ("POST", QUERY, {"query": 1, "top": 5}, Reason.UNKNOWN_MEMBER),
        ("POST", QUERY, {"vector": [1]}, Reason.UNKNOWN_MEMBER),
        ("POST", QUERY, {"query": 1, "limit": 0}, Reason.BAD_BODY),
        ("POST", QUERY, {"query": 1, "limit": True}, Reason.BAD_BODY),
        ("POST", QUERY, {"query": 1, "limit": 1.5}, Reason.BAD_BODY),
        ("POST", QUERY, {"query": 1, "with_vector": "all"}, Reason.BAD_BODY),
        ("POST", QUERY, {"query": 1, "with_payload": {"include": [], "exclude": []}}, Reason.BAD_BODY),
        ("POST", QUERY, {"query": 1, "lookup_from": {"collection": "a/b"}}, Reason.BAD_BODY),
        ("POST", QUERY, {"query": 1, "lookup_from": {"collection": "*"}}, Reason.BAD_BODY),
        ("POST", QUERY, {"query": 1, "filter": []}, Reason.BAD_BODY),
        ("POST", QUERY, b'{"query":[NaN]}', Reason.BAD_BODY),
        ("POST", QUERY, b'{"query":[1e999]}', Reason.BAD_BODY),
        ("POST", QUERY, b"\x1f\x8b\x08\x00", Reason.BAD_BODY),
        ("POST", QUERY, b'{"prefetch":' * 70 + b"1" + b"}" * 70, Reason.BAD_BODY),
        ("POST", f"{POINTS}/query/batch", {"searches": [{"query": 1, "group_by": "a"}]}, Reason.UNKNOWN_MEMBER),
        ("POST", f"{POINTS}/query/groups", {"query": 1, "group_by": ""}, Reason.BAD_BODY),
        ("POST", f"{POINTS}/query/groups", {"query": 1}, Reason.BAD_BODY),
        ("POST", f"{POINTS}/query/groups", {"group_by": "g", "offset": 1}, Reason.UNKNOWN_MEMBER),
        ("POST", f"{POINTS}/search", {"vector": 7, "limit": 1}, Reason.BAD_BODY),
        ("POST", f"{POINTS}/search", {"vector": {"name": "v"}, "limit": 1}, Reason.BAD_BODY),
        ("POST", f"{KB}/facet", {"key": ""}, Reason.BAD_BODY),
        ("POST", f"{POINTS}/scroll", {"order_by": {"key": ""}}, Reason.BAD_BODY),
        ("POST", f"{QUERY}?timeout=0", {}, Reason.BAD_TARGET),
        ("POST", f"{QUERY}?consistency=some", {}, Reason.BAD_TARGET),
        ("POST", f"{QUERY}?wait=true", {}, Reason.UNKNOWN_MEMBER),
        ("PUT", f"{POINTS}?wait=yes", {"points": []}, Reason.BAD_TARGET),
        ("GET", KB, b"{}", Reason.BAD_BODY),
        ("DELETE", KB, b"{}", Reason.BAD_BODY),
        ("GET", "/healthz?x=1", None, Reason.UNKNOWN_MEMBER),
        ("GET", f"{POINTS}/not-an-id", None, Reason.BAD_TARGET),
        ("GET", f"{POINTS}/-1", None, Reason.BAD_TARGET),
        ("GET", f"{POINTS}/{2**64}", None, Reason.BAD_TARGET),
        ("GET", f"{POINTS}/%D9%A1", None, Reason.BAD_TARGET),
        ("GET", f"{KB}/shards/x/snapshots", None, Reason.BAD_TARGET),
        ("GET", "/collections/a*", None, Reason.BAD_TARGET),
        ("GET", "/collections/a%2Fb", None, Reason.BAD_TARGET),
        ("GET", "/collections/" + "a" * 256, None, Reason.BAD_TARGET),
        ("GET", "/collections/kb/", None, Reason.BAD_TARGET),
        ("GET", "//collections/kb", None, Reason.BAD_TARGET),
        ("GET", "/collections/%2e%2e/kb", None, Reason.BAD_TARGET),
    ],
)
def test_what_is_malformed_is_refused(method: str, path: str, body: Any, expected: Reason) -> None:
    assert reason(method, path, body) is expected


def test_a_body_is_json() -> None:
    assert reason("POST", QUERY, {}, **{"content-type": "text/plain"}) is Reason.UNSUPPORTED_MEDIA


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("/%63ollections/kb/points/007", "/collections/kb/points/7"),
        (f"/collections/kb/points/{UUID.upper()}", f"/collections/kb/points/{UUID}"),
        (f"/collections/kb/points/urn:uuid:{UUID.replace('-', '')}", f"/collections/kb/points/{UUID}"),
        ("/collections/a%23%C3%A9", "/collections/a%23%C3%A9"),
    ],
)
def test_a_target_has_one_spelling(path: str, canonical: str) -> None:
    assert encode(unbound("GET", path).request.target) == canonical


def test_members_have_one_spelling() -> None:
    read = unbound("POST", f"{POINTS}/search/batch", {"searches": [{"vector": [1], "top": 2, "with_vectors": ["a"]}]})
    assert read.document == {"searches": [{"vector": [1], "limit": 2, "with_vector": ["a"]}]}
    read = unbound(
        "POST", f"{POINTS}/batch", {"operations": [{"upsert": {"points": [{"id": 1, "vectors": {"a": [1]}}]}}]}
    )
    assert read.document == {"operations": [{"upsert": {"points": [{"id": 1, "vector": {"a": [1]}}]}}]}
