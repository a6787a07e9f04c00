"""`vecgate service-accounts`: programs with an identity of their own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
import typer

from vecgate.cli.options import AsJson, ConfigFile
from vecgate.cli.output import emit, fail, say, table

DAYS = 90


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True)
    group.command()(new)
    group.command("list")(list_)
    app.add_typer(group, name="service-accounts", help="Make keys for service accounts, and list the accounts.")


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The account's name: letters, digits, _, . and -.")],
    owner: Annotated[str, typer.Option(metavar="WHO", help="Who answers for it.")],
    group: Annotated[
        list[str] | None, typer.Option(metavar="GROUP", help="One of its groups; may be repeated.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="Days until it expires.")] = DAYS,
    as_json: AsJson = False,
) -> None:
    """Make a key for a service account: it is shown once, and kept nowhere.

    What is to be pasted into the configuration holds its SHA-256 alone. Nothing is contacted or written.
    """
    from pydantic import ValidationError

    from vecgate.config.identity import ServiceAccount
    from vecgate.identity.accounts import NewKey

    made = NewKey.make()
    expires = (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    account = {"name": name, "owner": owner, "groups": group or [], "expires": expires, "keys": [made.digest]}
    try:
        ServiceAccount.model_validate(account)
    except ValidationError as error:
        fail(f"{error.errors()[0]['loc'][0]}: {error.errors()[0]['msg']}")
    if as_json:
        emit({"key": made.key, "account": account})
        return
    lines = [f"{key}: {msgspec.json.encode(value).decode()}" for key, value in account.items()]
    shown = [
        f"The key of {name}, shown this once. Put it where the program reads its secrets:",
        "",
        f"  {made.key}",
        "",
        "Add this to the configuration, and reload the gateway (SIGHUP):",
        "",
        "identity:",
        "  service_accounts:",
        f"    - {lines[0]}",
        *(f"      {line}" for line in lines[1:]),
    ]
    for line in shown:
        say(line)


def list_(config: ConfigFile, as_json: AsJson = False) -> None:
    """List the service accounts of a configuration."""
    from vecgate.config.load import load

    now = datetime.now(UTC)
    accounts = load(config).config.identity.service_accounts
    listed = [
        {
            "name": each.name,
            "owner": each.owner,
            "groups": each.groups,
            "expires": each.expires.isoformat(),
            "expired": each.expires <= now,
            "keys": len(each.keys),
        }
        for each in accounts
    ]
    if as_json:
        emit({"service_accounts": listed})
        return
    rows = [
        (
            each.name,
            each.owner,
            ", ".join(each.groups),
            len(each.keys),
            "expired" if each.expires <= now else each.expires.isoformat(),
        )
        for each in accounts
    ]
    table(("NAME", "OWNER", "GROUPS", "KEYS", "EXPIRES"), rows)
