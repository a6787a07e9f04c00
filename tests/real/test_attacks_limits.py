"""Attacks on limits (threats R): a limit is one person's, whatever tokens, connections and batches it is spent through,
and what one request costs nobody else pays."""

from __future__ import annotations

import concurrent.futures
import contextlib
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from tests.support.byte_wire import Reply, answer, read, request, send
from tests.support.under_attack import COLLECTIONS, POLICY, PUBLIC, UnderAttack, under_attack

pytestmark = pytest.mark.real

P = f"{COLLECTIONS}/{PUBLIC}"
COUNT = request(f"{P}/count")
LIMITS = """
  limits:
    - {name: requests, to: {groups: [few]}, requests: 10/hour}
    - {name: operations, to: {groups: [batch]}, operations: 20/hour}
    - {name: points, to: {groups: [points]}, points: 30/hour}
    - {name: seconds, to: {groups: [quick]}, requests: 5/second}
"""
TEN = {"ids": [str(number) for number in range(10)], "include": []}


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UnderAttack]:
    routes = {
        "^POST .*/get ": answer(TEN),
        "^POST .*/query ": answer({"ids": [TEN["ids"]] * 2, "include": []}),
        "^POST .*/upsert ": answer({}),
    }
    with under_attack(tmp_path_factory.mktemp("limits"), POLICY + LIMITS, routes) as made:
        yield made


def get(attacked: UnderAttack, subject: str, *groups: str, body: object = None, **claims: str) -> bytes:
    bearer = attacked.bearer(subject, "readers", "writers", *groups, **claims)
    raw = b"{}" if body is None else str(body).replace("'", '"').encode()
    return request(f"{P}/get", bearer, method="POST", body=raw)


def burst(attacked: UnderAttack, datas: list[bytes], at_once: int = 8) -> list[Reply]:
    attacked.drain(0.1)
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        replies = list(pool.map(lambda data: send(attacked.port, data, wait=20), datas))
    outcomes = Counter(each["facts"]["reason"] for each in attacked.settle(len(datas)))
    assert outcomes == Counter(reply.reason or "granted" for reply in replies)
    return replies


def statuses(replies: list[Reply]) -> Counter[int]:
    return Counter(reply.status for reply in replies)


def test_many_tokens_of_one_person_share_a_limit(attacked: UnderAttack) -> None:
    datas = [get(attacked, "many", "few", jti=str(number)) for number in range(25)]
    replies = burst(attacked, datas, 1)
    assert statuses(replies) == {200: 10, 429: 15}
    assert [reply.status for reply in replies[:10]] == [200] * 10
    assert all(int(reply.header("retry-after") or 0) > 0 for reply in replies[10:])
    assert {reply.reason for reply in replies[10:]} == {"rate_exceeded"}


def test_a_burst_is_served_to_the_limit_exactly(attacked: UnderAttack) -> None:
    attacked.upstream.take()
    replies = burst(attacked, [get(attacked, "burst", "few")] * 40, 16)
    assert statuses(replies) == {200: 10, 429: 30}
    assert len([each for each in attacked.upstream.take() if each.line.startswith("POST")]) == 10


def test_another_person_is_not_concerned(attacked: UnderAttack) -> None:
    assert statuses(burst(attacked, [get(attacked, "other", "few")] * 3)) == {200: 3}
    assert statuses(burst(attacked, [get(attacked, "Other", "few")] * 10)) == {200: 10}


def test_one_connection_of_many_requests_is_no_way_round(attacked: UnderAttack) -> None:
    attacked.drain(0.1)
    seen: Counter[int] = Counter()
    with socket.create_connection(("127.0.0.1", attacked.port), timeout=10) as connection:
        for _ in range(15):
            connection.sendall(get(attacked, "keepalive", "few"))
            seen[read(connection).status] += 1
    assert seen == {200: 10, 429: 5}
    attacked.settle(15)


def test_every_element_of_a_batch_is_counted(attacked: UnderAttack) -> None:
    body = {"query_embeddings": [[1, 2, 3]] * 2, "include": []}
    data = attacked.post(f"{P}/query", body, subject="batch", groups=["readers", "batch"])
    assert statuses(burst(attacked, [data] * 15, 4)) == {200: 10, 429: 5}
    many = {"query_embeddings": [[1, 2, 3]] * 21}
    whole = attacked.post(f"{P}/query", many, subject="whole", groups=["readers", "batch"])
    assert statuses(burst(attacked, [whole])) == {429: 1}


def test_every_record_that_comes_back_is_counted(attacked: UnderAttack) -> None:
    replies = burst(attacked, [get(attacked, "points", "points")] * 5, 1)
    assert [reply.status for reply in replies] == [200, 200, 200, 429, 429]
    assert replies[-1].reason == "budget_exceeded"


def test_more_than_was_asked_for_is_charged_all_the_same(attacked: UnderAttack) -> None:
    data, seen = get(attacked, "liar", "points", body={"limit": 1}), []
    for _ in range(6):
        seen += [reply.status for reply in burst(attacked, [data])]
        time.sleep(0.15)  # what was not foreseen is told the store with the next lease
    assert (seen[:3], seen[-2:]) == ([200] * 3, [429] * 2)


def test_records_are_counted_while_their_answers_are_under_way(attacked: UnderAttack) -> None:
    replies = burst(attacked, [get(attacked, "parallel", "points", body={"limit": 10})] * 12, 12)
    assert statuses(replies) == {200: 3, 429: 9}


def test_a_spent_limit_comes_back_with_its_window_and_not_before(attacked: UnderAttack) -> None:
    first = burst(attacked, [get(attacked, "quick", "quick")] * 12, 4)
    assert statuses(first)[200] <= 10
    assert statuses(first)[429] >= 2
    time.sleep(1.1)
    assert statuses(burst(attacked, [get(attacked, "quick", "quick")])) == {200: 1}


def test_what_is_refused_for_another_reason_spends_nothing(attacked: UnderAttack) -> None:
    denied = request(f"{COLLECTIONS}/secret", attacked.bearer("denied", "readers", "few"))
    assert statuses(burst(attacked, [denied] * 30)) == {403: 30}
    assert statuses(burst(attacked, [get(attacked, "denied", "few")] * 11, 1)) == {200: 10, 429: 1}


def test_strangers_fill_no_table(attacked: UnderAttack) -> None:
    stranger = request(f"{P}/count", "Authorization: Bearer x.y.z")
    assert statuses(burst(attacked, [stranger] * 200)) == {401: 200}
    assert statuses(burst(attacked, [get(attacked, "known", "few")])) == {200: 1}


def test_a_slow_answer_holds_up_nobody(attacked: UnderAttack) -> None:
    """One request that waits for the database, one that never reads its answer, one whose body never ends."""

    def slow(received: object) -> bytes:
        time.sleep(1.5)
        return answer(TEN)

    attacked.upstream.routes = {"^POST .*/get .*": slow, **attacked.upstream.routes}
    attacked.drain(0.1)
    waiting = threading.Thread(target=lambda: send(attacked.port, get(attacked, "slow")))
    waiting.start()
    with contextlib.ExitStack() as stack:
        for data in (get(attacked, "deaf"), get(attacked, "mute")[:-2]):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", attacked.port)))
            connection.sendall(data)
        took = []
        for _ in range(30):
            started = time.monotonic()
            assert send(attacked.port, request("/api/v2/version")).status == 200
            took.append(time.monotonic() - started)
        assert sorted(took)[-3] < 0.25
        waiting.join()
    del attacked.upstream.routes["^POST .*/get .*"]
    attacked.drain()


def test_a_thousand_connections_that_say_nothing_stop_nobody(attacked: UnderAttack) -> None:
    with contextlib.ExitStack() as stack:
        for number in range(400):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", attacked.port)))
            if number % 2:
                connection.sendall(b"GET /api/v2/version HTTP/1.1\r\n")
        assert send(attacked.port, request("/api/v2/version")).status == 200
    attacked.drain()
