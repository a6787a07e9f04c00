"""`vecgate demo` as people run it: what it shows, what it leaves, and that it leaves no process."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from tests.support import cli

pytestmark = pytest.mark.real

COMMAND = (sys.executable, "-m", "vecgate", "demo", "--no-browser", "--out")
OUTCOMES = {"allowed", "masked", "denied", "limited", "approved", "held → approved", "detected"}


class Demo(NamedTuple):
    folder: Path
    code: int
    out: str
    err: str

    @property
    def evidence(self) -> Path:
        return self.folder / "evidence"


def ran(folder: Path, *more: str) -> Demo:
    done = subprocess.run([*COMMAND, str(folder), *more], capture_output=True, text=True, timeout=120, check=False)
    return Demo(folder, done.returncode, done.stdout, done.stderr)


def processes_of(folder: Path) -> list[str]:
    """The command lines that name the folder, as every process of a demo does."""
    listed = subprocess.run(["ps", "-ewwo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(folder) in line]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return ran(tmp_path_factory.mktemp("demo") / "out")


def test_all_goes_as_it_should_and_the_table_says_so(demo: Demo) -> None:
    assert (demo.code, demo.err) == (0, "")
    assert all(outcome in demo.out for outcome in OUTCOMES)
    assert "NOT" not in demo.out
    assert max(map(len, demo.out.partition("Evidence")[0].splitlines())) <= 80
    assert f"Evidence verified: {demo.evidence}" in demo.out
    assert f"Report: {demo.folder / 'report.html'}" in demo.out


def test_no_process_is_left(demo: Demo) -> None:
    assert processes_of(demo.folder) == []


def test_the_report_shows_who_did_what_but_no_secret(demo: Demo) -> None:
    page = (demo.folder / "report.html").read_text()
    assert all(subject in page for subject in ("dana", "pipeline-7", "olga", "sam"))
    assert all(reason in page for reason in ("masked_field_used", "no_grant", "token_expired", "rate_exceeded"))
    assert "eyJ" not in page, "no token is in it"


def test_the_data_scientist_never_saw_a_number_that_the_mask_hides(demo: Demo) -> None:
    for line in demo.out.splitlines():
        assert not ("900-" in line and "data scientist" in line)


def test_the_evidence_verifies(demo: Demo) -> None:
    key = demo.folder / "evidence-signing.pub.pem"
    found = cli.run("verify", demo.evidence, "--public-key", key, "--json")
    assert found.code == 0
    assert found.document["records"] > 50


def _changed(folder: Path) -> Iterator[tuple[Path, int]]:
    """Forty places: some in every file of the evidence."""
    chosen = random.Random(7)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
    for number in range(max(40, len(files))):
        path = files[number % len(files)]
        yield path, chosen.randrange(path.stat().st_size)


def test_any_changed_byte_is_found_with_its_file_and_line(demo: Demo) -> None:
    for path, position in _changed(demo.evidence):
        sound = path.read_bytes()
        path.write_bytes(sound[:position] + bytes([sound[position] ^ 0x20]) + sound[position + 1 :])
        found = cli.run("verify", demo.evidence)
        path.write_bytes(sound)
        line = sound.count(b"\n", 0, position) + 1
        assert found.code == 1, f"{path.name} at {position}"
        named = found.out.split(":")
        assert (demo.evidence / named[0]).exists(), found.out
        assert named[1].isdigit(), found.out
        if path.suffix == ".jsonl" and named[0] == str(path.relative_to(demo.evidence)):
            assert abs(int(named[1]) - line) <= 1, found.out
    assert cli.run("verify", demo.evidence).code == 0


def test_the_json_document_says_the_same(tmp_path: Path) -> None:
    demo = ran(tmp_path / "out", "--json")
    document = msgspec.json.decode(demo.out)
    assert (demo.code, demo.err) == (0, "")
    assert set(document) == {"steps", "evidence", "report", "verified", "good"}
    assert (document["verified"], document["good"]) == (True, True)
    assert document["evidence"] == str(demo.evidence)
    assert Path(document["report"]).is_file()
    steps: list[dict[str, Any]] = document["steps"]
    assert {step["outcome"] for step in steps} == OUTCOMES
    assert all(set(step) == {"who", "what", "outcome", "detail", "expected"} and step["expected"] for step in steps)
    shown = {step["what"]: step["detail"] for step in steps}
    assert "[redacted]" in shown["read the best with its vector"]
    assert "no vector" in shown["read the best with its vector"]
    assert "900-" in shown["read the same record"]


def started(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*COMMAND, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def server(folder: Path, log: str, seconds: float = 30) -> None:
    """Wait until a server has begun to write its log."""
    end = time.monotonic() + seconds
    while not (folder / log).exists():
        assert time.monotonic() < end, f"no {log}"
        time.sleep(0.02)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("moment", ["chroma.log", "gateway.log", "evidence"])
def test_a_signal_ends_it_and_everything_that_it_started(
    tmp_path: Path, number: signal.Signals, code: int, moment: str
) -> None:
    folder = tmp_path / "out"
    process = started(folder)
    server(folder, moment)
    process.send_signal(number)
    out, _ = process.communicate(timeout=20)
    assert (process.returncode, out) == (code, b"")
    assert processes_of(folder) == []


@pytest.mark.parametrize(("part", "name"), [("chroma run", "Chroma"), ("serve -c", "The gateway")])
def test_a_server_that_dies_is_named(tmp_path: Path, part: str, name: str) -> None:
    folder = tmp_path / "out"
    process = started(folder)
    server(folder, "evidence")
    listed = subprocess.run(["ps", "-ewwo", "pid,args"], capture_output=True, text=True, check=True).stdout
    (victim,) = (int(line.split()[0]) for line in listed.splitlines() if str(folder) in line and part in line)
    os.kill(victim, signal.SIGKILL)
    out, _ = process.communicate(timeout=40)
    assert process.returncode == 2
    assert out.decode().startswith((f"{name} ended in the middle (exit code -9)", f"{name} did not start"))
    assert processes_of(folder) == []


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    demo = ran(tmp_path)
    assert demo.code == 2
    assert "not empty" in demo.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
