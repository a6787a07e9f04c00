"""`vecgate classify`: one answer for each line, in order, whatever the line holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.cli import run

HEARTBEAT = '{"method": "GET", "path": "/api/v2/heartbeat"}'


def test_each_line_has_its_answer_in_order(tmp_path: Path) -> None:
    batch = tmp_path / "batch.jsonl"
    batch.write_text(f'{HEARTBEAT}\n{{"method": "POST", "path": "/api/v2/reset"}}\n{HEARTBEAT}')
    ran = run("classify", "--dialect", "chroma", "--batch", batch)

    assert (ran.code, ran.err) == (0, "")
    assert [answer["known"] for answer in ran.lines] == [True, False, True]
    assert set(ran.lines[0]) == {"known", "operations", "canonical", "error"}
    assert set(ran.lines[0]["operations"][0]) == {"name", "action", "resources", "fields_used", "vectors", "risks"}
    assert ran.lines[1]["error"]["reason"] == "unknown_operation"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "bad_body"),
        ("junk", "bad_body"),
        ("[]", "bad_body"),
        ("{}", "bad_body"),
        ('{"method": "GET"}', "bad_body"),
        ('{"method": "GET", "path": 5}', "bad_body"),
        ('{"method": "GET", "path": "/", "names": []}', "unknown_operation"),
        ('{"method": "GET", "path": "/api/v2/heartbeat", "body_base64": "="}', "bad_body"),
        ('{"method": "GET", "method": "POST", "path": "/"}', "duplicate_member"),
        ('{"grpc": "qdrant.Points/Search", "message": {}}', "unknown_operation"),
        ('{"method": "GET", "path": "//api/v2/heartbeat"}', "bad_target"),
        ("[" * 100_000, "bad_body"),
        ('{"method": "GET", "path": "/\\ud800"}', "bad_body"),
    ],
)
def test_a_line_that_is_no_request_has_its_answer_too(line: str, reason: str) -> None:
    ran = run("classify", "--dialect", "chroma", "--batch", "-", "--json", text=f"{line}\n{HEARTBEAT}\n")

    assert ran.code == 0
    assert [answer["error"] and answer["error"]["reason"] for answer in ran.lines] == [reason, None]


def test_bytes_that_are_no_text_have_their_answer_too() -> None:
    ran = run("classify", "--dialect", "chroma", "--batch", "-", text=b"\xff\xfe\n" + HEARTBEAT.encode())

    assert [answer["known"] for answer in ran.lines] == [False, True]


def test_an_empty_batch_is_finished_at_once() -> None:
    assert run("classify", "--dialect", "chroma", "--batch", "-", text="") == (0, "", "")


def test_an_unknown_dialect_or_file_is_wrong_use(tmp_path: Path) -> None:
    assert run("classify", "--dialect", "chrom", "--batch", "-") == (
        2,
        "",
        "--dialect: chrom is no dialect; did you mean chroma?\n",
    )
    ran = run("classify", "--dialect", "chroma", "--batch", tmp_path / "none")
    assert (ran.code, ran.err) == (2, f"{tmp_path}/none: cannot be read: No such file or directory\n")
