from __future__ import annotations

import asyncio
import sqlite3
import sys
import threading
from pathlib import Path

import pytest
from tests.support.state import opened, person, revoked, ticket

from vecgate.approvals.tickets import Caps, State, Ticket
from vecgate.errors import Unavailable
from vecgate.reasons import Reason
from vecgate.state import mirror, sqlite, tickets
from vecgate.state.open import open_store
from vecgate.state.sqlite import SqliteStore
from vecgate.state.windows import Claim


async def test_a_restart_keeps_tickets_windows_revocations_and_epochs(tmp_path: Path) -> None:
    async with opened("sqlite", tmp_path) as store:
        await store.open_ticket(ticket(store.now()), Caps())
        await store.claim("w", [Claim("b", 10, 60, want=7)])
        await store.revoke(revoked("alice"))
        await store.bump("names")
    async with opened("sqlite", tmp_path) as store:
        (kept,) = await store.tickets(["0" * 32])
        assert kept.state is State.PENDING
        (answer,) = await store.claim("v", [Claim("b", 10, 60, want=10)])
        assert answer.granted == 3
        assert store.revoked(person("alice"))
        assert store.epoch("names") == 1


async def test_what_one_worker_revokes_or_bumps_another_sees(tmp_path: Path) -> None:
    async with opened("sqlite", tmp_path) as one, opened("sqlite", tmp_path) as two:
        await one.revoke(revoked("alice"))
        await one.bump("names")
        async with asyncio.timeout(5):
            while not (two.revoked(person("alice")) and two.epoch("names")):
                await asyncio.sleep(sqlite.FOLLOW / 4)
        assert abs(one.now() - two.now()) < 0.1, "workers share one clock"


async def test_a_worker_waits_for_another_that_makes_the_file(tmp_path: Path) -> None:
    first = sqlite3.connect(tmp_path / "state.db", isolation_level=None, check_same_thread=False)
    first.execute("BEGIN IMMEDIATE")
    threading.Timer(0.2, first.execute, ["ROLLBACK"]).start()
    async with opened("sqlite", tmp_path) as store:
        assert store.epoch("names") == 0
    first.close()


async def test_nothing_is_known_before_the_start(tmp_path: Path) -> None:
    store = open_store("sqlite:///state.db", tmp_path)
    with pytest.raises(Unavailable):
        store.revoked(person("alice"))
    await store.close()


async def test_a_mirror_that_cannot_be_refreshed_goes_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened("sqlite", tmp_path) as store:
        later = store.now() + mirror.STALE + 1
        monkeypatch.setattr(store.mirror, "_now", lambda: later)
        with pytest.raises(Unavailable) as refused:
            store.revoked(person("alice"))
        assert refused.value.reason is Reason.STATE_UNAVAILABLE


async def test_a_locked_file_refuses_instead_of_waiting_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY", 0.01)
    async with opened("sqlite", tmp_path) as store:
        other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable) as refused:
            await store.claim("w", [Claim("b", 10, 60, want=1)])
        assert refused.value.reason is Reason.STATE_UNAVAILABLE
        assert refused.value.headers["retry-after"]
        other.execute("ROLLBACK")
        other.close()
        (answer,) = await store.claim("w", [Claim("b", 10, 60, want=1)])
        assert answer.granted == 1


async def test_a_full_disk_refuses_and_is_got_over(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.db")
    await store.start()
    await store._run(store._durable.execute, "PRAGMA max_page_count = 1")
    large = ticket(store.now(), summary={"effect": "x" * 100_000})
    with pytest.raises(Unavailable) as refused:
        await store.open_ticket(large, Caps())
    assert refused.value.reason is Reason.STATE_UNAVAILABLE
    assert await store.tickets([large.id]) == []
    await store._run(store._durable.execute, "PRAGMA max_page_count = 100000")
    assert await store.open_ticket(large, Caps()) == large
    await store.close()


async def test_the_event_loop_never_touches_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = set()
    put = tickets.put

    def watched(db: sqlite3.Connection, entry: Ticket) -> None:
        threads.add(threading.current_thread())
        put(db, entry)

    monkeypatch.setattr(tickets, "put", watched)
    async with opened("sqlite", tmp_path) as store:
        await store.open_ticket(ticket(store.now()), Caps())
    assert threads
    assert threading.main_thread() not in threads


@pytest.mark.real
async def test_a_killed_process_loses_no_ticket(tmp_path: Path) -> None:
    program = (
        "import asyncio, os, signal\n"
        "from tests.support.state import opened, ticket\n"
        "from vecgate.approvals.tickets import Caps\n"
        "from pathlib import Path\n"
        "async def main():\n"
        "    async with opened('sqlite', Path(os.environ['FOLDER'])) as store:\n"
        "        await store.open_ticket(ticket(store.now()), Caps())\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    root = Path(__file__).parents[3]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, env={"FOLDER": str(tmp_path), "PYTHONPATH": str(root)}
    )
    assert await process.wait() == -9
    async with opened("sqlite", tmp_path) as store:
        (kept,) = await store.tickets(["0" * 32])
        assert kept.state is State.PENDING
