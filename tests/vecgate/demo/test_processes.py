"""Processes of the demo: small ones, real ones."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from vecgate.demo import processes
from vecgate.demo.processes import Endings, free_port, running, started, stop

pytestmark = pytest.mark.real

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
DEAF = [sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf'); time.sleep(60)"]
PARENT = [
    sys.executable,
    "-uc",
    """
import subprocess, sys, time
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid)
time.sleep(60)
""",
]


def http_server(port: int) -> list[str]:
    return [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]


def alive(pid: int) -> bool:
    """Whether the process runs: one that waits for its parent to ask how it ended does not."""
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(shown) and not shown.startswith("Z")


def test_a_server_runs_until_the_block_ends(tmp_path: Path) -> None:
    port = free_port()
    with running("files", http_server(port), f"http://127.0.0.1:{port}/", tmp_path / "log") as pid:
        assert alive(pid)
        assert os.getpgid(pid) == pid, "a signal from the terminal does not reach it"
    assert not alive(pid)


def test_a_server_that_never_answers_did_not_start(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="The sleeper did not start; the end of"),
        running("The sleeper", SLEEPER, "http://127.0.0.1:9/", tmp_path / "log", seconds=0.3),
    ):
        pytest.fail("it is not ready")


def test_a_stranger_who_answers_on_the_port_is_not_the_server(tmp_path: Path) -> None:
    port = free_port()
    with (
        running("files", http_server(port), f"http://127.0.0.1:{port}/", tmp_path / "log"),
        pytest.raises(RuntimeError, match="did not start"),
        running("mine", SLEEPER, f"http://127.0.0.1:{port}/healthz", tmp_path / "other", seconds=0.3),
    ):
        pytest.fail("somebody else's 404 is no readiness")


@pytest.mark.parametrize("failure", [None, ConnectionError("nobody answers")])
def test_a_server_that_ends_in_the_middle_says_so_with_its_log(tmp_path: Path, failure: Exception | None) -> None:
    command = [sys.executable, "-c", "print('\\x1b[31mno more disk\\x1b[0m\\n\\n')"]
    with (  # noqa: PT012 - it fails after something else did
        pytest.raises(RuntimeError, match=r"(?s)The store ended in the middle \(exit code 0\).*\nno more disk$"),
        started("The store", command, "http://127.0.0.1:9/", tmp_path / "log") as server,
    ):
        server.process.wait(10)
        if failure:
            raise failure


def test_an_error_in_the_block_stays_what_it_is_while_the_server_lives(tmp_path: Path) -> None:
    with (
        pytest.raises(ConnectionError, match="other"),
        started("The sleeper", SLEEPER, "http://127.0.0.1:9/", tmp_path / "log") as server,
    ):
        raise ConnectionError("other")
    assert not alive(server.process.pid)


def test_a_server_gets_what_its_environment_adds(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import os; print(os.environ['ADDED'], os.environ['PATH'] != '')"]
    with (
        pytest.raises(RuntimeError, match="something True"),
        started("echo", command, "http://127.0.0.1:9/", tmp_path / "log", {"ADDED": "something"}) as server,
    ):
        server.process.wait(10)


def popen(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)


def test_a_process_that_does_not_listen_is_killed() -> None:
    with popen(DEAF) as process:
        assert process.stdout is not None
        process.stdout.readline()
        stop(process, seconds=0.2)
        assert process.returncode == -signal.SIGKILL


def test_children_go_with_their_parent() -> None:
    with popen(PARENT) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        stop(process)
        assert process.stdout.read() == b"", "the pipe closes when the last holder is gone"
    end = time.monotonic() + 5
    while alive(child) and time.monotonic() < end:
        time.sleep(0.01)
    assert not alive(child)


def test_a_port_is_free_and_no_system_gives_it_to_a_connection() -> None:
    port = free_port()
    assert port in processes.PORTS
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port))


@pytest.fixture
def endings() -> Iterator[Endings]:
    before = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    installed = Endings()
    installed.install()
    yield installed
    for number, handler in before:
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_program(endings: Endings, number: signal.Signals) -> None:
    with pytest.raises(SystemExit) as caught:
        signal.raise_signal(number)
    assert caught.value.code == 128 + number
    with pytest.raises(SystemExit):
        endings.check()


def test_a_signal_waits_for_what_must_not_be_interrupted(endings: Endings) -> None:
    done = []
    with pytest.raises(SystemExit), endings.deferred():  # noqa: PT012 - the order is what is tested
        signal.raise_signal(signal.SIGTERM)
        done.append("started")
        with endings.deferred():
            done.append("deeper")
        with endings.deferred(False):
            done.append("never")
    assert done == ["started", "deeper"]


def test_no_signal_no_ending(endings: Endings) -> None:
    with endings.deferred():
        endings.check()
