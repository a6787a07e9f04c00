from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.support.evidence import DANA, exchange, flip, record, search
from typer.testing import CliRunner, Result

from vecgate.cli.app import app


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["verify", *map(str, arguments)])


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    return record(tmp_path, exchange(DANA, search()))


def test_sound_evidence_exits_0_and_says_what_was_not_shown(evidence: Path) -> None:
    result = run(evidence)
    assert result.exit_code == 0
    assert "The evidence is sound" in result.stdout
    assert "Only internal consistency was shown" in result.stdout


def test_one_changed_byte_exits_1_with_file_line_and_kind(evidence: Path) -> None:
    flip(evidence / "w0" / "000001.jsonl", 400)
    result = run(evidence)
    assert result.exit_code == 1
    assert result.stdout.startswith("w0/000001.jsonl:2: edited: ")


def test_json_is_one_document(evidence: Path) -> None:
    assert msgspec.json.decode(run(evidence, "--json").stdout)["valid"] is True
    flip(evidence / "w0" / "keys" / "000001.key", 0)
    result = run(evidence, "--json")
    document = msgspec.json.decode(result.stdout)
    assert (result.exit_code, document["valid"]) == (1, False)
    assert (document["damage"]["file"], document["damage"]["kind"]) == ("w0/keys/000001.key", "edited")


def test_a_public_key_and_a_checkpoint_from_elsewhere_prove_more(evidence: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    kept.write_bytes((evidence / "w0" / "checkpoint.json").read_bytes())
    result = run(evidence, "--public-key", tmp_path / "signing.pub.pem", "--checkpoint", kept)
    assert result.exit_code == 0
    assert "Signed by the given public key." in result.stdout
    assert "nothing up to there was changed or cut off" in result.stdout


def test_a_tail_cut_behind_a_kept_checkpoint_exits_1(evidence: Path, tmp_path: Path) -> None:
    earlier = {path: path.read_bytes() for path in evidence.rglob("*") if path.is_file()}
    record(tmp_path, exchange(DANA, search()))
    kept = tmp_path / "kept.json"
    kept.write_bytes((evidence / "w0" / "checkpoint.json").read_bytes())
    (evidence / "w0" / "keys" / "000002.key").unlink()
    for path, data in earlier.items():
        path.write_bytes(data)
    assert run(evidence).exit_code == 0
    result = run(evidence, "--checkpoint", kept)
    assert result.exit_code == 1
    assert "truncated" in result.stdout


@pytest.mark.parametrize("what", ["no directory", "no key file", "no key"])
def test_what_cannot_be_checked_exits_2(evidence: Path, tmp_path: Path, what: str) -> None:
    arguments: dict[str, list[object]] = {
        "no directory": [tmp_path / "nowhere"],
        "no key file": [evidence, "--public-key", tmp_path / "nowhere.pem"],
        "no key": [evidence, "--public-key", evidence / "manifest.json"],
    }
    assert run(*arguments[what]).exit_code == 2


def test_a_hostile_file_name_does_not_steer_the_terminal(evidence: Path) -> None:
    (evidence / "\x1b]0;owned\x07\u202egpj.exe").write_bytes(b"")
    result = run(evidence)
    assert result.exit_code == 1
    assert "\\x1b]0;owned\\x07\\u202e" in result.stdout
    assert "\x1b" not in result.stdout
