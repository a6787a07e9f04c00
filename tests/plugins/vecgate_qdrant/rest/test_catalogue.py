from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.support.qdrant_scene import ALICE, KB, OPEN, QDRANT, decided, masked, masks, reading, shown

from vecgate.errors import Unmaskable

VISIBLE = decided(masks(), visible=lambda name: name.startswith("kb"))
INFO: dict[str, Any] = {
    "status": "green",
    "optimizer_status": "ok",
    "points_count": 5,
    "segments_count": 1,
    "config": {
        "params": {"vectors": {"size": 2, "distance": "Dot"}},
        "hnsw_config": {},
        "optimizer_config": {},
        "metadata": {"ssn": "078-05-1120", "owner": "x"},
    },
    "payload_schema": {
        "ssn": {"data_type": "keyword", "points": 5},
        "person.ssn": {"data_type": "keyword", "points": 4},
        "topic": {"data_type": "keyword", "points": 3, "params": {"type": "keyword"}},
    },
}
GET = reading("GET", KB)


def test_lists_hold_what_the_caller_may_know_of() -> None:
    names = {"collections": [{"name": "kb_a"}, {"name": "hr"}, {"name": "kb_b"}]}
    assert shown(reading("GET", "/collections"), VISIBLE, names) == {
        "collections": [{"name": "kb_a"}, {"name": "kb_b"}]
    }


@pytest.mark.parametrize("path", ["/aliases", f"{KB}/aliases"])
def test_aliases_of_what_is_hidden_are_hidden(path: str) -> None:
    aliases = [{"alias_name": "kb_al", "collection_name": "hr"}, {"alias_name": "x", "collection_name": "kb"}]
    assert shown(reading("GET", path), VISIBLE, {"aliases": aliases}) == {"aliases": aliases[1:]}


def test_a_collection_tells_nothing_of_masked_fields() -> None:
    seen = shown(GET, masks({"ssn": "redact"}), INFO)
    assert seen["config"]["metadata"] == {"ssn": "[redacted]", "owner": "x"}
    assert list(seen["payload_schema"]) == ["topic"]
    assert shown(GET, OPEN, INFO) == INFO
    assert masked(GET, masks({"ssn": "redact"}), INFO).masked == ("person.ssn", "ssn")


def test_a_collection_quotes_nothing_that_is_stored() -> None:
    told = {**INFO, "optimizer_status": {"error": "cannot index 078-05-1120"}, "warnings": [{"message": "078-05-1120"}]}
    assert "078" not in str(shown(GET, masks({"ssn": "redact"}), told))


@pytest.mark.parametrize(("resource", "exists"), [("kb", None), ("kb_other", None), ("hr", False), ("absent", False)])
def test_what_may_not_be_seen_does_not_exist(resource: str, exists: bool | None) -> None:
    read = reading("GET", f"/collections/{resource}/exists")
    local = QDRANT.local(read, ALICE, VISIBLE)
    assert (local and msgspec.json.decode(local.body)["result"]) == (None if exists is None else {"exists": exists})


def test_an_alias_of_what_may_not_be_seen_does_not_exist_either() -> None:
    local = QDRANT.local(reading("GET", f"{KB}/exists", kb="hr"), ALICE, VISIBLE)
    assert local is not None
    assert QDRANT.local(reading("GET", "/collections/al/exists", al="kb"), ALICE, VISIBLE) is None
    assert QDRANT.local(GET, ALICE, VISIBLE) is None


@pytest.mark.parametrize(
    ("path", "result"),
    [
        ("/collections", {"collections": ["kb"]}),
        ("/collections", {"collections": [{"name": "kb", "points": [1]}]}),
        ("/collections", {}),
        ("/aliases", {"aliases": [{"alias_name": "a"}]}),
        ("/aliases", []),
        (KB, {**INFO, "vectors": [1]}),
        (KB, {**INFO, "status": "purple"}),
        (KB, {**INFO, "payload_schema": {"a": 1}}),
        (KB, {**INFO, "config": {**INFO["config"], "example": [1]}}),
        (KB, None),
    ],
)
def test_what_is_not_understood_is_withheld(path: str, result: Any) -> None:
    with pytest.raises(Unmaskable):
        masked(reading("GET", path), OPEN, result)
