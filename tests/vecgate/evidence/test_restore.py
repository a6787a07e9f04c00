"""What a crash leaves behind is mended and recorded; what is anything else stops the start."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.evidence import DANA, article, edit_lines, exchange, flip, record, search

from vecgate.evidence.chain import Chain
from vecgate.evidence.entry import Entry
from vecgate.evidence.manifest import ManifestError, join
from vecgate.evidence.record import Kind, Record, parse
from vecgate.evidence.restore import Damaged
from vecgate.evidence.signing import signing_key
from vecgate.evidence.verify import verify


def crashed(folder: Path, *entries: Entry, segment_bytes: int = 1 << 24) -> Path:
    """Evidence of a gateway that died without a word."""
    chain = Chain(folder / "evidence", "w0", signing_key(folder / "signing.pem"), segment_bytes=segment_bytes)
    chain.begin()
    for entry in entries:
        chain.commit([entry])
    chain.close()
    return folder / "evidence"


def restart(folder: Path) -> list[Record]:
    """Start and stop once more; all records."""
    chain = Chain(folder / "evidence", "w0", signing_key(folder / "signing.pem"))
    chain.begin()
    chain.finish()
    chain.close()
    paths = sorted((folder / "evidence" / "w0").glob("*.jsonl"))
    return [parse(line) for path in paths for line in path.read_bytes().splitlines(keepends=True)]


def of(records: list[Record], kind: str) -> list[Record]:
    return [each for each in records if each.kind == kind]


INTENT = Entry("intent", "e1", "w0-000001")


def test_a_crash_does_not_verify_until_the_next_start_has_closed_it(tmp_path: Path) -> None:
    evidence = crashed(tmp_path, Entry("session", "", "w0-000001", {"key": None}), INTENT)
    found = verify(evidence).damage
    assert found is not None
    assert found.kind == "unsigned_tail"
    (outcome,) = of(restart(tmp_path), Kind.OUTCOME)
    assert (outcome.exchange, outcome.session, outcome.facts["reason"]) == ("e1", "w0-000001", "interrupted")
    assert verify(evidence).valid


def test_an_intent_stays_open_across_segments(tmp_path: Path) -> None:
    notes = [Entry("note", facts={"text": "x" * 500}) for _ in range(20)]
    crashed(tmp_path, Entry("session", "", "w0-000001", {"key": None}), INTENT, *notes, segment_bytes=2048)
    records = restart(tmp_path)
    assert len(of(records, Kind.SEGMENT)) > 3
    assert [each.exchange for each in of(records, Kind.OUTCOME)] == ["e1"]
    assert verify(tmp_path / "evidence").valid


def test_a_partial_last_line_is_cut_off_and_recorded(tmp_path: Path) -> None:
    path = crashed(tmp_path, INTENT) / "w0" / "000001.jsonl"
    path.write_bytes(path.read_bytes() + b'{"chain":"w0","exch')
    (repair,) = of(restart(tmp_path), Kind.REPAIR)
    assert (repair.facts["file"], repair.facts["line"], repair.facts["bytes"]) == ("000001.jsonl", 5, 19)
    assert verify(tmp_path / "evidence").valid


def test_content_without_a_record_is_cut_off_and_recorded(tmp_path: Path) -> None:
    evidence = record(tmp_path, exchange(DANA, search(), records=(article(1),)))
    content = evidence / "w0" / "000001.content"
    content.write_bytes(content.read_bytes() + b"orphan")
    (evidence / "w0" / "keys" / "000002.key").write_bytes(bytes(32))
    (repair,) = of(restart(tmp_path), Kind.REPAIR)
    assert repair.facts == {"file": "000001.content", "bytes": 6}
    assert verify(evidence).valid


@pytest.mark.parametrize("begun", [b"", b'{"cha'])
def test_a_segment_that_was_only_begun_is_dropped(tmp_path: Path, begun: bytes) -> None:
    evidence = record(tmp_path, exchange(DANA, search()))
    (evidence / "w0" / "000002.jsonl").write_bytes(begun)
    (repair,) = of(restart(tmp_path), Kind.REPAIR)
    assert repair.facts["file"] == "000002.jsonl"
    assert verify(evidence).valid


def test_a_crash_before_the_first_line_is_a_fresh_start(tmp_path: Path) -> None:
    evidence = crashed(tmp_path)
    (evidence / "w0" / "checkpoint.json").unlink()
    (evidence / "w0" / "000001.jsonl").write_bytes(b'{"chain"')
    restart(tmp_path)
    assert verify(evidence).valid


def test_a_checkpoint_that_was_not_published_any_more_is_no_damage(tmp_path: Path) -> None:
    (crashed(tmp_path) / "w0" / "checkpoint.json").unlink()
    restart(tmp_path)
    assert verify(tmp_path / "evidence").valid


@pytest.mark.parametrize("left", ["manifest.json.tmp", "w0"])
def test_a_crash_in_the_first_moment_is_a_fresh_start(tmp_path: Path, left: str) -> None:
    evidence = tmp_path / "evidence"
    if left == "w0":
        join(evidence, "w0", signing_key(tmp_path / "signing.pem"))
        (evidence / "w0").rmdir()
    else:
        evidence.mkdir()
        (evidence / left).write_text('{"cha')
    restart(tmp_path)
    assert verify(evidence).valid


def test_sessions_go_on_counting(tmp_path: Path) -> None:
    for _ in range(3):
        evidence = record(tmp_path, exchange(DANA, search()))
    assert sorted(path.name for path in (evidence / "w0" / "keys").iterdir()) == [
        "000001.key",
        "000002.key",
        "000003.key",
    ]
    assert verify(evidence).sessions == 3


def foreign(lines: list[bytes]) -> list[bytes]:
    return [*lines, b"{}\n"]


def cut(file: str) -> Callable[[Path], object]:
    return lambda evidence: os.truncate(evidence / file, (evidence / file).stat().st_size - 3)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "a byte": lambda evidence: flip(evidence / "w0" / "000001.jsonl", 300),
    "a carriage return for a line end": lambda evidence: flip(
        evidence / "w0" / "000001.jsonl", (evidence / "w0" / "000001.jsonl").read_bytes().index(b"\n"), 7
    ),
    "a line deleted": lambda evidence: edit_lines(
        evidence / "w0" / "000001.jsonl", lambda lines: lines[:3] + lines[4:]
    ),
    "the signed tail cut": lambda evidence: edit_lines(evidence / "w0" / "000001.jsonl", lambda lines: lines[:-1]),
    "all lines cut": lambda evidence: (evidence / "w0" / "000001.jsonl").write_bytes(b""),
    "the segment gone": lambda evidence: (evidence / "w0" / "000001.jsonl").unlink(),
    "a segment in the middle gone": lambda evidence: shutil.copy(
        evidence / "w0" / "000001.jsonl", evidence / "w0" / "000003.jsonl"
    ),
    "a line that is not ours": lambda evidence: edit_lines(evidence / "w0" / "000001.jsonl", foreign),
    "content cut": cut("w0/000001.content"),
    "content gone": lambda evidence: (evidence / "w0" / "000001.content").unlink(),
    "the checkpoint gone": lambda evidence: (evidence / "w0" / "checkpoint.json").unlink(),
    "the checkpoint edited": lambda evidence: flip(evidence / "w0" / "checkpoint.json", 30),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_stops_the_start(tmp_path: Path, name: str) -> None:
    evidence = record(tmp_path, exchange(DANA, search(), records=(article(1),)))
    DAMAGE[name](evidence)
    with pytest.raises(Damaged):
        restart(tmp_path)


@pytest.mark.parametrize("damage", ["manifest gone", "manifest edited", "another key", "not ours"])
def test_a_directory_that_is_not_ours_is_not_written_to(tmp_path: Path, damage: str) -> None:
    evidence = record(tmp_path, exchange(DANA, search()))
    match damage:
        case "manifest gone":
            (evidence / "manifest.json").unlink()
        case "manifest edited":
            flip(evidence / "manifest.json", 40)
        case "another key":
            (tmp_path / "signing.pem").unlink()
        case "not ours":
            shutil.rmtree(evidence)
            evidence.mkdir()
            (evidence / "thesis.txt").write_text("irreplaceable")
    with pytest.raises((ManifestError, ValueError)):
        restart(tmp_path)
