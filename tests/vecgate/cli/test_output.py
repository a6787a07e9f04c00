"""What is printed steers no terminal, and is plain when piped."""

from __future__ import annotations

import io

import pytest
import typer
from rich.console import Console

from vecgate.cli import output


def test_a_table_is_lines_with_tabs_when_piped(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(("a", "b"), [("x" * 200, 1), ("\x1b[31m[red]", "two\nlines")])

    assert capsys.readouterr().out == "x" * 200 + "\t1\n\\x1b[31m[red]\ttwo\\nlines\n"


def test_a_table_has_a_head_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    made = Console(file=screen, force_terminal=True, width=60, markup=False)
    monkeypatch.setattr(output, "console", lambda: made)
    output.table(("name", "of"), [("[bold]x", "\x1b]0;title\x07")])

    shown = screen.getvalue()
    assert "name" in shown
    assert "[bold]x" in shown
    assert "\x1b]0;" not in shown


def test_a_failure_ends_with_its_code_and_its_lines_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        output.fail("one\ntwo\x1b[2J", 1)

    assert ended.value.exit_code == 1
    assert capsys.readouterr() == ("", "one\ntwo\\x1b[2J\n")


def test_a_document_is_one_whatever_it_holds(capsys: pytest.CaptureFixture[str]) -> None:
    output.emit({"a": "\x1b\u202e"})
    output.emit_line({"b": "x\ny"})

    assert capsys.readouterr().out == '{\n  "a": "\\u001b\u202e"\n}\n{"b":"x\\ny"}\n'
