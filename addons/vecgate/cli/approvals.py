"""`vecgate approvals`: a reviewer's work from a terminal, over the control plane's API."""

from __future__ import annotations

import contextlib
import re
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from vecgate.cli.control import DEFAULT_CONTROL, Control, ask, connected, emit, json, moment
from vecgate.cli.options import AsJson, TokenFile
from vecgate.cli.output import fail, printable, say, table

PAUSE = 2.0
"""Seconds between looks of `watch`."""
_ID = re.compile(r"[0-9a-f]{32}")

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
    with connected(control, token_file) as client:
        found = ask(client, "GET", "/v1/approvals", params={"state": "all"} if every else None)
    if as_json:
        emit(found)
        return
    columns = ("ticket", "state", "asked by", "connection", "effect", "expires")
    table(columns, [_row(ticket) for ticket in found["approvals"]])


def show(ticket: Id, control: Control = DEFAULT_CONTROL, token_file: TokenFile = None, as_json: AsJson = False) -> None:
    """Show one request: who asks, for what exactly, and what was said so far."""
    with connected(control, token_file) as client:
        found = ask(client, "GET", f"/v1/approvals/{_checked(ticket)}")
    emit(found) if as_json else _print(found)


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
    with connected(control, token_file) as client, contextlib.suppress(KeyboardInterrupt):
        while True:
            waiting = ask(client, "GET", "/v1/approvals")["approvals"]
            for ticket in reversed(waiting):
                if ticket["id"] not in known:
                    typer.echo(json(ticket)) if as_json else say("  ".join(_row(ticket)))
            known = {ticket["id"] for ticket in waiting}
            time.sleep(PAUSE)


def _decide(ticket: str, verb: str, comment: str, control: str, token_file: Path | None, as_json: bool) -> None:
    with connected(control, token_file) as client:
        found = ask(client, "POST", f"/v1/approvals/{_checked(ticket)}/{verb}", json={"comment": comment})
    if as_json:
        emit(found)
    elif found["state"] == "pending":
        say(f"{found['id']} has {_approvals(found)} of {found['needed']} approvals: {found['summary']['effect']}")
    else:
        say(f"{found['id']} is {found['state']}: {found['summary']['effect']}")


def _checked(ticket: str) -> str:
    if not _ID.fullmatch(ticket):
        fail("a ticket's id is 32 hexadecimal digits.")
    return ticket


# Showing


def _row(ticket: dict[str, Any]) -> tuple[str, ...]:
    asked_by = " via ".join([ticket["name"] or ticket["subject"], *ticket["actors"]])
    return (
        ticket["id"],
        ticket["state"],
        asked_by,
        ticket["connection"],
        ticket["summary"]["effect"],
        moment(ticket["expires"]),
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
        "opened": moment(ticket["opened"]),
        "expires": moment(ticket["expires"]),
    }
    for name, value in facts.items():
        say(f"{name + ':':<12}{printable(value)}")
    for operation in summary["operations"]:
        resources = ", ".join(operation["resources"])
        risks = f" ({', '.join(operation['risks'])})" if operation["risks"] else ""
        say(f"{'operation:':<12}{operation['name']}: {operation['action']} {operation['count']} in {resources}{risks}")
        if operation["query"]:
            say(f"{'':<12}{json(operation['query'])}")
    if not summary["complete"]:
        say("Not everything is shown: the request is larger than what a ticket keeps.")
    for vote in ticket["votes"]:
        word = "approved" if vote["approve"] else "denied"
        comment = f": {vote['comment']}" if vote["comment"] else ""
        say(f"{word} by {vote['name']} ({vote['issuer']} {vote['subject']}) at {moment(vote['at'])}{comment}")


def _approvals(ticket: dict[str, Any]) -> int:
    return sum(vote["approve"] for vote in ticket["votes"])
