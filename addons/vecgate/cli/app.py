"""The application: which verbs there are, and where they live. A verb's module is imported when the verb is used."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from vecgate.cli.output import fail
from vecgate.errors import LoginRefused, VecgateError

VERBS: Final[Mapping[str, tuple[str, str]]] = {
    "demo": ("demo", "See it work: a real Chroma server, an issuer, the gateway, and four people with stock clients."),
    "serve": ("serve", "Serve: every connection of the configuration, and the control plane."),
    "check": ("check", "Validate configuration and policy, and say what is suspicious in them."),
    "classify": ("classify", "Say what requests would do to which resources. Nothing is contacted."),
    "explain": ("explain", "Say what the gateway would answer to requests of one principal. Nothing is contacted."),
    "login": ("login", "Sign in at your identity provider, and keep a short-lived token for the other verbs."),
    "token": ("login", "Print a token that is good for a while, renewed when it is about to end."),
    "whoami": ("login", "Say who you are to a gateway: what your token says, read as a gateway reads it."),
    "logout": ("login", "End your sign-in at the issuer, and forget it here."),
    "env": ("env", "Print Python that makes an engine's own client come to a connection as you."),
    "policy": ("policy", "Test a policy against expectations."),
    "approvals": ("approvals", "List, show and decide requests that wait for a reviewer."),
    "service-accounts": ("service_accounts", "Make keys for service accounts, and list the accounts."),
    "issuer": ("issuer", "List and rotate the keys of the gateway's own issuer."),
    "sessions": ("sessions", "What people did, read from evidence."),
    "verify": ("verify", "Check every byte of an evidence directory; name file, line and kind of the first damage."),
    "schema": ("schema", "Print the JSON Schema of the configuration."),
    "plugins": ("plugins", "Show what is loaded, from where, with which hooks."),
}
"""Each verb with its module and its line in `vecgate --help`."""


class Verbs(TyperGroup):
    """Knows the verbs by name; what they are made of comes from their modules."""

    _listing = False

    def list_commands(self, ctx: Any) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in VERBS:
            module, summary = VERBS[cmd_name]
            return TyperCommand(cmd_name, help=summary) if self._listing else verb(module, cmd_name)
        return None

    def format_help(self, ctx: Any, formatter: Any) -> None:
        self._listing = True
        super().format_help(ctx, formatter)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in VERBS and (command := _contributed(args[0], ctx.params.get("config"))):
            return args[0], command, args[1:]
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except LoginRefused as error:
            fail(str(error), code=1)
        except VecgateError as error:
            fail(str(error))


app = typer.Typer(
    add_completion=False,
    cls=Verbs,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"max_content_width": 120},
)


@app.callback()
def _root(
    config: Annotated[
        Path | None, typer.Option("-c", "--config", metavar="FILE", help="Also know the verbs of plugins named there.")
    ] = None,
) -> None:
    """vecgate: an identity-aware gateway for vector databases."""


def verb(module: str, name: str) -> Any:
    """A verb's command, from its module's `register`."""
    return _commands(import_module(f"vecgate.cli.{module}").register)[name]


def _contributed(name: str, config: Path | None) -> Any:
    """A verb that a bundled plugin adds, or one that the configuration names."""
    from vecgate.cli.configured import hooks_at

    return _commands(hooks_at(config).cli).get(name)


def _commands(register: Any) -> Mapping[str, Any]:
    registry = typer.Typer()
    registry.callback()(lambda: None)  # with one, a single command stays a member of a group
    register(registry)
    group: Any = typer.main.get_command(registry)
    commands: Mapping[str, Any] = group.commands
    return commands
