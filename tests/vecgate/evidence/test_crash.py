"""Real processes: killed while they write, out of disk, two at once."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.support.evidence import record

from vecgate.evidence.chain import Chain
from vecgate.evidence.entry import Entry
from vecgate.evidence.sessions import Archive
from vecgate.evidence.signing import signing_key
from vecgate.evidence.verify import verify
from vecgate.evidence.writer import Writer

pytestmark = pytest.mark.real

WORKER = """
import asyncio, os, resource, signal, sys
from pathlib import Path
from tests.support.evidence import DANA, article, drop, exchange, recording, search
from vecgate.errors import Unavailable

async def main(folder, limit):
    if limit:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    writing = recording(folder)
    recorder = await writing.__aenter__()
    print("started", flush=True)
    for number in range(1_000_000):
        made = exchange(DANA, drop(), records=(article(number),))
        try:
            await recorder.intent(made)
        except Unavailable as refused:
            print("refused", refused.status, refused.reason, recorder.healthy, flush=True)
            os._exit(0)
        print("durable", made.id, flush=True)
        if number % 3:
            recorder.outcome(made)

asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
"""


def worker(folder: Path, limit: int = 0) -> subprocess.Popen[str]:
    root = Path(__file__).parents[3]
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(folder), str(limit)],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_once(folder: Path) -> None:
    """A clean start and stop."""
    record(folder)


@pytest.mark.parametrize("seconds", [0.05, 0.3, 0.7])
def test_kill_9_loses_nothing_that_was_said_to_be_durable(tmp_path: Path, seconds: float) -> None:
    process = worker(tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    said, _ = process.communicate(timeout=10)
    durable = [line.split()[1] for line in said.splitlines() if line.startswith("durable") and len(line.split()) == 2]
    durable = [exchange for exchange in durable if len(exchange) == 32]
    assert durable
    damage = verify(tmp_path / "evidence").damage
    assert damage is not None
    assert damage.kind in ("unsigned_tail", "truncated")
    run_once(tmp_path)
    found = verify(tmp_path / "evidence")
    assert found.valid, found.damage
    archive = Archive(tmp_path / "evidence")
    visits = {visit.exchange: visit for session in archive.sessions() for visit in session.visits}
    assert set(durable) <= set(visits)
    assert all(visits[exchange].facts["reason"] in ("granted", "interrupted") for exchange in durable)
    assert any(visits[exchange].facts["reason"] == "interrupted" for exchange in durable)


def test_a_file_that_may_not_grow_any_more_refuses_new_work(tmp_path: Path) -> None:
    process = worker(tmp_path, limit=40_000)
    said, errors = process.communicate(timeout=30)
    assert said.splitlines()[-1] == "refused 503 evidence_unavailable False", errors
    assert (tmp_path / "evidence" / "w0" / "000001.jsonl").stat().st_size <= 40_000
    durable = [line.split()[1] for line in said.splitlines() if line.startswith("durable")]
    run_once(tmp_path)
    assert verify(tmp_path / "evidence").valid
    visits = {visit.exchange for session in Archive(tmp_path / "evidence").sessions() for visit in session.visits}
    assert set(durable) <= visits


def test_a_second_process_on_the_same_chain_is_refused(tmp_path: Path) -> None:
    first = worker(tmp_path)
    assert first.stdout is not None
    assert first.stdout.readline() == "started\n"
    try:
        second = worker(tmp_path)
        said, errors = second.communicate(timeout=30)
        assert said == ""
        assert "another process writes to" in errors
    finally:
        first.kill()
        first.communicate()


async def test_evidence_verifies_at_any_moment_while_it_is_written(tmp_path: Path) -> None:
    chains = [
        Chain(tmp_path / "evidence", name, signing_key(tmp_path / "signing.pem"), segment_bytes=20_000)
        for name in ("w0", "w1")
    ]
    writers = [Writer(chain, checkpoint=0.02) for chain in chains]
    for writer in writers:
        writer.start()

    async def write(writer: Writer) -> None:
        for number in range(400):
            await writer.append_durable(Entry("note", str(number), facts={"text": "x" * 300}))
            await asyncio.sleep(0.002)
        await asyncio.to_thread(writer.stop)

    writing = asyncio.gather(*map(write, writers))
    looks = 0
    while not writing.done():
        found = await asyncio.to_thread(verify, tmp_path / "evidence")
        assert found.valid, found.damage
        looks += 1
    await writing
    assert looks > 3
    final = verify(tmp_path / "evidence")
    assert final.valid
    assert (final.live, final.segments > 10) == (False, True)
