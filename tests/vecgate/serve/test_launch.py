"""The own launcher as a process: it opens when all is ready, and what it began it ends or puts on record."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import pytest_asyncio
import typer
from tests.support.chroma_double import KB, SILENT, asked, chroma
from tests.support.front_ends import POLICY, Process, configure, running
from tests.support.raw_client import Reply
from tests.support.raw_upstream import RawUpstream
from tests.support.stages import Scene

from vecgate.cli import serve as verb
from vecgate.evidence.verify import verify
from vecgate.serve import launch

HELD = """
  approvals:
    - {name: destructive, on: {actions: [delete]}, reviewers: {groups: [owners]}, hold: 30s}
"""
DELETE: tuple[str, Any] = ("delete", {"ids": ["a"]})


@pytest_asyncio.fixture
async def upstream() -> AsyncIterator[RawUpstream]:
    async with RawUpstream(chroma) as double:
        yield double


# A start that fails


def _broken(config: Path) -> None:
    config.write_text(config.read_text().replace("dialect: chroma", "dialect: chrome"))


def _signing_key(config: Path) -> None:
    config.write_text(config.read_text().replace("directory: evidence", "directory: evidence, signing_key: 'file:.'"))


def _plugin(config: Path) -> None:
    (config.parent / "broken.py").write_text("raise RuntimeError('it is broken')")
    config.write_text(config.read_text() + "plugins: {load: ['file:broken.py']}")


FAILING: dict[str, tuple[Callable[[Path], object], str]] = {
    "a broken configuration": (_broken, "vecgate.yaml:5:14: connections[0].dialect"),
    "no configuration": (Path.unlink, "vecgate.yaml"),
    "a credential that is not there": (lambda config: None, "TEST_SERVICE_KEY"),
    "a plugin that fails": (_plugin, "it is broken"),
    "a signing key that cannot be read": (_signing_key, "Evidence cannot be written"),
}


@pytest.mark.parametrize("why", FAILING)
def test_a_start_that_fails_says_why_and_exits_with_2(
    why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config, *_ = configure(tmp_path, 1)
    spoil, message = FAILING[why]
    spoil(config)
    if "credential" not in why:
        monkeypatch.setenv("TEST_SERVICE_KEY", "key")
    assert started(config) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("port", ["data", "control"])
def test_a_port_that_is_taken_ends_the_start_and_leaves_valid_evidence(
    port: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TEST_SERVICE_KEY", "key")
    monkeypatch.setattr(launch, "hurry", lambda: None)  # it changes mitmproxy for good
    monkeypatch.setattr(launch, "settle_collector", lambda: None)
    config, _, data, control = configure(tmp_path, 1)
    with socket.create_server(("127.0.0.1", data if port == "data" else control)):
        assert started(config) == 2
    assert port == "control" or "address already in use" in caplog.text
    assert verify(tmp_path / "evidence").valid


def started(config: Path) -> int:
    """The exit code of a start in this process."""
    with pytest.raises(typer.Exit) as ended:
        verb.serve(config)
    return int(ended.value.exit_code)


@pytest.mark.real
def test_a_mitmproxy_that_was_not_read_ends_the_start(tmp_path: Path) -> None:
    config, *_ = configure(tmp_path, 1)
    code = "import vecgate.serve.pins as pins; pins.MITMPROXY = '1.2.3'; from vecgate.cli import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", code, "serve", "-c", str(config)],
        env={"TEST_SERVICE_KEY": "key"},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 2
    assert b"mitmproxy 1.2.3 is needed" in ended.stderr


async def test_the_look_at_the_databases_stops_no_start(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever one of them, or its plugin, does; nor is what went wrong quoted, which may be a credential."""

    async def look(upstream: object) -> bool:
        if upstream == "fails":
            raise ValueError("canary-secret")
        if upstream == "hangs":
            await asyncio.Event().wait()
        return True

    monkeypatch.setattr(launch, "open_to_anyone", look)
    monkeypatch.setattr(launch, "LOOK", 0.01)
    runtime: Any = SimpleNamespace(upstreams={"broken": "fails", "silent": "hangs", "docs": Scene().upstream})
    await launch._look_round(runtime)
    assert "connections.broken: whether it answers without a credential cannot be told (ValueError)" in caplog.text
    assert "connections.docs: 127.0.0.1:8000 answers without a credential" in caplog.text
    assert "canary-secret" not in caplog.text


# Serving


@pytest.mark.real
async def test_it_serves_reloads_and_ends_with_everything_on_record(tmp_path: Path) -> None:
    release = asyncio.Event()
    release.set()
    begun: list[bytes] = []

    async def slow(head: bytes) -> bytes:
        if b"/get" in head and not release.is_set():
            begun.append(head)
            await (asyncio.sleep(30) if SILENT.encode() in head else release.wait())
        return chroma(head)

    async with RawUpstream(slow) as upstream, running("serve", tmp_path, upstream.port) as process:
        locked = tmp_path / "second.yaml"
        locked.write_text((tmp_path / "vecgate.yaml").read_text().replace("127.0.0.1:", "127.0.0.2:"))
        await asyncio.to_thread(refuses_a_second, locked)

        assert (await process.ask()).status == 200
        config = tmp_path / "vecgate.yaml"
        text = config.read_text()
        config.write_text(text.replace("version: 1", "version: 2"))
        process.process.send_signal(signal.SIGHUP)
        await process.until("the last good one stays")
        assert "vecgate.yaml:2:10: version" in process.log
        config.write_text(text.replace("evidence: {", "evidence: {content: false, "))
        process.process.send_signal(signal.SIGHUP)
        await process.until("needs a restart to change")
        assert (await process.ask()).status == 200
        config.write_text(text.replace("groups: [staff]", "groups: [others]"))
        process.process.send_signal(signal.SIGHUP)
        await process.until("configuration reloaded")
        assert (await process.ask()).status == 403
        assert (await process.ask(group="others")).status == 200

        release.clear()
        ended, cut = [asyncio.create_task(process.ask(group="others", collection=one)) for one in (KB, SILENT)]
        async with asyncio.timeout(10):
            while len(begun) < 2:
                await asyncio.sleep(0.02)
        began = time.monotonic()
        stopping = asyncio.create_task(process.terminate())
        await asyncio.sleep(0.2)
        release.set()
        assert (await ended).status == 200
        assert await stopping == 0
        assert time.monotonic() - began < 5
        reply = await cut
        assert reply.ended == "closed" or problem(reply)["reason"] == "interrupted"
    assert verify(tmp_path / "evidence").valid
    assert process.records()[-1]["kind"] == "checkpoint"
    reasons = [record["facts"]["reason"] for record in process.records("outcome")]
    assert reasons.count("granted") == 4
    assert reasons.count("no_grant") == 1
    assert reasons.count("interrupted") == 1


def refuses_a_second(config: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "vecgate", "serve", "-c", str(config)],
        env={"TEST_SERVICE_KEY": "key"},
        capture_output=True,
        check=False,
        timeout=20,
    )
    assert ended.returncode == 2
    assert b"another process writes" in ended.stderr


@pytest.mark.real
async def test_a_held_request_survives_stop_and_start_and_runs_once(tmp_path: Path, upstream: RawUpstream) -> None:
    async with running("serve", tmp_path, upstream.port, POLICY + HELD) as process:
        pending = asyncio.create_task(process.ask(*DELETE))
        ticket = await opened(process)
        began = time.monotonic()
        assert await process.terminate() == 0
        assert time.monotonic() - began < 5
        reply = await pending
        assert reply.status == 403
        assert problem(reply)["reason"] == "approval_pending"
        assert problem(reply)["ticket"] == ticket
    assert asked(upstream) == []

    async with running("serve", tmp_path, upstream.port, again=process) as process:
        gone = asyncio.create_task(process.ask(*DELETE))
        await asyncio.sleep(0.3)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        assert await process.decide(ticket, "approve") == 200
        await asyncio.sleep(0.6)
        assert asked(upstream) == [], "nobody waits for it any more"

        other = asyncio.create_task(process.ask("delete", {"ids": ["b"]}))
        another = await opened(process, besides={ticket})
        assert await process.decide(another, "deny") == 200
        assert problem(await other)["reason"] == "approval_denied"

        assert (await process.ask(*DELETE)).status == 200
        assert len(asked(upstream)) == 1
        again = [asyncio.create_task(process.ask(*DELETE, subject=subject)) for subject in ("anna", "bob")]
        third = await opened(process, besides={ticket, another})
        await opened(process, besides={ticket, another, third})
        for task in again:
            task.cancel()
        await asyncio.gather(*again, return_exceptions=True)
    assert asked(upstream) == []
    reasons = [record["facts"]["reason"] for record in process.records("outcome")]
    assert reasons == ["approval_pending", "client_gone", "approval_denied", "approved", "client_gone", "client_gone"]
    assert verify(tmp_path / "evidence").valid


@pytest.mark.real
async def test_what_was_approved_is_judged_again_before_it_runs(tmp_path: Path, upstream: RawUpstream) -> None:
    async with running("serve", tmp_path, upstream.port, POLICY + HELD) as process:
        pending = asyncio.create_task(process.ask(*DELETE))
        ticket = await opened(process)
        config = tmp_path / "vecgate.yaml"
        config.write_text(config.read_text().replace("write, delete, admin", "write"))
        process.process.send_signal(signal.SIGHUP)
        await process.until("configuration reloaded")
        assert await process.decide(ticket, "approve") == 200
        assert problem(await pending)["reason"] == "no_grant"
    assert asked(upstream) == []


def problem(reply: Reply) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.json.decode(reply.body)
    return document


async def opened(process: Process, besides: frozenset[str] | set[str] = frozenset()) -> str:
    """The ticket that waits."""
    async with asyncio.timeout(10):
        while True:
            tickets = [record["facts"]["ticket"] for record in process.records("approval")]
            if new := [ticket for ticket in tickets if ticket not in besides]:
                return str(new[0])
            await asyncio.sleep(0.02)
