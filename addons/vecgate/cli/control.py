"""Talking to the control plane from a terminal: where it is, who you are, and how its documents are shown."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import msgspec
import typer

from vecgate.cli.output import fail
from vecgate.login.fresh import access_token

DEFAULT_CONTROL = "http://127.0.0.1:6099"
_STEERING = re.compile("[^\x20-\x7e\n]")

Control = Annotated[str, typer.Option(metavar="URL", envvar="VECGATE_CONTROL", help="The control plane.")]


@contextlib.contextmanager
def connected(control: str, token_file: Path | None) -> Iterator[httpx.Client]:
    """A client with your token. Ends with 2 where nothing answers. Raises typer.Exit, LoginError."""
    headers = {"authorization": f"Bearer {access_token(token_file)}", "accept": "application/json"}
    try:
        with httpx.Client(base_url=control, headers=headers, timeout=15, trust_env=False) as client:
            yield client
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        fail(f"the control plane at {control} does not answer: {error}")


def ask(client: httpx.Client, method: str, path: str, **more: Any) -> Any:
    """The answer's document. A refusal ends with 1, an answer that is none with 2. Raises typer.Exit, httpx errors."""
    answer = client.request(method, path, **more)
    try:
        document = msgspec.json.decode(answer.content)
    except msgspec.DecodeError:
        document = None
    if not isinstance(document, dict) or not (answer.is_success or "reason" in document):
        fail(f"{client.base_url} is not a control plane: it answered {answer.status_code}.")
    if not answer.is_success:
        fail(f"{document['reason']}: {document.get('detail', '')}", code=1)
    return document


def emit(document: Any) -> None:
    typer.echo(json(document, indent=2))


def json(document: Any, indent: int = 0) -> str:
    """JSON in which only plain ASCII stands as it is: nothing in it steers a terminal, and it stays JSON."""
    encoded = msgspec.json.encode(document).decode()
    text = msgspec.json.format(encoded, indent=indent) if indent else encoded
    return _STEERING.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))


def moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
