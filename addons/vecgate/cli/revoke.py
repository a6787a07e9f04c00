"""`vecgate revoke`: end somebody's access, or your own token's; through the control plane, or beside the gateway.

With -c it works on the state and the evidence of a configuration, whether a gateway runs or not: who may write those
files may do it. Run it as the gateway's user, whose files they are.
"""

from __future__ import annotations

import asyncio
import getpass
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from vecgate.cli.control import DEFAULT_CONTROL, Control, ask, connected, emit
from vecgate.cli.options import AsJson, MaybeConfig, TokenFile
from vecgate.cli.output import fail, say, table
from vecgate.errors import Refusal
from vecgate.identity.revocation import Revocation, Source, What
from vecgate.identity.revocations import Revocations

PATH = "/v1/revocations"
HELP = {
    What.SUBJECT: "Refuse a subject (sub): every token of it, and every one in whose actor chain it stands.",
    What.ACCOUNT: "Refuse an account as the directory names it; where claims.account is not set, that is the subject.",
    What.SESSION: "Refuse every token of one login at the issuer (sid).",
    What.TOKEN: "Refuse one token by its id (jti). Never give the token itself.",
}

Value = Annotated[str, typer.Argument(metavar="NAME", help="The name, exactly as tokens have it.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept as evidence.")]
Issuer = Annotated[str, typer.Option(metavar="URL", help="Whose name it is; not needed where there is one issuer.")]
Until = Annotated[
    str, typer.Option(metavar="WHEN", help="8h, 7d or 2026-12-01T00:00:00Z; without it, until it is lifted.")
]
By = Annotated[str, typer.Option(metavar="NAME", help="With -c: who orders it. Default: the user who runs this.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True)
    for what in What:
        group.command(str(what), help=HELP[what])(_verb(what))
    group.command()(own)
    group.command("list")(list_)
    group.command()(lift)
    app.add_typer(group, name="revoke", help="End somebody's access at once, on every worker.")


def _verb(what: What) -> Callable[..., None]:
    def revoke(
        value: Value,
        reason: Reason,
        issuer: Issuer = "",
        until: Until = "",
        config: MaybeConfig = None,
        by: By = "",
        control: Control = DEFAULT_CONTROL,
        token_file: TokenFile = None,
        as_json: AsJson = False,
    ) -> None:
        ends = _ends(until)
        if config is not None:
            wanted = Revocation(
                what=what, issuer=issuer, value=value, reason=reason, until=ends.timestamp() if ends else None
            )
            made = _offline(config, by, lambda revocations, who: revocations.revoke(wanted, who)).shown()
        else:
            document = {"what": what, "issuer": issuer, "value": value, "reason": reason, "until": _text(ends)}
            with connected(control, token_file) as client:
                made = ask(client, "POST", PATH, json=document)
        _tell(made, as_json, "is revoked")

    return revoke


def own(
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept as evidence.")] = "",
    control: Control = DEFAULT_CONTROL,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Refuse your own token from now on, through the control plane; everybody may."""
    with connected(control, token_file) as client:
        made = ask(client, "POST", f"{PATH}/own", json={"reason": reason})
    _tell(made, as_json, "is revoked")


def list_(
    config: MaybeConfig = None,
    control: Control = DEFAULT_CONTROL,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """All revocations that hold, the newest first."""
    if config is not None:
        found = [each.shown() for each in _offline(config, "", lambda revocations, who: revocations.list())]
    else:
        with connected(control, token_file) as client:
            found = ask(client, "GET", PATH)["revocations"]
    if as_json:
        emit({"revocations": found})
        return
    columns = ("what", "name", "issuer", "since", "until", "by", "source", "reason")
    table(columns, [_row(each) for each in found])


def lift(
    what: Annotated[What, typer.Argument(help="What kind of name it is.")],
    value: Value,
    reason: Reason,
    issuer: Issuer = "",
    source: Annotated[Source, typer.Option(help="Who revoked it: a directory's come back by themselves.")] = (
        Source.OPERATOR
    ),
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: MaybeConfig = None,
    by: By = "",
    control: Control = DEFAULT_CONTROL,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Take a revocation back: tokens that are still good are accepted again. Exit 1 if none stands."""
    if not yes and not sys.stdin.isatty():
        fail("Whoever was revoked gets in again with every token that is still good: say so with --yes.")
    if not yes and not typer.confirm(f"Tokens of {what} {value} that are still good are accepted again. Lift?"):
        raise typer.Exit(1)
    if config is not None:
        lifted = Revocation(what=what, issuer=issuer, value=value, reason=reason, source=source)
        made = _offline(config, by, lambda revocations, who: revocations.lift(lifted, who)).shown()
    else:
        document = {"what": what, "issuer": issuer, "value": value, "reason": reason, "source": source}
        with connected(control, token_file) as client:
            made = ask(client, "POST", f"{PATH}/lift", json=document)
    _tell(made, as_json, "is accepted again")


def _offline(config: Path, by: str, work: Callable[[Revocations, Any], Any]) -> Any:
    """What `work` returns, done on the configuration's state. A refusal ends with 1. Raises ConfigError, typer.Exit."""
    from vecgate.approvals.tickets import LOCAL_ISSUER
    from vecgate.assembly import revoking
    from vecgate.identity.principal import Principal

    try:
        name = by or getpass.getuser()
    except (OSError, KeyError):
        fail("nobody knows who runs this: say with --by who orders it.")

    async def run() -> Any:
        async with revoking(config) as revocations:
            return await work(revocations, Principal(LOCAL_ISSUER, name, name))

    try:
        return asyncio.run(run())
    except Refusal as refusal:
        fail(str(refusal), code=2 if refusal.status == 503 else 1)


def _ends(until: str) -> datetime | None:
    """A moment, or a duration from now. Raises typer.Exit."""
    from pydantic import TypeAdapter, ValidationError

    from vecgate.config.units import Duration, Moment

    if not until:
        return None
    try:
        return datetime.now(UTC) + timedelta(seconds=Duration.parse(until).seconds)
    except (ValueError, OverflowError):
        pass
    try:
        return TypeAdapter(Moment).validate_python(until)
    except ValidationError:
        fail(f"--until {until}: write a time from now like 8h or 7d, or a moment like 2026-12-01T00:00:00Z.")


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _tell(made: dict[str, Any], as_json: bool, how: str) -> None:
    if as_json:
        emit(made)
    else:
        until = f" until {made['until']}" if made["until"] and how == "is revoked" else ""
        say(f"{made['what']} {made['value']} of {made['issuer']} {how}{until}.")


def _row(revocation: dict[str, Any]) -> tuple[object, ...]:
    return (
        revocation["what"],
        revocation["value"],
        revocation["issuer"],
        revocation["at"],
        revocation["until"] or "lifted",
        revocation["by_name"] or revocation["by"],
        revocation["source"],
        revocation["reason"],
    )
