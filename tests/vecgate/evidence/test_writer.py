from __future__ import annotations

import asyncio
import errno
import itertools
import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from vecgate.errors import Unavailable
from vecgate.evidence import chain, writer
from vecgate.evidence.chain import Chain
from vecgate.evidence.entry import Entry
from vecgate.evidence.lock import DirectoryLock, Locked
from vecgate.evidence.record import Record, parse
from vecgate.evidence.signing import signing_key
from vecgate.evidence.verify import verify
from vecgate.evidence.writer import Sink, Writer
from vecgate.reasons import Reason


@asynccontextmanager
async def writing(folder: Path, sink: Sink | None = None, **settings: Any) -> AsyncIterator[Writer]:
    limits = {name: settings.pop(name) for name in ("segment_bytes", "content_bytes") if name in settings}
    opened = Chain(folder / "evidence", "w0", signing_key(folder / "signing.pem"), **limits)
    made = Writer(opened, sink=sink, **settings)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def records(folder: Path) -> list[Record]:
    return [
        parse(line)
        for path in sorted((folder / "evidence" / "w0").glob("*.jsonl"))
        for line in path.read_bytes().splitlines(keepends=True)
    ]


def kinds(folder: Path) -> list[str]:
    return [made.kind for made in records(folder)]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


class Disk:
    """Stands in for what the segment writes with; fails while `full`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = False
        self.syncs = 0
        self._pwrite, self._fdatasync = os.pwrite, os.fdatasync
        monkeypatch.setattr("vecgate.evidence.segment.os.pwrite", self.pwrite)
        monkeypatch.setattr("vecgate.evidence.segment.os.fdatasync", self.fdatasync)
        monkeypatch.setattr(writer, "RETRY", 0.02)

    def pwrite(self, descriptor: int, data: bytes, offset: int) -> int:
        if self.full and len(data) < 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._pwrite(descriptor, bytes(data[: len(data) // 2 + 1]) if self.full else data, offset)

    def fdatasync(self, descriptor: int) -> None:
        self.syncs += 1
        self._fdatasync(descriptor)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


async def test_what_was_awaited_is_on_disk(tmp_path: Path) -> None:
    async with writing(tmp_path) as made:
        await made.append_durable(Entry("intent", "e1"))
        assert records(tmp_path)[-1].exchange == "e1"


async def test_requests_that_arrive_together_share_a_sync(tmp_path: Path, disk: Disk) -> None:
    async with writing(tmp_path) as made:
        before = disk.syncs
        await asyncio.gather(*(made.append_durable(Entry("note", f"e{n}")) for n in range(200)))
        assert disk.syncs - before <= 5
    assert [each.exchange for each in records(tmp_path) if each.kind == "note"] == [f"e{n}" for n in range(200)]


async def test_what_nobody_waits_for_lingers_and_what_somebody_waits_for_does_not(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "LINGER", 60.0)
    async with asyncio.timeout(10), writing(tmp_path) as made:
        before = disk.syncs
        for n in range(50):
            made.append(Entry("outcome", f"e{n}"))
            await asyncio.sleep(0)
        await made.append_durable(Entry("note", "waits"))
        assert disk.syncs - before == 1
        made.append(Entry("outcome", "the end does not wait either"))
    assert records(tmp_path)[-2].exchange == "the end does not wait either"


async def test_order_is_the_order_of_appending(tmp_path: Path) -> None:
    async with writing(tmp_path) as made:
        for n in range(1000):
            made.append(Entry("note", str(n)))
    assert [each.exchange for each in records(tmp_path) if each.kind == "note"] == [str(n) for n in range(1000)]
    assert verify(tmp_path / "evidence").valid


async def test_a_full_disk_stops_new_work_and_loses_nothing(tmp_path: Path, disk: Disk) -> None:
    async with writing(tmp_path) as made:
        await made.append_durable(Entry("note", "before"))
        disk.full = True
        with pytest.raises(Unavailable) as refused:
            await made.append_durable(Entry("intent", "refused"))
        assert refused.value.reason is Reason.EVIDENCE_UNAVAILABLE
        with pytest.raises(Unavailable):
            made.check()
        made.append(Entry("outcome", "refused"))
        with pytest.raises(Unavailable):
            await made.append_durable(Entry("intent", "not even queued"))
        disk.full = False
        await until(lambda: made_again(made))
        await made.append_durable(Entry("note", "after"))
    assert [each.exchange for each in records(tmp_path) if each.exchange] == ["before", "refused", "refused", "after"]
    assert verify(tmp_path / "evidence").valid


def made_again(made: Writer) -> bool:
    try:
        made.check()
    except Unavailable:
        return False
    return True


async def test_what_is_refused_while_the_disk_is_full_is_counted_beyond_a_bound(tmp_path: Path, disk: Disk) -> None:
    async with writing(tmp_path, limit=5) as made:
        disk.full = True
        with pytest.raises(Unavailable):
            await made.append_durable(Entry("note", "refused"))
        for n in range(100):
            made.append(Entry("outcome", f"e{n}"), droppable=True)
        made.append(Entry("outcome", "forwarded before"))
        disk.full = False
        await until(lambda: made_again(made))
    written = records(tmp_path)
    kept = [each.exchange for each in written if each.kind == "outcome"]
    (counted,) = [each.facts["count"] for each in written if each.kind == "suppressed"]
    assert counted + len(kept) == 101
    assert "forwarded before" in kept


async def test_a_failing_sink_stops_new_work_until_it_has_every_line_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "RETRY", 0.02)
    sent: list[bytes] = []
    broken = threading.Event()

    def sink(line: bytes) -> None:
        if broken.is_set():
            raise ConnectionError("collector down")
        sent.append(line)

    async with writing(tmp_path, sink) as made:
        broken.set()
        await made.append_durable(Entry("note", "durable all the same"))
        await until(lambda: not made_again(made))
        broken.clear()
        await until(lambda: made_again(made))
        made.append(Entry("note", "after"))
    assert b"".join(sent) == (tmp_path / "evidence" / "w0" / "000001.jsonl").read_bytes()


async def test_a_sink_that_fails_at_the_start_fails_the_start(tmp_path: Path) -> None:
    def sink(line: bytes) -> None:
        raise ConnectionError("collector down")

    with pytest.raises(ConnectionError):
        async with writing(tmp_path, sink):
            pass
    async with writing(tmp_path):
        pass
    assert verify(tmp_path / "evidence").valid


async def test_a_second_writer_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path):
        monkeypatch.setattr(chain, "DirectoryLock", partial(DirectoryLock, patience=0.0))
        with pytest.raises(Locked):
            Chain(tmp_path / "evidence", "w0", signing_key(tmp_path / "signing.pem"))


async def test_segments_rotate_and_carry_each_other_s_end(tmp_path: Path) -> None:
    async with writing(tmp_path, segment_bytes=4096) as made:
        for n in range(60):
            await made.append_durable(Entry("note", f"e{n}"))
    segments = sorted((tmp_path / "evidence" / "w0").glob("*.jsonl"))
    assert len(segments) > 3
    for before, after in itertools.pairwise(segments):
        last = parse(before.read_bytes().splitlines(keepends=True)[-1])
        first = parse(after.read_bytes().splitlines(keepends=True)[0])
        assert last.kind == "checkpoint"
        assert first.facts["previous"] == {"count": last.seq, "file": before.name, "hash": last.hash}
    found = verify(tmp_path / "evidence")
    assert found.valid
    assert found.segments == len(segments)


@pytest.mark.parametrize("gone", ["000001", "000002", "last"])
async def test_a_segment_that_is_gone_is_missed(tmp_path: Path, gone: str) -> None:
    async with writing(tmp_path, segment_bytes=4096) as made:
        for n in range(60):
            await made.append_durable(Entry("note", f"e{n}"))
    folder = tmp_path / "evidence" / "w0"
    path = max(folder.glob("*.jsonl")) if gone == "last" else folder / f"{gone}.jsonl"
    path.unlink()
    found = verify(tmp_path / "evidence").damage
    assert found is not None
    assert (found.kind, found.file) == ("missing_segment", f"w0/{path.name}")


async def test_lines_cut_from_a_middle_segment_are_found_there(tmp_path: Path) -> None:
    async with writing(tmp_path, segment_bytes=4096) as made:
        for n in range(60):
            await made.append_durable(Entry("note", f"e{n}"))
    path = tmp_path / "evidence" / "w0" / "000002.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-2]))
    found = verify(tmp_path / "evidence").damage
    assert found is not None
    assert (found.kind, found.file, found.line) == ("truncated", "w0/000002.jsonl", len(lines) - 1)


async def test_segments_that_changed_places_are_found(tmp_path: Path) -> None:
    async with writing(tmp_path, segment_bytes=4096) as made:
        for n in range(60):
            await made.append_durable(Entry("note", f"e{n}"))
    folder = tmp_path / "evidence" / "w0"
    one, two = (folder / "000002.jsonl").read_bytes(), (folder / "000003.jsonl").read_bytes()
    (folder / "000002.jsonl").write_bytes(two)
    (folder / "000003.jsonl").write_bytes(one)
    found = verify(tmp_path / "evidence").damage
    assert found is not None
    assert (found.kind, found.file, found.line) == ("reordered", "w0/000002.jsonl", 1)


async def test_checkpoints_come_by_themselves(tmp_path: Path) -> None:
    async with writing(tmp_path, checkpoint=0.02) as made:
        await until(lambda: kinds(tmp_path).count("checkpoint") >= 4)
        made.append(Entry("note"))
    assert verify(tmp_path / "evidence").valid


async def test_a_clock_that_is_set_leaves_a_mark(tmp_path: Path) -> None:
    async with writing(tmp_path) as made:
        entry = Entry("note", "first")
        made.append(entry)
        made.append(Entry("note", "set back", wall=entry.wall - 3_600_000_000_000, mono=entry.mono))
    jumps = {each.exchange: each.clock_jump for each in records(tmp_path) if each.exchange}
    assert jumps["set back"] == -3_600_000_000
    assert not jumps["first"]


async def test_no_fact_can_make_the_evidence_unwritable(tmp_path: Path) -> None:
    async with writing(tmp_path) as made:
        hostile = {"agent": "\ud800", "Größe": 2**70, "score": 0.5, "object": object()}
        await made.append_durable(Entry("note\udc00", "e\udfff", "s\udfff", hostile))
    assert verify(tmp_path / "evidence").valid
    (kept,) = [each.facts for each in records(tmp_path) if each.kind == "note\\udc00"]
    assert kept["agent"] == "\\ud800"


async def test_after_the_end_nothing_is_taken(tmp_path: Path) -> None:
    async with writing(tmp_path) as made:
        pass
    with pytest.raises(Unavailable):
        made.append(Entry("note"))
    with pytest.raises(Unavailable):
        await made.append_durable(Entry("note"))


async def test_a_live_chain_verifies_and_says_what_is_unproven(tmp_path: Path) -> None:
    async with writing(tmp_path) as made:
        await made.append_durable(Entry("note"))
        found = verify(tmp_path / "evidence")
        assert found.valid
        assert (found.live, found.unproven) == (True, 1)
    assert not verify(tmp_path / "evidence").live
