"""Every way to tamper with evidence that people think of, and every single byte."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from tests.support.evidence import DANA, article, edit_lines, exchange, flip, record, search

from vecgate.evidence.damage import DamageKind as Kind
from vecgate.evidence.erasure import erase
from vecgate.evidence.record import Record, parse, seal, signed_bytes
from vecgate.evidence.signing import public_key, signing_key
from vecgate.evidence.verify import Verification, verify

SEGMENT = "w0/000001.jsonl"
CONTENT = "w0/000001.content"
KEY = "w0/keys/000001.key"
CHECKPOINT = "w0/checkpoint.json"
MANIFEST = "manifest.json"
LINES = 11
"""segment, start, checkpoint, session, three intents and outcomes, final checkpoint."""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("original")
    visits = [exchange(DANA, search(f"question {n}"), records=(article(n),)) for n in range(3)]
    return record(folder, *visits, intents=True)


@pytest.fixture
def evidence(original: Path, tmp_path: Path) -> Path:
    shutil.copytree(original.parent, tmp_path / "copy")
    return tmp_path / "copy" / "evidence"


def damage(found: Verification) -> tuple[str, int, Kind]:
    assert found.damage is not None
    return found.damage.file, found.damage.line, found.damage.kind


def test_untouched_evidence_is_sound_and_says_what_that_proves(evidence: Path) -> None:
    found = verify(evidence)
    assert found.valid
    assert (found.records, found.segments, found.checkpoints, found.sessions) == (LINES, 1, 2, 1)
    assert any("Only internal consistency was shown" in said for said in found.proves)


def test_any_single_byte_of_any_file_is_found_and_the_file_is_named(evidence: Path) -> None:
    files = [path for path in sorted(evidence.rglob("*")) if path.is_file()]
    assert {path.relative_to(evidence).as_posix() for path in files} == {SEGMENT, CONTENT, KEY, CHECKPOINT, MANIFEST}
    for path in files:
        size = path.stat().st_size
        step = 1 if size < 100 else 89  # the slow twin of this test tries every byte
        for position in range(0, size, step):
            before = flip(path, position)
            file, line, _ = damage(verify(evidence))
            assert (file, line > 0) == (path.relative_to(evidence).as_posix(), True), position
            path.write_bytes(before)


@pytest.mark.real
@pytest.mark.parametrize("bit", [1, 32])
def test_every_byte_in_several_ways(evidence: Path, bit: int) -> None:
    for path in [path for path in sorted(evidence.rglob("*")) if path.is_file()]:
        for position in range(path.stat().st_size):
            before = flip(path, position, bit)
            assert damage(verify(evidence))[0] == path.relative_to(evidence).as_posix()
            path.write_bytes(before)


def rehashed(line: bytes, change: Callable[[Record], object]) -> bytes:
    """The line with a change and a hash that fits."""
    made = parse(line)
    change(made)
    return seal(made)


def blame(made: Record) -> None:
    made.facts["principal"]["subject"] = "mallory"


def swap(lines: list[bytes], one: int, other: int) -> list[bytes]:
    lines[one], lines[other] = lines[other], lines[one]
    return lines


def rewritten(lines: list[bytes], start: int) -> list[bytes]:
    """The whole rest of the chain computed again after a change, without the key that signs."""
    head = parse(lines[start - 1]).hash
    for index in range(start, len(lines)):
        made = parse(lines[index])
        if index == start:
            blame(made)
        made.prev = str(head)
        lines[index] = seal(made)
        head = made.hash
    return lines


EDITS: dict[str, tuple[Callable[[list[bytes]], list[bytes]], tuple[int, Kind]]] = {
    "edited": (lambda lines: [*lines[:4], lines[4].replace(b"dana", b"eve_"), *lines[5:]], (5, Kind.EDITED)),
    "respelt": (lambda lines: [*lines[:4], lines[4].replace(b'":', b'": ', 1), *lines[5:]], (5, Kind.NOT_CANONICAL)),
    "replaced": (lambda lines: [*lines[:4], rehashed(lines[4], blame), *lines[5:]], (5, Kind.REPLACED)),
    "chain rewritten": (lambda lines: rewritten(lines, 4), (LINES, Kind.FORGED)),
    "two lines swapped": (lambda lines: swap(lines, 4, 5), (5, Kind.REORDERED)),
    "first line moved": (lambda lines: swap(lines, 0, 1), (1, Kind.REORDERED)),
    "a line deleted": (lambda lines: lines[:5] + lines[6:], (6, Kind.DELETED)),
    "first line deleted": (lambda lines: lines[1:], (1, Kind.DELETED)),
    "a line twice": (lambda lines: lines[:6] + lines[5:], (7, Kind.DUPLICATED)),
    "last line cut": (lambda lines: lines[:-1], (LINES, Kind.TRUNCATED)),
    "cut back to a checkpoint": (lambda lines: lines[:3], (4, Kind.TRUNCATED)),
    "cut inside a line": (lambda lines: [*lines[:-1], lines[-1][:50]], (LINES, Kind.TRUNCATED)),
    "a foreign line": (lambda lines: [*lines, b"{}\n"], (LINES + 1, Kind.EDITED)),
    "emptied": (lambda lines: [], (1, Kind.TRUNCATED)),
}


@pytest.mark.parametrize("name", EDITS)
def test_tampering_with_lines_is_found_where_it_happened(evidence: Path, name: str) -> None:
    change, (line, kind) = EDITS[name]
    edit_lines(evidence / SEGMENT, change)
    assert damage(verify(evidence)) == (SEGMENT, line, kind)


def append(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(path.read_bytes() + data)


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


FILES: dict[str, tuple[str, Callable[[Path], object], Kind]] = {
    "manifest gone": (MANIFEST, Path.unlink, Kind.DELETED),
    "segment gone": (SEGMENT, Path.unlink, Kind.MISSING_SEGMENT),
    "segment renamed": (SEGMENT, lambda path: path.rename(path.with_name("000002.jsonl")), Kind.MISSING_SEGMENT),
    "content gone": (CONTENT, Path.unlink, Kind.DELETED),
    "content cut": (CONTENT, truncate, Kind.TRUNCATED),
    "content longer": (CONTENT, append(b"x"), Kind.EDITED),
    "content emptied": (CONTENT, lambda path: path.write_bytes(b""), Kind.TRUNCATED),
    "checkpoint gone": (CHECKPOINT, Path.unlink, Kind.DELETED),
    "checkpoint longer": (CHECKPOINT, append(b"\n"), Kind.EDITED),
    "key gone": (KEY, Path.unlink, Kind.MISSING_KEY),
    "key longer": (KEY, append(b"x"), Kind.EDITED),
}


@pytest.mark.parametrize("name", FILES)
def test_tampering_with_files_is_found(evidence: Path, name: str) -> None:
    file, change, kind = FILES[name]
    change(evidence / file)
    assert damage(verify(evidence))[::2] == (file, kind)


def test_an_earlier_checkpoint_put_back_is_found(evidence: Path) -> None:
    (evidence / CHECKPOINT).write_bytes((evidence / SEGMENT).read_bytes().splitlines(keepends=True)[2])
    assert damage(verify(evidence)) == (CHECKPOINT, 1, Kind.REPLACED)


def test_an_empty_folder_fails(tmp_path: Path) -> None:
    assert damage(verify(tmp_path)) == (MANIFEST, 1, Kind.EMPTY)


@pytest.mark.parametrize(
    "name", ["notes.txt", "w0/000003.jsonl.bak", "w0/keys/x", "w1/000001.jsonl", "a\x1b[31m\u202e"]
)
def test_a_file_that_does_not_belong_there_is_found(evidence: Path, name: str) -> None:
    path = evidence / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")
    found = verify(evidence)
    assert damage(found)[2] is Kind.UNEXPECTED_FILE
    assert "\x1b" not in str(found.as_dict())


@pytest.mark.parametrize("plant", ["link", "pipe"])
def test_a_planted_link_or_pipe_is_not_opened(evidence: Path, plant: str) -> None:
    path = evidence / KEY
    path.unlink()
    if plant == "link":
        path.symlink_to("/etc/passwd")
    else:
        os.mkfifo(path)
    assert damage(verify(evidence)) == (KEY, 1, Kind.UNEXPECTED_FILE)


def test_evidence_made_up_with_another_key_is_consistent_but_not_ours(evidence: Path, tmp_path: Path) -> None:
    ours = public_key((evidence.parent / "signing.pem").read_bytes())
    forged = record(tmp_path / "forged", exchange(DANA, search()))
    assert verify(forged).valid
    assert damage(verify(forged, public_key=ours)) == (MANIFEST, 1, Kind.FORGED)
    found = verify(evidence, public_key=ours)
    assert found.trusted
    assert "Signed by the given public key." in found.proves


def test_a_chain_of_another_directory_of_the_same_signer_is_found(evidence: Path, tmp_path: Path) -> None:
    shutil.copy(evidence.parent / "signing.pem", tmp_path / "signing.pem")
    other = record(tmp_path, exchange(DANA, search()))
    shutil.rmtree(evidence / "w0")
    shutil.copytree(other / "w0", evidence / "w0")
    assert damage(verify(evidence)) == (SEGMENT, 1, Kind.REPLACED)


def test_a_return_to_an_earlier_complete_state_shows_only_against_a_kept_checkpoint(evidence: Path) -> None:
    earlier = evidence.parent / "earlier"
    shutil.copytree(evidence, earlier)
    kept_early = (evidence / CHECKPOINT).read_bytes()
    record(evidence.parent, exchange(DANA, search("later")))
    kept = (evidence / CHECKPOINT).read_bytes()
    assert verify(evidence, checkpoint=kept_early + kept).checkpoint_held
    assert verify(earlier).valid
    assert damage(verify(earlier, checkpoint=kept)) == (SEGMENT, LINES + 1, Kind.TRUNCATED)


@pytest.mark.parametrize("kept", [b"", b"{}\n", b"not json"])
def test_what_is_no_checkpoint_proves_nothing(evidence: Path, kept: bytes) -> None:
    assert not verify(evidence, checkpoint=kept).valid


def test_a_checkpoint_that_another_key_signed_proves_nothing(evidence: Path, tmp_path: Path) -> None:
    made = parse((evidence / CHECKPOINT).read_bytes())
    made.signature = signing_key(tmp_path / "other.pem").sign(signed_bytes(made))
    assert damage(verify(evidence, checkpoint=seal(made)))[2] is Kind.FORGED


@pytest.mark.parametrize(
    "facts",
    [b"{}", b'{"evidence":1,"final":true,"heads":1,"segment":"x","sessions":[]}', b'{"heads":{"w0":{"count":"1"}}}'],
)
def test_a_hostile_checkpoint_with_a_good_signature_is_damage_and_no_crash(evidence: Path, facts: bytes) -> None:
    key = signing_key(evidence.parent / "signing.pem")

    def forge(lines: list[bytes]) -> list[bytes]:
        made = parse(lines[2])
        made.facts = msgspec.json.decode(facts)
        made.signature = key.sign(signed_bytes(made))
        return [*lines[:2], seal(made), *lines[3:]]

    edit_lines(evidence / SEGMENT, forge)
    assert damage(verify(evidence))[:2] == (SEGMENT, 3)


def test_erased_content_is_erased_and_not_damaged(evidence: Path) -> None:
    assert erase(evidence, evidence.parent / "signing.pem", ["w0-000001"], by="olga", reason="asked to") == [
        "w0-000001"
    ]
    found = verify(evidence)
    assert found.valid
    assert found.erased == ("w0-000001",)
    assert not (evidence / KEY).exists()


def test_a_key_that_comes_back_after_its_erasure_is_found(evidence: Path) -> None:
    key = (evidence / KEY).read_bytes()
    erase(evidence, evidence.parent / "signing.pem", ["w0-000001"], by="olga", reason="asked to")
    (evidence / KEY).write_bytes(key)
    assert damage(verify(evidence)) == (KEY, 1, Kind.NOT_ERASED)


def test_an_erasure_that_was_cut_out_again_makes_the_missing_key_damage(evidence: Path) -> None:
    before = (evidence / MANIFEST).read_bytes()
    erase(evidence, evidence.parent / "signing.pem", ["w0-000001"], by="olga", reason="asked to")
    shutil.rmtree(evidence / "a0")
    assert damage(verify(evidence)) == ("a0/000001.jsonl", 1, Kind.MISSING_SEGMENT)
    (evidence / MANIFEST).write_bytes(before)
    assert damage(verify(evidence)) == (KEY, 1, Kind.MISSING_KEY)


def test_what_is_no_directory_cannot_be_verified(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError):
        verify(tmp_path / "nowhere")
