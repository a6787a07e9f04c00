from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest
from tests.support.evidence import DANA, article, exchange, flip, record, search
from tests.support.sample import make
from typer.testing import CliRunner, Result

from vecgate.cli.app import app

CONFIG = """
version: 1
connections: [{name: docs, dialect: chroma, listen: "127.0.0.1:6010", upstream: "http://127.0.0.1:8000"}]
evidence: {directory: evidence, signing_key: "file:signing.pem"}
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["sessions", *map(str, arguments)])


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("sample"))


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    (tmp_path / "vecgate.yaml").write_text(CONFIG)
    return record(tmp_path, exchange(DANA, search("what is this"), records=tuple(article(n) for n in range(7))))


def test_list_shows_everybody_and_no_terminal_escapes(sample: Path) -> None:
    result = run("list", "--evidence", sample)
    assert result.exit_code == 0
    assert [line.split("\t")[1][:8] for line in result.stdout.splitlines()] == [
        "Dana Kim",
        "Nightly ",
        "not iden",
        "<script>",
    ]
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout
    listed = msgspec.json.decode(run("list", "--evidence", sample, "--json").stdout)
    assert [session["requests"] for session in listed] == [16, 6, 1, 2]


def test_show_tells_what_was_asked_decided_and_given(evidence: Path) -> None:
    result = run("show", "w0-000001", "-c", evidence.parent / "vecgate.yaml")
    assert result.exit_code == 0
    assert "allow  granted  query (search) on default_tenant/default_database/kb_articles, 7 records" in result.stdout
    assert '"what is this"' in result.stdout
    assert result.stdout.count("    got    default_tenant") == 5
    assert "… 2 more" in result.stdout


def test_show_as_json_has_records_and_queries(evidence: Path) -> None:
    document = msgspec.json.decode(run("show", "w0-000001", "--evidence", evidence, "--json").stdout)
    (visit,) = document["exchanges"]
    assert len(visit["records_returned"]) == 7
    assert visit["queries"][0]["texts"] == ["what is this"]


def test_report_writes_one_page(evidence: Path, tmp_path: Path) -> None:
    result = run("report", "--evidence", evidence, "--out", tmp_path / "report.html")
    assert result.exit_code == 0
    assert "The evidence is sound" in (tmp_path / "report.html").read_text()
    result = run("report", "--evidence", evidence, "--public-key", tmp_path / "signing.pub.pem")
    assert "Signed by the given public key." in result.stdout


def test_report_of_damaged_evidence_exits_1_and_the_page_says_so(evidence: Path, tmp_path: Path) -> None:
    (evidence / "notes.txt").write_text("x")
    result = run("report", "--evidence", evidence, "--out", tmp_path / "report.html")
    assert result.exit_code == 1
    assert "The evidence is damaged" in (tmp_path / "report.html").read_text()
    assert "notes.txt:1" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize("verb", [["list"], ["show", "w0-000001"], ["report"], ["export"]])
def test_a_record_that_was_tampered_with_exits_1_and_is_named(evidence: Path, verb: list[str]) -> None:
    path = evidence / "w0" / "000001.jsonl"
    flip(path, path.read_bytes().index(b"Dana"))
    result = run(*verb, "--evidence", evidence)
    assert result.exit_code == 1
    assert "w0/000001.jsonl:4: edited" in result.stderr


def test_export_has_everything_in_one_document(sample: Path, tmp_path: Path) -> None:
    document = msgspec.json.decode(run("export", "--evidence", sample).stdout)
    assert len(document["sessions"]) == 4
    assert run("export", "w0-000001", "--evidence", sample, "--out", tmp_path / "one.json").exit_code == 0
    (one,) = msgspec.json.decode((tmp_path / "one.json").read_bytes())["sessions"]
    assert one == document["sessions"][0]


def test_erase_leaves_sound_evidence_without_the_content(evidence: Path) -> None:
    config = evidence.parent / "vecgate.yaml"
    arguments = ("erase", "w0-000001", "-c", config, "--by", "olga", "--reason", "asked to")
    assert run(*arguments).stdout == "Erased the content of w0-000001.\n"
    assert "There is no content left" in run(*arguments).stdout
    verified = CliRunner().invoke(app, ["verify", str(evidence)])
    assert verified.exit_code == 0
    assert "Content was erased, and that was recorded, of 1 sessions." in verified.stdout
    assert "the content was erased" in run("show", "w0-000001", "--evidence", evidence).stdout


def test_erase_makes_no_key_of_its_own(evidence: Path) -> None:
    arguments = ("erase", "w0-000001", "--evidence", evidence, "--by", "olga", "--reason", "asked to")
    result = run(*arguments)
    assert result.exit_code == 2
    assert "evidence-signing.pem" in result.stderr
    shutil.copy(evidence.parent / "signing.pem", evidence.parent / "evidence-signing.pem")
    assert run(*arguments).exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["list", "--evidence", "x", "-c", "y"],
        ["list", "--evidence", "/nonexistent"],
        ["list", "-c", "/nonexistent.yaml"],
        ["show", "--evidence", "x"],
    ],
)
def test_wrong_use_exits_2(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


def test_a_session_that_is_not_there_exits_2(evidence: Path) -> None:
    assert run("show", "w0-000099", "--evidence", evidence).exit_code == 2
    assert run("report", "--evidence", evidence, "--json").exit_code == 2
