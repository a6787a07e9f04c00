"""Administration: the control plane and inference, by what a body makes of them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.pinecone_scene import OPEN, masked, operations, reading, refusal, shown

from vecgate.errors import Unmaskable
from vecgate.operations.model import Action, Risk
from vecgate.reasons import Reason

SERVERLESS = {"cloud": "aws", "region": "r"}
RERANK: dict[str, Any] = {"model": "m", "query": "q", "documents": [{"text": "a", "ssn": "1"}, {"text": "b"}]}
EFFECTS: dict[str, tuple[str, Any, tuple[str, ...], tuple[Risk, ...]]] = {
    "create": ("POST /indexes", {"name": "new", "spec": {"serverless": SERVERLESS}}, ("new",), ()),
    "create from a collection": (
        "POST /indexes",
        {"name": "new", "spec": {"serverless": {**SERVERLESS, "source_collection": "old"}}},
        ("**", "new"),
        (Risk.RESTORE,),
    ),
    "create pods from a collection": (
        "POST /indexes",
        {"name": "new", "spec": {"pod": {"environment": "e", "pod_type": "p", "source_collection": "old"}}},
        ("**", "new"),
        (Risk.RESTORE,),
    ),
    "tag": ("PATCH /indexes/docs", {"tags": {"a": "b"}}, ("docs",), ()),
    "protect": ("PATCH /indexes/docs", {"deletion_protection": "enabled"}, ("docs",), ()),
    "unprotect": ("PATCH /indexes/docs", {"deletion_protection": "disabled"}, ("docs",), (Risk.DROP_COLLECTION,)),
    "scale": ("PATCH /indexes/docs", {"spec": {"pod": {"replicas": 2}}}, ("docs",), (Risk.CLUSTER_CHANGE,)),
    "another model": (
        "PATCH /indexes/docs",
        {"embed": {"model": "m"}},
        ("docs",),
        (Risk.SCHEMA_CHANGE, Risk.EGRESS),
    ),
    "drop": ("DELETE /indexes/docs", None, ("docs", "docs/*"), (Risk.DROP_COLLECTION,)),
    "back up": ("POST /indexes/docs/backups", {"name": "b"}, ("docs", "docs/*"), (Risk.SNAPSHOT,)),
    "collect": ("POST /collections", {"name": "c", "source": "docs"}, ("docs", "docs/*"), (Risk.SNAPSHOT,)),
    "drop a collection": ("DELETE /collections/c", None, ("**",), (Risk.SNAPSHOT, Risk.BULK_DELETE)),
    "embed": ("POST /embed", {"model": "m", "inputs": [{"text": "a"}]}, ("**",), (Risk.EGRESS,)),
    "rerank": ("POST /rerank", RERANK, ("**",), (Risk.EGRESS,)),
}


@pytest.mark.parametrize("name", EFFECTS)
def test_effects(name: str) -> None:
    route, body, resources, risks = EFFECTS[name]
    (operation,) = operations(route, body)
    assert (operation.resources, operation.risks) == (resources, risks)
    assert operation.action is (Action.SEARCH if name in {"embed", "rerank"} else Action.ADMIN)


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"serverless": SERVERLESS, "pod": {"environment": "e", "pod_type": "p"}},
        {"cloud": SERVERLESS},
        {"serverless": {**SERVERLESS, "sourceCollection": "old"}},
        {"serverless": None},
    ],
    ids=str,
)
def test_an_index_has_one_deployment_that_is_understood(spec: Any) -> None:
    assert refusal("POST /indexes", {"name": "new", "spec": spec}) in {Reason.BAD_BODY, Reason.UNKNOWN_MEMBER}


def test_documents_come_back_from_the_request() -> None:
    ranked = {"model": "m", "data": [{"index": 1, "score": 0.9, "document": {"text": "of somebody else"}}]}
    assert shown(reading("POST /rerank", RERANK), OPEN, ranked)["data"][0]["document"] == {"text": "b"}
    bare = reading("POST /rerank", {**RERANK, "return_documents": False})
    assert "document" not in shown(bare, OPEN, ranked)["data"][0]
    with pytest.raises(Unmaskable):
        masked(bare, OPEN, {"data": [{"index": 2, "score": 0.9}]})
