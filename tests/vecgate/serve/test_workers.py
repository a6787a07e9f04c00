"""Workers: processes on one port that share what must be shared; the death of one is the end of all."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import msgspec
import pytest
from tests.support.chroma_double import asked, chroma
from tests.support.front_ends import POLICY, Process, running
from tests.support.raw_upstream import RawUpstream

from vecgate.evidence.verify import verify

pytestmark = pytest.mark.real

LIMIT = 30
LIMITED = (
    POLICY
    + f"""
  limits:
    - {{name: few, to: {{groups: ["*"]}}, requests: {LIMIT}/day}}
"""
)


def children(process: Process) -> list[int]:
    pid = process.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def test_two_workers_serve_one_limit_exactly_and_end_when_one_dies(tmp_path: Path) -> None:
    async with (
        RawUpstream(chroma) as upstream,
        running("serve", tmp_path, upstream.port, LIMITED, more=["--workers", "2"]) as process,
    ):
        await _until_both_serve(process)
        replies = await asyncio.gather(*(process.ask() for _ in range(LIMIT + 20)))
        statuses = [reply.status for reply in replies]
        assert statuses.count(200) == LIMIT
        assert statuses.count(429) == 20
        limited = next(reply for reply in replies if reply.status == 429)
        assert msgspec.json.decode(limited.body)["reason"] == "rate_exceeded"
        assert len(asked(upstream)) == LIMIT
        await asyncio.sleep(0.2)  # outcomes of reads are made durable behind the answers, within milliseconds
        granted = [record for record in process.records("outcome") if record["facts"]["reason"] == "granted"]
        assert len(granted) == LIMIT
        assert {record["chain"] for record in granted} == {"w0", "w1"}

        first, second = children(process)
        os.kill(second, signal.SIGKILL)
        async with asyncio.timeout(8):
            assert await process.process.wait() != 0
        assert not Path(f"/proc/{first}").exists()


async def test_workers_end_together_with_two_chains_that_verify(tmp_path: Path) -> None:
    async with (
        RawUpstream(chroma) as upstream,
        running("serve", tmp_path, upstream.port, more=["--workers", "2"]) as process,
    ):
        await _until_both_serve(process)
        assert await process.terminate() == 0
    found = verify(tmp_path / "evidence")
    assert found.valid
    assert found.chains == 2


async def test_workers_end_with_their_supervisor_however_it_dies(tmp_path: Path) -> None:
    async with (
        RawUpstream(chroma) as upstream,
        running("serve", tmp_path, upstream.port, more=["--workers", "2"]) as process,
    ):
        await _until_both_serve(process)
        workers = children(process)
        process.process.kill()
        async with asyncio.timeout(8):
            while any(Path(f"/proc/{worker}").exists() for worker in workers):
                await asyncio.sleep(0.05)
    found = verify(tmp_path / "evidence")
    assert found.valid
    assert found.chains == 2


async def _until_both_serve(process: Process) -> None:
    """Ask for what is refused, so that nothing is charged, until each worker has been asked."""
    async with asyncio.timeout(20):
        while True:
            await asyncio.gather(*(process.ask(group="guests") for _ in range(8)))
            await asyncio.sleep(0.05)
            if len({record["chain"] for record in process.records("outcome")}) == 2:
                return
