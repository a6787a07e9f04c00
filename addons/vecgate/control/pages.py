"""Pages: what the control plane shows to people. No script, no external asset, everything escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from vecgate.errors import Refusal
from vecgate.evidence.printable import printable
from vecgate.identity.challenge import challenge


def page(name: str, status: int = 200, headers: Mapping[str, str] | None = None, **facts: Any) -> HTMLResponse:
    """A template with its facts. The guard adds the headers that every answer has."""
    css = _css()
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    text = _environment().get_template(name).render(css=Markup(css), **facts)  # noqa: S704 - our own stylesheet
    return HTMLResponse(text, status, {**(headers or {}), "content-security-policy": policy})


def refusal_page(refusal: Refusal, again: str) -> HTMLResponse:
    """Why somebody does not come in. `again` is where to begin anew, empty if nowhere."""
    headers = dict(refusal.headers)
    if refusal.status == 401:
        headers["www-authenticate"] = challenge(refusal.reason)
    reason = refusal.reason
    return page("refused.html.j2", refusal.status, headers, reason=reason, detail=refusal.detail, again=again)


@cache
def _css() -> str:
    return files("vecgate.control").joinpath("templates/page.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("vecgate.control"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )


def _shown(value: Any) -> Any:
    """Control and bidirectional characters become visible. Markup is the template's own."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
