from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.support.chroma_scene import (
    ALICE,
    CHROMA,
    COLLECTION,
    DATABASE,
    OPEN,
    PARENT,
    TENANT,
    UUID,
    answer,
    decided,
    masked,
    masks,
    reading,
    shown,
)

from vecgate.errors import Unmaskable

ADD = {"ids": ["a"], "embeddings": [[1.0]]}


@pytest.mark.parametrize(
    ("method", "path", "body", "good", "bad"),
    [
        ("GET", "/api/v2/heartbeat", None, {"nanosecond heartbeat": 1}, {"nanosecond heartbeat": "x"}),
        ("GET", "/api/v2/version", None, "1.0.0", {"version": "1"}),
        ("GET", "/api/v2/healthcheck", None, {"is_executor_ready": True}, {"secret": "x"}),
        (
            "GET",
            "/api/v2/pre-flight-checks",
            None,
            {"max_batch_size": 5461, "supports_base64_encoding": True},
            {"max_batch_size": 5461, "x": 1},
        ),
        ("POST", "/api/v2/tenants", {"name": "acme"}, {}, {"id": 1}),
        ("GET", TENANT, None, {"name": "default_tenant", "resource_name": None}, {"resource_name": None}),
        ("DELETE", DATABASE, None, {}, []),
        ("PUT", COLLECTION, {"new_name": "beta"}, {}, None),
        ("GET", f"{COLLECTION}/count", None, 7, [7]),
        ("GET", f"{COLLECTION}/count", None, 7, True),
        ("GET", f"{COLLECTION}/fork_count", None, {"count": 0}, {}),
        ("GET", f"{COLLECTION}/indexing_status", None, {"op_indexing_progress": 0.5, "total_ops": 2}, {"documents": 1}),
        ("POST", f"{COLLECTION}/add", ADD, {}, {"embeddings": [[1.0]]}),
        ("POST", f"{COLLECTION}/upsert", ADD, {}, [1]),
        ("POST", f"{COLLECTION}/update", {"ids": ["a"]}, {}, "x"),
        ("POST", f"{COLLECTION}/delete", {"ids": ["a"]}, {"deleted": 1}, {"deleted": ["a"]}),
        (
            "POST",
            f"{COLLECTION}/functions/attach",
            {"name": "f", "function_id": "g", "output_collection": "out"},
            {"attached_function": {"id": "1", "name": "f", "function_name": "g"}, "created": True},
            {"attached_function": {"id": "1", "params": "x"}, "created": True},
        ),
        ("POST", f"{COLLECTION}/attached_functions/f/detach", {}, {"success": True}, {"success": "yes"}),
    ],
)
def test_an_answer_has_its_form_or_is_withheld(method: str, path: str, body: Any, good: Any, bad: Any) -> None:
    read = reading(method, path, body)
    assert shown(read, masks(), good) == good
    with pytest.raises(Unmaskable):
        masked(read, masks(), bad)


def test_an_output_collection_that_the_caller_may_not_know_of_is_left_out() -> None:
    read = reading("GET", f"{COLLECTION}/functions/f")
    function = {
        "id": UUID,
        "name": "f",
        "function_name": "record_counter",
        "input_collection_id": UUID,
        "output_collection": "secret_out",
        "output_collection_id": UUID,
        "params": '{"to": "secret"}',
        "tenant_id": "default_tenant",
        "database_id": "default_database",
        "completion_offset": 1,
        "min_records_for_invocation": 1,
    }
    assert shown(read, OPEN, {"attached_function": function}) == {"attached_function": function}
    hiding = decided(OPEN, lambda resource: resource != f"{PARENT}/secret_out")
    hidden = CHROMA.mask(read, hiding, ALICE, answer({"attached_function": function})).answer.body
    assert b"secret" not in hidden
    assert msgspec.json.decode(hidden)["attached_function"]["name"] == "f"
    for bad in ({}, {"attached_function": {"name": "f"}}, {"attached_function": {**function, "rows": []}}):
        with pytest.raises(Unmaskable):
            masked(read, OPEN, bad)


@pytest.mark.parametrize("status", [100, 101, 202, 204, 206, 301, 304, 307])
def test_an_unexpected_status_is_withheld(status: int) -> None:
    with pytest.raises(Unmaskable):
        masked(reading("GET", f"{COLLECTION}/count"), OPEN, 1, status=status)


@pytest.mark.parametrize("content_type", ["", "text/html", "application/x-ndjson", "application/json; charset=utf-16"])
def test_another_media_type_is_withheld(content_type: str) -> None:
    with pytest.raises(Unmaskable):
        masked(reading("GET", f"{COLLECTION}/count"), OPEN, 1, content_type=content_type)
