"""A person at a terminal, with a home of their own, and the browser that they sign in with."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

import httpx

from tests.support.cli import Ran


@dataclass
class Login:
    """A `vecgate login` that waits for its person at `address`."""

    process: subprocess.Popen[str]
    address: str
    said: str

    def end(self) -> Ran:
        out, err = self.process.communicate(timeout=60)
        return Ran(self.process.returncode, out, self.said + err)


@dataclass
class Terminal:
    home: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)

    @property
    def file(self) -> Path:
        return self.home / "state" / "vecgate" / "login.json"

    @property
    def environment(self) -> dict[str, str]:
        """`vecgate` is on the path."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        mine = {"HOME": str(self.home), "XDG_STATE_HOME": str(self.home / "state"), "PATH": path, "TERM": "dumb"}
        return {**os.environ, **mine, **self.variables}

    def start(self, *args: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "vecgate", *map(str, args)],
            env=self.environment,
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *args: str | Path) -> Ran:
        process = self.start(*args)
        out, err = process.communicate(timeout=60)
        return Ran(process.returncode, out, err)

    def login(self, *args: str | Path) -> Login:
        process = self.start("login", *args)
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            if found := re.search(r"Sign in at (http\S+)", line):
                return Login(process, found[1], said)
        return Login(process, "", said)


def walk(address: str, user: str, agree: bool = True) -> str:
    """Go through the provider's pages as a person would; what the last one says."""
    with httpx.Client(trust_env=False, timeout=20, follow_redirects=True) as browser:
        page = browser.get(address)
        for _ in range(6):
            if "<form" not in page.text or page.status_code >= 400:
                break
            page = _submit(browser, page, user, agree)
        return page.text


def _submit(browser: httpx.Client, page: httpx.Response, user: str, agree: bool) -> httpx.Response:
    """Fill the page's first form in, and send it."""
    form = re.search(r"<form.*?</form>", page.text, re.DOTALL)
    assert form is not None
    fields = {}
    for tag in re.findall(r"<input[^>]*>", form[0]):
        name, value = (re.search(rf'\b{part}="([^"]*)"', tag) for part in ("name", "value"))
        if name:
            fields[name[1]] = html.unescape(value[1]) if value else ""
    known = {"login": user, "username": user, "password": "pw", "action": "approve" if agree else "deny"}
    if not agree and "abort" in page.text:
        fields.pop("confirm", None)
        fields["abort"] = "yes"
    elif "confirm" in page.text and "user_code" in fields:
        fields["confirm"] = "yes"
    if 'name="action"' in form[0]:
        fields["action"] = ""
    action = re.search(r'<form[^>]*\baction="([^"]+)"', form[0])
    filled = fields | {name: value for name, value in known.items() if name in fields}
    return browser.post(urljoin(str(page.url), html.unescape(action[1]) if action else ""), data=filled)
