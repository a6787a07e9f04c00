"""R7: who guesses credentials is refused before any key is used, and nobody else is."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.byte_wire import ByteUpstream, Reply, request, send
from tests.support.gateway import HEAD, gateway
from tests.support.under_attack import CHROMA, COLLECTIONS, POLICY

pytestmark = pytest.mark.real


def test_guesses_end_and_those_who_are_known_go_on(tmp_path: Path) -> None:
    head = HEAD.replace("100000/minute", "5/hour")
    upstream = ByteUpstream(dict(CHROMA))
    with gateway(tmp_path, upstream.url, POLICY, head=head) as running:

        def ask(token: str) -> Reply:
            return send(running.port, request(COLLECTIONS, f"Authorization: Bearer {token}"))

        known, late = running.issuer.token("anna", "readers"), running.issuer.token("bea", "readers")
        assert ask(known).status == 200
        before = len(upstream.received)
        assert [ask(f"{late}{number}").status for number in range(5)] == [401] * 5
        reply = ask(late)
        assert reply.status == 429
        assert reply.reason == "too_many_failures"
        assert 3500 < int(reply.header("retry-after") or 0) <= 3600
        assert reply.header("www-authenticate") is None
        assert len(upstream.received) == before
        assert ask(known).status == 200
    upstream.close()
