"""Versions: an allow-list, and what is sent for each."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.pinecone_scene import OPEN, PINECONE, VERSION, decided, refusal, request

from vecgate.errors import Refusal
from vecgate.operations.messages import GRPC, Request, Target
from vecgate.reasons import Reason
from vecgate_pinecone.descriptors import DESCRIPTORS

QUERY = {"topK": 1, "id": "r1"}
MESSAGE = DESCRIPTORS.made("/VectorService/Query", QUERY)


@pytest.mark.parametrize(
    ("asked", "sent"),
    [(None, "2026-04"), ("2025-10", "2025-10"), ("2026-04", "2026-04"), ("2026-07", "2026-04")],
    ids=str,
)
def test_a_version_that_is_understood_is_sent(asked: str | None, sent: str) -> None:
    headers: dict[str, Any] = {} if asked is None else {VERSION: asked}
    calls = (
        request("POST /query", QUERY, **headers),
        Request(GRPC, Target(("VectorService", "Query")), headers, MESSAGE),
    )
    for call in calls:
        outgoing = PINECONE.rewrite(PINECONE.read(call), decided(OPEN))
        assert [value for name, value in outgoing.headers if name == VERSION] == [sent]


@pytest.mark.parametrize("asked", ["2025-04", "2024-07", "2026-01.alpha", "unstable", "2026-04 ", "2026-04,2025-04"])
def test_any_other_version_is_refused(asked: str) -> None:
    assert refusal("POST /query", QUERY, **{VERSION: asked}) is Reason.BAD_HEADER
    with pytest.raises(Refusal) as caught:
        PINECONE.read(Request(GRPC, Target(("VectorService", "Query")), {VERSION: asked}, MESSAGE))
    assert caught.value.reason is Reason.BAD_HEADER
