from __future__ import annotations

from typing import Any

import pytest

from vecgate.operations.classify import classify
from vecgate_chroma import ChromaDialect

CHROMA = ChromaDialect()
DATABASE = "/api/v2/tenants/default_tenant/databases/default_database"
UUID = "c14de12b-166a-45bd-bb64-44a0b48b93f6"
GET = f"{DATABASE}/collections/{UUID}/get"


def line(path: str, **more: Any) -> dict[str, Any]:
    return {"method": "POST", "path": path, **more}


def test_a_line_says_what_the_request_would_do() -> None:
    assert classify(CHROMA, line(GET, body={"where": {"topic": "x"}, "include": ["embeddings"], "limit": 5})) == {
        "known": True,
        "operations": [
            {
                "name": "collection_get",
                "action": "read",
                "resources": [f"default_tenant/default_database/{UUID}"],
                "fields_used": ["topic"],
                "vectors": True,
                "risks": [],
            }
        ],
        "canonical": {
            "method": "POST",
            "path": GET,
            "body": {"where": {"topic": "x"}, "include": ["embeddings"], "limit": 5},
        },
        "error": None,
    }


@pytest.mark.parametrize("spelling", [UUID, UUID.upper(), UUID.replace("-", ""), f"urn:uuid:{UUID}", f"%7B{UUID}%7D"])
def test_given_names_stand_in_for_the_uuid_however_it_is_spelt(spelling: str) -> None:
    path = f"{DATABASE}/collections/{spelling}/get"
    names = {UUID: "default_tenant/default_database/alpha"}
    result = classify(CHROMA, line(path, body={}, names=names))
    assert result["operations"][0]["resources"] == ["default_tenant/default_database/alpha"]
    assert result["canonical"]["path"] == GET


def test_a_uuid_of_another_tenant_is_as_good_as_none() -> None:
    result = classify(CHROMA, line(GET, body={}, names={UUID: "other_tenant/default_database/alpha"}))
    assert result["known"]
    assert result["operations"] == []
    assert result["error"]["reason"] == "not_found"


@pytest.mark.parametrize(
    ("given", "known", "reason"),
    [
        ({"method": "GET", "path": "/api/v2/heartbeat"}, True, None),
        ({"method": "GET", "path": "/api/v1/collections"}, False, "unknown_operation"),
        ({"method": "GET", "path": "/nowhere"}, False, "unknown_operation"),
        ({"method": "POST", "path": "/api/v2/reset"}, False, "unknown_operation"),
        ({"method": "GET", "path": "//api/v2/heartbeat"}, True, "bad_target"),
        (line(GET, body_base64="eyJpZHMiOltdLCJpZHMiOltdfQ=="), True, "duplicate_member"),
        (line(GET, body={"bogus": 1}), True, "unknown_member"),
        (line(GET, body={}, headers={"Content-Type": "text/plain"}), True, "unsupported_media"),
        (line(GET, body={}, headers={"Content-Type": "application/json", "content-type": "x"}), True, "bad_header"),
        (line(f"{GET}?limit=1&limit=2", body={}), True, "duplicate_member"),
        (line(GET), True, "bad_body"),
    ],
)
def test_a_refusal_is_part_of_the_line(given: dict[str, Any], known: bool, reason: str | None) -> None:
    result = classify(CHROMA, given)
    assert result["known"] is known
    assert (result["error"] or {}).get("reason") == reason
    assert (result["operations"] == []) is (reason is not None)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"method": "GET"},
        {"method": 1, "path": "/"},
        {"method": "GET", "path": "/", "headers": []},
        line(GET, body_base64="no!"),
        line(GET, body_base64=7),
        line(GET, body={}, names=[]),
        line(GET, body={}, names={UUID: 7}),
    ],
)
def test_what_is_no_line_is_the_callers_mistake(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        classify(CHROMA, given)
