from __future__ import annotations

from typing import Any

import pytest
from tests.support.qdrant_scene import POINTS, operations, unbound

from vecgate.errors import Refusal
from vecgate.operations.model import Action, Risk
from vecgate.reasons import Reason

A = {"must": {"key": "a", "match": {"value": "x"}}}
DOCUMENT = {"text": "to be embedded", "model": "m"}
ALONE: dict[str, tuple[str, str, dict[str, Any]]] = {
    "delete": ("POST", "delete", {}),
    "set_payload": ("POST", "payload", {"payload": {}}),
    "overwrite_payload": ("PUT", "payload", {"payload": {}}),
    "delete_payload": ("POST", "payload/delete", {"keys": ["a"]}),
    "clear_payload": ("POST", "payload/clear", {}),
    "delete_vectors": ("POST", "vectors/delete", {"vector": ["v"]}),
}


@pytest.mark.parametrize("selection", [{}, {"points": None, "filter": None}, {"points": [1], "filter": {}}])
@pytest.mark.parametrize("name", ALONE)
def test_points_are_chosen_in_exactly_one_way(name: str, selection: dict[str, Any]) -> None:
    method, verb, body = ALONE[name]
    for path, document in ((verb, {**body, **selection}), ("batch", {"operations": [{name: {**body, **selection}}]})):
        with pytest.raises(Refusal, match="either points or filter") as caught:
            unbound("POST" if path == "batch" else method, f"{POINTS}/{path}", document)
        assert caught.value.reason is Reason.BAD_BODY


@pytest.mark.parametrize("name", ALONE)
def test_a_member_of_a_batch_is_what_it_is_alone(name: str) -> None:
    method, verb, body = ALONE[name]
    selections: tuple[dict[str, Any], ...] = (
        {"points": [1]},
        {"points": list(range(2000))},
        {"filter": A},
        {"filter": {}},
    )
    for selection in selections:
        document = {**body, **selection}
        alone = operations(method, f"{POINTS}/{verb}", document)
        assert operations("POST", f"{POINTS}/batch", {"operations": [{name: document}]}) == alone


@pytest.mark.parametrize(
    ("name", "verb", "body"),
    [
        ("upsert", "", {"points": [{"id": 1, "vector": DOCUMENT}]}),
        ("upsert", "", {"batch": {"ids": [1], "vectors": {"v": [DOCUMENT]}}}),
        ("update_vectors", "/vectors", {"points": [{"id": 1, "vector": {"v": DOCUMENT}}], "update_filter": A}),
    ],
)
def test_so_is_what_writes_vectors(name: str, verb: str, body: Any) -> None:
    alone = operations("PUT", f"{POINTS}{verb}", body)
    assert operations("POST", f"{POINTS}/batch", {"operations": [{name: body}]}) == alone
    assert alone[0].risks == (Risk.EGRESS,)


def test_a_batch_is_each_of_its_members() -> None:
    found = operations(
        "POST",
        f"{POINTS}/batch",
        {"operations": [{"upsert": {"points": [{"id": 1, "vectors": [1]}]}}, {"delete": {"filter": {}}}]},
    )
    assert [(one.name, one.action, one.risks) for one in found] == [
        ("upsert_points", Action.WRITE, ()),
        ("delete_points", Action.DELETE, (Risk.BULK_DELETE,)),
    ]


@pytest.mark.parametrize(
    "member",
    [
        {},
        {"upsert": {"points": []}, "delete": {"points": [1]}},
        {"delete_deprecated": {"points": [1]}},
        {"drop": {}},
        {"delete": None},
    ],
)
def test_a_member_is_exactly_one_change(member: Any) -> None:
    with pytest.raises(Refusal):
        unbound("POST", f"{POINTS}/batch", {"operations": [member]})


@pytest.mark.parametrize(
    "body",
    [
        {"points": [], "batch": {"ids": [], "vectors": []}},
        {},
        {"points": [{"id": 1}]},
        {"points": [{"id": 1, "vector": [1], "vectors": [1]}]},
        {"points": [{"id": -1, "vector": [1]}]},
        {"points": [{"id": "x", "vector": [1]}]},
        {"points": [{"id": 1, "vector": [1], "payload": []}]},
        {"points": [{"id": 1, "vector": [1], "payloads": {}}]},
        {"batch": {"ids": [1]}},
        {"batch": {"ids": [1], "vectors": {"a": [1]}}},
        {"points": [], "update_mode": "replace"},
        {"points": [], "update_filter": {"musts": []}},
    ],
)
def test_a_malformed_upsert_is_refused(body: Any) -> None:
    with pytest.raises(Refusal):
        unbound("PUT", POINTS, body)


def test_evidence_keeps_ids_and_no_payload() -> None:
    (one,) = operations("PUT", POINTS, {"points": [{"id": 1, "vector": [0.5], "payload": {"ssn": "123"}}]})
    assert one.query == {"ids": [1], "records": 1}
