"""`vecgate approvals`: a reviewer's work from a terminal, over the control plane's API."""

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

from vecgate.cli.options import AsJson, TokenFile
from vecgate.cli.output import fail, printable, say, table
from vecgate.login.fresh import access_token

DEFAULT_CONTROL = "http://127.0.0.1:6099"
PAUSE = 2.0
"""Seconds between looks of `watch`."""
_STEERING = re.compile("[^\x20-\x7e\n]")
_ID = re.compile(r"[0-9a-f]{32}")

Control = Annotated[str, typer.Option(metavar="URL", envvar="VECGATE_CONTROL", help="The control plane.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="The ticket.")]
Comment = Annotated[str, typer.Option("-m", "--comment", metavar="TEXT", help="Why; kept as evidence.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True)
    group.command("list")(list_)
    group.command()(show)
    group.command()(approve)
    group.command()(deny)
    group.command()(watch)
    app.add_typer(group, name="approvals", help="List, show and decide requests that wait for a reviewer.")


def list_(
    control: Control = DEFAULT_CONTROL,
    token_file: TokenFile = None,
    every: Annotated[bool, typer.Option("--all", help="Decided and expired ones, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the requests that wait and that you may see."""
    with _client(control, token_file) as client:
        found = _ask(client, "GET", "/v1/approvals", params={"state": "all"} if every else None)
    if as_json:
        _emit(found)
        return
    columns = ("ticket", "state", "asked by", "connection", "effect", "expires")
    table(columns, [_row(ticket) for ticket in found["approvals"]])


def show(ticket: Id, control: Control = DEFAULT_CONTROL, token_file: TokenFile = None, as_json: AsJson = False) -> None:
    """Show one request: who asks, for what exactly, and what was said so far."""
    with _client(control, token_file) as client:
        found = _ask(client, "GET", f"/v1/approvals/{_checked(ticket)}")
    _emit(found) if as_json else _print(found)


def approve(
    ticket: Id,
    comment: Comment = "",
    control: Control = DEFAULT_CONTROL,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Approve exactly this request, once. Exit 1 if that cannot be done any more, or not by you."""
    _decide(ticket, "approve", comment, control, token_file, as_json)


def deny(
    ticket: Id,
    comment: Comment = "",
    control: Control = DEFAULT_CONTROL,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Deny this request. Exit 1 if that cannot be done any more, or not by you."""
    _decide(ticket, "deny", comment, control, token_file, as_json)


def watch(
    control: Control = DEFAULT_CONTROL,
    token_file: TokenFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document for each ticket, on a line.")] = False,
) -> None:
    """Print every request that begins to wait, until interrupted."""
    known: set[str] = set()
    with _client(control, token_file) as client, contextlib.suppress(KeyboardInterrupt):
        while True:
            waiting = _ask(client, "GET", "/v1/approvals")["approvals"]
            for ticket in reversed(waiting):
                if ticket["id"] not in known:
                    typer.echo(_json(ticket)) if as_json else say("  ".join(_row(ticket)))
            known = {ticket["id"] for ticket in waiting}
            time.sleep(PAUSE)


def _decide(ticket: str, verb: str, comment: str, control: str, token_file: Path | None, as_json: bool) -> None:
    with _client(control, token_file) as client:
        found = _ask(client, "POST", f"/v1/approvals/{_checked(ticket)}/{verb}", json={"comment": comment})
    if as_json:
        _emit(found)
    elif found["state"] == "pending":
        say(f"{found['id']} has {_approvals(found)} of {found['needed']} approvals: {found['summary']['effect']}")
    else:
        say(f"{found['id']} is {found['state']}: {found['summary']['effect']}")


# Talking to the control plane


@contextlib.contextmanager
def _client(control: str, token_file: Path | None) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {access_token(token_file)}", "accept": "application/json"}
    try:
        with httpx.Client(base_url=control, headers=headers, timeout=15, trust_env=False) as client:
            yield client
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        fail(f"the control plane at {control} does not answer: {error}")


def _ask(client: httpx.Client, method: str, path: str, **more: Any) -> Any:
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


def _checked(ticket: str) -> str:
    if not _ID.fullmatch(ticket):
        fail("a ticket's id is 32 hexadecimal digits.")
    return ticket


# Showing


def _emit(document: Any) -> None:
    typer.echo(_json(document, indent=2))


def _json(document: Any, indent: int = 0) -> str:
    """JSON in which only plain ASCII stands as it is: nothing in it steers a terminal, and it stays JSON."""
    encoded = msgspec.json.encode(document).decode()
    text = msgspec.json.format(encoded, indent=indent) if indent else encoded
    return _STEERING.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))


def _row(ticket: dict[str, Any]) -> tuple[str, ...]:
    asked_by = " via ".join([ticket["name"] or ticket["subject"], *ticket["actors"]])
    return (
        ticket["id"],
        ticket["state"],
        asked_by,
        ticket["connection"],
        ticket["summary"]["effect"],
        _moment(ticket["expires"]),
    )


def _print(ticket: dict[str, Any]) -> None:
    summary = ticket["summary"]
    facts = {
        "ticket": ticket["id"],
        "state": ticket["state"],
        "effect": summary["effect"],
        "asked by": f"{ticket['name']} ({ticket['issuer']} {ticket['subject']})",
        **({"via": ", ".join(ticket["actors"])} if ticket["actors"] else {}),
        "from": f"{ticket['peer']} {ticket['user_agent']}",
        "connection": ticket["connection"],
        "request": f"{summary['method']} {summary['target']}",
        "body": f"{summary['body_bytes']} bytes, SHA-256 {summary['body_sha256']}",
        "bound to": ticket["binding"],
        "rule": ticket["rule"],
        "approvals": f"{_approvals(ticket)} of {ticket['needed']}",
        "opened": _moment(ticket["opened"]),
        "expires": _moment(ticket["expires"]),
    }
    for name, value in facts.items():
        say(f"{name + ':':<12}{printable(value)}")
    for operation in summary["operations"]:
        resources = ", ".join(operation["resources"])
        risks = f" ({', '.join(operation['risks'])})" if operation["risks"] else ""
        say(f"{'operation:':<12}{operation['name']}: {operation['action']} {operation['count']} in {resources}{risks}")
        if operation["query"]:
            say(f"{'':<12}{_json(operation['query'])}")
    if not summary["complete"]:
        say("Not everything is shown: the request is larger than what a ticket keeps.")
    for vote in ticket["votes"]:
        word = "approved" if vote["approve"] else "denied"
        comment = f": {vote['comment']}" if vote["comment"] else ""
        say(f"{word} by {vote['name']} ({vote['issuer']} {vote['subject']}) at {_moment(vote['at'])}{comment}")


def _approvals(ticket: dict[str, Any]) -> int:
    return sum(vote["approve"] for vote in ticket["votes"])


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
