from __future__ import annotations

from typing import Any

import pytest
from tests.support.milvus_calls import made, reading, sent, unbound

from vecgate.errors import Refusal
from vecgate.reasons import Reason
from vecgate_milvus.calls.requests import FORBIDDEN, concerned
from vecgate_milvus.descriptors import DESCRIPTORS


@pytest.mark.parametrize(
    ("method", "message", "field"),
    [
        ("Search", {"collection_name": "kb", "skip_rls": True}, "skip_rls"),
        ("Search", {"collection_name": "kb", "rls_principal": "root"}, "rls_principal"),
        ("Query", {"collection_name": "kb", "skip_rls": True}, "skip_rls"),
        ("Insert", {"collection_name": "kb", "rls_principal": "root"}, "rls_principal"),
        ("Upsert", {"collection_name": "kb", "skip_rls": True}, "skip_rls"),
        ("Delete", {"collection_name": "kb", "skip_rls": True}, "skip_rls"),
        ("HybridSearch", {"collection_name": "kb", "skip_rls": True}, "skip_rls"),
        ("HybridSearch", {"collection_name": "kb", "requests": [{"skip_rls": True}]}, "skip_rls"),
        ("HybridSearch", {"collection_name": "kb", "requests": [{"rls_principal": "root"}]}, "rls_principal"),
        ("DescribeCollection", {"collectionID": 7}, "collectionID"),
        ("DescribeCollection", {"collection_name": "kb", "collectionID": 7}, "collectionID"),
        ("BatchDescribeCollection", {"collection_name": ["kb"], "collectionID": [7]}, "collectionID"),
        ("GetReplicas", {"collectionID": 7}, "collectionID"),
        ("ManualCompaction", {"collectionID": 7}, "collectionID"),
        ("AlterDatabase", {"db_name": "hr", "db_id": "7"}, "db_id"),
        ("Query", {"collection_name": "kb", "travel_timestamp": 7}, "travel_timestamp"),
        ("Search", {"collection_name": "kb", "function_chains": [{"name": "x"}]}, "function_chains"),
        ("HybridSearch", {"collection_name": "kb", "function_chains": [{"name": "x"}]}, "function_chains"),
        (
            "Search",
            {"collection_name": "kb", "function_score": {"functions": [{"input_field_ids": [7]}]}},
            "input_field_ids",
        ),
    ],
)
def test_forbidden_fields_are_refused(method: str, message: dict[str, Any], field: str) -> None:
    with pytest.raises(Refusal) as refused:
        unbound(method, message)
    assert refused.value.reason is Reason.UNKNOWN_MEMBER
    assert refused.value.detail.startswith(field)


def test_every_forbidden_field_is_one_of_some_request() -> None:
    found = {name for _, method in DESCRIPTORS.methods() for name in concerned(method.input_type)}
    assert set(FORBIDDEN) - {"input_field_ids", "output_field_ids"} <= found


def test_of_base_only_the_kind_goes_on() -> None:
    base = {
        "msg_type": "Insert",
        "sourceID": 1,
        "timestamp": 9,
        "properties": {"x": "y"},
        "replicateInfo": {"isReplicate": True},
    }
    read = reading("Insert", {"base": base, "collection_name": "kb", "num_rows": 1})
    assert sent(read).base == made("common.MsgBase", msg_type=400)


def test_base_is_cleaned_in_the_searches_of_a_hybrid_one() -> None:
    read = reading("HybridSearch", {"collection_name": "kb", "requests": [{"base": {"sourceID": 1}, "dsl": ""}]})
    assert not sent(read).requests[0].base.sourceID


def test_unknown_fields_do_not_go_on() -> None:
    hidden = made("milvus.QueryRequest", collection_name="kb").SerializeToString() + b"\xfa\x3e\x03abc"  # field 1007
    assert b"abc" not in sent(reading("Query", hidden)).SerializeToString()


def test_a_clock_of_the_client_does_not_change_a_request() -> None:
    first, second = (unbound("CreateCredential", {"username": "u", "created_utc_timestamps": at}) for at in (1, 2))
    assert first.document == second.document
