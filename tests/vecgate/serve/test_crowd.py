"""Crowd: short of descriptors, idle connections make room, the longest idle first; the rest is in tests/real."""

from __future__ import annotations

import resource
from types import SimpleNamespace
from typing import Any, cast

import pytest
from mitmproxy.proxy.layers.http import HttpLayer

from vecgate.serve import crowd

LIMIT = 400
SHORT = 300
"""From here on: a quarter is kept."""


class End:
    """A client, or a database."""

    error = None

    def __init__(self, name: str) -> None:
        self.id = name


class Handlers:
    """Connections as mitmproxy keeps them; each has the descriptor that is given, and is closed or not."""

    def __init__(self) -> None:
        self.known: dict[str, Any] = {}
        self.closed: list[str] = []

    def add(
        self, name: str, descriptor: int = 9, *, active: float = 0.0, streams: int = 0, started: bool = True
    ) -> Any:
        client = End(name)
        http = HttpLayer.__new__(HttpLayer)
        http.streams = cast(Any, dict.fromkeys(range(streams)))
        self.known[name] = SimpleNamespace(
            client=client,
            transports={client: transport(descriptor, started)},
            layer=SimpleNamespace(context=SimpleNamespace(layers=[http])),
            timeout_watchdog=SimpleNamespace(last_activity=active),
            close_connection=lambda each: self.closed.append(each.id),
        )
        return client


def transport(descriptor: int, started: bool = True) -> Any:
    opened = SimpleNamespace(fileno=lambda: descriptor)
    writer = SimpleNamespace(get_extra_info=lambda _: opened)
    return SimpleNamespace(writer=writer, handler=object() if started else None)


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> Handlers:
    made = Handlers()
    monkeypatch.setattr(crowd, "_handlers", lambda: made.known)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (LIMIT, LIMIT))
    return made


def arrive(handlers: Handlers, descriptor: int) -> Any:
    client = handlers.add("comer", descriptor, started=False)
    crowd.Crowd().client_connected(client)
    return client


def test_while_there_are_descriptors_nobody_is_closed(handlers: Handlers) -> None:
    handlers.add("idle")
    assert arrive(handlers, SHORT - 1).error is None
    assert handlers.closed == []


def test_the_longer_idle_half_makes_room(handlers: Handlers) -> None:
    for active in (3.0, 1.0, 4.0, 2.0):
        handlers.add(f"idle {active}", active=active)
    assert arrive(handlers, SHORT).error is None
    assert handlers.closed == ["idle 1.0", "idle 2.0"]


def test_a_crowd_of_idle_ones_is_not_closed_at_once(handlers: Handlers) -> None:
    for number in range(1000):
        handlers.add(str(number))
    arrive(handlers, SHORT)
    assert len(handlers.closed) == crowd.ROOM


def test_where_all_are_busy_or_have_just_come_a_new_one_is_turned_away(handlers: Handlers) -> None:
    handlers.add("busy", streams=1)
    handlers.add("new", started=False)
    assert arrive(handlers, SHORT).error == "too many connections"
    assert handlers.closed == []


def test_a_connection_to_a_database_makes_others_close_but_not_its_own(handlers: Handlers) -> None:
    client, server = handlers.add("own"), End("database")
    handlers.known["own"].transports[server] = transport(SHORT)
    handlers.add("idle")
    crowd.Crowd().server_connected(cast(Any, SimpleNamespace(client=client, server=server)))
    assert handlers.closed == ["idle"]


def test_the_operator_is_told_once_in_a_while(handlers: Handlers, caplog: pytest.LogCaptureFixture) -> None:
    handlers.add("idle")
    one = crowd.Crowd()
    for _ in range(3):
        one.client_connected(handlers.add("comer", SHORT, started=False))
    [said] = caplog.messages
    assert said.startswith(f"descriptors are short ({SHORT} may be taken, see `ulimit -n`): 1 of 1 idle")


@pytest.mark.parametrize(
    ("soft", "expected"), [(256, 192), (1024, 768), (4096, 3584), (1 << 20, 15_872), (resource.RLIM_INFINITY, 15_872)]
)
def test_some_are_kept(monkeypatch: pytest.MonkeyPatch, soft: int, expected: int) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, soft))
    assert crowd.capacity() == expected


@pytest.mark.parametrize(
    ("soft", "hard", "expected"),
    [
        (1024, 1 << 20, (16_384, 1 << 20)),
        (1024, 4096, (4096, 4096)),
        (1024, resource.RLIM_INFINITY, (16_384, resource.RLIM_INFINITY)),
        (65_536, 65_536, None),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, None),
    ],
)
def test_the_limit_is_raised_as_far_as_it_may_and_never_lowered(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, expected: tuple[int, int] | None
) -> None:
    made: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: made.append(limits))
    crowd.raise_limit()
    assert made == ([expected] if expected else [])
