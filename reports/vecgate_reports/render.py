"""Render: the model as one HTML file. No script, no external asset, everything escaped; a CSP allows nothing else."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from vecgate.evidence.printable import printable
from vecgate_reports.model import Report
from vecgate_reports.visits import VERDICTS

GLYPHS = {"allow": "✓", "deny": "✕", "hold": "◷", "error": "!", "open": "…"}


def render(report: Report) -> str:
    """A complete HTML document. Raises jinja2.UndefinedError where the model lacks what the template shows."""
    css = files("vecgate_reports").joinpath("templates/report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    template = _environment().get_template("report.html.j2")
    return template.render(report=report, css=Markup(css), policy=policy)  # noqa: S704 - the package's own stylesheet


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("vecgate_reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters["lines"] = _lines
    environment.filters["path"] = _path
    environment.globals.update(verdicts=VERDICTS, glyphs=GLYPHS, counted=_counted)
    return environment


def _shown(value: Any) -> Any:
    """Control and bidirectional characters become visible. Markup is the template's own."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return printable(value)


def _lines(text: str) -> Markup:
    """A text of several lines for `<pre>`."""
    return Markup("\n").join(escape(printable(line)) for line in text.split("\n"))


def _path(text: str) -> Markup:
    """A resource's name, which may break after a slash."""
    return Markup("/<wbr>").join(escape(printable(part)) for part in text.split("/"))


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
