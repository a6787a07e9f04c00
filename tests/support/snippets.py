"""What `vecgate env` prints, run as a person would who is signed in."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any
from unittest import mock

from tests.support.cli import run


def client_of(config: Path, connection: str, token: str) -> Any:
    """The engine's own client for a connection; `token` stands for the person's sign-in."""
    printed = run("env", connection, "-c", config)
    assert printed.code == 0, printed.err
    file = config.parent / "token"
    file.write_text(token)
    names: dict[str, Any] = {}
    variables = {"VECGATE_TOKEN_FILE": str(file), "PATH": str(Path(sys.executable).parent)}
    with mock.patch.dict("os.environ", variables), warnings.catch_warnings(action="ignore"):  # of plain http
        exec(printed.out, names)
        return names["client"]
