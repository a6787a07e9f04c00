"""Attacks between workers: what one of two processes knows, the other knows in time (threats R2, H2, C1)."""

from __future__ import annotations

import concurrent.futures
import itertools
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
import pytest
from tests.support.byte_wire import ByteUpstream, Received, Reply, answer, request, send
from tests.support.gateway import Gateway, gateway
from tests.support.under_attack import CHROMA, COLLECTIONS, POLICY, PUBLIC, check_canaries, collection

pytestmark = pytest.mark.real

P = f"{COLLECTIONS}/{PUBLIC}"
FOLLOWED = 0.5
"""Seconds after which a worker has heard what another one said: the store is looked at every 0.2."""
RULES = """
  limits:
    - {name: few, to: {groups: [few]}, requests: 10/hour}
  approvals:
    - {name: bulk, on: {risks: [bulk_delete]}, reviewers: {groups: [owners]}, hold: 5s, expires: 60s}
"""


@dataclass
class Pair:
    gateway: Gateway
    upstream: ByteUpstream

    def all_at_once(self, data: bytes, count: int) -> list[Reply]:
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            return list(pool.map(lambda _: send(self.gateway.port, data, wait=15), range(count)))

    def asked(self, subject: str, *groups: str, path: str = "/count", method: str = "GET", body: bytes = b"") -> bytes:
        bearer = f"Authorization: Bearer {self.gateway.issuer.token(subject, *groups)}"
        return request(P + path, bearer, method=method, body=body or None)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two workers in front of a database that renames a collection as it is told."""
    pattern = next(key for key in CHROMA if f"by-id/{PUBLIC}" in key)

    def renaming(received: Received) -> bytes:
        name = msgspec.json.decode(received.body)["new_name"]
        upstream.routes[pattern] = answer(collection(PUBLIC, name))
        return answer({})

    upstream = ByteUpstream({"^PUT ": renaming, "^POST .*/delete ": answer({"deleted": 1}), **CHROMA})
    folder: Path = tmp_path_factory.mktemp("workers")
    try:
        with gateway(folder, upstream.url, POLICY + RULES, more=("--workers", "2")) as running:
            time.sleep(0.5)  # the control plane answers for the first worker
            yield Pair(running, upstream)
            assert running.terminate() == 0
            chains = {record["chain"] for record in running.records()}
            exchanges = [record["exchange"] for record in running.records() if record["kind"] == "outcome"]
            assert (chains, len(exchanges)) == ({"w0", "w1"}, len(set(exchanges)))
            assert check_canaries(running, [], []) == []
    finally:
        upstream.close()


def test_a_limit_is_one_limit(pair: Pair) -> None:
    replies = pair.all_at_once(pair.asked("burst", "readers", "few"), 50)
    assert Counter(reply.status for reply in replies) == {200: 10, 429: 40}


def test_an_approval_runs_once_wherever_it_is_waited_for(pair: Pair) -> None:
    data = pair.asked("wanda", "writers", path="/delete", method="POST", body=b'{"where":{"title":"x"}}')
    headers = pair.gateway.headers("olga", "owners")
    approvals = f"http://127.0.0.1:{pair.gateway.control}/v1/approvals"
    pair.upstream.take()
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        waiting = [pool.submit(send, pair.gateway.port, data, wait=15) for _ in range(12)]
        time.sleep(0.7)
        [ticket] = httpx.get(approvals, headers=headers).json()["approvals"]
        assert httpx.post(f"{approvals}/{ticket['id']}/approve", headers=headers, json={}).status_code == 200
        replies = [each.result() for each in waiting]
    assert Counter(reply.status for reply in replies) == {200: 1, 403: 11}
    assert len([each for each in pair.upstream.take() if each.line.startswith("POST")]) == 1


def test_nobody_reads_by_a_name_that_is_no_more(pair: Pair) -> None:
    read = pair.asked("alice", "readers")
    for name, status in itertools.islice(itertools.cycle([("hidden", 403), ("kb_public", 200)]), 10):
        body = msgspec.json.encode({"new_name": name})
        renamed = send(pair.gateway.port, pair.asked("root", "admins", path="", method="PUT", body=body))
        assert renamed.status == 200
        time.sleep(FOLLOWED)
        assert {reply.status for reply in pair.all_at_once(read, 12)} == {status}
