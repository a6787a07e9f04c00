"""docs/hooks.md says what vecgate.hookspecs says, and its examples do what they say."""

from __future__ import annotations

import grp
import inspect
import socket
import subprocess
import syslog
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.support.pages import DOCS, blocks, module, sections
from typer.testing import CliRunner

from vecgate import hookspecs
from vecgate.hooks import Hooks
from vecgate.operations.model import Action, Risk
from vecgate.testing import masks, operation, principal

SPECS = [name for name in vars(hookspecs) if name.startswith("vecgate_")]
SECTIONS = sections("hooks.md")


def example(hook: str) -> tuple[Hooks, Any]:
    """The hooks of the page's example for this hook, and its module."""
    made = module(blocks(SECTIONS[hook], "python")[1])
    return Hooks.of(example=made), made


def test_the_page_has_every_hook_in_order_and_no_other() -> None:
    assert list(SECTIONS) == SPECS


@pytest.mark.parametrize("hook", SPECS)
def test_a_signature_on_the_page_is_the_hooks(hook: str) -> None:
    signature = str(inspect.signature(getattr(hookspecs, hook))).replace("'", "")
    assert blocks(SECTIONS[hook], "python")[0].strip() == f"{hook}{signature}"


@pytest.mark.parametrize("hook", SPECS)
def test_a_section_says_when_what_and_how_it_fails(hook: str) -> None:
    assert [mark for mark in ("**Called**", "**Returns**", "**Raises**") if mark not in SECTIONS[hook]] == []
    spec = inspect.getdoc(getattr(hookspecs, hook)) or ""
    assert [mark for mark in ("Called:", "Returns:", "Raises:") if mark not in spec] == []


@pytest.mark.parametrize("hook", SPECS)
def test_the_overview_links_every_hook(hook: str) -> None:
    assert f"| [`{hook}`](#{hook}) |" in (DOCS / "hooks.md").read_text()


@pytest.mark.parametrize("hook", SPECS)
def test_an_example_implements_its_hook(hook: str) -> None:
    hooks, _ = example(hook)
    assert [plugin.hooks for plugin in hooks.describe()] == [(hook,)]


def test_the_example_dialect_is_contributed() -> None:
    assert list(example("vecgate_dialects")[0].dialects()) == ["archive"]


def test_the_example_token_is_the_nightly_jobs() -> None:
    hooks, _ = example("vecgate_authenticate")
    job = hooks.authenticate("token of the nightly job", "docs")
    assert job is not None
    assert job.subject == "nightly"
    assert hooks.authenticate("another", "docs") is None


@pytest.mark.parametrize(
    ("group", "risks", "vetoed"),
    [("contractors", (Risk.BULK_EXPORT,), True), ("contractors", (), False), ("staff", (Risk.BULK_EXPORT,), False)],
)
def test_the_example_veto_is_for_contractors_who_export(group: str, risks: tuple[Risk, ...], vetoed: bool) -> None:
    veto = example("vecgate_veto")[0].veto(principal("bob", [group]), [operation(Action.READ, risks=risks)], "docs")
    assert (veto == "Contractors do not export.") is vetoed


def test_the_example_strategy_shows_the_year() -> None:
    found = masks({"born": "year"}, example("vecgate_mask_strategies")[0].mask_strategies())
    assert found.payload({"born": "1906-12-09"})[0] == {"born": "1906"}


def test_the_example_secret_comes_from_a_password_store(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 0, stdout=f"secret of {command[-1]}\nnotes\n")

    monkeypatch.setattr(subprocess, "run", run)
    hooks, _ = example("vecgate_secret")
    assert hooks.secret("pass:chroma") == "secret of chroma"
    assert hooks.secret("vault:chroma") is None


def test_the_example_directory_asks_the_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    entry = grp.struct_group(("analysts", "x", 1000, ["alice"]))
    monkeypatch.setattr(grp, "getgrall", lambda: [entry])
    hooks, _ = example("vecgate_directory")
    directory = hooks.directory("system:groups", tmp_path)
    assert directory is not None
    assert directory.groups(principal("alice")) == ["analysts"]
    assert directory.groups(principal("bob")) == []
    assert hooks.directory("ldap:groups", tmp_path) is None


@pytest.mark.parametrize("event", ["approval_opened", "approval_decided"])
def test_the_example_notifiers_write_to_the_system_log(event: str, monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[str] = []
    monkeypatch.setattr(syslog, "syslog", lambda level, text: logged.append(text))
    getattr(example(f"vecgate_{event}")[0], event)({"id": "t1", "rule": "destructive", "state": "denied"})
    assert len(logged) == 1
    assert "ticket t1" in logged[0]


def test_the_example_sink_sends_the_line_as_it_is() -> None:
    hooks, made = example("vecgate_evidence")
    with socket.create_server(("127.0.0.1", 0)) as collector:
        collector.settimeout(5)
        made.COLLECTOR = collector.getsockname()
        hooks.evidence(b'{"seq":1}\n')
        connection, _ = collector.accept()
        with connection:
            assert connection.recv(100) == b'{"seq":1}\n'
    with pytest.raises(OSError, match="refused"):
        hooks.evidence(b'{"seq":2}\n')


def test_the_example_section_has_a_row_for_each_fact() -> None:
    (section,) = example("vecgate_report_sections")[0].report_sections({"id": "s1", "exchanges": []})
    assert section.rows == [("id", "str"), ("exchanges", "list")]


def test_the_example_verb_runs() -> None:
    app = typer.Typer()
    app.command()(lambda: None)
    example("vecgate_cli")[0].cli(app)
    assert CliRunner().invoke(app, ["hello", "Ada"]).stdout == "Hello Ada\n"
