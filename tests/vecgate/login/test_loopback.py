from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from vecgate.errors import LoginError
from vecgate.login.loopback import Loopback


@pytest.fixture
def listener() -> Iterator[Loopback]:
    with Loopback("http://127.0.0.1/callback", lambda query: query.get("state") == "ours") as made:
        yield made


def get(url: str, **more: str) -> httpx.Response:
    with httpx.Client(trust_env=False) as browser:
        return browser.get(url, headers=more)


def test_our_answer_is_taken_and_told(listener: Loopback) -> None:
    answer = get(f"{listener.url}?state=ours&code=c%2F1")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert "close this window" in answer.text
    assert listener.wait(5) == {"state": "ours", "code": "c/1"}


def test_what_is_not_ours_changes_nothing(listener: Loopback) -> None:
    other = listener.url.replace("/callback", "/other")
    for url in (
        listener.url,
        f"{listener.url}?state=theirs&code=1",
        f"{other}?state=ours",
        f"{listener.url}/?state=ours",
    ):
        assert get(url).status_code == 400
    twice = "&".join(["state=ours", "code=1", "code=2"])
    assert get(f"{listener.url}?{twice}").status_code == 400
    assert get(f"{listener.url}?state=ours&" + "&".join(f"a{n}=1" for n in range(30))).status_code == 400
    assert get(f"{listener.url}?state=ours&code=1", host="evil.test").status_code == 400
    with httpx.Client(trust_env=False) as browser:
        assert browser.post(f"{listener.url}?state=ours&code=1").status_code == 501
    assert listener.wait(0) is None


def test_a_refusal_is_told(listener: Loopback) -> None:
    assert "did not work" in get(f"{listener.url}?state=ours&error=access_denied").text
    assert listener.wait(5) == {"state": "ours", "error": "access_denied"}


def test_an_idle_connection_keeps_nobody_waiting(listener: Loopback) -> None:
    port = int(listener.authority.rpartition(":")[2])
    with contextlib.closing(socket.create_connection(("127.0.0.1", port))):
        assert get(f"{listener.url}?state=ours").status_code == 200


def test_nothing_is_left_when_it_ends() -> None:
    before = threading.active_count()
    with Loopback("http://localhost/callback", lambda query: True) as made:
        assert made.url.startswith("http://localhost:")
    port = int(made.authority.rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before


def test_a_port_that_is_taken_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LoginError, match=f":{port}"):
            Loopback(f"http://127.0.0.1:{port}/callback", lambda query: True)
