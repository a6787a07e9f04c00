"""Attacks by many connections (threats R): to hold more than there are descriptors harms nobody else."""

from __future__ import annotations

import concurrent.futures
import contextlib
import resource
import socket
import time
from collections.abc import Iterator

import pytest
from tests.support.byte_wire import Received, answer, read, request, send
from tests.support.under_attack import COLLECTIONS, PUBLIC, UnderAttack, under_attack

pytestmark = pytest.mark.real

DESCRIPTORS = 256
COUNT = f"{COLLECTIONS}/{PUBLIC}/count"
HELD = {
    "silent": b"",
    "half a head": b"GET /api/v2 HTTP/1.1\r\nHost:",
    "refused, kept alive": request("/api/v2/pre-flight-checks"),
    "preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
}


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UnderAttack]:
    def slow(_: Received) -> bytes:
        time.sleep(1.5)
        return answer({"ids": ["a"], "include": []})

    with under_attack(tmp_path_factory.mktemp("crowd"), routes={"^POST .*/get ": slow}) as made:
        resource.prlimit(made.gateway.process.pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
        yield made


def hold(attacked: UnderAttack, opened: contextlib.ExitStack, data: bytes, count: int = 2 * DESCRIPTORS) -> None:
    """Open so many connections, four at a time, and leave them as they are then."""

    def one(_: int) -> None:
        connection = opened.enter_context(socket.create_connection(("127.0.0.1", attacked.port), 5))
        connection.sendall(data)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(count)))


@pytest.mark.parametrize("held", HELD)
def test_connections_that_are_held_keep_nobody_out(attacked: UnderAttack, held: str) -> None:
    data = request(COUNT, attacked.bearer())
    with contextlib.ExitStack() as opened:
        for _ in range(2):
            hold(attacked, opened, HELD[held], DESCRIPTORS)
            assert send(attacked.port, data, wait=5).status == 200
    assert "descriptors are short" in attacked.gateway.log


def test_a_request_under_way_is_not_cut_off_for_newcomers(attacked: UnderAttack) -> None:
    data = request(COUNT.replace("count", "get"), attacked.bearer(), method="POST", body=b"{}")
    with contextlib.ExitStack() as opened, socket.create_connection(("127.0.0.1", attacked.port), 10) as connection:
        connection.sendall(data)
        hold(attacked, opened, b"")
        assert read(connection).status == 200
